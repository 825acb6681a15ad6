import { join } from 'node:path';
import { openStore, readStore } from '../../../../engine/store/store.ts';
import { items } from './items.ts';

/** A process of its own for the tests: as which user (`-` for its own), and what it does in which folders. */
const [user = '-', ...work] = process.argv.slice(2);
if (user !== '-') {
  process.setgid?.(Number(user));
  process.setuid?.(Number(user));
}

const say = (value: unknown): void => void process.stdout.write(`${JSON.stringify(value)}\n`);
for (let index = 0; index < work.length; index += 2) {
  try {
    await act(work[index] ?? '', work[index + 1] ?? '');
  } catch (error) {
    const { name, message } = error as Error;
    say({ name, message });
  }
}

async function act(action: string, folder: string): Promise<void> {
  const settings = { folder, busyMilliseconds: 10_000 };
  const key = { pk: 'RUN#r', sk: 'COUNT' };
  if (action === 'look') {
    const store = await readStore(settings);
    say(store === undefined ? 'none' : (await store.table.query(key.pk, '')).length);
    store?.close();
  } else if (action === 'open') {
    const store = await openStore(settings);
    await store.table.put({ pk: key.pk, sk: 'a' });
    store.close();
    say('written');
  } else if (action === 'count') {
    const store = await openStore(settings);
    for (let index = 0; index < 150; index += 1) {
      await store.table.update(key, { add: [[['count'], 1]] }, { kind: 'any', of: [{ kind: 'absent' }, { kind: 'present' }] });
    }
    store.close();
    say('counted');
  } else if (action === 'write') {
    // Until it is killed, with a word for each write that was answered.
    const store = await openStore(settings);
    for (let index = 0; ; index += 1) {
      for (const item of items(1, index)) await store.table.put(item);
      say(index);
    }
  } else if (action === 'glance') {
    // A look at a hold, stopped in its midst until the other one has come to wait for it.
    const { DatabaseSync } = await import('node:sqlite');
    const database = new DatabaseSync(join(folder, 'locks', 'RUN%23r'), { readOnly: true });
    database.exec('BEGIN; SELECT count(*) FROM sqlite_schema');
    say('looks');
    setTimeout(() => database.close(), 200);
  } else if (action === 'carried') {
    const { readLocalJournal } = await import('../../../../engine/local-journal.ts');
    const opened = await readLocalJournal({ path: folder, clock: { now: () => Date.now() } });
    say(opened?.isCarried('run', 'r') ?? 'unknown');
    await opened?.close();
  } else if (action === 'carry') {
    const { openLocalJournal } = await import('../../../../engine/local-journal.ts');
    const { journal } = await openLocalJournal({ path: folder, clock: { now: () => Date.now() } });
    await journal.updateRun('r', { status: 'running' });
    say(process.pid);
    // A journal that nothing refers to any more is collected, and lets go of the run.
    setInterval(() => void journal, 1000);
  }
}
