import type { Journal } from '../journal/journal.ts';
import type { Logger } from '../migration/runtime.ts';
import type { Clock } from '../model/clock.ts';
import type { Metrics } from '../model/metrics.ts';
import type { RunRecord } from '../model/run.ts';
import type { Executions } from './executions.ts';
import { rollbackName, startRollback } from './roll-back-run.ts';

/** What watching needs. */
export interface Watching {
  readonly clock: Clock;
  readonly journal: Pick<Journal, 'listOpenRuns' | 'carrier'>;
  readonly metrics: Metrics;
  readonly logger: Logger;
  /** Made when it is first asked for. */
  executions(): Promise<Executions>;
}

/** What is under way. */
export interface OpenRuns {
  readonly runs: number;
  /** Whole seconds since the start of the oldest; 0 where there is none. */
  readonly oldestSeconds: number;
  /** Ids of the runs that nobody carried, whose rollback was started therefore; absent where there was none. */
  readonly restarted?: readonly string[];
}

/** How long after its start a run may have no execution: the API starts one and creates the run, a schedule's first state does. */
const GRACE_SECONDS = 600;

/**
 * Measures the runs without an end, and ends those that no execution carries on any more: EventBridge delivers the end of an execution
 * at best effort, and an execution can be lost. One that waits for approval is not counted: it may wait for a week, and its state
 * machine ends the wait.
 */
export async function watchRuns(watching: Watching): Promise<OpenRuns> {
  const { clock, journal, metrics, logger } = watching;
  const all = await journal.listOpenRuns();
  const open = all.filter(({ approval }) => approval?.status !== 'waiting');
  const answer = { runs: open.length, oldestSeconds: Math.max(0, ...open.map((run) => ageSeconds(clock, run))) };
  metrics.add({ name: 'RunningRuns', value: answer.runs, dimensions: {} });
  metrics.add({ name: 'OldestRunningRunSeconds', value: answer.oldestSeconds, dimensions: {} });
  const restarted: string[] = [];
  for (const run of all) {
    try {
      if (await finish(watching, run)) restarted.push(run.runId);
    } catch (error) {
      // One run's trouble is no reason to leave the others, and the next look comes in minutes.
      logger.error('a run without an end could not be looked at', { runId: run.runId, error: String(error) });
    }
  }
  return restarted.length === 0 ? answer : { ...answer, restarted };
}

function ageSeconds(clock: Clock, { startedAt }: RunRecord): number {
  return Math.max(0, Math.floor((clock.now() - Date.parse(startedAt)) / 1000));
}

/**
 * Starts the rollback of a run whose execution has ended without closing it, that has none, or whose rollback nobody carries.
 * Safe beside the event: a rollback that runs twice at once comes to the same end, and one over a run without changes closes it.
 */
async function finish({ clock, journal, logger, executions }: Watching, run: RunRecord): Promise<boolean> {
  const carrier = await journal.carrier(run.runId);
  // A scan writes nothing, and its state machine is not this one's to ask about.
  if (carrier?.executionId.includes('scan-cluster') === true) return false;
  const gateway = await executions();
  const reason =
    run.status === 'rolling-back'
      ? await lostRollback(gateway, run, carrier?.executionId)
      : await lostRun(gateway, run, carrier?.executionId);
  if (reason === '' || (carrier === undefined && ageSeconds(clock, run) < GRACE_SECONDS)) return false;
  logger.warn('a rollback is started for a run that had none', { runId: run.runId, reason });
  await startRollback(gateway, run.runId, { runId: run.runId, unitIds: null, reason });
  return true;
}

/** Why a run that goes forward has nobody who carries it; empty where it has. Its execution has its id as a name, unless the journal notes another. */
async function lostRun(executions: Executions, { runId }: RunRecord, executionId: string | undefined): Promise<string> {
  const status = await executions.status('migrate-cluster', nameOf(executionId) ?? runId);
  if (status === 'RUNNING' || status === 'PENDING_REDRIVE' || status === 'SUCCEEDED') return '';
  return status === undefined ? 'it has no execution' : `its execution ended as ${status}`;
}

/** Why a rollback that was begun has nobody who carries it; empty where it has. */
async function lostRollback(executions: Executions, { runId }: RunRecord, executionId: string | undefined): Promise<string> {
  const claimed = nameOf(executionId);
  if (claimed !== undefined && isUnderWay(await executions.status('rollback-run', claimed))) return '';
  // That of chosen units claims nothing; it has the next free name.
  for (let number = 1; ; number += 1) {
    const status = await executions.status('rollback-run', rollbackName(runId, number));
    if (status === undefined) return 'no execution rolls it back any more';
    if (isUnderWay(status)) return '';
  }
}

function isUnderWay(status: string | undefined): boolean {
  return status === 'RUNNING' || status === 'PENDING_REDRIVE';
}

/** The name of an execution by its ARN (Step Functions, "Executions"): what follows the last colon. */
function nameOf(executionId: string | undefined): string | undefined {
  return executionId?.split(':').at(-1);
}
