import { beforeEach, describe, expect, it } from 'vitest';
import { withNotesOf, withoutNotes } from '../../../src/journal/unit-notes.ts';
import { associate } from '../../../src/migration/unit/associate.ts';
import { checkRollout } from '../../../src/migration/unit/check-rollout.ts';
import { restartWorkloads } from '../../../src/migration/unit/restart-workloads.ts';
import type { UnitRecord } from '../../../src/model/run.ts';
import { DEPLOYMENT, deployment, type FakeMigration, NEW_WAY, OLD_WAY, RUN, runningPod } from '../fixtures/fake-migration.ts';
import { UNIT, unitScene } from '../fixtures/unit-scene.ts';

let fake: FakeMigration;
const { begin, beginAssociated, unit, later } = unitScene((made) => {
  fake = made;
});

beforeEach(() => begin());

describe('restartWorkloads', () => {
  beforeEach(() => beginAssociated());

  const markOf = () => fake.object('Deployment', 'orders')?.spec.template.metadata.annotations?.['kubectl.kubernetes.io/restartedAt'];

  it('sets the same mark at every try, in whole seconds, and keeps the one of before', async () => {
    fake.put(deployment({ annotations: { 'kubectl.kubernetes.io/restartedAt': '2025-01-01T00:00:00Z' } }));
    expect(await restartWorkloads(fake.runtime, UNIT)).toEqual({ restarted: 1 });
    expect(markOf()).toBe('2026-01-05T10:00:00Z');
    fake.pass(60);
    expect(await restartWorkloads(fake.runtime, UNIT)).toEqual({ restarted: 0 });
    expect(fake.account.writes).toHaveLength(1);
    expect(await fake.runtime.journal.getEntry(RUN, 'restart#Deployment/shop/orders')).toMatchObject({
      before: { mark: '2025-01-01T00:00:00Z' },
      after: { mark: '2026-01-05T10:00:00Z' },
    });
  });

  it('writes nothing again where the reply of the first try was lost', async () => {
    fake.account.failures = { 'patch deployments reply': ['ServiceUnavailable'] };
    await expect(restartWorkloads(fake.runtime, UNIT)).rejects.toMatchObject({ name: 'ServiceUnavailable' });
    expect(await restartWorkloads(fake.runtime, UNIT)).toEqual({ restarted: 1 });
    expect(fake.account.writes).toHaveLength(1);
  });

  it('refuses where somebody else restarted it between two tries', async () => {
    fake.account.failures = { 'patch deployments': ['Conflict'] };
    await expect(restartWorkloads(fake.runtime, UNIT)).rejects.toMatchObject({ name: 'Conflict' });
    fake.put(deployment({ annotations: { 'kubectl.kubernetes.io/restartedAt': '2026-01-05T10:00:30Z' } }));
    await expect(restartWorkloads(fake.runtime, UNIT)).rejects.toMatchObject({ name: 'WorldMoved' });
  });

  it.each([
    ['was paused', deployment({ spec: { paused: true } })],
    ['is updated on delete now', deployment({ spec: { updateStrategy: { type: 'OnDelete' } } })],
    ['has a partition now', deployment({ spec: { updateStrategy: { rollingUpdate: { partition: 2 } } } })],
  ])('refuses a workload that %s since the plan', async (_what, object) => {
    fake.put(object);
    await expect(restartWorkloads(fake.runtime, UNIT)).rejects.toMatchObject({ name: 'WorldMoved' });
    expect(fake.account.writes).toEqual([]);
  });

  it('refuses a workload that is gone, and leaves alone what does not run or is renewed by eviction', async () => {
    await beginAssociated({ workloads: [{ ...DEPLOYMENT, name: 'gone' }] });
    await expect(restartWorkloads(fake.runtime, UNIT)).rejects.toMatchObject({ name: 'WorldMoved', message: /Deployment\/shop\/gone/ });
    await beginAssociated({
      workloads: [
        { ...DEPLOYMENT, kind: 'CronJob', restart: 'none' },
        { ...DEPLOYMENT, restart: 'evict' },
        { ...DEPLOYMENT, kind: 'Unknown', restart: 'rollout' },
      ],
    });
    expect(await restartWorkloads(fake.runtime, UNIT)).toEqual({ restarted: 0 });
  });

  it('restarts an Argo Rollout by its own field, at the time of the step', async () => {
    await beginAssociated({ workloads: [{ ...DEPLOYMENT, apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', restart: 'argo-rollout' }] });
    fake.put({ ...deployment(), apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout' });
    fake.pass(90);
    await restartWorkloads(fake.runtime, UNIT);
    expect(fake.object('Rollout', 'orders')?.spec.restartAt).toBe('2026-01-05T10:01:30Z');
  });

  it.each([
    ['a Rollout', { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', restart: 'argo-rollout' }, 1],
    ['a Deployment', {}, 0],
  ] as const)('has the time of the step on record ahead of the write where it is the mark: of %s', async (_what, changes, known) => {
    await beginAssociated({ workloads: [{ ...DEPLOYMENT, ...changes }] });
    fake.put({ ...deployment(), ...(known === 1 ? { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout' } : {}) });
    const seen: unknown[] = [];
    fake.account.onWrite = () => void seen.push(withoutNotes(unit));
    const { notes } = await withNotesOf(UNIT, () => restartWorkloads(fake.runtime, UNIT));
    const [ahead] = (await Promise.all(seen)) as UnitRecord[];
    expect(Object.keys(ahead?.stepStartedAt ?? {}).filter((step) => step === 'restart')).toHaveLength(known);
    expect(Object.keys(notes.stepStartedAt ?? {})).toEqual(known === 1 ? [] : ['restart']);
  });
});

describe('checkRollout', () => {
  it('is ready when each workload is, and notes when', async () => {
    fake.put(deployment({ status: { updatedReplicas: 0 } }));
    expect(await checkRollout(fake.runtime, UNIT)).toMatchObject({ status: 'waiting' });
    fake.put(deployment());
    expect(await checkRollout(fake.runtime, UNIT)).toMatchObject({ status: 'ready' });
    const { rolledOutAt } = (await unit()).facts;
    fake.pass(5);
    await checkRollout(fake.runtime, UNIT);
    expect((await unit()).facts.rolledOutAt).toBe(rolledOutAt);
  });

  it.each([
    [120, []],
    [121, ['rolledOutAt']],
  ])('that took %i seconds is on record at once: %j', async (seconds, known) => {
    await fake.runtime.journal.updateUnit(RUN, UNIT.unitId, { stepStartedAt: { restart: later(0) } });
    fake.put(deployment());
    fake.pass(seconds);
    const { notes } = await withNotesOf(UNIT, () => checkRollout(fake.runtime, UNIT));
    expect(Object.keys((await unit()).facts).filter((fact) => fact === 'rolledOutAt')).toEqual(known);
    expect(notes.facts?.rolledOutAt === undefined).toBe(known.length === 1);
  });

  it('fails where Kubernetes gave up, or after its time', async () => {
    fake.put(deployment({ status: { conditions: [{ type: 'Progressing', reason: 'ProgressDeadlineExceeded' }] } }));
    await expect(checkRollout(fake.runtime, UNIT)).rejects.toMatchObject({ name: 'RolloutFailed' });
    fake.put(deployment({ status: { updatedReplicas: 0 } }));
    fake.pass(1801);
    await expect(checkRollout(fake.runtime, UNIT)).rejects.toMatchObject({ name: 'RolloutFailed', message: /0 of 1 pods are new/ });
  });

  it('evicts one pod at a time, and the next only when all others are ready', async () => {
    await begin({ workloads: [{ ...DEPLOYMENT, kind: 'ReplicaSet', restart: 'evict' }] });
    fake.put({ ...deployment(), kind: 'ReplicaSet' });
    fake.put(runningPod('one', OLD_WAY, { createdAt: later(-100) }));
    fake.put(runningPod('two', OLD_WAY, { createdAt: later(-100) }));
    await associate(fake.runtime, UNIT);
    const evicted = () => fake.account.writes.filter((write) => write.startsWith('evict'));
    fake.account.budget = 'blocked';
    expect(await checkRollout(fake.runtime, UNIT)).toMatchObject({ status: 'waiting' });
    fake.account.budget = 'evicted';
    await checkRollout(fake.runtime, UNIT);
    expect(evicted()).toEqual(['evict shop/one', 'evict shop/one']);
    fake.put(runningPod('three', NEW_WAY, { ready: false }));
    await checkRollout(fake.runtime, UNIT);
    expect(evicted()).toHaveLength(2);
    fake.put(runningPod('three', NEW_WAY));
    await checkRollout(fake.runtime, UNIT);
    expect(evicted()).toHaveLength(3);
    fake.put(runningPod('four', NEW_WAY));
    expect(await checkRollout(fake.runtime, UNIT)).toMatchObject({ status: 'ready' });
  });

  it('needs the association before it judges pods', async () => {
    await begin({ workloads: [{ ...DEPLOYMENT, restart: 'evict' }] });
    await expect(checkRollout(fake.runtime, UNIT)).rejects.toMatchObject({ name: 'InternalError' });
  });
});
