import { beforeEach, describe, expect, it } from 'vitest';
import { associate } from '../../../src/migration/unit/associate.ts';
import { checkInjection } from '../../../src/migration/unit/check-injection.ts';
import { finishUnit, markNeedsOperator, openUnit } from '../../../src/migration/unit/unit-state.ts';
import { journaledWrite } from '../../../src/migration/write.ts';
import { CLUSTER_ARN, type FakeMigration, ROLE, RUN } from '../fixtures/fake-migration.ts';
import { UNIT, unitScene } from '../fixtures/unit-scene.ts';

let fake: FakeMigration;
const { begin, unit, evidence, entries, later } = unitScene((made) => {
  fake = made;
});

beforeEach(() => begin());

describe('openUnit', () => {
  it.each([
    ['pending', 'go-on', 'running'],
    ['running', 'go-on', 'running'],
    ['rolling-back', 'undo', 'rolling-back'],
    ['migrated', 'none', 'migrated'],
    ['needs-operator', 'none', 'needs-operator'],
  ] as const)('takes a %s unit up to %s', async (status, action, after) => {
    await fake.runtime.journal.updateUnit(RUN, UNIT.unitId, { status });
    expect(await openUnit(fake.runtime, { ...UNIT, part: 'migrate' })).toEqual({ action });
    expect((await unit()).status).toBe(after);
  });

  it('refuses where the run is being rolled back, so that nothing more is migrated', async () => {
    await fake.runtime.journal.updateRun(RUN, { status: 'rolling-back' });
    await expect(openUnit(fake.runtime, { ...UNIT, part: 'migrate' })).rejects.toMatchObject({ name: 'LockLost' });
    await expect(associate(fake.runtime, UNIT)).rejects.toMatchObject({ name: 'LockLost' });
    expect(fake.account.writes).toEqual([]);
  });
});

describe('a step that was under way when its run was taken back', () => {
  it('writes nothing after the way back has begun', async () => {
    const run = await fake.runtime.journal.getRun(RUN);
    await fake.runtime.journal.updateRun(RUN, { status: 'rolling-back' });
    const perform = () => Promise.reject(new Error('it was written'));
    const write = {
      key: 'association#shop/orders',
      unitId: UNIT.unitId,
      kind: 'association' as const,
      object: 'shop/orders',
      before: null,
      perform,
    };
    await expect(journaledWrite(fake.runtime, run, write)).rejects.toMatchObject({ name: 'LockLost' });
    expect(await entries()).toEqual([]);
  });
});

describe('associate', () => {
  it('records its intent ahead of the write, and what it wrote after', async () => {
    let ahead: Promise<string[]> | undefined;
    fake.account.onWrite = () => {
      ahead = entries();
    };
    const { associationId } = await associate(fake.runtime, UNIT);
    expect(await ahead).toEqual(['association#shop/orders intended']);
    expect(await entries()).toEqual(['association#shop/orders applied']);
    expect(fake.account.associations).toMatchObject([{ associationId, roleArn: ROLE, tags: { 'podshift/run': RUN } }]);
  });

  it('writes once however often it runs', async () => {
    const first = await associate(fake.runtime, UNIT);
    expect(await associate(fake.runtime, UNIT)).toEqual(first);
    expect(fake.account.writes).toHaveLength(1);
  });

  it('adopts what an earlier try of this run made whose reply was lost', async () => {
    fake.account.failures = { 'createAssociation reply': ['ServiceUnavailable'] };
    await expect(associate(fake.runtime, UNIT)).rejects.toMatchObject({ name: 'ServiceUnavailable' });
    expect(await entries()).toEqual(['association#shop/orders intended']);
    expect(await associate(fake.runtime, UNIT)).toEqual({ associationId: 'a-1', createdAt: later(0).replace('Z', '.000Z') });
    expect(fake.account.writes).toHaveLength(1);
  });

  it.each([
    ['another run’s', { tags: { 'podshift/run': 'other' } }],
    ['nobody’s', { tags: {} }],
    ['its own with another role', { tags: { 'podshift/run': RUN }, roleArn: 'arn:aws:iam::111122223333:role/other' }],
  ])('refuses %s association', async (_whose, more) => {
    await associate(fake.runtime, UNIT);
    const [made] = fake.account.associations;
    if (made === undefined) throw new Error('no association');
    fake.account.associations = [{ ...made, ...more }];
    await fake.runtime.journal.createRun({
      runId: 'run-2',
      target: { clusterName: 'shop', region: 'eu-west-1', assumeRoleArn: null },
      options: (await fake.runtime.journal.getRun(RUN)).options,
      startedAt: later(0),
    });
    await fake.runtime.journal.releaseLock(CLUSTER_ARN, RUN);
    await fake.runtime.journal.acquireLock(CLUSTER_ARN, 'run-2', 900);
    await fake.runtime.journal.updateRun('run-2', { clusterArn: CLUSTER_ARN, status: 'running' });
    await fake.runtime.journal.putRoles([{ runId: 'run-2', roleArn: ROLE, trustBefore: '', trustAfter: '', blocked: '' }]);
    await fake.runtime.journal.putUnits([{ ...(await unit()), runId: 'run-2', stepStartedAt: {}, facts: {} }]);
    await expect(associate(fake.runtime, { ...UNIT, runId: 'run-2' })).rejects.toMatchObject({ name: 'WorldMoved' });
  });

  it('asks again where EKS says that one exists and shows none', async () => {
    fake.account.failures = { createAssociation: ['AlreadyExists'] };
    await expect(associate(fake.runtime, UNIT)).rejects.toMatchObject({ name: 'ServiceUnavailable' });
  });

  it('writes nothing where the role is blocked, or the lock is lost', async () => {
    await fake.runtime.journal.updateRole(RUN, ROLE, { blocked: 'its trust policy moved' });
    await expect(associate(fake.runtime, UNIT)).rejects.toMatchObject({ name: 'TrustPolicyMoved', message: 'its trust policy moved' });
    await begin();
    fake.pass(901);
    await fake.runtime.journal.acquireLock(CLUSTER_ARN, 'run-2', 900);
    await expect(associate(fake.runtime, UNIT)).rejects.toMatchObject({ name: 'LockLost' });
    expect(fake.account.writes).toEqual([]);
    expect(await entries()).toEqual([]);
  });
});

describe('checkInjection', () => {
  it('needs as many hits in a row as the option says, and says so once', async () => {
    expect(await checkInjection(fake.runtime, UNIT)).toEqual({ status: 'waiting', waitSeconds: 3, hits: 1 });
    fake.account.injects = 'old';
    expect(await checkInjection(fake.runtime, UNIT)).toMatchObject({ status: 'waiting', hits: 0 });
    fake.account.injects = 'new';
    await checkInjection(fake.runtime, UNIT);
    fake.pass(3);
    expect(await checkInjection(fake.runtime, UNIT)).toEqual({ status: 'ready', waitSeconds: 0, hits: 2 });
    expect(await checkInjection(fake.runtime, UNIT)).toMatchObject({ status: 'ready' });
    expect(await evidence()).toMatchObject([{ grade: 1, kind: 'dry-run', passed: true, facts: { checks: 2 } }]);
  });

  it('gives up after its time', async () => {
    fake.account.injects = 'nothing';
    await checkInjection(fake.runtime, UNIT);
    fake.pass(181);
    await expect(checkInjection(fake.runtime, UNIT)).rejects.toMatchObject({ name: 'StepTimedOut' });
  });

  it('waits a minute where admission refuses dry runs, and records that nothing is known', async () => {
    fake.account.failures = { 'dry run': ['KubernetesForbidden', 'InvalidRequest'] };
    expect(await checkInjection(fake.runtime, UNIT)).toMatchObject({ status: 'waiting', waitSeconds: 60 });
    fake.pass(60);
    expect(await checkInjection(fake.runtime, UNIT)).toMatchObject({ status: 'ready' });
    expect(await evidence()).toMatchObject([{ grade: 1, kind: 'dry-run', passed: false }]);
  });

  it('lets other failures through', async () => {
    fake.account.failures = { 'dry run': ['Throttled'] };
    await expect(checkInjection(fake.runtime, UNIT)).rejects.toMatchObject({ name: 'Throttled' });
  });
});

describe('the end of a unit', () => {
  it('is migrated', async () => {
    expect(await finishUnit(fake.runtime, UNIT)).toEqual({ unitId: 'shop/orders', status: 'migrated' });
    expect(await unit()).toMatchObject({ status: 'migrated', reason: '' });
  });

  it('needs an operator where the way back failed, with both reasons', async () => {
    await markNeedsOperator(fake.runtime, {
      ...UNIT,
      failure: { Error: 'UndoFailed', Cause: JSON.stringify({ errorType: 'UndoFailed', errorMessage: 'no way' }) },
    });
    expect(await unit()).toMatchObject({ status: 'needs-operator', reason: 'no way' });
    await fake.runtime.journal.updateUnit(RUN, UNIT.unitId, { status: 'rolling-back', reason: 'first' });
    await markNeedsOperator(fake.runtime, { ...UNIT, failure: { Error: 'UndoFailed', Cause: 'plain' } });
    expect((await unit()).reason).toBe('plain (it was rolled back because first)');
    await fake.runtime.journal.updateUnit(RUN, UNIT.unitId, { reason: '' });
    await markNeedsOperator(fake.runtime, { ...UNIT, failure: { Error: 'States.Timeout' } });
    expect((await unit()).reason).toBe('States.Timeout');
  });
});
