import pLimit from 'p-limit';
import { sealAudit } from '../../audit/audit.ts';
import { timestamp } from '../../model/clock.ts';
import { PodshiftError } from '../../model/errors.ts';
import type { RunRecord, RunStatus, UnitRecord } from '../../model/run.ts';
import { agentThatStays } from '../agent/agent.ts';
import { retirementOf } from '../retirement/retirement-record.ts';
import type { JournalRuntime } from '../runtime.ts';
import { closeApproval } from './approval.ts';
import { countUnits, type Outcome, outcomeOf, outcomeWithRetirement } from './outcome.ts';
import { planOf } from './plan-run.ts';
import { storePage } from './run-page.ts';

/** Writes to the journal under way at once. */
const CONCURRENCY = 16;

/** How the state machine came to the end. */
export interface CloseRunInput {
  readonly runId: string;
  /** `planned`: only a plan or a scan was asked for; `refused`: it was not approved; `halted`: a wave failed; `finished`: else. */
  readonly ending: 'planned' | 'refused' | 'halted' | 'finished';
  /** Why it was refused or halted, or what a scan found; empty else. */
  readonly reason: string;
}

/** A run and how it stands: what the state machines answer. */
export interface RunOutput {
  readonly runId: string;
  readonly status: RunStatus;
}

/** How a run stands that goes forward: only such a one ends by its own execution. One that rolls back ends with its rollback. */
const FORWARD = ['pending', 'running'] as const;

/**
 * Ends the run as its units ended, and lets go of the cluster. Units that were never begun are held. Ending twice is the same as once.
 * Throws `LockLost` where the run is being rolled back by now: its end, and its lock, are the rollback's.
 */
export async function closeRun(runtime: JournalRuntime, input: CloseRunInput): Promise<RunOutput> {
  const run = await runtime.journal.getRun(input.runId);
  if (run.endedAt !== null) return letGo(runtime, run, run.status);
  if (run.status === 'rolling-back') throw new PodshiftError('LockLost', `run ${run.runId} is rolling-back, so it ends with its rollback`);
  if (input.ending === 'refused') return closeRefused(runtime, run, input.reason);
  if (input.ending !== 'planned') await holdPendingUnits(runtime, run.runId, input.reason);
  const units = await runtime.journal.listUnits(run.runId);
  if (input.ending === 'planned') return endRun(runtime, run, { status: 'planned', reason: input.reason }, units, FORWARD);
  const halted = input.ending === 'halted' ? input.reason : '';
  const outcome = outcomeOf(units, await runtime.journal.listRoles(run.runId), halted);
  const ended = await withRetirement(runtime, run, outcome);
  if (ended.status !== 'held' && ended.status !== 'rolled-back') return endRun(runtime, run, ended, units, FORWARD);
  const stays = agentThatStays(await runtime.journal.listEntries(run.runId));
  return endRun(runtime, run, { ...ended, reason: `${ended.reason}${stays}` }, units, FORWARD);
}

async function withRetirement(runtime: JournalRuntime, run: RunRecord, outcome: Outcome): Promise<Outcome> {
  const { retireDaemon, retireOnly: alone } = run.options;
  if (retireDaemon === 'none' && !alone) return outcome;
  const { retirement: plan } = await planOf(runtime, run.runId);
  return outcomeWithRetirement(outcome, { alone, plan, record: await retirementOf(runtime, run.runId) });
}

/** Ends a run whose plan was refused, or whose approval nobody gave in time; `otherwise` where it never came to wait. */
async function closeRefused(runtime: JournalRuntime, waiting: RunRecord, otherwise: string): Promise<RunOutput> {
  const run = await closeApproval(runtime, waiting, 'not-approved');
  const reason = reasonOfRefusal(run, otherwise);
  await holdPendingUnits(runtime, run.runId, reason);
  return endRun(runtime, run, { status: 'held', reason }, await runtime.journal.listUnits(run.runId), FORWARD);
}

function reasonOfRefusal({ approval }: RunRecord, otherwise: string): string {
  if (approval?.status === 'refused') return `the plan was refused by ${approval.answer?.by}`;
  return approval?.status === 'expired' ? `the plan was not approved by ${approval.expiresAt}` : otherwise;
}

/** Units of a run that ends before their turn: nothing was done to them. */
export async function holdPendingUnits(runtime: JournalRuntime, runId: string, reason: string): Promise<void> {
  const limit = pLimit(CONCURRENCY);
  const pending = (await runtime.journal.listUnits(runId)).filter((unit) => unit.status === 'pending');
  await Promise.all(pending.map((unit) => limit(() => runtime.journal.updateUnit(runId, unit.unitId, { status: 'held', reason }))));
}

/**
 * Seals the run's audit, notes the end with it, then lets go of the cluster: in this order, so that a crash between them leaves no
 * run without an end, and no end without its audit. Its page comes last: whatever becomes of it, also a function that runs out of memory
 * or time, the run has ended as it did.
 * Throws `LockLost` where the run stands by now as none of `from`.
 */
export async function endRun(
  runtime: JournalRuntime,
  run: RunRecord,
  outcome: Outcome | { status: 'planned'; reason: string },
  units: readonly UnitRecord[],
  from: readonly RunStatus[],
): Promise<RunOutput> {
  const { journal, clock, logger, podshift: endedBy } = runtime;
  const closed = await closeApproval(runtime, run, 'not-approved');
  const end = { ...outcome, endedAt: timestamp(clock), unitCounts: countUnits(units), ...(endedBy === undefined ? {} : { endedBy }) };
  const audit = await sealAudit(journal, { ...closed, ...end });
  await journal.updateRun(run.runId, { ...end, audit }, from);
  // The log is kept apart from the journal: whoever changes one does not change the other.
  logger.info('the audit of the run is sealed', { runId: run.runId, auditHash: audit.hash, auditRecords: audit.records });
  const output = await letGo(runtime, run, outcome.status);
  await storePage(runtime, { ...closed, ...end, audit });
  return output;
}

/** Lets go of the cluster of a run that has ended, as it may have crashed before it did. */
export async function letGo(runtime: JournalRuntime, run: RunRecord, status: RunStatus): Promise<RunOutput> {
  if (run.clusterArn !== '') await runtime.journal.releaseLock(run.clusterArn, run.runId);
  return { runId: run.runId, status };
}
