import { beforeEach, describe, expect, it } from 'vitest';
import { confirmApproval, requestApproval } from '../../../src/migration/run/approval.ts';
import { checkCluster, openRun } from '../../../src/migration/run/open-run.ts';
import { makePlan, planOf, takeInventory } from '../../../src/migration/run/plan-run.ts';
import { associate } from '../../../src/migration/unit/associate.ts';
import type { Inventory } from '../../../src/model/inventory.ts';
import {
  addon,
  CLUSTER_ARN,
  type FakeMigration,
  planWith,
  ROLE,
  RUN,
  START,
  serviceAccount,
  TARGET,
  unitPlan,
} from '../fixtures/fake-migration.ts';
import { openRunInput, ROLE_PLAN, runScene } from '../fixtures/run-scene.ts';

const OPEN = openRunInput();
const TAKE = { runId: RUN, mode: 'run' } as const;

let fake: FakeMigration;
const { empty, begin, run } = runScene((made) => {
  fake = made;
});

beforeEach(() => empty());

describe('openRun', () => {
  it('creates a run, takes the lock, and can run twice', async () => {
    const expected = { runId: RUN, state: 'open', status: 'running', mode: 'run', approval: 'none', expectedDigest: null };
    expect(await openRun(fake.runtime, OPEN)).toEqual(expected);
    expect(await openRun(fake.runtime, OPEN)).toEqual(expected);
    expect(await run()).toMatchObject({ clusterArn: CLUSTER_ARN, status: 'running', startedAt: new Date(START).toISOString() });
    await expect(fake.runtime.journal.acquireLock(CLUSTER_ARN, 'run-2', 900)).rejects.toMatchObject({ name: 'ClusterLocked' });
  });

  it('notes which run has the cluster that it is refused, until it gets it', async () => {
    await fake.runtime.journal.acquireLock(CLUSTER_ARN, 'run-2', 900);
    await expect(openRun(fake.runtime, OPEN)).rejects.toMatchObject({ name: 'ClusterLocked' });
    expect(await run()).toMatchObject({ status: 'pending', reason: expect.stringContaining('is locked by run-2 until ') });
    fake.pass(900);
    await openRun(fake.runtime, OPEN);
    expect(await run()).toMatchObject({ status: 'running', reason: '' });
  });

  it('leaves the record of a run alone that was opened before, and is refused now', async () => {
    await openRun(fake.runtime, OPEN);
    fake.pass(900);
    await fake.runtime.journal.acquireLock(CLUSTER_ARN, 'run-2', 900);
    await expect(openRun(fake.runtime, OPEN)).rejects.toMatchObject({ name: 'ClusterLocked', message: expect.stringContaining('run-2') });
    expect(await run()).toMatchObject({ status: 'running', reason: '' });
  });

  it('plans without the lock', async () => {
    await fake.runtime.journal.acquireLock(CLUSTER_ARN, 'run-2', 900);
    expect(await openRun(fake.runtime, { ...OPEN, mode: 'plan' })).toMatchObject({ state: 'open' });
    await expect(openRun(fake.runtime, { ...OPEN, runId: 'run-3' })).rejects.toMatchObject({ name: 'ClusterLocked' });
  });

  it('refuses a run of another cluster, or one that is being rolled back, and leaves one that has ended', async () => {
    await openRun(fake.runtime, OPEN);
    await expect(openRun(fake.runtime, { ...OPEN, target: { ...TARGET, clusterName: 'other' } })).rejects.toMatchObject({
      name: 'InvalidInput',
    });
    await expect(openRun(fake.runtime, { ...OPEN, target: { ...TARGET, region: 'eu-central-1' } })).rejects.toMatchObject({
      name: 'InvalidInput',
    });
    await fake.runtime.journal.updateRun(RUN, { status: 'rolling-back' });
    await expect(openRun(fake.runtime, OPEN)).rejects.toMatchObject({ name: 'InvalidInput', message: /podshift rollback/ });
    await fake.runtime.journal.updateRun(RUN, { status: 'migrated', endedAt: '2026-01-05T11:00:00.000Z' });
    expect(await openRun(fake.runtime, OPEN)).toMatchObject({ state: 'ended', status: 'migrated' });
  });

  it('lets go of the cluster of a run that crashed between its end and that, and of no other run’s', async () => {
    await openRun(fake.runtime, OPEN);
    await fake.runtime.journal.updateRun(RUN, { status: 'migrated', endedAt: '2026-01-05T11:00:00.000Z' });
    await openRun(fake.runtime, OPEN);
    await fake.runtime.journal.acquireLock(CLUSTER_ARN, 'run-2', 900);
    await openRun(fake.runtime, OPEN);
    await expect(fake.runtime.journal.acquireLock(CLUSTER_ARN, 'run-3', 900)).rejects.toMatchObject({ name: 'ClusterLocked' });
  });
});

describe('checkCluster', () => {
  beforeEach(() => openRun(fake.runtime, OPEN).then(() => undefined));

  it('passes a cluster that can be worked on', async () => {
    expect(await checkCluster(fake.runtime, { runId: RUN })).toEqual({ kubernetesVersion: '1.31', autoMode: false });
  });

  it.each([
    ['InvalidRequest', { status: 'UPDATING' }, undefined],
    ['ConfigMapAuthentication', { authenticationMode: 'CONFIG_MAP' }, 'KubernetesUnauthorized'],
    ['KubernetesUnauthorized', { authenticationMode: 'API' }, 'KubernetesUnauthorized'],
    ['KubernetesForbidden', { authenticationMode: 'CONFIG_MAP' }, 'KubernetesForbidden'],
    ['ClusterUnreachable', {}, 'ClusterUnreachable'],
  ] as const)('says %s of a cluster with %o that answers %s', async (name, cluster, failure) => {
    fake.account.cluster = { ...fake.account.cluster, ...cluster };
    if (failure !== undefined) fake.account.failures = { connect: [failure] };
    await expect(checkCluster(fake.runtime, { runId: RUN })).rejects.toMatchObject({ name });
  });
});

describe('a cluster that is not active', () => {
  const inactive = (status: string) => {
    fake.account.cluster = { ...fake.account.cluster, status };
  };
  beforeEach(() => openRun(fake.runtime, OPEN).then(() => undefined));

  it.each(['UPDATING', 'FAILED'])('is planned while it is %s, which only reads, and no run is begun', async (status) => {
    inactive(status);
    expect(await checkCluster(fake.runtime, { runId: RUN, mode: 'plan' })).toMatchObject({ kubernetesVersion: '1.31' });
    await expect(checkCluster(fake.runtime, { runId: RUN, mode: 'run' })).rejects.toMatchObject({
      name: 'InvalidRequest',
      message: expect.stringContaining(`is ${status}, not ACTIVE; wait until it is`),
    });
  });
});

describe('takeInventory and makePlan', () => {
  const MAKE = { runId: RUN, mode: 'run', expectedDigest: null } as const;
  beforeEach(() => openRun(fake.runtime, OPEN).then(() => undefined));

  it('plans from the inventory, keeps the plan, and makes no second one', async () => {
    fake.put(serviceAccount());
    expect(await takeInventory(fake.runtime, TAKE)).toEqual({ status: 'ready', waitSeconds: 0, taken: true });
    const made = await makePlan(fake.runtime, MAKE);
    expect(made.digest).toBe((await run()).digest);
    expect(await takeInventory(fake.runtime, TAKE)).toEqual({ status: 'ready', waitSeconds: 0, taken: false });
    fake.account.objects.clear();
    expect(await makePlan(fake.runtime, MAKE)).toEqual(made);
    expect((await planOf(fake.runtime, RUN)).digest).toBe(made.digest);
  });

  describe('while an update of an add-on runs', () => {
    const setStatus = (status: string) =>
      fake.account.addons.set('aws-ebs-csi-driver', addon('aws-ebs-csi-driver', { status, serviceAccountRoleArn: ROLE }));
    const driver = { metadata: { name: 'ebs-csi-controller-sa', namespace: 'kube-system', annotations: {} } };
    const statusOf = async () =>
      ((await fake.runtime.journal.getDocument(RUN, 'inventory')) as Inventory).addons.map(({ status }) => status);
    beforeEach(() => {
      fake.put({ ...serviceAccount(), ...driver });
      setStatus('UPDATING');
    });

    it('waits for it, asks for it alone, and reads all anew when it has ended', async () => {
      expect(await takeInventory(fake.runtime, TAKE)).toEqual({ status: 'waiting', waitSeconds: 15, taken: true });
      fake.account.failures = { connect: ['ClusterUnreachable'] };
      expect(await takeInventory(fake.runtime, TAKE)).toEqual({ status: 'waiting', waitSeconds: 15, taken: false });
      fake.account.failures = {};
      setStatus('ACTIVE');
      expect(await takeInventory(fake.runtime, TAKE)).toEqual({ status: 'ready', waitSeconds: 0, taken: true });
      expect(await statusOf()).toEqual(['ACTIVE']);
      expect(fake.logs.some((line) => line.includes('aws-ebs-csi-driver'))).toBe(true);
    });

    it('holds the cluster meanwhile', async () => {
      await takeInventory(fake.runtime, TAKE);
      fake.pass(800);
      await takeInventory(fake.runtime, TAKE);
      fake.pass(800);
      await expect(fake.runtime.journal.acquireLock(CLUSTER_ARN, 'run-2', 900)).rejects.toMatchObject({ name: 'ClusterLocked' });
    });

    it('waits no longer than the option allows, and plans with what it finds', async () => {
      expect(await takeInventory(fake.runtime, TAKE)).toMatchObject({ status: 'waiting' });
      fake.pass(1800);
      expect(await takeInventory(fake.runtime, TAKE)).toMatchObject({ status: 'ready', taken: true });
      expect(await statusOf()).toEqual(['UPDATING']);
    });

    it('waits for nobody where only a plan is asked for, or no service account of the add-on has a role', async () => {
      expect(await takeInventory(fake.runtime, { ...TAKE, mode: 'plan' })).toMatchObject({ status: 'ready' });
      fake.account.addons.set('coredns', addon('coredns', { status: 'UPDATING' }));
      setStatus('ACTIVE');
      expect(await takeInventory(fake.runtime, TAKE)).toMatchObject({ status: 'ready' });
    });
  });

  it('refuses where the digest is not the expected one, and keeps nothing', async () => {
    await takeInventory(fake.runtime, TAKE);
    await expect(makePlan(fake.runtime, { ...MAKE, expectedDigest: 'other' })).rejects.toMatchObject({ name: 'WorldMoved' });
    expect(await fake.runtime.journal.getDocument(RUN, 'plan')).toBeUndefined();
    const { digest } = await makePlan(fake.runtime, MAKE);
    expect(await makePlan(fake.runtime, { ...MAKE, expectedDigest: digest })).toMatchObject({ digest });
  });

  it('has something to plan from, and a plan to work from', async () => {
    await expect(makePlan(fake.runtime, MAKE)).rejects.toMatchObject({ name: 'InternalError' });
    await expect(planOf(fake.runtime, RUN)).rejects.toMatchObject({ name: 'InternalError' });
  });

  it('says what comes next, and gives each unit its first status', async () => {
    const units = [
      unitPlan(),
      unitPlan({ id: 'shop/held', decision: 'hold', wave: null, reason: 'a reason' }),
      unitPlan({ id: 'shop/done', decision: 'already-associated', wave: null, reason: 'already associated' }),
    ];
    await fake.runtime.journal.putDocument(RUN, 'plan', planWith(units, [ROLE_PLAN]));
    expect(await makePlan(fake.runtime, MAKE)).toEqual({
      status: 'migrate',
      agent: 'ready',
      digest: 'digest-1',
      units: 1,
      waves: 1,
      begun: false,
    });
    expect(await makePlan(fake.runtime, { ...MAKE, mode: 'plan' })).toMatchObject({ status: 'planned' });
    expect((await fake.runtime.journal.listUnits(RUN)).map(({ unitId, status, reason }) => [unitId, status, reason])).toEqual([
      ['shop/done', 'migrated', 'already associated'],
      ['shop/held', 'held', 'a reason'],
      ['shop/orders', 'pending', ''],
    ]);
    await fake.runtime.journal.updateUnit(RUN, 'shop/orders', { status: 'running' });
    await associate(fake.runtime, { runId: RUN, unitId: 'shop/orders' });
    expect(await makePlan(fake.runtime, MAKE)).toMatchObject({ begun: true });
    await fake.runtime.journal.putDocument(RUN, 'plan', planWith([], []));
    expect(await makePlan(fake.runtime, MAKE)).toMatchObject({ status: 'nothing', units: 0 });
  });
});

describe('the approval', () => {
  it('keeps the token with the run and lets it go nowhere else', async () => {
    await begin();
    const output = await requestApproval(fake.runtime, { runId: RUN, taskToken: 'secret-token' });
    expect(output).toEqual({ runId: RUN, digest: 'digest-1' });
    expect(JSON.stringify([output, fake.logs, await run(), await fake.runtime.journal.listEntries(RUN)])).not.toContain('secret-token');
    const answer = { decision: 'approve' as const, digest: 'digest-1', by: 'arn:aws:iam::111122223333:user/me', at: 't', requestId: 'r' };
    expect(await fake.runtime.journal.answerTaskToken(RUN, answer)).toEqual({ token: 'secret-token', answer });
    expect((await run()).approval).toEqual({ status: 'waiting', expiresAt: new Date(START + 604_800_000).toISOString(), answer: null });
  });

  it('notes which run has the cluster by the time that it is given', async () => {
    await begin();
    fake.pass(86_400);
    await fake.runtime.journal.acquireLock(CLUSTER_ARN, 'run-2', 900);
    await expect(confirmApproval(fake.runtime, { runId: RUN, digest: 'digest-1' })).rejects.toMatchObject({ name: 'ClusterLocked' });
    expect((await run()).reason).toContain('is locked by run-2 until ');
  });

  it('is for this plan, and for the world as it still is', async () => {
    await openRun(fake.runtime, OPEN);
    fake.put(serviceAccount());
    await takeInventory(fake.runtime, TAKE);
    const { digest } = await makePlan(fake.runtime, { runId: RUN, mode: 'run', expectedDigest: null });
    await expect(confirmApproval(fake.runtime, { runId: RUN, digest: 'other' })).rejects.toMatchObject({ name: 'ApprovalMismatch' });
    fake.pass(86_400);
    expect(await confirmApproval(fake.runtime, { runId: RUN, digest })).toEqual({ digest });
    await expect(fake.runtime.journal.acquireLock(CLUSTER_ARN, 'run-2', 900)).rejects.toMatchObject({ name: 'ClusterLocked' });
    fake.put(serviceAccount('another'));
    await expect(confirmApproval(fake.runtime, { runId: RUN, digest })).rejects.toMatchObject({
      name: 'WorldMoved',
      message: expect.stringMatching(/what differs: .*ServiceAccount\/shop\/another: is new/),
    });
  });
});
