import pLimit from 'p-limit';
import { timestamp } from '../model/clock.ts';
import type { RunRecord, RunStatus } from '../model/run.ts';
import { type Outcome, outcomeOf, outcomeWithRetirement } from './outcome.ts';
import { planOf } from './plan-run.ts';
import { retirementOf } from './retirement-state.ts';
import type { Runtime } from './runtime.ts';

/** Writes to the journal under way at once. */
const CONCURRENCY = 16;

/** How the state machine came to the end. */
export interface CloseRunInput {
  readonly runId: string;
  /** `planned`: only a plan was asked for; `refused`: it was not approved; `halted`: a wave failed; `finished`: else. */
  readonly ending: 'planned' | 'refused' | 'halted' | 'finished';
  /** Why it was refused or halted; empty else. */
  readonly reason: string;
}

/** A run and how it stands: what the state machines answer. */
export interface RunOutput {
  readonly runId: string;
  readonly status: RunStatus;
}

/** Ends the run as its units ended, and lets go of the cluster. Units that were never begun are held. Ending twice is the same as once. */
export async function closeRun(runtime: Runtime, input: CloseRunInput): Promise<RunOutput> {
  const run = await runtime.journal.getRun(input.runId);
  if (run.endedAt !== null) return letGo(runtime, run, run.status);
  if (input.ending === 'planned') return endRun(runtime, run, { status: 'planned', reason: '' });
  await holdPendingUnits(runtime, run.runId, input.reason);
  if (input.ending === 'refused') return endRun(runtime, run, { status: 'held', reason: input.reason });
  const units = await runtime.journal.listUnits(run.runId);
  const outcome = outcomeOf(units, await runtime.journal.listRoles(run.runId), input.ending === 'halted' ? input.reason : '');
  const retirement = await retirementOf(runtime, run.runId);
  if (retirement === undefined && run.options.retireOnly)
    return endRun(runtime, run, { status: 'held', reason: await refusalOf(runtime, run.runId) });
  return endRun(runtime, run, outcomeWithRetirement(outcome, retirement, run.options.retireOnly));
}

/** Why the plan of a run that was to retire a daemon alone refuses to. */
async function refusalOf(runtime: Runtime, runId: string): Promise<string> {
  return (await planOf(runtime, runId)).retirement?.reason ?? 'the options name no daemon to retire';
}

/** Units of a run that ends before their turn: nothing was done to them. */
export async function holdPendingUnits(runtime: Runtime, runId: string, reason: string): Promise<void> {
  const limit = pLimit(CONCURRENCY);
  const pending = (await runtime.journal.listUnits(runId)).filter((unit) => unit.status === 'pending');
  await Promise.all(pending.map((unit) => limit(() => runtime.journal.updateUnit(runId, unit.unitId, { status: 'held', reason }))));
}

/** Notes the end, then lets go of the cluster: in this order, so that a crash between them leaves no run without an end. */
export async function endRun(
  runtime: Runtime,
  run: RunRecord,
  outcome: Outcome | { status: 'planned'; reason: string },
): Promise<RunOutput> {
  await runtime.journal.updateRun(run.runId, { ...outcome, endedAt: timestamp(runtime.clock) });
  return letGo(runtime, run, outcome.status);
}

async function letGo(runtime: Runtime, run: RunRecord, status: RunStatus): Promise<RunOutput> {
  if (run.clusterArn !== '') await runtime.journal.releaseLock(run.clusterArn, run.runId);
  return { runId: run.runId, status };
}
