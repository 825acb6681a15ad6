import pLimit from 'p-limit';
import type { Journal } from '../../src/journal/journal.ts';
import type { RunReport } from '../../src/model/report.ts';
import type { RunRecord, UnitRecord } from '../../src/model/run.ts';
import type { Carrier, RunState } from '../../src/model/run-state.ts';
import type { CommandText } from '../../src/report/commands.ts';
import { buildReport } from '../../src/report/report.ts';
import { factsOfRecords, stateOf } from '../../src/report/state/run-state.ts';

/** A journal to look at, and who carries what is in it: nobody can tell where the journal is a service's. */
export interface Looked {
  readonly journal: Journal;
  readonly isCarried?: (kind: 'run' | 'fleet', id: string) => boolean | undefined;
}

/** A run as one look found it. */
export interface RunLook {
  readonly run: RunRecord;
  readonly units: readonly UnitRecord[];
  readonly carrier: Carrier;
  readonly state: RunState;
}

/** Runs that are read at once. */
const CONCURRENCY = 8;

/**
 * Looks at a run: its records, and who carries it. `command` makes the commands in its words. Throws as
 * the journal does.
 */
export async function lookAtRun(looked: Looked, runId: string, command: CommandText): Promise<RunLook> {
  // A process notes the end of its run before it lets go of it: one that had let go by now has ended its run, or lost it.
  const before = looked.isCarried?.('run', runId);
  const run = await looked.journal.getRun(runId);
  const units = await looked.journal.listUnits(runId);
  const carrier: Carrier = run.endedAt === null ? await carrierOf(looked, run, units, before) : { kind: 'unknown' };
  return withState(run, units, carrier, command);
}

function withState(run: RunRecord, units: readonly UnitRecord[], carrier: Carrier, command: CommandText): RunLook {
  return { run, units, carrier, state: stateOf(factsOfRecords(run, units), carrier, Date.now(), command) };
}

/** All runs of a journal, newest first. */
export async function lookAtRuns(looked: Looked, command: CommandText): Promise<RunLook[]> {
  const limit = pLimit(CONCURRENCY);
  const runs = await looked.journal.listRuns();
  return Promise.all(
    runs.map((run) =>
      limit(() => (run.endedAt === null ? lookAtRun(looked, run.runId, command) : withState(run, [], { kind: 'unknown' }, command))),
    ),
  );
}

/** The report of a run as it stands, with its words. Throws as the journal does. */
export async function reportOf(looked: Looked, runId: string, command: CommandText): Promise<RunReport> {
  for (;;) {
    const { run, state } = await lookAtRun(looked, runId, command);
    const report = await buildReport(looked.journal, runId, null);
    // Both are of one moment, or the run has gone on between them: it does so a few times at most.
    if (report.run.status === run.status && report.run.endedAt === run.endedAt) return { ...report, run: { ...report.run, state } };
  }
}

async function carrierOf(
  { journal, isCarried }: Looked,
  run: RunRecord,
  units: readonly UnitRecord[],
  before: boolean | undefined,
): Promise<Carrier> {
  if (isCarried === undefined) return { kind: 'unknown' };
  // One that has taken the run up since the first look carries it too.
  const carried = before === true || isCarried('run', run.runId);
  if (carried === true) return { kind: 'alive' };
  const lock = run.clusterArn === '' ? undefined : await journal.lockOf(run.clusterArn);
  const own = lock?.runId === run.runId ? lock : undefined;
  if (carried === undefined) {
    // Whoever may not look at the processes has what they leave in the journal every minute.
    if (own === undefined) return { kind: 'unknown' };
    if (own.expiresAt > Date.now()) return { kind: 'alive' };
  }
  const entries = await journal.listEntries(run.runId);
  const signs = [
    Date.parse(run.startedAt),
    own?.renewedAt ?? 0,
    ...entries.flatMap(({ at, triedAt = at }) => [Date.parse(at), Date.parse(triedAt)]),
    ...units.flatMap(({ stepStartedAt }) => Object.values(stepStartedAt).map((time) => Date.parse(time))),
  ];
  return { kind: 'none', lastSign: new Date(signs.reduce((last, sign) => Math.max(last, sign))).toISOString() };
}
