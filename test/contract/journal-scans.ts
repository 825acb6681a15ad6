import { describe, expect, type TestFunction } from 'vitest';
import type { Journal } from '../../src/journal/journal.ts';
import { finding } from '../../src/model/findings.ts';
import type { DriftRecord } from '../../src/model/run.ts';
import { CLUSTER } from './journal-records.ts';

/** Which runs are open, and what scans leave behind. */
export function describeScans(suite: {
  readonly behaviour: (title: string, run: TestFunction) => void;
  readonly journal: () => Journal;
  readonly runId: () => string;
}): void {
  const { behaviour, journal, runId } = suite;
  const isOpen = async () => (await journal().listOpenRuns()).some((run) => run.runId === runId());
  const END = '2025-01-02T00:00:00.000Z';

  describe('open runs', () => {
    behaviour('are those without an end', async () => {
      expect(await isOpen()).toBe(true);
      await journal().updateRun(runId(), { status: 'migrated', endedAt: END });
      expect(await isOpen()).toBe(false);
      await journal().updateRun(runId(), { reason: 'later' });
      expect(await isOpen()).toBe(false);
    });

    behaviour('are those again whose way back began after their end', async () => {
      await journal().updateRun(runId(), { status: 'migrated', endedAt: END });
      await journal().updateRun(runId(), { status: 'rolling-back', endedAt: null });
      expect(await isOpen()).toBe(true);
    });

    behaviour('do not count one that is created again after its end', async () => {
      const { target, options, startedAt } = await journal().updateRun(runId(), { status: 'migrated', endedAt: END });
      await journal().createRun({ runId: runId(), target, options, startedAt });
      expect(await isOpen()).toBe(false);
    });
  });

  describe('scans', () => {
    const drift = (total: number): DriftRecord => ({
      runId: runId(),
      clusterArn: CLUSTER,
      comparedWith: 'earlier',
      since: END,
      total,
      findings: [finding('PS804', 'ServiceAccount/shop/cart', 'gone')],
    });

    behaviour('keep what was found first', async () => {
      expect(await journal().getDrift(runId())).toBeUndefined();
      expect(await journal().putDrift(drift(1))).toEqual(drift(1));
      expect(await journal().putDrift(drift(2))).toEqual(drift(1));
      expect(await journal().getDrift(runId())).toEqual(drift(1));
    });

    behaviour('know the last one of each cluster, whichever is noted last', async () => {
      const cluster = `${CLUSTER}-${runId()}`;
      expect(await journal().lastScan(cluster, 'all')).toBeUndefined();
      await journal().noteScan(cluster, 'all', 'second', '2025-01-02T00:00:00.000Z');
      await journal().noteScan(cluster, 'all', 'first', '2025-01-01T00:00:00.000Z');
      expect(await journal().lastScan(cluster, 'all')).toBe('second');
      await journal().noteScan(cluster, 'all', 'third', '2025-01-03T00:00:00.000Z');
      await journal().noteScan(cluster, 'all', 'third', '2025-01-03T00:00:00.000Z');
      expect(await journal().lastScan(cluster, 'all')).toBe('third');
      expect(await journal().lastScan(cluster, 'other')).toBeUndefined();
    });
  });
}
