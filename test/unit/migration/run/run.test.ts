import { beforeEach, describe, expect, it } from 'vitest';
import { newBatch, newUndo, roleBatches } from '../../../../src/migration/batch/batch.ts';
import { closeRun } from '../../../../src/migration/run/close-run.ts';
import { nextStep } from '../../../../src/migration/run/next-step.ts';
import { outcomeOf } from '../../../../src/migration/run/outcome.ts';
import { closeRollback, openRollback, rollbackBatch } from '../../../../src/migration/run/rollback-run.ts';
import { roundOf } from '../../../../src/migration/run/round.ts';
import { judgeWave } from '../../../../src/migration/run/waves.ts';
import { associate } from '../../../../src/migration/unit/associate.ts';
import { migrationOptions } from '../../../../src/model/options.ts';
import type { RoleRecord, UnitRecord, UnitStatus } from '../../../../src/model/run.ts';
import { CLUSTER_ARN, type FakeMigration, OIDC_TRUST, ROLE, RUN, START, TARGET, unitPlan } from '../../fixtures/fake-migration.ts';
import { runScene } from '../../fixtures/run-scene.ts';

let fake: FakeMigration;
const { empty, begin, run, setUnit } = runScene((made) => {
  fake = made;
});

beforeEach(() => empty());

describe('waves', () => {
  const UNITS = [{}, { id: 'shop/b', wave: 1 }, { id: 'shop/c', wave: 1 }, { id: 'shop/held', wave: null, decision: 'hold' as const }];
  beforeEach(async () => {
    await begin(UNITS);
    await setUnit('shop/held', 'held');
  });

  it('come one after the other, the canary first, and end', async () => {
    const next = () => nextStep(fake.runtime, { runId: RUN });
    expect(await next()).toEqual({
      status: 'migrate',
      wave: 0,
      roles: roleBatches([ROLE]),
      batches: [newBatch(['shop/orders'])],
      iamWaitSeconds: 15,
      waitSeconds: 0,
      daemons: [],
      reason: '',
    });
    await setUnit('shop/orders', 'migrated');
    expect(await next()).toMatchObject({ wave: 1, batches: [newBatch(['shop/b', 'shop/c'])], iamWaitSeconds: 0 });
    await setUnit('shop/b', 'rolled-back');
    expect(await next()).toMatchObject({ wave: 1, batches: [newBatch(['shop/c'])] });
    await setUnit('shop/c', 'needs-operator');
    expect(await next()).toMatchObject({ status: 'done', batches: [] });
  });

  it('wait for IAM no longer than the write of an earlier try needs', async () => {
    const { journal } = fake.runtime;
    const key = `trust#${ROLE}#0`;
    await journal.recordIntent({ runId: RUN, key, unitId: null, kind: 'trust', object: ROLE, before: {} });
    expect(await nextStep(fake.runtime, { runId: RUN })).toMatchObject({ iamWaitSeconds: 15 });
    await journal.markApplied(RUN, key, {});
    fake.pass(10);
    expect(await nextStep(fake.runtime, { runId: RUN })).toMatchObject({ iamWaitSeconds: 5 });
    fake.pass(10);
    expect(await nextStep(fake.runtime, { runId: RUN })).toMatchObject({ iamWaitSeconds: 0 });
  });

  it.each<[string, number, Record<string, unknown>, [UnitStatus, UnitStatus, UnitStatus], string]>([
    ['go-on', 0, {}, ['migrated', 'pending', 'pending'], ''],
    ['halt', 0, { failureThresholdPercent: 100 }, ['rolled-back', 'pending', 'pending'], 'wave 1 failed: 1 of 1'],
    ['halt', 0, {}, ['held', 'pending', 'pending'], 'wave 1 failed'],
    ['rollback', 0, { onWaveFailure: 'rollback' }, ['rolled-back', 'pending', 'pending'], 'wave 1 failed'],
    ['halt', 0, { onWaveFailure: 'rollback' }, ['needs-operator', 'pending', 'pending'], 'need an operator'],
    ['halt', 0, {}, ['rolling-back', 'pending', 'pending'], 'wave 1 failed: 1 of 1'],
    ['halt', 1, { failureThresholdPercent: 49 }, ['migrated', 'migrated', 'rolled-back'], '1 of 2 units'],
    ['go-on', 1, { failureThresholdPercent: 50 }, ['migrated', 'migrated', 'rolled-back'], ''],
    ['go-on', 1, { failureThresholdPercent: 0 }, ['migrated', 'migrated', 'migrated'], ''],
    ['go-on', 9, {}, ['migrated', 'migrated', 'migrated'], ''],
  ])('are judged: %s after wave %i with %o and %o', async (decision, wave, options, statuses, reason) => {
    await begin(UNITS, {}, options);
    for (const [index, unitId] of ['shop/orders', 'shop/b', 'shop/c'].entries()) await setUnit(unitId, statuses[index] ?? 'pending', 'why');
    const judged = await judgeWave(fake.runtime, { runId: RUN, wave });
    expect(judged.decision).toBe(decision);
    expect(judged.reason).toContain(reason);
    const back = statuses.filter(
      (status, index) => (index === 0 ? wave === 0 : wave === 1) && (status === 'rolled-back' || status === 'held'),
    );
    expect(judged.roles).toEqual(roleBatches(back.length > 0 ? [ROLE] : []));
    expect((await run()).reason).toBe(decision === 'rollback' ? judged.reason : '');
  });
});

describe('rounds', () => {
  it('go through a list of any length, each item once, and end', () => {
    const all = Array.from({ length: 1001 }, (_, index) => `unit-${String(index).padStart(5, '0')}`);
    const seen: string[] = [];
    let round = roundOf([...all, ...all], '', (ids) => ids);
    for (; !round.done; round = roundOf(all, round.after, (ids) => ids)) {
      expect(round.items.length).toBeLessThanOrEqual(500);
      seen.push(...round.items);
    }
    expect(seen).toEqual(all);
    expect(round).toEqual({ items: [], after: '', done: true });
  });
});

describe('the end of a run', () => {
  const unit = (status: UnitStatus, more: Partial<UnitRecord> = {}): UnitRecord => ({
    runId: RUN,
    unitId: 'shop/orders',
    plan: unitPlan(),
    status,
    reason: 'why',
    stepStartedAt: {},
    facts: {},
    ...more,
  });
  const associated = unit('migrated', { plan: unitPlan({ decision: 'already-associated' }) });
  const blocked: RoleRecord = {
    runId: RUN,
    roleArn: ROLE,
    trustBefore: '',
    trustAfter: '',
    blocked: 'its trust policy could not be restored: x',
  };

  const unretired = { ...blocked, blocked: 'its old trust could not be retired: x' };

  it.each<[string, UnitRecord[], RoleRecord[], string, string, RegExp]>([
    ['every unit that was not held is migrated', [unit('migrated'), unit('held')], [], '', 'migrated', /^$/],
    ['all were associated before', [associated], [], '', 'migrated', /^$/],
    ['every unit is held', [unit('held')], [], '', 'held', /every service account is blocked/],
    ['there was nothing to migrate', [], [], '', 'held', /no service account/],
    ['everything went back', [unit('rolled-back'), unit('held')], [], '', 'rolled-back', /why/],
    ['everything went back but what was associated before', [unit('rolled-back'), associated], [], '', 'rolled-back', /why/],
    [
      'some units went back',
      [unit('migrated'), unit('rolled-back', { unitId: 'shop/b' })],
      [],
      '',
      'needs-operator',
      /new run for shop\/b/,
    ],
    ['a unit needs an operator', [unit('migrated'), unit('needs-operator')], [], '', 'needs-operator', /look at shop\/orders: why/],
    ['a unit never ended', [unit('running', { reason: '' })], [], '', 'needs-operator', /did not end/],
    ['many units need an operator', Array.from({ length: 7 }, () => unit('needs-operator')), [], '', 'needs-operator', /and 2 more/],
    ['a role could not be restored', [unit('rolled-back')], [blocked], '', 'needs-operator', /restore the trust policy of arn/],
    [
      'a role could not be retired',
      [unit('migrated')],
      [unretired],
      '',
      'needs-operator',
      /remove the old statement from the trust policy of arn/,
    ],
    ['a role could not be retired, and its units went back', [unit('rolled-back')], [unretired], '', 'rolled-back', /why/],
    ['a role was blocked before anything was written', [unit('held')], [{ ...blocked, blocked: 'it changed' }], '', 'held', /./],
    ['only what somebody deleted went back', [unit('rolled-back', { facts: { gone: true } })], [], '', 'rolled-back', /why/],
    [
      'what somebody deleted went back, and the others are migrated',
      [unit('migrated'), unit('rolled-back', { facts: { gone: true } })],
      [],
      '',
      'migrated',
      /^$/,
    ],
    ['a wave was halted', [unit('migrated')], [], 'wave 1 failed', 'needs-operator', /^wave 1 failed$/],
  ])('when %s', (_sentence, units, roles, halted, status, reason) => {
    const outcome = outcomeOf(units, roles, halted);
    expect(outcome.status).toBe(status);
    expect(outcome.reason).toMatch(reason);
  });

  it('lets go of the cluster, holds what was not begun, and is the same twice', async () => {
    await begin([{}, { id: 'shop/b', wave: 1 }]);
    await setUnit('shop/orders', 'rolled-back', 'why');
    await setUnit('shop/b', 'pending');
    const close = () => closeRun(fake.runtime, { runId: RUN, ending: 'halted', reason: 'wave 1 failed' });
    expect(await close()).toEqual({ runId: RUN, status: 'needs-operator' });
    const ended = await run();
    expect(ended).toMatchObject({ status: 'needs-operator', reason: 'wave 1 failed', endedAt: new Date(START).toISOString() });
    expect(await fake.runtime.journal.getUnit(RUN, 'shop/b')).toMatchObject({ status: 'held', reason: 'wave 1 failed' });
    fake.pass(60);
    expect(await close()).toEqual({ runId: RUN, status: 'needs-operator' });
    expect((await run()).endedAt).toBe(ended.endedAt);
    await fake.runtime.journal.acquireLock(CLUSTER_ARN, 'run-2', 900);
  });

  it.each([
    ['planned', 'planned', 'pending'],
    ['refused', 'held', 'held'],
    ['finished', 'held', 'held'],
  ] as const)('is %s: the run is %s and a unit that was not begun is %s', async (ending, status, unitStatus) => {
    await begin();
    await setUnit('shop/orders', 'pending');
    expect(await closeRun(fake.runtime, { runId: RUN, ending, reason: ending === 'refused' ? 'not approved' : '' })).toMatchObject({
      status,
    });
    expect((await fake.runtime.journal.getUnit(RUN, 'shop/orders')).status).toBe(unitStatus);
  });

  it('has no cluster to let go of where it never came so far', async () => {
    await fake.runtime.journal.createRun({
      runId: RUN,
      target: TARGET,
      options: migrationOptions.parse({}),
      startedAt: new Date(START).toISOString(),
    });
    expect(await closeRun(fake.runtime, { runId: RUN, ending: 'finished', reason: '' })).toMatchObject({ status: 'held' });
  });
});

describe('the way back of a run', () => {
  const OPEN_BACK = { runId: RUN, claimant: 'rollback-1', unitIds: null, reason: 'asked for' };
  const UNITS = [{}, { id: 'shop/b', serviceAccount: 'b', wave: 1 }];
  const batch = (kind: 'units' | 'roles', after = '', chosen: string[] | null = null) =>
    rollbackBatch(fake.runtime, { runId: RUN, kind, chosen, after });

  it('has nothing to do where nothing was written, and says so', async () => {
    await begin(UNITS);
    expect(await openRollback(fake.runtime, OPEN_BACK)).toMatchObject({ status: 'nothing', reason: 'asked for' });
    expect(await closeRollback(fake.runtime, { runId: RUN, reason: 'asked for', failure: null })).toEqual({ runId: RUN, status: 'held' });
    expect(await run()).toMatchObject({ status: 'held', reason: 'asked for' });
    expect((await fake.runtime.journal.listUnits(RUN)).map((one) => one.status)).toEqual(['held', 'held']);
    expect(await closeRollback(fake.runtime, { runId: RUN, reason: 'again', failure: null })).toEqual({ runId: RUN, status: 'held' });
  });

  it('takes back what was begun, holds the rest, and stops forward steps', async () => {
    await begin(UNITS);
    await associate(fake.runtime, { runId: RUN, unitId: 'shop/orders' });
    await fake.runtime.journal.recordIntent({
      runId: RUN,
      key: `trust#${ROLE}#0`,
      unitId: null,
      kind: 'trust',
      object: ROLE,
      before: { document: OIDC_TRUST },
    });
    expect(await openRollback(fake.runtime, OPEN_BACK)).toEqual({
      runId: RUN,
      status: 'rollback',
      reason: 'asked for',
      chosen: null,
      batch: { items: [], after: '', done: false },
      iamWaitSeconds: 15,
      agent: { tries: 0 },
    });
    expect(await batch('units')).toEqual({ items: [newUndo(['shop/orders'])], after: 'shop/orders', done: false });
    expect(await batch('units', 'shop/orders')).toEqual({ items: [], after: '', done: true });
    expect(await batch('roles')).toMatchObject({ items: roleBatches([ROLE]) });
    expect(await run()).toMatchObject({ status: 'rolling-back', endedAt: null });
    expect((await fake.runtime.journal.getUnit(RUN, 'shop/b')).status).toBe('held');
    await expect(associate(fake.runtime, { runId: RUN, unitId: 'shop/b' })).rejects.toMatchObject({ name: 'LockLost' });
  });

  it('takes back chosen units alone, and refuses those that the run does not have', async () => {
    await begin(UNITS);
    await associate(fake.runtime, { runId: RUN, unitId: 'shop/orders' });
    await associate(fake.runtime, { runId: RUN, unitId: 'shop/b' });
    for (const unitId of ['shop/orders', 'shop/b']) await setUnit(unitId, 'migrated');
    expect(await openRollback(fake.runtime, { ...OPEN_BACK, unitIds: ['shop/b'] })).toMatchObject({ chosen: ['shop/b'] });
    expect(await batch('units', '', ['shop/b'])).toMatchObject({ items: [newUndo(['shop/b'])] });
    expect(await batch('roles', '', ['shop/b'])).toMatchObject({ done: true });
    await expect(openRollback(fake.runtime, { ...OPEN_BACK, unitIds: ['shop/none'] })).rejects.toMatchObject({ name: 'InvalidInput' });
  });

  it('keeps the reason that the run itself has noted', async () => {
    await begin(UNITS);
    await associate(fake.runtime, { runId: RUN, unitId: 'shop/orders' });
    await fake.runtime.journal.updateRun(RUN, { reason: 'wave 1 failed' });
    expect(await openRollback(fake.runtime, OPEN_BACK)).toMatchObject({ reason: 'wave 1 failed' });
  });

  it('waits its turn where another run has the cluster', async () => {
    await begin(UNITS);
    await associate(fake.runtime, { runId: RUN, unitId: 'shop/orders' });
    await fake.runtime.journal.releaseLock(CLUSTER_ARN, RUN);
    await fake.runtime.journal.acquireLock(CLUSTER_ARN, 'run-2', 900);
    await expect(openRollback(fake.runtime, OPEN_BACK)).rejects.toMatchObject({ name: 'ClusterLocked' });
  });

  it.each<[string, UnitStatus, { Error: string; Cause?: string } | null, RegExp]>([
    ['rolled-back', 'rolled-back', null, /^asked for$/],
    ['rolled-back', 'held', null, /^asked for$/],
    ['needs-operator', 'needs-operator', null, /look at/],
    ['needs-operator', 'migrated', { Error: 'UndoFailed', Cause: 'the agent stays' }, /by hand: the agent stays/],
  ])('ends as %s where its unit is %s and the run’s own part failed with %o', async (status, unitStatus, failure, reason) => {
    await begin();
    await associate(fake.runtime, { runId: RUN, unitId: 'shop/orders' });
    await setUnit('shop/orders', unitStatus);
    expect(await closeRollback(fake.runtime, { runId: RUN, reason: 'asked for', failure })).toMatchObject({ status });
    expect((await run()).reason).toMatch(reason);
  });
});
