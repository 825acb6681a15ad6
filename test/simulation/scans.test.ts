import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { migrate } from '../../engine/local-migration.ts';
import { type Rehearsal, rehearse } from '../../engine/rehearsal.ts';
import { runStateMachine } from '../../engine/state-machine.ts';
import { RESOURCES } from '../../src/kubernetes/resources.ts';
import { isPodshiftError } from '../../src/model/errors.ts';
import { EXAMPLE, KUBE2IAM, settingsOf } from './scenario.ts';

const OPTIONS = { soakSeconds: 60, injectionChecks: 3 };

/** A snapshot's twin, on which scans and migrations run one after the other. */
async function scene(folder: string) {
  const rehearsal = await rehearse({ ...(await settingsOf(folder)), mode: 'plan' });
  onTestFinished(() => rehearsal.close());
  const { runtime, clock, journal, target, twin } = rehearsal;
  const scan = async (changes: object = {}) => {
    const runId = runtime.ids.next();
    const before = twin.requests.length;
    const input = { runId, target, options: {}, ...changes };
    expect(await runStateMachine({ runtime, clock: clock.engine, name: 'scan-cluster', input })).toEqual({ runId, status: 'planned' });
    expect(twin.requests.slice(before).filter((request) => request.write)).toEqual([]);
    const { reason, status, endedAt } = await journal.getRun(runId);
    expect([status, endedAt === null]).toEqual(['planned', false]);
    const drift = await journal.getDrift(runId);
    return { runId, reason, found: drift?.findings.map(({ code, subject }) => `${code} ${subject}`), drift };
  };
  const run = async () => {
    const input = { runId: runtime.ids.next(), target, mode: 'run', approval: 'none', expectedDigest: null, options: OPTIONS } as const;
    const { failure, status } = await migrate({ runtime, clock: clock.engine, input });
    expect([failure, status]).toEqual([null, 'migrated']);
    return input.runId;
  };
  return { ...rehearsal, scan, run };
}

describe.each([EXAMPLE, KUBE2IAM])('scans of %s', (folder) => {
  let world: Awaited<ReturnType<typeof scene>>;
  beforeEach(async () => {
    world = await scene(folder);
  });

  it('find nothing in a cluster that nobody changes, and nothing in what podshift migrates and takes back itself', async () => {
    expect(await world.scan()).toMatchObject({ found: [], reason: expect.stringContaining('first scan') });
    expect(await world.scan()).toMatchObject({ found: [], reason: expect.stringContaining('nothing has changed since') });
    const runId = await world.run();
    expect((await world.scan()).found).toEqual([]);
    await world.rollback(runId);
    expect((await world.scan()).found).toEqual([]);
  });
});

describe('a scan', () => {
  let world: Awaited<ReturnType<typeof scene>>;
  const SHOP = 'ServiceAccount/shop/storefront';
  const patchRole = async ({ runtime, target }: Rehearsal, name: string, role: string) => {
    const kubernetes = await runtime.kubernetes(target);
    await kubernetes.patch(RESOURCES.serviceAccounts, 'shop', name, {
      type: 'merge',
      body: { metadata: { annotations: { 'eks.amazonaws.com/role-arn': role } } },
    });
  };
  beforeEach(async () => {
    world = await scene(EXAMPLE);
    await world.run();
    await world.scan();
  });

  it('tells what others change: the annotation back, the association gone', async () => {
    const { runtime, target } = world;
    const { eks } = runtime.aws(target);
    const [association] = await eks.listAssociations({ namespace: 'shop', serviceAccount: 'storefront' });
    const { roleArn = '' } = (await eks.describeAssociation(association?.associationId ?? '')) ?? {};
    await patchRole(world, 'storefront', roleArn);
    const first = await world.scan();
    expect(first.found).toEqual([`PS803 ${SHOP}`]);
    await eks.deleteAssociation(association?.associationId ?? '');
    const second = await world.scan();
    expect(second).toMatchObject({ found: [`PS804 ${SHOP}`], reason: expect.stringMatching(/^1 change since /) });
    expect(second.drift).toMatchObject({ comparedWith: first.runId, total: 1 });
    expect((await world.scan()).found).toEqual([]);
  });

  it('is compared with scans of the same scope alone', async () => {
    const namespaces = { options: { namespaces: ['media'] } };
    expect((await world.scan(namespaces)).reason).toContain('first scan');
    expect((await world.scan(namespaces)).reason).toContain('nothing has changed');
    expect((await world.scan()).reason).toContain('nothing has changed');
  });

  it('is the same when its comparison runs twice', async () => {
    await patchRole(world, 'orders', 'arn:aws:iam::444455556666:role/other');
    const { runId, found } = await world.scan();
    expect(found).toEqual(['PS803 ServiceAccount/shop/orders']);
    const { handler } = await import('../../functions/scan-cluster/compare-scan.ts');
    expect(await handler.withRuntime(world.runtime)({ runId })).toMatchObject({ findings: 1 });
    expect((await world.scan()).found).toEqual([]);
  });

  it('of a cluster that is gone fails, and its run ends as held, with the reason', async () => {
    const { runtime, clock, journal } = world;
    const runId = runtime.ids.next();
    const input = { runId, target: { ...world.target, clusterName: 'gone' }, options: {} };
    const shared = { runtime, clock: clock.engine };
    const failure = await runStateMachine({ ...shared, name: 'scan-cluster', executionId: 'arn', input }).catch((error: unknown) => error);
    expect(isPodshiftError(failure, 'ClusterNotFound')).toBe(true);
    const detail = { executionArn: 'arn', status: 'FAILED', error: 'ClusterNotFound', input: JSON.stringify(input) };
    await runStateMachine({ ...shared, name: 'rollback-run', input: detail });
    expect(await journal.getRun(runId)).toMatchObject({ status: 'held', reason: expect.stringContaining('ClusterNotFound') });
    expect(await journal.listOpenRuns()).toEqual([]);
  });
});
