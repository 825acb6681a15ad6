import { beforeEach, describe, expect, it } from 'vitest';
import { newBatch, newUndo, type UnitBatch } from '../../../../src/migration/batch/batch.ts';
import { carryUnits, isolateUnits, type Stage, undoUnits, type Verdict } from '../../../../src/migration/batch/carry-units.ts';
import { beginStep } from '../../../../src/migration/write.ts';
import { type ErrorName, PodshiftError } from '../../../../src/model/errors.ts';
import { beginRun, type FakeMigration, fakeMigration, planWith, RUN, unitPlan } from '../../fixtures/fake-migration.ts';

const IDS = ['shop/a', 'shop/b', 'shop/c'];
let fake: FakeMigration;

beforeEach(async () => {
  fake = await fakeMigration();
  const units = IDS.map((id) => unitPlan({ id, serviceAccount: id.split('/')[1] as string }));
  await beginRun(fake, planWith(units, []));
  for (const unitId of IDS) await fake.runtime.journal.updateUnit(RUN, unitId, { status: 'running' });
});

const batch = (): UnitBatch => newBatch(IDS);
const idsOf = (list: readonly { readonly unitId: string }[]) => list.map(({ unitId }) => unitId);
const stageOf = (answer: (unitId: string) => Verdict | Promise<Verdict>, name = 'injection'): Stage => ({
  name,
  step: async (_runtime, { unitId }) => answer(unitId),
});
const carry = (given: UnitBatch, stage: Stage) => carryUnits(fake.runtime, { runId: RUN, batch: given }, stage);
const fail = (name: ErrorName, message = 'why'): never => {
  throw new PodshiftError(name, message);
};
const unit = (unitId: string) => fake.runtime.journal.getUnit(RUN, unitId);

describe('a stage of a batch', () => {
  it('is over once every unit is through it, and looks again only at those that are not, when they are due', async () => {
    const called: string[] = [];
    const slow = (waits: number) =>
      stageOf((unitId) => {
        called.push(unitId);
        return unitId === 'shop/b' && called.length <= waits ? { waitSeconds: 30 } : 'ready';
      });
    const first = await carry(batch(), slow(3));
    expect(first).toMatchObject({ status: 'waiting', waitSeconds: 30, stage: 'injection' });
    fake.pass(10);
    const early = await carry(first, slow(3));
    expect(early).toMatchObject({ status: 'waiting', waitSeconds: 20 });
    expect(called).toEqual(IDS);
    fake.pass(20);
    expect(await carry(early, slow(3))).toMatchObject({ status: 'ready', units: IDS.map((unitId) => ({ unitId, ready: true })) });
    expect(called).toEqual([...IDS, 'shop/b']);
  });

  it('looks together again at what it looked at in one call, however long requests waited for their turns in it', async () => {
    const called: string[][] = [];
    const slow = () => {
      const units: string[] = [];
      called.push(units);
      return stageOf((unitId) => {
        units.push(unitId);
        fake.pass(20);
        return { waitSeconds: 3 };
      });
    };
    const oneAtATime = { ...fake.runtime, atOnce: 1 };
    const carry = (given: UnitBatch, stage: Stage) => carryUnits(oneAtATime, { runId: RUN, batch: given }, stage);
    const first = await carry(batch(), slow());
    expect(first).toMatchObject({ status: 'waiting', waitSeconds: 3 });
    fake.pass(3);
    expect(await carry(first, slow())).toMatchObject({ status: 'waiting', waitSeconds: 3 });
    expect(called).toEqual([IDS, IDS]);
  });

  it('begins with all of its units anew after the stage before it', async () => {
    const before = await carry(
      batch(),
      stageOf(() => 'ready', 'associate'),
    );
    expect(before.status).toBe('ready');
    expect(
      await carry(
        before,
        stageOf(() => ({ waitSeconds: 5 })),
      ),
    ).toMatchObject({ status: 'waiting', stage: 'injection' });
  });

  it('lets a unit turn back at once when its step fails, with the reason in the journal, and the others go on', async () => {
    const after = await carry(
      batch(),
      stageOf((unitId) => (unitId === 'shop/b' ? fail('ProofFailed', 'another role') : 'ready')),
    );
    expect(after).toMatchObject({ status: 'undo', stage: 'injection', undoing: [{ unitId: 'shop/b' }] });
    expect(idsOf(after.units)).toEqual(['shop/a', 'shop/c']);
    expect(await unit('shop/b')).toMatchObject({ status: 'rolling-back', reason: 'another role' });
    expect((await unit('shop/a')).status).toBe('running');
  });

  it('carries what need not last until it is ready, across stages, and writes it with what has to', async () => {
    const { journal } = fake.runtime;
    const noting = (name: string, facts: Readonly<Record<string, number>>, verdict: Verdict): Stage => ({
      name,
      step: async (_runtime, { unitId }) => {
        await journal.noteUnit(await unit(unitId), { stepStartedAt: { injection: name }, facts });
        return verdict;
      },
    });
    const looked = await carry(batch(), noting('injection', { hits: 1 }, { waitSeconds: 0 }));
    expect(looked.units[0]).toMatchObject({ unitId: 'shop/a', notes: { stepStartedAt: { injection: 'injection' }, facts: { hits: 1 } } });
    expect(await unit('shop/a')).toMatchObject({ stepStartedAt: {}, facts: {} });
    const ready = await carry(looked, noting('injection', { hits: 2 }, 'ready'));
    const other: Record<string, unknown> = {};
    const next = await carry(
      ready,
      stageOf(async (unitId) => {
        other[unitId] = (await unit(unitId)).facts;
        if (unitId === 'shop/b') return fail('ProofFailed');
        if (unitId === 'shop/c') await journal.updateUnit(RUN, unitId, { facts: { proved: true } });
        return unitId === 'shop/a' ? 'leaves' : { waitSeconds: 5 };
      }, 'proof'),
    );
    expect(other).toEqual(Object.fromEntries(IDS.map((unitId) => [unitId, { hits: 2 }])));
    expect(next.units).toEqual([expect.not.objectContaining({ notes: expect.anything() })]);
    const begun = { stepStartedAt: { injection: 'injection' } };
    expect(await unit('shop/a')).toMatchObject({ ...begun, status: 'running', facts: { hits: 2 } });
    expect(await unit('shop/b')).toMatchObject({ ...begun, status: 'rolling-back', facts: { hits: 2 } });
    expect(await unit('shop/c')).toMatchObject({ ...begun, facts: { hits: 2, proved: true } });
  });

  it('writes what it carries of a unit that ends its function, and of all where another execution goes on', async () => {
    const { journal } = fake.runtime;
    const noted = { ...batch(), stage: 'injection', units: IDS.map((unitId) => ({ unitId, notes: { facts: { hits: 3 } } })) };
    await isolateUnits(fake.runtime, {
      runId: RUN,
      batch: { ...noted, alone: ['shop/a'] },
      undo: false,
      failure: { Error: 'Sandbox.Timedout', Cause: 'too long' },
    });
    expect(await unit('shop/a')).toMatchObject({ status: 'rolling-back', facts: { hits: 3 } });
    const over = await carry(
      { ...noted, looks: 799, units: noted.units.slice(1) },
      stageOf(() => ({ waitSeconds: 5 })),
    );
    expect(over).toMatchObject({ status: 'over' });
    expect((await journal.listUnits(RUN)).map(({ facts }) => facts.hits)).toEqual([3, 3, 3]);
  });

  it('does not tell what a bug says', async () => {
    await carry(
      batch(),
      stageOf(() => {
        throw new TypeError('Bearer secret');
      }),
    );
    expect((await unit('shop/a')).reason).toBe('an unexpected TypeError ended the step');
    expect(fake.logs.join('\n')).not.toContain('secret');
  });

  it('goes on with the rollback alone where every unit turned back, and is over where none is left', async () => {
    expect(
      await carry(
        batch(),
        stageOf(() => fail('WorldMoved')),
      ),
    ).toMatchObject({ status: 'undo', stage: 'undo', units: [] });
    expect(
      await carry(
        batch(),
        stageOf(() => 'leaves'),
      ),
    ).toMatchObject({ status: 'over', units: [], undoing: [] });
  });

  it('counts no time in which nobody looked, as calls did not end, for a deadline of a unit that was begun', async () => {
    const started = new Date(fake.now()).toISOString();
    await fake.runtime.journal.updateUnit(RUN, 'shop/a', { stepStartedAt: { injection: started } });
    const { runtime } = fake;
    const paused = async (unitId: string): Promise<number> => {
      const { facts } = await beginStep(runtime, await unit(unitId), 'injection');
      return Number(facts.injectionPausedMilliseconds ?? 0);
    };
    const wait = stageOf(() => ({ waitSeconds: 5 }));
    const first = await carry(batch(), wait);
    expect(first.due).toBe(fake.now() + 5_000);
    fake.pass(34);
    await carry(first, wait);
    expect(await paused('shop/a')).toBe(0);
    // Calls of it ended nowhere for ten minutes.
    fake.pass(600);
    const ended = { Error: 'Sandbox.Timedout', Cause: 'it ran too long' };
    const isolated = await isolateUnits(runtime, { runId: RUN, batch: first, undo: false, failure: ended });
    expect(isolated.due).toBe(first.due);
    const alone = await carry(isolated, wait);
    expect(await paused('shop/a')).toBe(629_000);
    // The others are called one after another meanwhile.
    expect(alone.due).toBe(first.due);
    fake.pass(60);
    const second = await carry(alone, wait);
    expect(await paused('shop/b')).toBe(0);
    const last = await carry(second, wait);
    // The first of them is due again by now.
    expect(last).toMatchObject({ alone: [], waitSeconds: 0, due: fake.now() });
  });

  it.each<[ErrorName, boolean]>([
    ['Throttled', true],
    ['LeaseHeld', false],
    ['ServiceUnavailable', true],
    ['ClusterUnreachable', true],
    ['Conflict', false],
    ['RoleNotReady', false],
  ])('keeps a unit pending that met %s; its time stands still: %s', async (name, pauses) => {
    const after = await carry(
      batch(),
      stageOf((unitId) => (unitId === 'shop/b' ? fail(name) : 'ready')),
    );
    expect(after.status).toBe('waiting');
    expect(after.units.find(({ unitId }) => unitId === 'shop/b')?.ready).toBeUndefined();
    expect((await unit('shop/b')).status).toBe('running');
    expect(typeof (await unit('shop/b')).facts.pausedSince).toBe(pauses ? 'number' : 'undefined');
    fake.pass(600);
    expect(
      await carry(
        after,
        stageOf(() => 'ready'),
      ),
    ).toMatchObject({ status: 'ready' });
  });

  it.each<[ErrorName, number, number]>([
    ['ServiceUnavailable', 40, 900],
    ['Throttled', 500, 18 * 3600],
  ])('gives a unit up that meets %s for too long: %i tries, more than %i seconds', async (name, tries, seconds) => {
    const stage = stageOf(() => fail(name));
    const from = fake.now();
    let given = await carry(newBatch(['shop/a']), stage);
    for (let count = 1; count < tries; count += 1) {
      fake.pass(given.waitSeconds);
      given = await carry({ ...given, looks: 0 }, stage);
    }
    expect(given.status).toBe('waiting');
    expect((fake.now() - from) / 1000).toBeGreaterThan(seconds);
    fake.pass(given.waitSeconds);
    expect(given.units[0]).toMatchObject({ [name === 'Throttled' ? 'queued' : 'failed']: tries });
    expect(await carry({ ...given, looks: 0 }, stage)).toMatchObject({ status: 'undo' });
  });

  it('leaves a unit alone that ended meanwhile, or whose way back another execution takes', async () => {
    await fake.runtime.journal.updateUnit(RUN, 'shop/a', { status: 'migrated' });
    await fake.runtime.journal.updateUnit(RUN, 'shop/b', { status: 'rolling-back', reason: 'first' });
    const after = await carry(
      batch(),
      stageOf(() => fail('LockLost')),
    );
    expect(idsOf(after.undoing)).toEqual(['shop/b', 'shop/c']);
    expect((await unit('shop/a')).status).toBe('migrated');
    expect((await unit('shop/b')).reason).toBe('first');
  });

  it('begins with no further unit once its time is up, and goes on with the rest at the next call', async () => {
    const wide = newBatch(Array.from({ length: 50 }, (_, index) => `shop/u${index}`));
    const called = new Set<string>();
    const stage = stageOf((unitId) => {
      called.add(unitId);
      fake.pass(20);
      return 'ready';
    });
    const after = await carry(wide, stage);
    expect(called.size).toBeGreaterThan(5);
    expect(called.size).toBeLessThan(20);
    expect(after).toMatchObject({ status: 'waiting', waitSeconds: 0 });
    let given = after;
    while (given.status === 'waiting') given = await carry(given, stage);
    expect(given.status).toBe('ready');
    expect(called.size).toBe(50);
  });

  it('looks at all together that are nearly due, and at one that waits for its turn when it is due', async () => {
    const called: string[] = [];
    const answer = (unitId: string): Verdict => {
      called.push(unitId);
      if (called.length > 3) return 'ready';
      return unitId === 'shop/c' ? fail('Throttled') : { waitSeconds: unitId === 'shop/a' ? 16 : 20 };
    };
    const first = await carry(batch(), stageOf(answer));
    const throttled = first.units.find(({ unitId }) => unitId === 'shop/c')?.at ?? 0;
    const later = { ...first, units: first.units.map((item) => (item.unitId === 'shop/c' ? { ...item, at: throttled + 60_000 } : item)) };
    fake.pass(16);
    const second = await carry(later, stageOf(answer));
    expect(called.slice(3)).toEqual(['shop/a', 'shop/b']);
    expect(second.waitSeconds).toBe(Math.ceil((throttled + 60_000 - fake.now()) / 1000));
  });
});

describe('the rollback of some units of a batch', () => {
  const undo = (given: UnitBatch, answer: (unitId: string) => { status: string; waitSeconds: number }) =>
    undoUnits(fake.runtime, { runId: RUN, batch: given, failure: { Error: 'Resumed' } }, async (_runtime, { unitId }) => answer(unitId));

  it('does not hold the others up', async () => {
    const given = { ...newBatch(['shop/a']), stage: 'proof', undoing: [{ unitId: 'shop/b' }] };
    const waiting = await undo({ ...given, units: [{ unitId: 'shop/a', ready: true }] }, () => ({ status: 'waiting', waitSeconds: 30 }));
    expect(waiting).toMatchObject({ status: 'waiting', waitSeconds: 0, stage: 'proof' });
    expect(await undo(given, () => ({ status: 'ready', waitSeconds: 0 }))).toMatchObject({ status: 'waiting', undoing: [] });
  });

  it('is over when nothing is left, and makes one that fails an operator’s', async () => {
    const given = newUndo(IDS);
    const after = await undo(given, (unitId) =>
      unitId === 'shop/a' ? fail('UndoFailed', 'by hand') : { status: 'ready', waitSeconds: 0 },
    );
    expect(after).toMatchObject({ status: 'over', undoing: [] });
    expect(await unit('shop/a')).toMatchObject({ status: 'needs-operator', reason: 'by hand' });
  });

  it('waits for its turn as a stage does, and has its own pace again at once', async () => {
    const given = await undo(newUndo(IDS), () => fail('ClusterUnreachable'));
    expect(idsOf(given.undoing)).toEqual(IDS);
    fake.pass(86_400);
    const later = await undo(given, () => ({ status: 'waiting', waitSeconds: 3 }));
    expect(later.waitSeconds).toBe(3);
  });
});

describe('a call that did not end', () => {
  const isolate = (given: UnitBatch, back = false) =>
    isolateUnits(fake.runtime, { runId: RUN, batch: given, undo: back, failure: { Error: 'Sandbox.Timedout', Cause: 'it ran too long' } });

  it('is made again for each unit alone, and one that ends it alone turns back', async () => {
    const called: string[] = [];
    const stage = stageOf((unitId) => {
      called.push(unitId);
      return 'ready';
    });
    let given = await isolate(batch());
    expect(given.alone).toEqual(IDS);
    given = await carry(given, stage);
    expect(called).toEqual(['shop/a']);
    expect(given).toMatchObject({ status: 'waiting', waitSeconds: 0 });
    // The call of shop/b does not end either.
    given = await isolate(given);
    expect(await unit('shop/b')).toMatchObject({ status: 'rolling-back', reason: 'it ran too long' });
    expect(given).toMatchObject({ undoing: [{ unitId: 'shop/b' }], alone: ['shop/c'] });
    given = await carry(given, stage);
    expect(called).toEqual(['shop/a', 'shop/c']);
    expect(given).toMatchObject({ status: 'undo', alone: [] });
  });

  it('blames the first of a stage that never answered', async () => {
    const before = await carry(
      batch(),
      stageOf(() => 'ready', 'associate'),
    );
    const alone = await isolate(before);
    expect(
      await carry(
        alone,
        stageOf(() => 'ready', 'associate'),
      ),
    ).toMatchObject({ status: 'ready', alone: IDS });
    expect(idsOf((await isolate(alone)).undoing)).toEqual(['shop/a']);
  });

  it('turns the only unit of a batch back at once', async () => {
    expect(idsOf((await isolate(newBatch(['shop/a']))).undoing)).toEqual(['shop/a']);
  });

  it('makes a unit that cannot be rolled back an operator’s', async () => {
    const given = await isolate(newUndo(IDS), true);
    expect(given.alone).toEqual(IDS);
    expect(idsOf((await isolate(given, true)).undoing)).toEqual(['shop/b', 'shop/c']);
    expect(await unit('shop/a')).toMatchObject({ status: 'needs-operator', reason: 'it ran too long' });
  });
});
