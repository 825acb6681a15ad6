import { beforeEach, describe, expect, it } from 'vitest';
import { type UnitNotes, withNotesOf } from '../../../src/journal/unit-notes.ts';
import { newBatch } from '../../../src/migration/batch/batch.ts';
import { carryUnits, type Stage } from '../../../src/migration/batch/carry-units.ts';
import { isPausing } from '../../../src/migration/pauses.ts';
import { undoUnit } from '../../../src/migration/unit/undo-unit.ts';
import { openUnit } from '../../../src/migration/unit/unit-state.ts';
import { beginStep, millisecondsGoingBack, secondsIn } from '../../../src/migration/write.ts';
import { ERRORS, type ErrorName, PodshiftError } from '../../../src/model/errors.ts';
import type { FakeMigration } from '../fixtures/fake-migration.ts';
import { UNIT, unitScene } from '../fixtures/unit-scene.ts';

let fake: FakeMigration;
const { begin, unit } = unitScene((made) => {
  fake = made;
});

/** What the batch carries of the unit. */
let notes: UnitNotes | undefined;

/** A batch of the unit after one more call of this step. */
async function carried(runId: string, step: Stage['step']) {
  const batch = { ...newBatch([UNIT.unitId]), units: [{ unitId: UNIT.unitId, notes }] };
  const next = await carryUnits(fake.runtime, { runId, batch }, { name: 'injection', step });
  notes = next.units[0]?.notes;
  return next;
}

/** A try of the step `injection` that lasts so long, and fails so or ends well. */
async function attempt(seconds: number, error?: ErrorName): Promise<void> {
  const { units } = await carried(UNIT.runId, async () => {
    await beginStep(fake.runtime, await unit(), 'injection');
    fake.pass(seconds);
    if (error !== undefined) throw new PodshiftError(error, 'it failed');
    return 'ready';
  });
  expect(units.map(({ ready }) => ready)).toEqual([error === undefined ? true : undefined]);
}

const passed = async () => {
  const { answer } = await withNotesOf({ ...UNIT, notes }, unit);
  return secondsIn(fake.runtime.clock, answer, 'injection');
};

beforeEach(() => {
  notes = undefined;
  return begin();
});

describe('the time of a step', () => {
  it('is whole again where a run is resumed whose process was dead', async () => {
    await beginStep(fake.runtime, await unit(), 'injection');
    fake.pass(10);
    fake.pass(1_200);
    expect(await passed()).toBe(1_210);
    await openUnit(fake.runtime, { ...UNIT, part: 'migrate' });
    expect(await passed()).toBe(0);
    fake.pass(7);
    expect(await passed()).toBe(7);
  });

  it('stands still from the beginning of a try that met a service that was away until the next try', async () => {
    await attempt(10);
    await attempt(35, 'ClusterUnreachable');
    fake.pass(60);
    await attempt(35, 'ServiceUnavailable');
    fake.pass(3_600);
    await attempt(35, 'Throttled');
    fake.pass(20);
    await attempt(5);
    expect(await passed()).toBe(15);
  });

  it('goes on after a failure of the unit itself', async () => {
    await attempt(10);
    await attempt(35, 'Conflict');
    fake.pass(60);
    await attempt(5);
    expect(await passed()).toBe(110);
  });

  it('counts no pause of an earlier step', async () => {
    await beginStep(fake.runtime, await unit(), 'associate');
    await fake.runtime.journal.updateUnit(UNIT.runId, UNIT.unitId, { facts: { pausedSince: fake.now() } });
    fake.pass(60);
    await attempt(10);
    fake.pass(5);
    expect(await passed()).toBe(15);
  });

  it('is whole again for a rollback that begins anew, however long ago the last one was paused', async () => {
    const failure = { Error: 'RolledBack', Cause: 'asked for' };
    await fake.runtime.journal.updateUnit(UNIT.runId, UNIT.unitId, {
      status: 'needs-operator',
      stepStartedAt: { undo: new Date(fake.now()).toISOString() },
      facts: { pausedSince: fake.now(), undoPausedMilliseconds: 5_000_000 },
    });
    fake.pass(86_400);
    await undoUnit(fake.runtime, { ...UNIT, failure });
    fake.pass(2);
    expect(millisecondsGoingBack(fake.runtime.clock, await unit())).toBe(2_000);
  });

  it('is not told to a run that is gone: the step’s own error is the one that counts', async () => {
    const after = await carried('gone', async () => Promise.reject(new PodshiftError('Throttled', 'slow down')));
    expect(after).toMatchObject({ status: 'waiting', units: [{ unitId: UNIT.unitId, queued: 1 }] });
    expect(fake.logs.join('\n')).toContain('slow down');
    expect(fake.logs.join('\n')).toContain('not paused');
  });

  it('stops for retryable errors alone', () => {
    const pausing = Object.keys(ERRORS).filter((name) => isPausing(new PodshiftError(name as ErrorName, '')));
    expect(pausing).toEqual(['Throttled', 'ServiceUnavailable', 'ClusterUnreachable']);
    expect(pausing.every((name) => ERRORS[name as ErrorName].retryable)).toBe(true);
  });
});
