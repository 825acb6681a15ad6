import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { createSystemClock } from '../../twin/clock.ts';
import { loadSnapshot, type Snapshot } from '../../twin/snapshot.ts';
import type { Twin } from '../../twin/twin.ts';
import { sayMissing } from '../contract/behaviours.ts';
import { failing } from '../engines/scenarios.ts';
import { placeOf, type Scene, startScene } from '../engines/world.ts';
import { findPython } from '../python/python.ts';
import { type Packaged, packageService } from '../support/package-service.ts';
import { type Account, startAccount } from './account.ts';
import { createFunctions, type Functions } from './functions.ts';
import { ACCOUNT, REGION } from './place.ts';
import { openStack, type Stack } from './stack.ts';

const python = await findPython(process.env, (line) => process.stderr.write(`${line}\n`));
const missing = 'missing' in python;
sayMissing("a deployment into moto's CloudFormation", missing ? python.missing : undefined);

/** Waits that a test can afford in real time. */
const WAITS = { iamPropagationSeconds: 0, injectionChecks: 2, injectionIntervalSeconds: 1 } as const;

/** A run that has soaked waits for CloudTrail, for up to a quarter of an hour. */
const TRAIL = { cloudTrailDelivery: 1000 };

/** How long the run soaks that is updated under way: longer than an update takes here, in seconds. */
const SOAK = 120;

describe.skipIf(missing)('the service, deployed by osls', () => {
  const started: { account?: Account; functions?: Functions; stack?: Stack; twin?: Twin; template?: Packaged['template'] } = {};
  const of = <K extends keyof typeof started>(key: K): NonNullable<(typeof started)[K]> => {
    const value = started[key];
    if (value === undefined) throw new TypeError(`there is no ${key}`);
    return value as NonNullable<(typeof started)[K]>;
  };
  const clock = createSystemClock();
  const folder = inject('packageFolder');

  /** The cluster of the example, as it is at first. */
  const begin = async (scene: Omit<Scene, 'snapshot'> = {}): Promise<Twin> => {
    await started.twin?.close();
    started.twin = await startScene({ snapshot: withAccessRoles(await loadSnapshot('examples/shop')), delays: TRAIL, ...scene }, clock);
    const { endpoint, starts } = of('account');
    await of('functions').setPlace({ ...placeOf(started.twin, endpoint, REGION), AWS_ENDPOINT_URL_SFN: starts });
    return started.twin;
  };

  beforeAll(async () => {
    const first = await packageService(join(folder, 'first'), ['--region', REGION]);
    started.functions = createFunctions((path) => of('account').lambda(path));
    await started.functions.add(first);
    started.account = await startAccount('bin' in python ? python.bin : '', started.functions.invoke);
    await started.account.osls('deploy', '--package', first.folder);
    started.template = first.template;
    started.stack = openStack(started.account, started.functions.invoke);
  });
  afterAll(async () => {
    started.stack?.close();
    await started.functions?.close();
    await started.twin?.close();
    await started.account?.close();
    clock.close();
  });

  /** Packages it, as a later deployment of the same stage. */
  const later = async (name: string, ...parameters: readonly string[]): Promise<Packaged> => {
    const made = await packageService(join(folder, name), ['--region', REGION, ...parameters.map((one) => `--param=${one}`)]);
    await of('functions').add(made);
    return made;
  };
  /** The versions of functions that worked for a run; what the API starts is of no version. */
  const versionsOf = (runId: string): Set<string> =>
    new Set(of('functions').invoked.flatMap((one) => (one.runId === runId ? [one.version] : [])));

  it('makes every resource but those that moto knows no type of, which the README of this suite lists', async () => {
    const { resources, properties } = of('account').notShown();
    const missed = [...resources].flatMap(([, ids]) => ids);
    const wanted = Object.keys(of('template').Resources).filter((id) => !missed.includes(id));
    expect((await of('account').resources('podshift-prod')).sort()).toEqual(wanted.sort());
    for (const [type, ids] of resources) process.stderr.write(`not shown: ${ids.length} of ${type}\n`);
    for (const property of properties) process.stderr.write(`not shown: ${property}\n`);
    const page = await readFile(new URL('./README.md', import.meta.url), 'utf8');
    const listed = [...page.matchAll(/^\| `(AWS::[\w:]+)`/gm)].map(([, type]) => type);
    expect(listed.sort()).toEqual([...resources.keys()].sort());
  });

  it('migrates a service account, by its API, state machines, functions and table', async () => {
    const twin = await begin();
    const runId = await of('stack').startRun('first', twin.clusterName, { ...WAITS, soakSeconds: 0, serviceAccounts: ['shop/storefront'] });
    const { status } = await of('stack').ended(of('stack').executionOf(runId));
    expect([status, (await of('stack').journal.getRun(runId)).status]).toEqual(['SUCCEEDED', 'migrated']);
    expect(twin.promises()).toMatchObject({ widenedPrincipals: [], credentialGapSeconds: 0 });
  });

  it('takes a run back whose execution failed, by its rule', async () => {
    const twin = await begin({ hooks: failing('thumbnails') });
    const options = { ...WAITS, soakSeconds: 0, serviceAccounts: ['media/thumbnails'], rolloutTimeoutSeconds: 20 };
    const runId = await of('stack').startRun('second', twin.clusterName, {
      ...options,
      failureThresholdPercent: 0,
      onWaveFailure: 'rollback',
    });
    const execution = await of('stack').ended(of('stack').executionOf(runId));
    expect(execution.status).toBe('FAILED');
    const [back = '', ...others] = await of('stack').tell(execution);
    expect([back, others]).toEqual([expect.stringContaining(':execution:podshift-rollback-run-prod:'), []]);
    expect((await of('stack').ended(back)).status).toBe('SUCCEEDED');
    expect((await of('stack').journal.getRun(runId)).status).toBe('rolled-back');
    expect(twin.watch.compareWithBaseline()).toEqual([]);
  });

  it('lets a run that soaks through an update end on the functions that it began with', async () => {
    const { account, stack, functions } = { account: of('account'), stack: of('stack'), functions: of('functions') };
    const second = await later('second', 'logLevel=DEBUG');
    const twin = await begin();
    const runId = await stack.startRun('third', twin.clusterName, { ...WAITS, soakSeconds: SOAK, serviceAccounts: ['shop/storefront'] });
    await expect
      .poll(async () => [...(await stack.journal.listEvidence(runId)).values()].flat().map(({ kind, passed }) => [kind, passed]), {
        timeout: 300_000,
        interval: 250,
      })
      .toContainEqual(['pods', true]);
    await account.osls('deploy', '--package', second.folder);
    const before = functions.invoked.length;
    expect((await stack.ended(stack.executionOf(runId))).status).toBe('SUCCEEDED');
    expect((await stack.journal.getRun(runId)).status).toBe('migrated');
    expect(functions.invoked.slice(before).filter((one) => one.runId === runId)).not.toEqual([]);
    expect(versionsOf(runId)).toEqual(new Set(['1']));
    expect(versionsOf(await stack.plan('fourth', twin.clusterName))).toEqual(new Set(['2']));
  });

  it('leaves its journal when it is removed, says so, and takes it up when it is deployed again', async () => {
    const { account, stack } = { account: of('account'), stack: of('stack') };
    const before = (await stack.journal.listRuns()).map(({ runId }) => runId).sort();
    const streamArn = await stack.streamArn();
    const said = await account.osls('remove');
    expect(said).toContain('What stays: the journal, the DynamoDB table podshift-journal-prod');
    expect(said).toContain('--param="journalStreamArn=ARN"');
    expect(await account.resources('podshift-prod')).toEqual([]);
    const third = await later('third', 'logLevel=DEBUG', `journalStreamArn=${streamArn}`);
    await account.osls('deploy', '--package', third.folder);
    const twin = await begin();
    const runId = await stack.plan('fifth', twin.clusterName);
    expect((await stack.journal.getRun(runId)).status).toBe('planned');
    const { body } = await stack.call('apiListRuns', {});
    expect((body.runs as { id: string }[]).map(({ id }) => id).sort()).toEqual([...before, runId].sort());
  });
});

/** The roles that the stack makes for its own account's clusters, which EKS lets in; the twin has one caller alone, so their trust names the account. */
function withAccessRoles(snapshot: Snapshot): Snapshot {
  const [pattern] = snapshot.roles;
  if (pattern === undefined) throw new TypeError('the example has no role');
  const trust = { Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` }, Action: 'sts:AssumeRole' };
  const roles = ['access', 'reading'].map((kind, index) => {
    const name = `podshift-cluster-${kind}-prod-${REGION}`;
    return {
      ...pattern,
      Path: '/podshift/prod/',
      RoleName: name,
      RoleId: `AROAEXAMPLEACCESS000${index + 1}`,
      Arn: `arn:aws:iam::${ACCOUNT}:role/podshift/prod/${name}`,
      RolePolicyList: [],
      AttachedManagedPolicies: [],
      trustPolicy: JSON.stringify({ Version: '2012-10-17', Statement: [trust] }),
    };
  });
  return { ...snapshot, roles: [...snapshot.roles, ...roles] };
}
