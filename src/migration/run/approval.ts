import { PodshiftError } from '../../model/errors.ts';
import { APPROVAL_SECONDS, type Approval, type RunRecord } from '../../model/run.ts';
import { isDigestOf, planDifferences } from '../../plan/digest.ts';
import type { ClusterRuntime, JournalRuntime } from '../runtime.ts';
import { checkApprover } from './approval-rule.ts';
import { planNow, planOf } from './plan-run.ts';
import { takeCluster } from './take-cluster.ts';

/** Keeps the task token with the run, for whoever approves; it goes nowhere else. The state machine waits for its answer. */
export async function requestApproval(
  runtime: JournalRuntime,
  input: { runId: string; taskToken: string },
): Promise<{ runId: string; digest: string }> {
  const expiresAt = new Date(runtime.clock.now() + APPROVAL_SECONDS * 1000).toISOString();
  await runtime.journal.putTaskToken(input.runId, input.taskToken);
  const run = await runtime.journal.updateRun(input.runId, { approval: { status: 'waiting', expiresAt, answer: null } });
  return { runId: run.runId, digest: run.digest };
}

/**
 * Checks that what was approved is this plan, and that the plan still fits the world: an approval may come days later.
 * Whoever has a task's token can let the state go on, so that who approved counts here as well: the answer on record.
 * Takes the cluster's lock again, as it has expired by then. Throws `ApprovalMismatch` (also where podshift is deployed and none of
 * this plan is on record), `ApprovalRefused`, `SelfApproval`, `RequesterUnknown`, `WorldMoved`, `ClusterLocked`.
 */
export async function confirmApproval(runtime: ClusterRuntime, input: { runId: string; digest: string }): Promise<{ digest: string }> {
  const run = await runtime.journal.getRun(input.runId);
  if (!isDigestOf(input.digest, run.digest)) {
    throw new PodshiftError('ApprovalMismatch', `digest ${input.digest} was approved, but the plan of run ${run.runId} is ${run.digest}`);
  }
  await checkAnswer(runtime, run);
  await closeApproval(runtime, run, 'approved');
  await takeCluster(runtime, run, run.clusterArn);
  const now = await planNow(runtime, run);
  if (now.digest !== run.digest) {
    const different = planDifferences(await planOf(runtime, run.runId), now);
    throw new PodshiftError(
      'WorldMoved',
      `the cluster or its roles changed since the plan was made: it would be ${now.digest} now, not ${run.digest}; what differs: ${named(different)}`,
      { details: { expected: run.digest, found: now.digest, different: different.slice(0, NAMED) } },
    );
  }
  return { digest: run.digest };
}

/** Whether the answer on record lets the run go on. */
async function checkAnswer(runtime: JournalRuntime, run: RunRecord): Promise<void> {
  const answer = run.approval?.answer ?? (await runtime.journal.getTaskAnswer(run.runId));
  // On one machine whoever runs the process lets it go on.
  if (answer === undefined && runtime.deployment === undefined) return;
  if (answer?.decision === 'refuse') throw new PodshiftError('ApprovalRefused', `the plan of run ${run.runId} was refused by ${answer.by}`);
  if (answer === undefined || !isDigestOf(answer.digest, run.digest))
    throw new PodshiftError('ApprovalMismatch', `no approval of plan ${run.digest} of run ${run.runId} is on record`);
  checkApprover(runtime, run, answer.by);
}

/** The first of what differs: a sentence, and not the whole list. */
function named(different: readonly string[]): string {
  const rest = different.length - NAMED;
  return `${different.slice(0, NAMED).join('; ')}${rest > 0 ? `; and ${rest} more` : ''}`;
}

const NAMED = 10;

/** Notes in the run what became of its approval, and forgets the token. Closing it twice is the same as once. */
export async function closeApproval(runtime: JournalRuntime, run: RunRecord, outcome: 'approved' | 'not-approved'): Promise<RunRecord> {
  if (run.approval === null) return run;
  const closed = run.approval.status === 'waiting' ? await withOutcome(runtime, run, run.approval, outcome) : run;
  await runtime.journal.forgetTaskToken(run.runId);
  return closed;
}

async function withOutcome(
  runtime: JournalRuntime,
  run: RunRecord,
  waiting: Approval,
  outcome: 'approved' | 'not-approved',
): Promise<RunRecord> {
  const answer = (await runtime.journal.getTaskAnswer(run.runId)) ?? null;
  const status = outcome === 'approved' ? 'approved' : answer?.decision === 'refuse' ? 'refused' : 'expired';
  // An approval that was not delivered in time took no effect.
  const effective = status === 'expired' ? null : answer;
  return runtime.journal.updateRun(run.runId, { approval: { ...waiting, status, answer: effective } });
}
