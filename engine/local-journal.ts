import { fleetPartition, type Key, runPartition } from '../src/journal/layout.ts';
import type { Table } from '../src/journal/table.ts';
import { createTableJournal } from '../src/journal/table-journal.ts';
import type { Clock } from '../src/model/clock.ts';
import type { LocalJournal } from './memory-journal.ts';
import { journalFiles } from './store/files.ts';
import { type Hold, isHeld, takeHold } from './store/hold.ts';
import { openStore, readStore, type StoreSettings } from './store/store.ts';

/** Which journal of this machine, and by which clock; see {@link StoreSettings}. */
export interface LocalJournalSettings extends Omit<StoreSettings, 'folder'> {
  /** The folder that the journal lies in. */
  readonly path: string;
  readonly clock: Clock;
}

/**
 * The journal in a folder of this machine, made where it is missing; each write is on the disk before it is answered. Other
 * processes may have it open too, but a run or a fleet is written by one of them at a time: the others get `JournalInUse`.
 * Throws as {@link openStore} does.
 */
export async function openLocalJournal({ path, clock, ...settings }: LocalJournalSettings): Promise<LocalJournal> {
  const store = await openStore({ folder: path, ...settings });
  const holds = new Map<string, Hold>();
  const table = holding(store.table, (pk) => {
    if (!holds.has(pk)) holds.set(pk, takeHold(journalFiles(path), pk, nameOf(pk), 0));
  });
  return {
    journal: createTableJournal(table, clock),
    close: async () => {
      store.close();
      for (const hold of holds.values()) hold.release();
    },
  };
}

/** A journal of this machine for one who only looks. */
export interface ReadJournal extends LocalJournal {
  /**
   * Whether a process of this machine carries the run out right now, forward or back; undefined where this user may not look. One that
   * dies carries nothing from that moment on.
   */
  isCarried(kind: 'run' | 'fleet', id: string): boolean | undefined;
}

/**
 * The journal in a folder for one who only looks, also while another process writes: it changes nothing, and keeps nobody from writing.
 * Undefined where there is none. Throws as {@link readStore} does.
 */
export async function readLocalJournal({ path, clock, ...settings }: LocalJournalSettings): Promise<ReadJournal | undefined> {
  const store = await readStore({ folder: path, ...settings });
  if (store === undefined) return undefined;
  return {
    journal: createTableJournal(store.table, clock),
    isCarried: (kind, id) => isHeld(journalFiles(path), kind === 'run' ? runPartition(id) : fleetPartition(id)),
    close: async () => store.close(),
  };
}

/** The partitions that one process writes for as long as it has the journal open: those of a run and of a fleet. */
const HELD = /^(RUN|FLEET)#/;

function nameOf(pk: string): string {
  return pk.replace(HELD, (_match, kind: string) => `${kind.toLowerCase()} `);
}

/** The same table, whose first write of a run or a fleet takes the hold on it. */
function holding(table: Table, take: (pk: string) => void): Table {
  const guarded = async <T>({ pk }: Key, write: () => Promise<T>): Promise<T> => {
    if (HELD.test(pk)) take(pk);
    return write();
  };
  return {
    ...table,
    put: (item, condition) => guarded(item, () => table.put(item, condition)),
    update: (key, update, condition) => guarded(key, () => table.update(key, update, condition)),
    remove: (key, condition) => guarded(key, () => table.remove(key, condition)),
  };
}
