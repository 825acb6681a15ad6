import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { openStore, readStore, type Store, type StoreSettings } from '../../../../engine/store/store.ts';
import type { Item } from '../../../../src/journal/table.ts';

/** A folder that goes with the test. */
export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'podshift-store-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A store that is closed with the test, where the test does not close it. */
export async function open(folder: string, settings: Partial<StoreSettings> = {}): Promise<Store> {
  return closing(await openStore({ folder, busyMilliseconds: 2000, ...settings }));
}

/** The same for one who only looks. */
export async function look(folder: string, settings: Partial<StoreSettings> = {}): Promise<Store> {
  const store = await readStore({ folder, busyMilliseconds: 2000, ...settings });
  if (store === undefined) throw new Error(`there is no journal in ${folder}`);
  return closing(store);
}

function closing(store: Store): Store {
  let isOpen = true;
  const close = (): void => {
    if (isOpen) store.close();
    isOpen = false;
  };
  onTestFinished(close);
  return { ...store, close };
}

/** All items of that run. */
export function all(store: Store): Promise<Item[]> {
  return store.table.query('RUN#r', '');
}

/** The folder as a process leaves it that is killed now. */
export function killedCopy(folder: string): string {
  const copy = newFolder();
  cpSync(folder, copy, { recursive: true });
  rmSync(join(copy, 'journal.db-shm'), { force: true });
  return copy;
}
