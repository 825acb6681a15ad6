import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { migrate, rollBack } from '../../../engine/local-migration.ts';
import { createMemoryTable } from '../../../engine/memory-table.ts';
import { openStore } from '../../../engine/store/store.ts';
import { runKey, UNIT_PLANS, UNITS, unitKey } from '../../../src/journal/layout.ts';
import type { Table } from '../../../src/journal/table.ts';
import { createTableJournal } from '../../../src/journal/table-journal.ts';
import { buildReport } from '../../../src/report/report.ts';
import { openDynaliteJournal } from '../../support/dynalite-journal.ts';
import { OLD_RUN, oldItems, oldWorld } from '../fixtures/journal-version-1.ts';

const { runId } = OLD_RUN;
const clock = { now: () => OLD_RUN.stoppedAt };

const STORES: Readonly<Record<string, () => Promise<Table>>> = {
  memory: async () => createMemoryTable(),
  SQLite: async () => {
    const folder = await mkdtemp(join(tmpdir(), 'podshift-version-1-'));
    const store = await openStore({ folder });
    onTestFinished(async () => {
      store.close();
      await rm(folder, { recursive: true });
    });
    return store.table;
  },
  dynalite: async () => {
    const { table, close } = await openDynaliteJournal({ clock });
    onTestFinished(close);
    return table;
  },
};

async function stored(name: string): Promise<Table> {
  const table = await (STORES[name]?.() ?? Promise.reject(new TypeError(name)));
  for (const item of oldItems()) await table.put(item);
  return table;
}

/** The items of the run that are kept as functions of its own version, which may still be under way, read and write them. */
async function expectOldLayout(table: Table): Promise<void> {
  const { pk } = runKey(runId);
  const units = await table.query(pk, UNITS);
  expect(units).toHaveLength(8);
  for (const item of units) expect(item).toMatchObject({ plan: expect.stringContaining('"decision":"migrate"') });
  expect(await table.query(pk, UNIT_PLANS)).toEqual([]);
  expect(await table.get(runKey(runId))).toMatchObject({ schemaVersion: 1 });
  // A mark would stay when such a function writes what is news.
  for (const item of [...units, await table.get(runKey(runId))]) expect(item).not.toHaveProperty('news');
}

describe.each(Object.keys(STORES))('a journal of version 1 in %s', (name) => {
  it('is read and reported', async () => {
    const journal = createTableJournal(await stored(name), clock);
    expect(await journal.listRuns()).toMatchObject([{ runId, status: 'running', clusterArn: expect.stringContaining(':cluster/big') }]);
    const report = await buildReport(journal, runId, null);
    expect(report.units.map(({ serviceAccount, wave, status }) => [serviceAccount, wave, status])).toEqual([
      ['app-0', 0, 'migrated'],
      ['app-1', 1, 'running'],
      ['app-2', 1, 'running'],
      ['app-3', 2, 'pending'],
      ['app-4', 1, 'running'],
      ['app-5', 1, 'running'],
      ['app-6', 2, 'pending'],
      ['app-7', 2, 'pending'],
    ]);
    expect(report.units[0]?.evidence.map(({ kind }) => kind)).toEqual(['dry-run', 'probe-pod', 'pods', 'cloudtrail']);
    const first = await journal.pageUnits(runId, { limit: 3, after: null });
    expect(first).toEqual({ items: (await journal.listUnits(runId)).slice(0, 3), next: 'team-2/app-2' });
    expect(first.items[1]).toMatchObject({ plan: { id: 'team-1/app-1', wave: 1 }, facts: { injectionHits: 1 } });
  });

  it('is written in its own layout', async () => {
    const table = await stored(name);
    const journal = createTableJournal(table, clock);
    const [unit] = await journal.listUnits(runId);
    await journal.putUnits(unit === undefined ? [] : [unit]);
    await journal.updateUnit(runId, 'team-3/app-3', { status: 'running', facts: { a: 1 } });
    await journal.addCalls(runId, { eks: 1, iam: 0, sts: 0, kubernetes: 0, cloudtrail: 0 });
    await journal.updateRun(runId, { reason: 'why' });
    await expectOldLayout(table);
    expect(await table.get(unitKey(runId, 'team-3/app-3'))).toMatchObject({ status: 'running', facts: { a: 1 } });
  });
});

describe('a run of version 1 that was stopped half-way', () => {
  it.each(['SQLite', 'dynalite'])('goes on to its end, in %s', async (name) => {
    const table = await stored(name);
    const { journal, twin, setting } = await oldWorld(table);
    onTestFinished(() => twin.close());
    const { target, options } = await journal.getRun(runId);
    const input = { runId, target, mode: 'run', approval: 'none', expectedDigest: null, options } as const;
    expect(await migrate({ ...setting, input })).toEqual({ runId, status: 'migrated', failure: null });
    expect((await journal.listUnits(runId)).map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 'migrated'));
    expect(twin.promises()).toMatchObject({ credentialGapSeconds: 0, widenedPrincipals: [], foreignWrites: 0 });
    await expectOldLayout(table);
  });

  it.each(['SQLite', 'memory'])('rolls back as a whole, in %s', async (name) => {
    const table = await stored(name);
    const { journal, twin, setting } = await oldWorld(table);
    onTestFinished(() => twin.close());
    expect(await rollBack({ ...setting, input: { runId, unitIds: null, reason: 'asked for' } })).toEqual({ runId, status: 'rolled-back' });
    expect((await journal.listUnits(runId)).map(({ status }) => status)).toEqual(
      [0, 1, 2, 3, 4, 5, 6, 7].map((number) => ([3, 6, 7].includes(number) ? 'held' : 'rolled-back')),
    );
    for (const { trustBefore, trustAfter } of await journal.listRoles(runId))
      expect(JSON.parse(trustAfter)).toEqual(JSON.parse(trustBefore));
    for (const { kind, state } of await journal.listEntries(runId)) expect([kind, state]).toEqual([kind, 'undone']);
    // What the canary's pods hold from before the world was taken, and whose writes were podshift's by then, its twin does not know.
    expect(twin.promises()).toMatchObject({ widenedPrincipals: [] });
    await expectOldLayout(table);
  });
});
