import { beforeEach, describe, expect, it } from 'vitest';
import { openMemoryJournal } from '../../../../engine/memory-journal.ts';
import type { Journal } from '../../../../src/journal/journal.ts';
import { compareScan } from '../../../../src/migration/run/compare-scan.ts';
import type { JournalRuntime } from '../../../../src/migration/runtime.ts';
import { PodshiftError } from '../../../../src/model/errors.ts';
import type { Inventory, LegacyFact } from '../../../../src/model/inventory.ts';
import { migrationOptions } from '../../../../src/model/options.ts';
import { MAX_DRIFT_FINDINGS, type UnitRecord } from '../../../../src/model/run.ts';
import { unit } from '../../../contract/journal-records.ts';
import { association, CLUSTER, inventory, serviceAccount } from '../../fixtures/plan-inventories.ts';

let journal: Journal;
let runtime: JournalRuntime;

beforeEach(() => {
  day = 0;
  const clock = { now: () => Date.UTC(2026, 0, 5) };
  journal = openMemoryJournal({ clock }).journal;
  runtime = { journal } as JournalRuntime;
});

let day: number;
async function scanned(runId: string, facts?: Partial<Inventory>, options: object = {}): Promise<void> {
  const target = { clusterName: 'shop', region: 'eu-central-1', assumeRoleArn: null };
  await journal.createRun({ runId, target, options: migrationOptions.parse(options), startedAt: '2026-01-05T00:00:00.000Z' });
  day += 1;
  const takenAt = new Date(Date.UTC(2026, 0, day)).toISOString();
  if (facts !== undefined) await journal.putDocument(runId, 'inventory', inventory({ ...facts, takenAt }));
}

const plain = { serviceAccounts: [serviceAccount('shop/api', 'api', { annotations: {} })] };
const annotated = { serviceAccounts: [serviceAccount('shop/api', 'api')] };
const nothing = { serviceAccounts: [], associations: [] };
const END = '2026-01-31T00:00:00.000Z';

describe('compareScan', () => {
  it('compares nothing on the first scan of a cluster', async () => {
    await scanned('a', {});
    expect(await compareScan(runtime, { runId: 'a' })).toEqual({ runId: 'a', findings: 0, reason: expect.stringContaining('first scan') });
    expect(await journal.getDrift('a')).toMatchObject({ comparedWith: null, clusterArn: CLUSTER });
    expect(await compareScan(runtime, { runId: 'a' })).toMatchObject({ findings: 0 });
  });

  it('compares nothing where the last inventory is gone', async () => {
    await scanned('a', {});
    await compareScan(runtime, { runId: 'a' });
    const without = { ...journal, getDocument: async (runId: string) => (runId === 'a' ? undefined : inventory()) } as Journal;
    await scanned('b', {});
    expect(await compareScan({ journal: without } as JournalRuntime, { runId: 'b' })).toMatchObject({
      reason: expect.stringContaining('first scan'),
    });
  });

  it('says how many changes there are, and keeps the first of them', async () => {
    await scanned('a', { serviceAccounts: [] });
    await compareScan(runtime, { runId: 'a' });
    const many = Array.from({ length: MAX_DRIFT_FINDINGS + 10 }, (_, index) => serviceAccount(`shop/api-${index}`, 'api'));
    await scanned('b', { serviceAccounts: many });
    expect(await compareScan(runtime, { runId: 'b' })).toMatchObject({
      findings: many.length,
      reason: `${many.length} changes since ${since()}`,
    });
    expect((await journal.getDrift('b'))?.findings).toHaveLength(MAX_DRIFT_FINDINGS);
  });

  describe('of a cluster that podshift has changed since', () => {
    const MIGRATED = { ...plain, associations: [association('shop/api', { podshiftRun: 'run-0' })] };
    const plan = { ...unit('run-0', 'shop/api').plan, serviceAccount: 'api' };

    async function worked(runId: string, changes: Partial<UnitRecord>, endedAt: string | null): Promise<void> {
      await scanned(runId);
      await journal.acquireLock(CLUSTER, runId, 60);
      await journal.releaseLock(CLUSTER, runId);
      await journal.putUnits([{ ...unit(runId, 'shop/api'), plan, ...changes }]);
      await journal.updateRun(runId, { endedAt });
    }

    async function found(before: Partial<Inventory>, after: Partial<Inventory>, options = {}): Promise<(string | undefined)[]> {
      const [first, second] = [`before-${day}`, `after-${day}`];
      await scanned(first, before, options);
      await compareScan(runtime, { runId: first });
      await scanned(second, after, options);
      await compareScan(runtime, { runId: second });
      return (await journal.getDrift(second))?.findings.map(({ code }) => code) ?? [];
    }

    it.each<[string, Partial<UnitRecord>, Partial<Inventory>, Partial<Inventory>, string[]]>([
      ['was migrated', { status: 'migrated' }, {}, MIGRATED, []],
      ['was migrated, and its association is gone', { status: 'migrated' }, {}, plain, ['PS804']],
      ['was rolled back', { status: 'rolled-back' }, MIGRATED, {}, []],
      ['is under way', { status: 'running' }, {}, plain, []],
      ['goes back', { status: 'rolling-back' }, MIGRATED, plain, []],
      ['was held', { status: 'held' }, MIGRATED, plain, ['PS804']],
      ['was associated already', { status: 'migrated', plan: { ...plan, decision: 'already-associated' } }, MIGRATED, plain, ['PS804']],
      ['keeps its annotation', { status: 'migrated', plan: { ...plan, removeAnnotations: [] } }, {}, { ...MIGRATED, ...annotated }, []],
      ['has its annotation back', { status: 'migrated' }, {}, { ...MIGRATED, ...annotated }, ['PS803']],
    ])('knows a unit that %s', async (_what, changes, before, after, codes) => {
      await worked('a', changes, END);
      expect(await found(before, after)).toEqual(codes);
    });

    it('goes by the run that ended last', async () => {
      await worked('a2', { status: 'migrated' }, '2026-02-02T00:00:00.000Z');
      await worked('a1', { status: 'rolled-back' }, '2026-02-01T00:00:00.000Z');
      expect(await found({}, plain)).toEqual(['PS804']);
      await worked('a3', { status: 'running' }, null);
      expect(await found(MIGRATED, plain)).toEqual([]);
    });

    it('takes no account of runs that ended before, nor of units that the scan does not look at', async () => {
      await worked('a', { status: 'migrated' }, '2020-01-01T00:00:00.000Z');
      expect(await found({}, plain)).toEqual(['PS811']);
      await worked('a4', { status: 'migrated' }, END);
      expect(await found(nothing, nothing, { namespaces: ['media'] })).toEqual([]);
    });

    it('knows the templates of kube2iam that it cleaned, and those that it put back', async () => {
      const asks: LegacyFact = { subject: 'Deployment/shop/cart', kind: 'annotation', name: 'cart' };
      const before = { serviceAccountName: null, serviceAccount: null };
      const template = (annotations: Record<string, string>) => ({
        kind: 'Deployment',
        name: 'cart',
        annotations,
        before,
        serviceAccount: null,
      });
      const metadata = { splitFrom: null, shape: null, bindings: [], templates: [template({ 'iam.amazonaws.com/role': 'cart' })] };
      await worked('a', { status: 'migrated', plan: { ...plan, removeAnnotations: [], metadata } }, END);
      expect(await found({ ...MIGRATED, legacy: [asks] }, { ...MIGRATED, legacy: [asks] })).toEqual(['PS802']);
      await worked('a5', { status: 'rolled-back', plan: { ...plan, metadata } }, '2026-03-01T00:00:00.000Z');
      expect(await found({ ...MIGRATED }, { legacy: [asks] })).toEqual([]);
      const untouched = { ...metadata, templates: [template({})] };
      await worked('a6', { status: 'migrated', plan: { ...plan, metadata: untouched } }, '2026-03-02T00:00:00.000Z');
      expect(await found({ ...MIGRATED, legacy: [asks] }, { ...MIGRATED, legacy: [] })).toEqual(['PS812']);
    });

    it('reads no run that retention took, and fails where the journal does', async () => {
      await journal.acquireLock(CLUSTER, 'forgotten', 60);
      expect(await found({}, {})).toEqual([]);
      const failing = {
        ...journal,
        getRun: async (runId: string) =>
          runId === 'forgotten' ? Promise.reject(new PodshiftError('Throttled', 'no')) : journal.getRun(runId),
      };
      await scanned('d', {});
      await expect(compareScan({ journal: failing } as JournalRuntime, { runId: 'd' })).rejects.toMatchObject({ name: 'Throttled' });
    });
  });

  it('compares scans of the same scope, whichever way it is written', async () => {
    await scanned('a', {}, { namespaces: ['a', 'b'] });
    await compareScan(runtime, { runId: 'a' });
    await scanned('b', plain, { namespaces: ['b', 'a'], soakSeconds: 5 });
    expect(await compareScan(runtime, { runId: 'b' })).toMatchObject({ findings: 1, reason: expect.stringMatching(/^1 change since/) });
    await scanned('c', {}, { serviceAccounts: ['shop/api'] });
    expect(await compareScan(runtime, { runId: 'c' })).toMatchObject({ reason: expect.stringContaining('first scan') });
  });

  it('is refused before there is an inventory', async () => {
    await scanned('a');
    await expect(compareScan(runtime, { runId: 'a' })).rejects.toMatchObject({ name: 'InternalError' });
  });

  const since = () => new Date(Date.UTC(2026, 0, day - 1)).toISOString();
});
