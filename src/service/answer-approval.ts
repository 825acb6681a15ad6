import { checkApprover } from '../migration/run/approval-rule.ts';
import type { ServiceRuntime } from '../migration/runtime.ts';
import { timestamp } from '../model/clock.ts';
import { isPodshiftError, PodshiftError } from '../model/errors.ts';
import type { ApprovalAnswer, RunRecord } from '../model/run.ts';
import { isDigestOf } from '../plan/digest.ts';
import type { ApiAnswer } from './answer.ts';
import type { ApiRequest } from './request.ts';
import { describeRun } from './resources.ts';
import type { ROUTES } from './routes.ts';

/**
 * `POST /runs/{runId}/approval`. The answer is noted in the journal first, where the first one stays, and then delivered to
 * the state that waits: a request that was cut off in between is made good by the next one with the same decision.
 * Throws `RunNotFound`, `ApprovalMismatch` (another digest), `RunNotWaiting`, `ApprovalAnswered`, `TaskTokenGone` (too late),
 * and where the deployment wants an approval of another principal, `SelfApproval` and `RequesterUnknown`.
 */
export async function answerApproval(
  runtime: ServiceRuntime,
  { path, body, caller, requestId }: ApiRequest<typeof ROUTES.answerApproval>,
): Promise<ApiAnswer> {
  const run = await runtime.journal.getRun(path.runId);
  checkWaiting(run);
  if (!isDigestOf(body.digest, run.digest)) {
    throw new PodshiftError(
      'ApprovalMismatch',
      `the answer is to digest ${body.digest}, but the plan of run ${run.runId} is ${run.digest}`,
    );
  }
  if (body.decision === 'approve') checkApprover(runtime, run, caller);
  await deliver(runtime, run, { ...body, digest: run.digest, by: caller, at: timestamp(runtime.clock), requestId });
  return { status: 202, body: describeRun(await runtime.journal.getRun(run.runId)) };
}

function checkWaiting({ runId, approval, status, endedAt }: RunRecord): void {
  if (approval?.status === 'expired') {
    throw new PodshiftError(
      'TaskTokenGone',
      `run ${runId} ended before anybody approved it; it would have waited until ${approval.expiresAt}`,
    );
  }
  if (approval !== null && approval.status !== 'waiting') throw answered(runId, approval.answer);
  if (approval === null || endedAt !== null) {
    throw new PodshiftError('RunNotWaiting', `run ${runId} is ${status} and waits for no approval`);
  }
}

async function deliver(runtime: ServiceRuntime, { runId, approval }: RunRecord, answer: ApprovalAnswer): Promise<void> {
  const executions = await runtime.executions();
  // A second try for a token that took the place of the one that was noted.
  for (let attempt = 1; ; attempt += 1) {
    const noted = await runtime.journal.answerTaskToken(runId, answer);
    if (noted === undefined || noted.answer.decision !== answer.decision) throw answered(runId, noted?.answer ?? null);
    const isFirst = noted.answer.requestId === answer.requestId;
    try {
      if (answer.decision === 'approve') await executions.succeedTask(noted.token, { digest: noted.answer.digest });
      else await executions.failTask(noted.token, 'ApprovalRefused', `refused by ${noted.answer.by}`);
      return;
    } catch (error) {
      if (!isPodshiftError(error, 'TaskTokenGone')) throw error;
      if (!isFirst) throw answered(runId, noted.answer);
      if (attempt === 2) {
        throw new PodshiftError('TaskTokenGone', `run ${runId} waits no more: it waited until ${approval?.expiresAt}, or was stopped`);
      }
    }
  }
}

function answered(runId: string, answer: ApprovalAnswer | null): PodshiftError {
  const by = answer === null ? '' : `: ${answer.decision} by ${answer.by} at ${answer.at}`;
  return new PodshiftError('ApprovalAnswered', `the plan of run ${runId} has its answer${by}`);
}
