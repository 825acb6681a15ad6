import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import type { PlanReport, RunReport } from '../../src/model/report.ts';
import { loadSnapshot, type Snapshot } from '../../twin/snapshot.ts';
import { type ClusterWithAccount, startClusterWithAccount } from './account.ts';
import { type Ended, run } from './run.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const BOUTIQUE = join(ROOT, '../shared/snapshots/boutique');
const FOLDER =
  process.env.PODSHIFT_TEST_SNAPSHOT ?? (existsSync(join(BOUTIQUE, 'eks/cluster.json')) ? BOUTIQUE : join(ROOT, 'examples/shop'));
/** Waits that fit an account whose IAM and EKS take two seconds. */
const OPTIONS = [
  ...['--soak-seconds', '5', '--iam-propagation-seconds', '3', '--injection-checks', '3', '--injection-interval-seconds', '1'],
  ...['--rollout-timeout-seconds', '60', '--failure-threshold-percent', '100'],
];

/** A whole migration by the command line, with the rights of infra/cluster-access and no others. */
describe('a migration on a real control plane', () => {
  let folder = '';
  let world: ClusterWithAccount | undefined;
  let broken = '';
  let snapshot: Snapshot;
  const started = (): ClusterWithAccount => {
    if (world === undefined) throw new TypeError('the cluster is not started yet');
    return world;
  };
  const podshift = (...args: string[]): Promise<Ended> => {
    const { awsEndpoint, credentials, cluster } = started();
    // A rollback goes by the journal alone.
    const names = args[0] === 'rollback' ? [] : ['--cluster', cluster.clusterName, '--region', cluster.region];
    const target = [...names, '--endpoint-url', awsEndpoint];
    return run(process.execPath, [join(ROOT, 'cli/main.ts'), ...args, ...target, '-o', 'json'], {
      // The journal goes where the command is run.
      cwd: folder,
      environment: {
        PATH: process.env.PATH,
        HOME: folder,
        AWS_ACCESS_KEY_ID: credentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
        AWS_EC2_METADATA_DISABLED: 'true',
      },
    });
  };
  const report = <T>({ stdout, stderr }: Ended): T => {
    if (!stdout.startsWith('{')) throw new Error(`podshift printed no report:\n${stderr}`);
    return JSON.parse(stdout) as T;
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'podshift-test-'));
    const loaded = await loadSnapshot(FOLDER);
    broken = victimOf(loaded);
    snapshot = {
      ...loaded,
      objects: loaded.objects.map((object) => (nameOf(object) === broken ? neverReadyOnPodIdentity(object) : object)),
    };
    world = await startClusterWithAccount(snapshot, { say: (line) => process.stderr.write(`${line}\n`) });
    process.stderr.write(`left out of the snapshot: ${world.skipped.join('; ') || 'nothing'}\n`);
  });
  afterAll(async () => {
    await world?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('is refused with the remedy before podshift has any rights', async () => {
    const { code, stderr } = await podshift('run', '--local');
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('KubernetesForbidden: not allowed to get namespaces') });
  });

  it('is planned on the real cluster as it is on the twin', async () => {
    const { cluster } = started();
    const applied = await cluster.kubectl(['apply', '-f', join(ROOT, 'infra/cluster-access/cluster-role.yaml')]);
    expect(applied).toMatchObject({ code: 0 });
    await expect.poll(async () => (await podshift('plan')).code, { timeout: 30_000 }).toBe(0);
    const real = report<PlanReport>(await podshift('plan'));
    const rehearsed = await run(process.execPath, [join(ROOT, 'cli/main.ts'), 'plan', FOLDER, '-o', 'json'], {
      cwd: ROOT,
      environment: { PATH: process.env.PATH, HOME: folder },
    });
    expect(decisions(real)).toEqual(decisions(JSON.parse(rehearsed.stdout) as PlanReport));
  });

  let runId = '';

  it('migrates what can be, and takes one unit back whose pods do not become ready', async () => {
    const { watch, cluster, requests } = started();
    const ended = await podshift('run', '--local', '--approve', ...OPTIONS);
    const result = report<RunReport>(ended);
    runId = result.run.id;
    const ends = Object.fromEntries(result.units.map((unit) => [`${unit.namespace}/${unit.serviceAccount}`, unit.status]));
    expect({ code: ended.code, ends: Object.values(ends).sort() }, ended.stderr).toEqual({
      code: 4,
      ends: expect.arrayContaining(['held', 'migrated', 'rolled-back']),
    });
    const back = result.units.filter((unit) => unit.status === 'rolled-back');
    expect(back.map((unit) => unit.workloads.map(({ name }) => name))).toEqual([[broken.split('/')[2]]]);
    expect(result.units.filter((unit) => !['migrated', 'held', 'rolled-back'].includes(unit.status))).toEqual([]);
    expect(result.units.filter((unit) => unit.status === 'migrated').length).toBeGreaterThan(0);
    expect(await cluster.settle(60_000)).toEqual([]);
    expect(watch.gaps).toEqual([]);
    expect(watch.foreignWrites).toEqual([]);
    expect(watch.promises()).toEqual({ credentialGapSeconds: 0, widenedPrincipals: [], foreignWrites: 0 });
    expect(requests.filter(({ write }) => write).length).toBeGreaterThan(0);
  });

  it('was made of pods that the webhook gave what the report says', async () => {
    const { watch, identities, cluster, state } = started();
    const { items } = (await cluster.api('GET', '/api/v1/pods')).body as { items: KubernetesObject[] };
    const migrated = [...state.associations.values()];
    expect(migrated.length).toBeGreaterThan(0);
    for (const { namespace, serviceAccount, roleArn } of migrated) {
      const pods = items.filter(({ metadata, spec }) => metadata.namespace === namespace && spec.serviceAccountName === serviceAccount);
      for (const pod of pods) {
        for (const { name } of pod.spec.containers) {
          expect(identities.callerIdentity({ ...pod, kind: 'Pod' }, name)).toMatchObject({ via: 'pod-identity', roleArn });
        }
      }
    }
    expect(watch.gaps).toEqual([]);
  });

  it('writes nothing when it is run again over what migrated', async () => {
    const { requests, state } = started();
    const before = { aws: requests.length, associations: JSON.stringify([...state.associations.values()]) };
    const ended = await podshift('run', '--local', '--approve', ...OPTIONS, ...without(report<PlanReport>(await podshift('plan')), broken));
    expect(ended.stderr).not.toContain('error');
    expect(requests.slice(before.aws).filter(({ write }) => write)).toEqual([]);
    expect(JSON.stringify([...state.associations.values()])).toBe(before.associations);
  });

  it('goes back as a whole: every object is as it was', async () => {
    const { watch, cluster } = started();
    const ended = await podshift('rollback', runId, '--approve');
    expect(report<RunReport>(ended).run.status, ended.stderr).toBe('rolled-back');
    expect(ended.code).toBe(0);
    expect(await cluster.settle(60_000)).toEqual([]);
    expect(watch.compareWithBaseline()).toEqual([]);
    expect(watch.promises()).toEqual({ credentialGapSeconds: 0, widenedPrincipals: [], foreignWrites: 0 });
  });

  it('was watched by something that sees: a trust policy that the world takes away is a gap, and a label from podshift a foreign write', async () => {
    const { watch, state, cluster } = started();
    const [namespace = '', name = ''] = broken.split('/').slice(1);
    const path = `/apis/apps/v1/namespaces/${namespace}/deployments/${name}`;
    const body = { metadata: { labels: { strange: 'yes' } } };
    await cluster.api('PATCH', `${path}?fieldManager=podshift`, { body, contentType: 'application/merge-patch+json' });
    await expect.poll(() => watch.foreignWrites.map(({ object }) => object), { timeout: 10_000 }).toEqual([broken]);
    for (const role of state.roles.values()) state.writeTrust(role, '{"Version":"2012-10-17","Statement":[]}', 'system');
    await expect.poll(() => watch.gaps.length, { timeout: 10_000 }).toBeGreaterThan(0);
  });
});

/** Flags for all units but the one of the broken workload. */
function without(plan: PlanReport, broken: string): string[] {
  return plan.units
    .filter((unit) => !unit.workloads.some(({ kind, name }) => `${kind}/${unit.namespace}/${name}` === broken))
    .flatMap((unit) => ['--service-account', `${unit.namespace}/${unit.serviceAccount}`]);
}

/** A Deployment of a unit that migrates, not first. */
function victimOf({ objects }: Snapshot): string {
  const wanted = objects.find(({ kind, metadata }) => kind === 'Deployment' && ['emailservice', 'covers'].includes(metadata.name));
  if (wanted === undefined) throw new Error('the snapshot has no Deployment to break');
  return nameOf(wanted);
}

function nameOf({ kind, metadata }: KubernetesObject): string {
  return `${kind}/${metadata.namespace}/${metadata.name}`;
}

function neverReadyOnPodIdentity(object: KubernetesObject): KubernetesObject {
  const { template } = object.spec;
  const annotations = { ...template.metadata.annotations, 'podshift.test/readiness': 'not-on-pod-identity' };
  return { ...object, spec: { ...object.spec, template: { ...template, metadata: { ...template.metadata, annotations } } } };
}

/** What a plan says of each unit, apart from what differs from cluster to cluster. */
function decisions(plan: PlanReport) {
  const units = plan.units.map((unit) => [
    `${unit.namespace}/${unit.serviceAccount}`,
    { status: unit.status, wave: unit.wave, roleArn: unit.roleArn, workloads: unit.workloads, findings: unit.findings },
  ]);
  return { units: Object.fromEntries(units), findings: plan.findings.map(({ code, subject }) => `${code} ${subject}`).sort() };
}
