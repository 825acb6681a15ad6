import { beforeEach, describe, expect, it } from 'vitest';
import { associate } from '../../../../src/migration/unit/associate.ts';
import { proveCredentials } from '../../../../src/migration/unit/prove-credentials.ts';
import { removeAnnotations } from '../../../../src/migration/unit/remove-annotations.ts';
import { restartWorkloads } from '../../../../src/migration/unit/restart-workloads.ts';
import { undoUnit } from '../../../../src/migration/unit/undo-unit.ts';
import {
  CLUSTER_ARN,
  DEPLOYMENT,
  deployment,
  type FakeMigration,
  NEW_WAY,
  OLD_WAY,
  ROLE,
  RUN,
  runningPod,
  serviceAccount,
} from '../../fixtures/fake-migration.ts';
import { UNIT, unitScene } from '../../fixtures/unit-scene.ts';

const UNDO = { ...UNIT, failure: { Error: 'RolloutFailed', Cause: 'the pods do not start' } };
const MARK = 'kubectl.kubernetes.io/restartedAt';

let fake: FakeMigration;
const { begin, unit } = unitScene((made) => {
  fake = made;
});

/** All the way forward: association, probe left behind, restart, annotations gone. */
async function migrateAll(): Promise<void> {
  await associate(fake.runtime, UNIT);
  await proveCredentials(fake.runtime, UNIT);
  await restartWorkloads(fake.runtime, UNIT);
  await fake.runtime.journal.updateUnit(RUN, UNIT.unitId, { facts: { 'probe-pod grade 2 passed': true } });
  await removeAnnotations(fake.runtime, UNIT);
  fake.account.writes = [];
}

/** Calls the step until it is ready, as the state machine does. */
async function undo(): Promise<string> {
  for (let call = 0; call < 100; call += 1) {
    const { status, unitStatus, waitSeconds } = await undoUnit(fake.runtime, UNDO);
    if (status === 'ready') return unitStatus;
    fake.pass(waitSeconds);
    // The association is gone: admission is back to the old way.
    if (fake.account.associations.length === 0) fake.account.injects = 'old';
  }
  return 'never';
}

const left = async () =>
  (await fake.runtime.journal.listEntries(RUN)).filter((entry) => entry.state !== 'undone').map((entry) => entry.key);
const annotations = () => fake.object('ServiceAccount', 'orders')?.metadata.annotations;
const mark = () => fake.object('Deployment', 'orders')?.spec.template.metadata.annotations?.[MARK];

beforeEach(() => begin());

describe('the way back of a unit', () => {
  it('restores everything in the order that keeps credentials', async () => {
    const before = JSON.stringify([annotations(), mark()]);
    await migrateAll();
    expect(await undo()).toBe('rolled-back');
    expect(fake.account.writes.map((write) => write.split(' ').slice(0, 2).join(' '))).toEqual([
      'delete pods',
      'patch serviceaccounts',
      'delete association',
      'patch deployments',
    ]);
    expect(JSON.stringify([annotations(), mark()])).toBe(before);
    expect(fake.account.associations).toEqual([]);
    expect(await left()).toEqual([]);
    expect(await unit()).toMatchObject({ status: 'rolled-back', reason: 'the pods do not start' });
  });

  it('writes nothing when it is started again', async () => {
    await migrateAll();
    await undo();
    fake.account.writes = [];
    expect(await undo()).toBe('rolled-back');
    expect(fake.account.writes).toEqual([]);
  });

  it('holds a unit that has written nothing', async () => {
    expect(await undo()).toBe('held');
    expect(await unit()).toMatchObject({ status: 'held', reason: 'the pods do not start' });
    expect(fake.account.writes).toEqual([]);
  });

  it('leaves a unit alone that was associated before the run', async () => {
    await fake.runtime.journal.updateUnit(RUN, UNIT.unitId, { status: 'migrated' });
    expect(await undo()).toBe('migrated');
  });

  it('does not restart anything before new pods are on the old way', async () => {
    await migrateAll();
    for (let call = 0; call < 5; call += 1) await undoUnit(fake.runtime, UNDO);
    expect(fake.account.writes.filter((write) => write.startsWith('patch deployments'))).toEqual([]);
    fake.account.injects = 'nothing';
    await undoUnit(fake.runtime, UNDO);
    expect((await unit()).facts.undoHits).toBe(0);
    expect(await undo()).toBe('rolled-back');
  });

  it('gives the webhook a minute where dry runs are refused', async () => {
    await associate(fake.runtime, UNIT);
    fake.pass(30);
    fake.account.failures = { 'dry run': Array(60).fill('KubernetesForbidden') };
    expect(await undoUnit(fake.runtime, UNDO)).toMatchObject({ status: 'waiting' });
    fake.pass(59);
    expect(await undoUnit(fake.runtime, UNDO)).toMatchObject({ status: 'waiting' });
    fake.pass(1);
    expect(await undoUnit(fake.runtime, UNDO)).toMatchObject({ status: 'ready', unitStatus: 'rolled-back' });
  });

  it('names what to do where the service account is gone and pods live on its association', async () => {
    await migrateAll();
    fake.account.objects.delete('ServiceAccount/shop/orders');
    fake.put(runningPod('orders-new', NEW_WAY));
    await expect(undo()).rejects.toMatchObject({
      name: 'UndoFailed',
      message: expect.stringMatching(
        /ServiceAccount\/shop\/orders is gone.*Pod\/shop\/orders-new.*create the service account again.*roll back again/,
      ),
    });
    expect(fake.account.associations).toHaveLength(1);
  });

  it('ends where the namespace has gone away: nothing of it is left to prove', async () => {
    await associate(fake.runtime, UNIT);
    fake.pass(30);
    fake.account.objects.clear();
    fake.account.failures = { 'dry run': Array(60).fill('NotFound') };
    expect(await undo()).toBe('rolled-back');
    expect(fake.account.associations).toEqual([]);
  });

  it.each<[string, () => void]>([
    ['restored by hand already', () => fake.put(serviceAccount())],
    ['with the service account gone', () => fake.account.objects.delete('ServiceAccount/shop/orders')],
    [
      'on a service account that was made anew',
      () => fake.put({ ...serviceAccount(), metadata: { ...serviceAccount().metadata, uid: 'another' } }),
    ],
  ])('leaves annotations alone: %s', async (_what, change) => {
    await migrateAll();
    change();
    expect(await undo()).toBe('rolled-back');
    expect(fake.account.writes.some((write) => write.startsWith('patch serviceaccounts'))).toBe(false);
  });

  it('stops where somebody gave an annotation another value, and names object and before-image', async () => {
    await migrateAll();
    fake.put(serviceAccount('orders', { 'eks.amazonaws.com/role-arn': 'arn:aws:iam::111122223333:role/theirs' }));
    await expect(undo()).rejects.toMatchObject({ name: 'UndoFailed', message: expect.stringContaining(`ServiceAccount/shop/orders`) });
    await expect(undo()).rejects.toThrow(ROLE);
    expect(fake.account.associations).toHaveLength(1);
  });

  it('leaves a restart mark that somebody else has set since', async () => {
    await migrateAll();
    fake.put(deployment({ annotations: { [MARK]: '2026-06-01T00:00:00Z' } }));
    expect(await undo()).toBe('rolled-back');
    expect(mark()).toBe('2026-06-01T00:00:00Z');
  });

  it('does without a workload that is gone', async () => {
    await migrateAll();
    fake.account.objects.delete('Deployment/shop/orders');
    expect(await undo()).toBe('rolled-back');
  });

  it('deletes an association whose creation is not on record, by its tag, and nobody else’s', async () => {
    fake.account.failures = { 'createAssociation reply': ['ServiceUnavailable'] };
    await expect(associate(fake.runtime, UNIT)).rejects.toThrow();
    expect(await undo()).toBe('rolled-back');
    expect(fake.account.associations).toEqual([]);

    await begin();
    fake.account.failures = { createAssociation: ['ServiceUnavailable'] };
    await expect(associate(fake.runtime, UNIT)).rejects.toThrow();
    await associate(fake.runtime, UNIT);
    fake.account.associations = fake.account.associations.map((one) => ({ ...one, tags: {} }));
    fake.account.injects = 'old';
    expect(await undo()).toBe('rolled-back');
    expect(fake.account.associations).toHaveLength(1);
  });

  it('needs no dry run where there never was an association', async () => {
    fake.account.failures = { createAssociation: ['AccessDenied'], 'dry run': Array(60).fill('Throttled') };
    await expect(associate(fake.runtime, UNIT)).rejects.toThrow();
    expect(await undo()).toBe('rolled-back');
  });

  it('evicts the pods that live on the agent one by one, and waits for their replacements and for budgets', async () => {
    await associate(fake.runtime, UNIT);
    fake.pass(30);
    fake.put(runningPod('one', NEW_WAY));
    fake.put(runningPod('two', NEW_WAY));
    fake.account.budget = 'blocked';
    await undoUnit(fake.runtime, UNDO);
    fake.pass(3);
    fake.account.injects = 'old';
    await undoUnit(fake.runtime, UNDO);
    fake.pass(3);
    await undoUnit(fake.runtime, UNDO);
    fake.account.budget = 'evicted';
    await undoUnit(fake.runtime, UNDO);
    fake.put(runningPod('three', OLD_WAY, { ready: false }));
    await undoUnit(fake.runtime, UNDO);
    expect([...fake.account.objects.keys()].filter((key) => key.startsWith('Pod/'))).toEqual(['Pod/shop/two', 'Pod/shop/three']);
    fake.put(runningPod('three', OLD_WAY));
    expect(await undo()).toBe('rolled-back');
    expect(fake.object('Pod', 'two')).toBeUndefined();
  });

  it('leaves the pod of a Job to its end, and gives up after its time', async () => {
    await associate(fake.runtime, UNIT);
    fake.pass(30);
    fake.put(runningPod('job', NEW_WAY, { owner: 'Job' }));
    fake.account.injects = 'old';
    await undoUnit(fake.runtime, UNDO);
    await undoUnit(fake.runtime, UNDO);
    expect(await undoUnit(fake.runtime, UNDO)).toMatchObject({ status: 'waiting' });
    fake.pass(1801);
    await expect(undoUnit(fake.runtime, UNDO)).rejects.toMatchObject({
      name: 'UndoFailed',
      message: expect.stringContaining('Pod/shop/job'),
    });
  });

  it('has its whole time again when an operator starts it again', async () => {
    await associate(fake.runtime, UNIT);
    await undoUnit(fake.runtime, UNDO);
    fake.pass(1801);
    await expect(undoUnit(fake.runtime, UNDO)).rejects.toMatchObject({ name: 'UndoFailed' });
    await fake.runtime.journal.updateUnit(RUN, UNIT.unitId, { status: 'needs-operator' });
    expect(await undo()).toBe('rolled-back');
  });

  it('waits for the old template to roll out, even from a failed one', async () => {
    await migrateAll();
    fake.account.injects = 'old';
    await undoUnit(fake.runtime, UNDO);
    fake.put(
      deployment({
        annotations: { [MARK]: '2026-01-05T10:00:00Z' },
        status: { conditions: [{ type: 'Progressing', reason: 'ProgressDeadlineExceeded' }] },
      }),
    );
    expect(await undoUnit(fake.runtime, UNDO)).toMatchObject({ status: 'waiting' });
    fake.put(deployment());
    expect(await undo()).toBe('rolled-back');
  });

  it('takes an Argo Rollout’s restart back', async () => {
    await begin({ workloads: [{ ...DEPLOYMENT, kind: 'Rollout', restart: 'argo-rollout' }] });
    fake.put({ ...deployment(), kind: 'Rollout' });
    await associate(fake.runtime, UNIT);
    await restartWorkloads(fake.runtime, UNIT);
    expect(await undo()).toBe('rolled-back');
    expect(fake.object('Rollout', 'orders')?.spec.restartAt).toBeUndefined();
  });

  it('writes nothing once another run has the cluster', async () => {
    await migrateAll();
    fake.pass(901);
    await fake.runtime.journal.acquireLock(CLUSTER_ARN, 'run-2', 900);
    await expect(undo()).rejects.toMatchObject({ name: 'LockLost' });
    expect(fake.account.writes).toEqual([]);
  });

  it('survives the loss of any one reply or request', async () => {
    const operations = [
      'delete pods',
      'patch serviceaccounts',
      'patch serviceaccounts reply',
      'delete association',
      'patch deployments',
      'patch deployments reply',
    ];
    for (const operation of operations) {
      await begin();
      await migrateAll();
      fake.account.failures = { [operation]: ['ServiceUnavailable'] };
      await expect(undo(), operation).rejects.toMatchObject({ name: 'ServiceUnavailable' });
      expect(await undo(), operation).toBe('rolled-back');
      expect(annotations(), operation).toEqual({ 'eks.amazonaws.com/role-arn': ROLE });
      expect(mark(), operation).toBeUndefined();
    }
  });
});
