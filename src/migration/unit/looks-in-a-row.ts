import type { UnitRecord } from '../../model/run.ts';
import type { JournalRuntime } from '../runtime.ts';

/** One look of a proof that has to show the same several times in a row. */
export interface Look {
  /** The unit's fact that holds the number of looks in a row so far. */
  readonly row: 'injectionHits' | 'undoHits';
  /** Whether it showed what it has to. */
  readonly shows: boolean;
  /** When it was asked for, in milliseconds since the epoch. */
  readonly sentAt: number;
  /** Seconds between two looks of one execution. */
  readonly apart: number;
}

/** How long a row was before a look, and is with it. */
export interface Row {
  readonly was: number;
  readonly is: number;
}

/**
 * The row with a look. Two executions may carry out a step at once (one that was resumed while it went on, a function that runs
 * twice): their looks make one row. So one that is not as long after the last as those of one execution are counts for nothing: the
 * services get no less time to show otherwise. And whatever another one saw while this look was under way is part of the row.
 */
export async function rowWith(runtime: JournalRuntime, { runId, unitId }: UnitRecord, look: Look): Promise<Row> {
  const { facts } = await runtime.journal.getUnit(runId, unitId);
  const was = Number(facts[look.row] ?? 0);
  if (!look.shows) return { was, is: 0 };
  const isApart = was === 0 || look.sentAt - Number(facts[`${look.row}At`] ?? 0) >= look.apart * 1000;
  return { was, is: isApart ? was + 1 : was };
}

/** Keeps the row in the unit's facts, with the time of its last look: it is over by now. */
export async function keepRow({ journal, clock }: JournalRuntime, unit: UnitRecord, row: Look['row'], { was, is }: Row): Promise<void> {
  if (is !== was) await journal.noteUnit(unit, { facts: { [row]: is, [`${row}At`]: clock.now() } });
}
