import { afterAll, beforeAll, beforeEach, describe, expect } from 'vitest';
import type { Journal } from '../../src/journal/journal.ts';
import { createTableJournal } from '../../src/journal/table-journal.ts';
import type { WriteRequest } from '../../src/model/audit/record.ts';
import type { Clock } from '../../src/model/clock.ts';
import { migrationOptions } from '../../src/model/options.ts';
import type { Evidence } from '../../src/model/run.ts';
import { behavioursWith, type Exceptions } from './behaviours.ts';
import { describeFleets } from './journal-fleets.ts';
import { describeHolding } from './journal-holding.ts';
import { CLUSTER, intent, ROLE, role, unit } from './journal-records.ts';
import { describeScans } from './journal-scans.ts';
import { describeTable, type TableBackend } from './table-suite.ts';

let now = Date.UTC(2025, 0, 1);
const clock = { now: () => now };
const target = { clusterName: 'shop', region: 'eu-west-1', assumeRoleArn: null };
const options = migrationOptions.parse({ waveSize: 7 });

/** A journal that the suite runs over. */
export interface JournalBackend {
  readonly name: string;
  readonly exceptions: Exceptions;
  start(clock: Clock): Promise<{ readonly journal: Journal; close(): Promise<void> }>;
}

/** The journal over a table that has passed its own suite. */
export function describeStore(backend: TableBackend): void {
  describeTable(backend);
  describeJournal({
    ...backend,
    start: async (time) => {
      const { table, close } = await backend.start();
      return { journal: createTableJournal(table, time), close };
    },
  });
}

/** What the journal promises, whatever keeps it. */
export function describeJournal({ name, exceptions, start }: JournalBackend): void {
  describe(`the journal over ${name}`, () => {
    const behaviour = behavioursWith(exceptions);
    let journal: Journal;
    let close: () => Promise<void>;
    let number = 0;
    let runId = '';

    beforeAll(async () => {
      const opened = await start(clock);
      journal = opened.journal;
      close = opened.close;
    });
    afterAll(() => close());
    beforeEach(async () => {
      number += 1;
      now += 60_000;
      runId = `run-${number}`;
      await journal.createRun({ runId, target, options, startedAt: new Date(now).toISOString() });
    });

    describe('runs', () => {
      behaviour('gives back a run as it was created', async () => {
        expect(await journal.getRun(runId)).toEqual({
          runId,
          target,
          options,
          clusterArn: '',
          status: 'pending',
          reason: '',
          digest: '',
          approval: null,
          startedAt: new Date(now).toISOString(),
          endedAt: null,
          calls: { eks: 0, iam: 0, sts: 0, kubernetes: 0, cloudtrail: 0 },
        });
      });

      behaviour('keeps a run that is created a second time as it is', async () => {
        await journal.updateRun(runId, { status: 'running' });
        const again = await journal.createRun({
          runId,
          target: { ...target, clusterName: 'other' },
          options,
          startedAt: '2030-01-01T00:00:00.000Z',
        });
        expect(again).toMatchObject({ status: 'running', target, startedAt: new Date(now).toISOString() });
        expect((await journal.listRuns()).filter((run) => run.runId === runId)).toHaveLength(1);
      });

      behaviour('changes the fields that are given, and no other', async () => {
        await journal.updateRun(runId, { status: 'running', digest: 'd', clusterArn: CLUSTER });
        const after = await journal.updateRun(runId, { reason: 'why', endedAt: '2025-01-02T00:00:00.000Z' });
        expect(after).toMatchObject({
          status: 'running',
          digest: 'd',
          clusterArn: CLUSTER,
          reason: 'why',
          endedAt: '2025-01-02T00:00:00.000Z',
        });
        expect(await journal.updateRun(runId, { endedAt: null })).toMatchObject({ endedAt: null, status: 'running' });
        expect(await journal.updateRun(runId, {})).toEqual(await journal.getRun(runId));
      });

      behaviour('lists runs, the newest first', async () => {
        await journal.createRun({ runId: `older-${number}`, target, options, startedAt: new Date(now - 1000).toISOString() });
        const ids = (await journal.listRuns()).map((run) => run.runId);
        expect(ids.slice(0, 2)).toEqual([runId, `older-${number}`]);
      });

      behaviour('gives runs page by page, the newest first, while new ones come', async () => {
        for (const age of [1, 2, 3, 4]) {
          const startedAt = new Date(now - age * 1000).toISOString();
          await journal.createRun({ runId: `page-${number}-${age}`, startedAt, target, options });
        }
        const first = await journal.pageRuns({ limit: 2, after: null });
        expect(first.items.map((run) => run.runId)).toEqual([runId, `page-${number}-1`]);
        expect(first.items[0]).toEqual(await journal.getRun(runId));
        await journal.createRun({ runId: `new-${number}`, target, options, startedAt: new Date(now + 1000).toISOString() });
        const second = await journal.pageRuns({ limit: 3, after: first.next });
        expect(second.items.map((run) => run.runId)).toEqual([2, 3, 4].map((age) => `page-${number}-${age}`));
        const all = await journal.pageRuns({ limit: 1000, after: null });
        expect(all).toEqual({ items: await journal.listRuns(), next: null });
        expect((await journal.pageRuns({ limit: all.items.length, after: null })).next).toBeNull();
      });

      behaviour('keeps the approval of a run', async () => {
        const answer = { decision: 'approve' as const, digest: 'd', by: 'arn:aws:iam::111122223333:user/me', at: 't', requestId: 'r' };
        const approval = { status: 'approved' as const, expiresAt: '2025-01-08T00:00:00.000Z', answer };
        expect((await journal.updateRun(runId, { approval })).approval).toEqual(approval);
        expect((await journal.updateRun(runId, { reason: 'why' })).approval).toEqual(approval);
        expect((await journal.updateRun(runId, { approval: null })).approval).toBeNull();
      });

      behaviour('adds calls up, from many writers at once', async () => {
        const add = () => journal.addCalls(runId, { eks: 1, iam: 2, sts: 0, kubernetes: 3, cloudtrail: 0 });
        await Promise.all(Array.from({ length: 10 }, add));
        await journal.addCalls(runId, { eks: 0, iam: 0, sts: 0, kubernetes: 0, cloudtrail: 0 });
        expect((await journal.getRun(runId)).calls).toEqual({ eks: 10, iam: 20, sts: 0, kubernetes: 30, cloudtrail: 0 });
      });

      behaviour('knows no run of another id', async () => {
        const calls = { eks: 1, iam: 0, sts: 0, kubernetes: 0, cloudtrail: 0 };
        for (const read of [
          () => journal.getRun('none'),
          () => journal.updateRun('none', { status: 'running' }),
          () => journal.updateRun('none', {}),
          () => journal.addCalls('none', calls),
          () => journal.recordIntent(intent('none', 'k')),
        ]) {
          await expect(read()).rejects.toMatchObject({ name: 'RunNotFound' });
        }
      });
    });

    describe('documents', () => {
      behaviour('gives back any JSON, replaced as a whole', async () => {
        expect(await journal.getDocument(runId, 'plan')).toBeUndefined();
        await journal.putDocument(runId, 'plan', { units: [1, null, 'ü'], empty: {} });
        await journal.putDocument(runId, 'inventory', []);
        expect(await journal.getDocument(runId, 'plan')).toEqual({ units: [1, null, 'ü'], empty: {} });
        await journal.putDocument(runId, 'plan', { other: true });
        await journal.putDocument(runId, 'plan', { other: true });
        expect(await journal.getDocument(runId, 'plan')).toEqual({ other: true });
        expect(await journal.getDocument(runId, 'inventory')).toEqual([]);
      });

      behaviour('keeps documents of several items, and answers whole ones while they are replaced', async () => {
        // A linear congruential generator: text that gzip cannot make small, the same in each run.
        let seed = 1;
        const noise = Array.from({ length: 120_000 }, () => {
          seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
          return seed;
        });
        await journal.putDocument(runId, 'inventory', noise);
        expect(await journal.getDocument(runId, 'inventory')).toEqual(noise);
        const small = { version: 2 };
        const [, read] = await Promise.all([journal.putDocument(runId, 'inventory', small), journal.getDocument(runId, 'inventory')]);
        expect(JSON.stringify(read)).toBe(JSON.stringify((read as { version?: number }).version === 2 ? small : noise));
        expect(await journal.getDocument(runId, 'inventory')).toEqual(small);
      });
    });

    describe('units', () => {
      behaviour('creates what is not there, keeps what is, and lists by id', async () => {
        await journal.putUnits([unit(runId, 'b/x'), unit(runId, 'a/x')]);
        await journal.updateUnit(runId, 'a/x', { status: 'migrated' });
        await journal.putUnits([unit(runId, 'a/x'), unit(runId, 'c/x')]);
        expect((await journal.listUnits(runId)).map(({ unitId, status }) => [unitId, status])).toEqual([
          ['a/x', 'migrated'],
          ['b/x', 'pending'],
          ['c/x', 'pending'],
        ]);
        expect(await journal.getUnit(runId, 'b/x')).toEqual(unit(runId, 'b/x'));
      });

      behaviour('keeps the first start of each step, and merges facts', async () => {
        await journal.putUnits([unit(runId)]);
        await journal.updateUnit(runId, 'shop/cart', { stepStartedAt: { injection: 't1' }, facts: { hits: 1, last: null, 'a.b #c': 'x' } });
        const after = await journal.updateUnit(runId, 'shop/cart', {
          status: 'running',
          stepStartedAt: { injection: 't2', proof: 't3' },
          facts: { hits: 2, done: true },
        });
        expect(after).toEqual({
          ...unit(runId),
          status: 'running',
          stepStartedAt: { injection: 't1', proof: 't3' },
          facts: { hits: 2, last: null, done: true, 'a.b #c': 'x' },
        });
        expect(await journal.updateUnit(runId, 'shop/cart', {})).toEqual(after);
      });

      behaviour('gives units page by page, by id', async () => {
        await journal.putUnits(['c/x', 'a/x', 'b/x', 'd/x'].map((id) => unit(runId, id)));
        const first = await journal.pageUnits(runId, { limit: 3, after: null });
        expect(first).toEqual({ items: ['a/x', 'b/x', 'c/x'].map((id) => unit(runId, id)), next: 'c/x' });
        expect(await journal.pageUnits(runId, { limit: 3, after: first.next })).toEqual({ items: [unit(runId, 'd/x')], next: null });
        expect(await journal.pageUnits(runId, { limit: 4, after: null })).toMatchObject({ next: null });
        expect(await journal.pageUnits(runId, { limit: 9, after: 'b/x' })).toMatchObject({ items: [{ unitId: 'c/x' }, { unitId: 'd/x' }] });
        expect(await journal.pageUnits(runId, { limit: 9, after: 'z' })).toEqual({ items: [], next: null });
        expect(await journal.pageUnits('none', { limit: 9, after: null })).toEqual({ items: [], next: null });
      });

      behaviour('lists thousands, over all pages', async () => {
        const units = Array.from({ length: 1500 }, (_, index) => unit(runId, `ns-${String(index).padStart(5, '0')}/${'s'.repeat(200)}`));
        await journal.putUnits(units);
        expect((await journal.listUnits(runId)).map((record) => record.unitId)).toEqual(units.map((record) => record.unitId));
      });

      behaviour('does not make up a unit or a role', async () => {
        await expect(journal.getUnit(runId, 'x/y')).rejects.toMatchObject({ name: 'NotFound' });
        await expect(journal.updateUnit(runId, 'x/y', { status: 'held' })).rejects.toMatchObject({ name: 'NotFound' });
        await expect(journal.updateUnit(runId, 'x/y', {})).rejects.toMatchObject({ name: 'NotFound' });
        await expect(journal.getRole(runId, ROLE)).rejects.toMatchObject({ name: 'NotFound' });
        await expect(journal.updateRole(runId, ROLE, { blocked: 'x' })).rejects.toMatchObject({ name: 'NotFound' });
        expect(await journal.listUnits(runId)).toEqual([]);
      });
    });

    behaviour('keeps roles as they were first put, and changes them', async () => {
      await journal.putRoles([role(runId)]);
      await journal.updateRole(runId, ROLE, { trustAfter: '{"a":2}' });
      await journal.putRoles([role(runId), role(runId, `${ROLE}-2`)]);
      const changed = await journal.updateRole(runId, ROLE, { blocked: 'why' });
      expect(changed).toEqual({ ...role(runId), trustAfter: '{"a":2}', blocked: 'why' });
      expect(await journal.listRoles(runId)).toEqual([changed, role(runId, `${ROLE}-2`)]);
      expect(await journal.getRole(runId, ROLE)).toEqual(changed);
    });

    describe('entries', () => {
      behaviour('keeps the first before-image of a key, whatever comes later', async () => {
        const first = await journal.recordIntent(intent(runId, 'k', { image: 1 }));
        expect(first).toEqual({
          ...intent(runId, 'k', { image: 1 }),
          after: null,
          state: 'intended',
          sequence: 1,
          at: new Date(now).toISOString(),
          requests: [],
        });
        await journal.markApplied(runId, 'k', { image: 2 });
        const again = await journal.recordIntent(intent(runId, 'k', { image: 2 }));
        expect(again).toEqual({ ...first, state: 'applied', after: { image: 2 }, appliedAt: new Date(now).toISOString() });
        expect(await journal.getEntry(runId, 'k')).toEqual(again);
      });

      behaviour('gives racing writers the same entry', async () => {
        const all = await Promise.all(Array.from({ length: 5 }, (_, index) => journal.recordIntent(intent(runId, 'k', { index }))));
        expect(new Set(all.map((entry) => JSON.stringify(entry))).size).toBe(1);
      });

      behaviour('lists the newest first, of the run or of one unit', async () => {
        await journal.recordIntent(intent(runId, 'z'));
        await journal.recordIntent({ ...intent(runId, 'a'), unitId: null });
        await journal.recordIntent(intent(runId, 'm'));
        expect((await journal.listEntries(runId)).map((entry) => entry.key)).toEqual(['m', 'a', 'z']);
        expect((await journal.listEntries(runId, 'shop/cart')).map((entry) => entry.key)).toEqual(['m', 'z']);
        expect((await journal.listEntries(runId, null)).map((entry) => entry.key)).toEqual(['a']);
      });

      behaviour('keeps what each try asked for, and what undid it', async () => {
        const sent = (requestId: string): WriteRequest => ({
          service: 'iam',
          operation: 'UpdateAssumeRolePolicy',
          requestId,
          principal: 'arn:aws:sts::111122223333:assumed-role/podshift/podshift-run',
          error: null,
        });
        const attempt = (id: string) => ({ ...intent(runId, 'k'), attempt: { id, until: now + 1000 } });
        await journal.recordIntent(attempt('try-1'));
        await journal.endTry(runId, 'k', { id: 'try-1', requests: [sent('a')] });
        await journal.recordIntent(attempt('try-2'));
        await journal.markApplied(runId, 'k', {}, { id: 'try-2', requests: [sent('b'), sent('c')] });
        const applied = new Date(now).toISOString();
        now += 1000;
        await journal.markUndone(runId, 'k', [sent('d')]);
        expect(await journal.getEntry(runId, 'k')).toMatchObject({
          requests: [sent('a'), sent('b'), sent('c')],
          undoRequests: [sent('d')],
          appliedAt: applied,
          undoneAt: new Date(now).toISOString(),
        });
      });

      behaviour('marks entries undone, and knows which are not there', async () => {
        await journal.recordIntent({ ...intent(runId, 'k'), before: undefined });
        await journal.markUndone(runId, 'k');
        expect(await journal.getEntry(runId, 'k')).toMatchObject({ state: 'undone', before: null });
        expect(await journal.getEntry(runId, 'other')).toBeUndefined();
        await expect(journal.markApplied(runId, 'other', {})).rejects.toMatchObject({ name: 'NotFound' });
        await expect(journal.markUndone(runId, 'other')).rejects.toMatchObject({ name: 'NotFound' });
      });
    });

    behaviour('lists evidence by unit, in the order it was added', async () => {
      const evidence = (kind: string): Evidence => ({ grade: 1, kind, passed: true, at: 't', facts: { list: [1, { a: null }] } });
      for (const [unitId, kind] of [
        ['b', 'one'],
        ['a', 'two'],
        ['b', 'three'],
      ] as const) {
        await journal.addEvidence(runId, unitId, evidence(kind));
      }
      expect(Object.fromEntries(await journal.listEvidence(runId))).toEqual({
        a: [evidence('two')],
        b: [evidence('one'), evidence('three')],
      });
    });

    describeFleets({ behaviour, journal: () => journal, name: () => runId, now: () => now });
    describeScans({ behaviour, journal: () => journal, runId: () => runId });
    describeHolding({
      behaviour,
      journal: () => journal,
      runId: () => runId,
      now: () => now,
      pass: (milliseconds) => {
        now += milliseconds;
      },
    });
  });
}
