import { describe, expect, it } from 'vitest';
import { newBatch, newUndo, type RoleBatch, roleBatches, type UnitBatch } from '../../../../src/migration/batch/batch.ts';
import { type Tried, triedAgain } from '../../../../src/migration/batch/carry.ts';
import { carryRoles } from '../../../../src/migration/batch/carry-roles.ts';
import { carryUnits, undoUnits } from '../../../../src/migration/batch/carry-units.ts';
import { type ErrorName, PodshiftError } from '../../../../src/model/errors.ts';
import { runtimeAt } from '../../statemachine/history-plays.ts';

const many = (count: number) => Array.from({ length: count }, (_, index) => `shop/unit-${index}`);
const RUN = 'r';

/** Looks at a batch until none of it is left to look at, in a time of its own. */
async function untilOver<Batch extends { readonly waitSeconds: number; readonly looks: number }>(
  begun: Batch,
  left: (batch: Batch) => readonly unknown[],
  look: (runtime: ReturnType<typeof runtimeAt>, batch: Batch) => Promise<Batch>,
) {
  let now = 0;
  const runtime = runtimeAt({ now: () => now });
  let batch = begun;
  do {
    batch = await look(runtime, batch);
    now += batch.waitSeconds * 1000;
  } while (left(batch).length > 0 && batch.looks < 1000);
  return { batch, minutes: now / 60_000 };
}

describe.each<[ErrorName, number, number]>([
  ['ClusterUnreachable', 14, 30],
  ['Throttled', 18 * 60, 24 * 60],
])('what meets %s at every try', (name, least, most) => {
  const step = async (): Promise<never> => {
    throw new PodshiftError(name, 'away');
  };

  it.each([1, 2, 7, 50])('turns %i units of a batch back by itself, after as long as the rules say', async (count) => {
    const { batch, minutes } = await untilOver(
      newBatch(many(count)),
      ({ units }) => units,
      (runtime, given: UnitBatch) =>
        // Those that turned back first do not roll back here, so that the others are looked at alone.
        carryUnits(runtime, { runId: RUN, batch: { ...given, undoing: [] } }, { name: 'restart', step }),
    );
    expect(batch).toMatchObject({ status: 'undo', units: [] });
    expect(batch.looks).toBeLessThan(800);
    expect(minutes).toBeGreaterThan(least);
    expect(minutes).toBeLessThan(most);
  });

  it('makes units that cannot roll back an operator’s', async () => {
    const { batch, minutes } = await untilOver(
      newUndo(many(50)),
      ({ undoing }) => undoing,
      (runtime, given: UnitBatch) => undoUnits(runtime, { runId: RUN, batch: given, failure: { Error: 'RolledBack', Cause: '' } }, step),
    );
    expect(batch.undoing).toEqual([]);
    expect(minutes).toBeGreaterThan(least);
    expect(minutes).toBeLessThan(most);
  });

  it('blocks roles', async () => {
    const [roles] = roleBatches(many(25));
    const { batch, minutes } = await untilOver(
      roles as RoleBatch,
      ({ pending }) => pending,
      (runtime, given: RoleBatch) => carryRoles(runtime, { runId: RUN, batch: given }, { kind: 'grant', step }),
    );
    expect(batch).toMatchObject({ pending: [], blocked: true });
    expect(minutes).toBeGreaterThan(least);
    expect(minutes).toBeLessThan(most);
  });
});

describe('the time of the next try', () => {
  const NOW = 1_000_000;
  const at = (seed: string, batch: string, looks: number) =>
    triedAgain<Tried>({ queued: 9 }, new PodshiftError('Throttled', 'away'), NOW, { seed, batch, looks })?.at ?? 0;
  const different = (times: readonly number[]) => new Set(times).size;

  it('is an item’s own, until its batch was looked at often', () => {
    expect(different(many(20).map((seed) => at(seed, 'batch', 399)))).toBe(20);
    expect(different(many(20).map((seed) => at(seed, 'batch', 400)))).toBe(1);
  });

  it('is the batch’s own then, and at least half of the longest wait away', () => {
    const times = many(20).map((batch) => at('seed', batch, 400));
    expect(different(times)).toBe(20);
    for (const time of times) {
      expect(time).toBeGreaterThanOrEqual(NOW + 150_000);
      expect(time).toBeLessThanOrEqual(NOW + 450_000);
    }
  });
});
