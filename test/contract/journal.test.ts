import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLocalJournal, openMemoryJournal } from '../../engine/local-journal.ts';
import { describeJournal } from './journal-suite.ts';

describeJournal({ name: 'dynalite in memory', exceptions: {}, start: (clock) => openLocalJournal({ clock }) });

describeJournal({
  name: 'dynalite on disk',
  exceptions: {},
  start: async (clock) => {
    const path = await mkdtemp(join(tmpdir(), 'podshift-journal-'));
    const local = await openLocalJournal({ path, clock });
    return {
      ...local,
      close: async () => {
        await local.close();
        await rm(path, { recursive: true });
      },
    };
  },
});

describeJournal({ name: 'plain memory', exceptions: {}, start: async (clock) => openMemoryJournal({ clock }) });
