import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMemoryTable } from '../../engine/memory-table.ts';
import { openStore } from '../../engine/store/store.ts';
import { openDynaliteJournal } from '../support/dynalite-journal.ts';
import { describeStore } from './journal-suite.ts';
import type { TableBackend } from './table-suite.ts';

const BACKENDS: readonly TableBackend[] = [
  { name: 'memory', exceptions: {}, start: async () => ({ table: createMemoryTable(), close: () => Promise.resolve() }) },
  {
    name: 'SQLite',
    exceptions: {},
    start: async () => {
      const folder = await mkdtemp(join(tmpdir(), 'podshift-journal-'));
      const store = await openStore({ folder });
      return {
        table: store.table,
        close: async () => {
          store.close();
          await rm(folder, { recursive: true });
        },
      };
    },
  },
  { name: 'dynalite', exceptions: {}, start: () => openDynaliteJournal({ clock: { now: () => 0 } }) },
];

for (const backend of BACKENDS) describeStore(backend);
