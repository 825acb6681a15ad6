import { beforeEach, describe, expect, it } from 'vitest';
import { connectionError } from '../../../src/kubernetes/errors.ts';
import { closeRun } from '../../../src/migration/run/close-run.ts';
import { openRun } from '../../../src/migration/run/open-run.ts';
import { closeRollback, openRollback } from '../../../src/migration/run/rollback-run.ts';
import { grantTrust } from '../../../src/migration/trust/grant-trust.ts';
import { associate } from '../../../src/migration/unit/associate.ts';
import { checkInjection } from '../../../src/migration/unit/check-injection.ts';
import { confirmUse } from '../../../src/migration/unit/confirm-use.ts';
import { proveCredentials } from '../../../src/migration/unit/prove-credentials.ts';
import { removeAnnotations } from '../../../src/migration/unit/remove-annotations.ts';
import { restartWorkloads } from '../../../src/migration/unit/restart-workloads.ts';
import { undoUnit } from '../../../src/migration/unit/undo-unit.ts';
import { finishUnit } from '../../../src/migration/unit/unit-state.ts';
import { verifyPods } from '../../../src/migration/unit/verify-pods.ts';
import { journaledWrite, WRITER_SECONDS } from '../../../src/migration/write.ts';
import type { UnitStatus } from '../../../src/model/run.ts';
import { CLUSTER_ARN, type FakeMigration, ROLE, RUN } from '../fixtures/fake-migration.ts';
import { UNIT, unitScene } from '../fixtures/unit-scene.ts';

let fake: FakeMigration;
const { begin, unit, entries } = unitScene((made) => {
  fake = made;
});
const BACK = { runId: RUN, claimant: 'back', unitIds: null, reason: 'asked for' };
const UNDO = { ...UNIT, failure: { Error: 'RolledBack', Cause: 'asked for' } };

/** A write of the unit whose function is at this await while `meanwhile` happens, and goes on or not. */
async function writeWhile(
  meanwhile: () => Promise<unknown>,
  ends: 'returns' | 'dies' | 'fails' | 'is given up' = 'returns',
): Promise<unknown> {
  const run = await fake.runtime.journal.getRun(RUN);
  let said: unknown;
  const perform = async () => {
    said = await meanwhile().catch((error: Error) => error);
    if (ends === 'returns') return { associationId: 'a-9', createdAt: new Date(fake.now()).toISOString() };
    if (ends === 'fails') throw new Error('the reply was lost');
    if (ends === 'is given up') throw connectionError(new DOMException('', 'TimeoutError'), 'create serviceaccounts');
    return new Promise(() => undefined);
  };
  const write = { key: 'association#shop/orders', unitId: UNIT.unitId, kind: 'association' as const, object: 'o', before: null, perform };
  const written = journaledWrite(fake.runtime, run, write);
  if (ends === 'dies') {
    written.catch(() => undefined);
    while (said === undefined) await new Promise(setImmediate);
  } else await written.catch((error: Error) => (said = { said, error }));
  return said;
}

beforeEach(() => begin());

describe('a forward write in flight when a rollback opens', () => {
  it('is waited for, and is told to the rollback as applied', async () => {
    const said = await writeWhile(() => openRollback(fake.runtime, BACK));
    expect(said).toMatchObject({ said: { name: 'Conflict', message: /may still be writing/ }, error: { name: 'LockLost' } });
    expect(await entries()).toEqual(['association#shop/orders applied']);
    expect(await openRollback(fake.runtime, BACK)).toMatchObject({ status: 'rollback' });
  });

  it('is waited for as long where nobody waits for its answer any more: it may arrive yet', async () => {
    expect(await writeWhile(() => Promise.resolve(), 'is given up')).toMatchObject({ error: { name: 'ClusterUnreachable' } });
    await expect(openRollback(fake.runtime, BACK)).rejects.toMatchObject({ name: 'Conflict' });
    fake.pass(WRITER_SECONDS);
    expect(await openRollback(fake.runtime, BACK)).toMatchObject({ status: 'rollback' });
  });

  it('is waited for until its function’s time is over where it died', async () => {
    expect(await writeWhile(() => openRollback(fake.runtime, BACK), 'dies')).toMatchObject({ name: 'Conflict' });
    fake.pass(WRITER_SECONDS - 1);
    await expect(openRollback(fake.runtime, BACK)).rejects.toMatchObject({ name: 'Conflict' });
    fake.pass(1);
    expect(await openRollback(fake.runtime, BACK)).toMatchObject({ status: 'rollback' });
  });

  it('is not waited for once it failed; what became of it is looked up when the reads have caught up', async () => {
    await writeWhile(async () => 'nothing', 'fails');
    expect(await openRollback(fake.runtime, BACK)).toMatchObject({ status: 'rollback' });
    expect(await undoUnit(fake.runtime, UNDO)).toMatchObject({ status: 'waiting' });
    // EKS shows it late: the first look finds nothing.
    fake.pass(21);
    expect(await undoUnit(fake.runtime, UNDO)).toMatchObject({ status: 'waiting' });
    fake.account.associations.push({ ...(await late()), tags: { 'podshift/run': RUN } });
    fake.pass(5);
    await undoUnit(fake.runtime, UNDO);
    expect(fake.account.associations).toEqual([]);
  });

  it('does not begin where the rollback opened between its two fences', async () => {
    const { journal } = fake.runtime;
    const record = journal.recordIntent.bind(journal);
    journal.recordIntent = async (entry) => {
      await openRollback(fake.runtime, BACK).catch(() => undefined);
      return record(entry);
    };
    await expect(associate(fake.runtime, UNIT)).rejects.toMatchObject({ name: 'LockLost' });
    expect(fake.account.writes).toEqual([]);
  });

  it('asks for an operator where it came after the whole rollback: its process was suspended', async () => {
    const end = async () => {
      await fake.runtime.journal.updateUnit(RUN, UNIT.unitId, { status: 'rolled-back' });
      await fake.runtime.journal.updateRun(RUN, { status: 'rolled-back', endedAt: new Date(fake.now()).toISOString() });
    };
    expect(await writeWhile(end)).toMatchObject({ error: { name: 'LockLost' } });
    expect(await unit()).toMatchObject({ status: 'needs-operator', reason: /podshift rollback run-1/ });
    expect(await fake.runtime.journal.getRun(RUN)).toMatchObject({ status: 'needs-operator', reason: /podshift rollback run-1/ });
    expect(await entries()).toEqual(['association#shop/orders applied']);
  });
});

async function late() {
  const { associationWith } = await import('../fixtures/migration-fixtures.ts');
  return associationWith();
}

describe('a crash right after a write, and a rollback within the read lag of the service', () => {
  it('leaves no association that EKS shows late', async () => {
    await associate(fake.runtime, UNIT);
    const made = fake.account.associations;
    fake.account.associations = [];
    await fake.runtime.journal.updateRun(RUN, { status: 'rolling-back' });
    expect(await undoUnit(fake.runtime, UNDO)).toMatchObject({ status: 'waiting' });
    fake.pass(20);
    await undoUnit(fake.runtime, UNDO);
    expect(fake.account.writes).toContain(`delete association ${made[0]?.associationId}`);
  });
});

describe('a step that is delivered late', () => {
  const STEPS = { associate, checkInjection, proveCredentials, restartWorkloads, verifyPods, confirmUse, removeAnnotations, finishUnit };
  const ENDS: UnitStatus[] = ['rolling-back', 'rolled-back', 'held', 'needs-operator'];

  it.each(ENDS.flatMap((status) => Object.entries(STEPS).map(([name, step]) => [name, status, step] as const)))(
    '%s does nothing to a unit that is %s',
    async (_name, status, step) => {
      await fake.runtime.journal.updateUnit(RUN, UNIT.unitId, { status, reason: 'why' });
      await expect(step(fake.runtime, UNIT)).rejects.toMatchObject({ name: 'LockLost' });
      expect(fake.account.writes).toEqual([]);
      expect(await unit()).toMatchObject({ status, reason: 'why' });
    },
  );

  it('rolls no migrated unit back by failing', async () => {
    await associate(fake.runtime, UNIT);
    await fake.runtime.journal.updateUnit(RUN, UNIT.unitId, { status: 'migrated' });
    const failure = { Error: 'LockLost', Cause: 'the unit has ended' };
    expect(await undoUnit(fake.runtime, { ...UNIT, failure })).toMatchObject({ status: 'ready', unitStatus: 'migrated' });
    expect(fake.account.associations).toHaveLength(1);
  });

  it('finishes a unit twice as once', async () => {
    await finishUnit(fake.runtime, UNIT);
    expect(await finishUnit(fake.runtime, UNIT)).toEqual({ unitId: UNIT.unitId, status: 'migrated' });
  });

  it('grants nothing for a run that is rolled back', async () => {
    await fake.runtime.journal.updateRun(RUN, { status: 'rolled-back' });
    await expect(grantTrust(fake.runtime, { runId: RUN, roleArn: ROLE, wave: 0 })).rejects.toMatchObject({ name: 'LockLost' });
  });
});

describe('the end of a run whose rollback has begun meanwhile', () => {
  const CLOSE = { runId: RUN, ending: 'finished' as const, reason: '' };
  const run = () => fake.runtime.journal.getRun(RUN);
  const other = () => fake.runtime.journal.acquireLock(CLUSTER_ARN, 'run-2', 900);
  beforeEach(async () => {
    await associate(fake.runtime, UNIT);
    await fake.runtime.journal.updateUnit(RUN, UNIT.unitId, { status: 'migrated' });
  });

  it.each(['finished', 'halted', 'refused', 'planned'] as const)(
    'is the rollback’s: %s leaves the run and its lock alone',
    async (ending) => {
      await openRollback(fake.runtime, BACK);
      await expect(closeRun(fake.runtime, { ...CLOSE, ending })).rejects.toMatchObject({ name: 'LockLost', message: /rolling-back/ });
      expect(await run()).toMatchObject({ status: 'rolling-back', endedAt: null });
      await expect(other()).rejects.toMatchObject({ name: 'ClusterLocked' });
    },
  );

  it('is the rollback’s also where that began between its look and its write', async () => {
    const { journal } = fake.runtime;
    const list = journal.listRoles.bind(journal);
    journal.listRoles = async (runId) => {
      await openRollback(fake.runtime, BACK);
      return list(runId);
    };
    await expect(closeRun(fake.runtime, CLOSE)).rejects.toMatchObject({ name: 'LockLost' });
    journal.listRoles = list;
    expect(await run()).toMatchObject({ status: 'rolling-back', endedAt: null });
    await expect(other()).rejects.toMatchObject({ name: 'ClusterLocked' });
    await journal.updateUnit(RUN, UNIT.unitId, { status: 'rolled-back', reason: 'asked for' });
    const closed = await closeRollback(fake.runtime, { runId: RUN, reason: 'asked for', failure: null });
    expect(closed).toMatchObject({ status: 'rolled-back' });
  });

  it('nor is such a run taken up again', async () => {
    const { journal } = fake.runtime;
    const { target, options } = await run();
    await journal.updateRun(RUN, { clusterArn: '', status: 'pending' });
    const note = journal.noteExecution.bind(journal);
    journal.noteExecution = async (runId, executionId, when) => {
      await note(runId, executionId, when);
      if (when === 'always') await journal.updateRun(RUN, { status: 'rolling-back' });
    };
    const input = { runId: RUN, executionId: 'e', target, mode: 'run', approval: 'none', expectedDigest: null, options } as const;
    await expect(openRun(fake.runtime, input)).rejects.toMatchObject({ name: 'LockLost' });
    expect(await run()).toMatchObject({ status: 'rolling-back' });
  });
});

describe('the lock of a run that waits', () => {
  const other = () => fake.runtime.journal.acquireLock(CLUSTER_ARN, 'run-2', 900);

  it('lasts beyond the soak, whatever shorter waits its other steps hand on', async () => {
    await begin({ workloads: [] }, { soakSeconds: 3900 });
    await associate(fake.runtime, UNIT);
    await verifyPods(fake.runtime, UNIT);
    await checkInjection(fake.runtime, UNIT);
    fake.pass(3900 + 600);
    await expect(other()).rejects.toMatchObject({ name: 'ClusterLocked', message: expect.stringContaining('run-1') });
  });

  it('is taken again where it is free, and says who has it where it is not', async () => {
    await fake.runtime.journal.releaseLock(CLUSTER_ARN, RUN);
    await associate(fake.runtime, UNIT);
    await expect(other()).rejects.toMatchObject({ name: 'ClusterLocked' });
    fake.pass(5000);
    await other();
    await expect(verifyPods(fake.runtime, UNIT)).rejects.toMatchObject({ name: 'LockLost', message: expect.stringContaining('run-2') });
  });

  it('is lost within minutes of the process that renews it by itself', async () => {
    await begin({ workloads: [] }, { soakSeconds: 3900 });
    await fake.runtime.journal.releaseLock(CLUSTER_ARN, RUN);
    const runtime = { ...fake.runtime, heartbeat: true as const };
    await associate(runtime, UNIT);
    await verifyPods(runtime, UNIT);
    fake.pass(241);
    await other();
  });
});
