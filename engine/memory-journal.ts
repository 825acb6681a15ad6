import type { Journal } from '../src/journal/journal.ts';
import { createTableJournal } from '../src/journal/table-journal.ts';
import type { Clock } from '../src/model/clock.ts';
import { createMemoryTable } from './memory-table.ts';

/** A journal of this machine, and the way to let go of it. */
export interface LocalJournal {
  readonly journal: Journal;
  close(): Promise<void>;
}

/** A journal in this process' memory: for rehearsals, plans and simulations. */
export function openMemoryJournal({ clock }: { clock: Clock }): LocalJournal {
  return { journal: createTableJournal(createMemoryTable(), clock), close: () => Promise.resolve() };
}
