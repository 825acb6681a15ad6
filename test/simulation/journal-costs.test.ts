import { describe, expect, it } from 'vitest';
import { generateSnapshot } from '../../bench/rehearsal.bench.ts';
import { createMemoryTable } from '../../engine/memory-table.ts';
import { rehearse } from '../../engine/rehearsal.ts';
import { isWatched } from '../../src/journal/changes.ts';
import { createTableJournal } from '../../src/journal/table-journal.ts';
import { canBeNews } from '../../src/journal/versions.ts';
import { countCosts } from '../support/counted-table.ts';

/** What the journal of a whole run of so many units asks of DynamoDB, and how many records its stream hands over. */
async function costsOf(units: number) {
  const counted = countCosts(createMemoryTable());
  const rehearsal = await rehearse({
    snapshot: generateSnapshot(units),
    startAt: Date.UTC(2026, 0, 5),
    journal: (clock) => ({ journal: createTableJournal(counted.table, clock), close: () => Promise.resolve() }),
  });
  await rehearsal.close();
  expect(rehearsal.report.units.filter(({ status }) => status === 'migrated')).toHaveLength(units);
  const { writeUnits, readUnits, changes } = counted.total();
  const told = changes.filter(({ key, after }) => isWatched(key) && after !== undefined && canBeNews(after));
  return { writeUnits, readUnits, told: told.length };
}

describe('the journal of a run', () => {
  it('costs little for each unit, and no more for one of many', async () => {
    // Both are four waves, of which the last one is larger.
    const [few, many] = [await costsOf(40), await costsOf(80)];
    const each = (name: keyof typeof few) => (many[name] - few[name]) / 40;
    expect(each('writeUnits')).toBeLessThanOrEqual(MOST_WRITE_UNITS);
    expect(many.writeUnits / 80).toBeLessThanOrEqual(few.writeUnits / 40);
    // Pending, running and migrated: each of a unit's states, and nothing between them.
    expect(each('told')).toBe(3);
    // Most of it is of the steps of each unit; each step of the run reads how all of its units stand.
    expect(each('readUnits')).toBeLessThanOrEqual(160);
  }, 1_800_000);
});

/** Entries and evidence are half of it; the rest is how the unit stands, the role's record and its leases. */
const MOST_WRITE_UNITS = 30;
