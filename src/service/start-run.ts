import { createHash } from 'node:crypto';
import { setTimeout as timer } from 'node:timers/promises';
import { checkLimits, withDefaults } from '../migration/run/check-limits.ts';
import { inspectCluster } from '../migration/run/open-run.ts';
import { noteRequester } from '../migration/run/requester.ts';
import type { ClusterRuntime, JournalRuntime, ServiceRuntime } from '../migration/runtime.ts';
import { timestamp } from '../model/clock.ts';
import { isPodshiftError, PodshiftError } from '../model/errors.ts';
import type { ClusterTarget, RunRecord } from '../model/run.ts';
import type { ApiAnswer } from './answer.ts';
import type { ApiRequest } from './request.ts';
import { describeRun } from './resources.ts';
import type { ROUTES } from './routes.ts';

type StartRun = ApiRequest<typeof ROUTES.startRun>['body'];

/** How long the cluster may take to answer: API Gateway gives the whole request 30 seconds. */
const PATIENCE_SECONDS = 20;

/**
 * `POST /runs`. The key is claimed first, so that of requests at once one run comes out; a claim without a run is nothing yet,
 * and the next try takes it up. The execution has the run's id as its name: starting it twice is the same as once.
 * Throws `OutsideLimits`, `IdempotencyKeyReused`, `ClusterUnreachable` also for a cluster that takes too long, `ExecutionExists`, and what
 * looking at the cluster throws; then nothing was started.
 */
export async function startRun(
  runtime: ClusterRuntime & ServiceRuntime,
  { headers, body: sent, caller }: ApiRequest<typeof ROUTES.startRun>,
  patienceSeconds: number = PATIENCE_SECONDS,
): Promise<ApiAnswer> {
  const { journal } = runtime;
  const body = withDefaults(runtime, sent);
  checkLimits(runtime, body);
  const fingerprint = createHash('sha256').update(JSON.stringify(body)).digest('hex');
  const claim = await journal.claimKey(headers['idempotency-key'], { runId: runtime.ids.next(), fingerprint });
  if (claim.fingerprint !== fingerprint) {
    throw new PodshiftError('IdempotencyKeyReused', `this key came with another request before, which is run ${claim.runId}`);
  }
  const { runId } = claim;
  const existing = await findRun(runtime, runId);
  if (existing !== undefined) return answer(existing);
  // What an earlier request left of its calls is not this run's.
  runtime.takeCalls();
  await reach(runtime, body, patienceSeconds);
  const run = await begin(runtime, runId, body, caller);
  await journal.addCalls(runId, runtime.takeCalls());
  return answer(run);
}

/**
 * Notes who asks, so that the execution's first state knows it, starts the execution, then creates the run as that state does: whoever
 * comes first creates it.
 */
async function begin(runtime: ServiceRuntime, runId: string, body: StartRun, caller: string): Promise<RunRecord> {
  const { target, options, mode, approval, expectedDigest } = body;
  const startedAt = timestamp(runtime.clock);
  const { requester } = await noteRequester(runtime, { runId, ...body }, { by: caller, source: 'api', at: startedAt, known: true });
  const executions = await runtime.executions();
  try {
    await executions.start('migrate-cluster', runId, { runId, ...body });
  } catch (error) {
    // It ran, and has ended, since this key came first.
    const existing = isPodshiftError(error, 'ExecutionExists') ? await findRun(runtime, runId) : undefined;
    if (existing === undefined) throw error;
    return existing;
  }
  return runtime.journal.createRun({ runId, target, options, startedAt, requester, terms: { mode, approval, expectedDigest } });
}

/** Whether the cluster is there and lets podshift in, in time: the client learns at once what the run would end with. */
async function reach(
  runtime: ClusterRuntime,
  { target, mode }: { readonly target: ClusterTarget; readonly mode: 'plan' | 'run' },
  seconds: number,
): Promise<void> {
  const controller = new AbortController();
  const late = timer(seconds * 1000, undefined, { signal: controller.signal }).then(() => {
    throw new PodshiftError('ClusterUnreachable', `cluster ${target.clusterName} did not answer within ${seconds} seconds`);
  });
  try {
    await Promise.race([inspectCluster(runtime, target, mode), late]);
  } finally {
    controller.abort();
  }
}

async function findRun(runtime: JournalRuntime, runId: string): Promise<RunRecord | undefined> {
  try {
    return await runtime.journal.getRun(runId);
  } catch (error) {
    if (isPodshiftError(error, 'RunNotFound')) return undefined;
    throw error;
  }
}

function answer(run: RunRecord): ApiAnswer {
  return { status: 202, body: describeRun(run), headers: { location: `/runs/${run.runId}` } };
}
