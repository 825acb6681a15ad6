import { migrate } from '../../engine/local-migration.ts';
import { createLocalRuntime } from '../../engine/local-runtime.ts';
import { openMemoryJournal } from '../../engine/memory-journal.ts';
import type { Journal } from '../../src/journal/journal.ts';
import { migrationOptions } from '../../src/model/options.ts';
import type { Plan } from '../../src/model/plan.ts';
import type { RunReport } from '../../src/model/report.ts';
import { buildReport } from '../../src/report/report.ts';
import { createVirtualClock } from '../../twin/clock.ts';
import type { Snapshot } from '../../twin/snapshot.ts';
import { startTwin, type Twin } from '../../twin/twin.ts';

/** A cluster's twin after a whole migration. */
export interface MigratedTwin {
  readonly twin: Twin;
  readonly report: RunReport;
  readonly journal: Journal;
  /** What a plan of the twin as it is now decides. */
  planAgain(): Promise<Plan>;
  close(): Promise<void>;
}

/** Migrates a snapshot on its twin, in virtual time, with the options' defaults. */
export async function migrateTwin(snapshot: Snapshot): Promise<MigratedTwin> {
  const clock = createVirtualClock(Date.parse('2026-03-02T09:00:00Z'));
  const twin = await startTwin({ snapshot, clock });
  const local = openMemoryJournal({ clock });
  const { journal } = local;
  const runtime = createLocalRuntime({
    clock: clock.engine,
    journal,
    endpoint: twin.awsEndpoint,
    credentials: twin.credentials,
    retryDelays: 'none',
    logger: { info: () => undefined, warn: () => undefined, error: () => undefined },
  });
  const target = { clusterName: twin.clusterName, region: twin.region, assumeRoleArn: null };
  const start = async (mode: 'run' | 'plan'): Promise<string> => {
    const runId = runtime.ids.next();
    const input = { runId, target, mode, approval: 'none', expectedDigest: null, options: migrationOptions.parse({}) } as const;
    const { failure } = await migrate({ runtime, clock: clock.engine, signal: new AbortController().signal, input });
    if (failure !== null) throw new Error(`the ${mode} failed: ${JSON.stringify(failure)}`);
    return runId;
  };
  const runId = await start('run');
  return {
    twin,
    journal,
    report: await buildReport(journal, runId, twin.promises()),
    planAgain: async () => (await journal.getDocument(await start('plan'), 'plan')) as Plan,
    close: async () => {
      await local.close();
      await twin.close();
    },
  };
}
