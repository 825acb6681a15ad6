import { RESOURCES } from '../../kubernetes/resources.ts';
import { timestamp } from '../../model/clock.ts';
import { isPodshiftError, PodshiftError } from '../../model/errors.ts';
import type { RunTerms } from '../../model/requester.ts';
import type { ClusterTarget, RunRecord, RunStatus } from '../../model/run.ts';
import type { ClusterRuntime, Runtime } from '../runtime.ts';
import { lockSeconds } from '../write.ts';
import { approvalOf } from './approval-rule.ts';
import { checkLimits, withDefaults } from './check-limits.ts';
import { type AskedRun, type ExecutionClaim, requesterOf } from './requester.ts';
import { takeCluster } from './take-cluster.ts';

/** What starts a run, or takes up one that exists. */
export interface OpenRunInput extends AskedRun {
  /** The execution that asks. */
  readonly executionId: string;
  /** What the execution's whole input says of who asked. */
  readonly input?: ExecutionClaim | undefined;
}

/** What the later states need of it. `ended`: this run is over, nothing is to be done. */
export interface OpenRunOutput {
  readonly runId: string;
  readonly state: 'open' | 'ended';
  readonly status: RunStatus;
  readonly mode: 'plan' | 'run';
  readonly approval: 'none' | 'required';
  readonly expectedDigest: string | null;
}

/**
 * Creates the run, or takes up the one of this id with the options and the plan that it has: then what it was begun with holds, and an
 * execution that asks for more, or would wait for less, gets that. A run that changes things takes the cluster's lock; planning reads
 * alone and takes none. The rules of the deployment are held here, whoever started the execution.
 * Throws `InvalidInput` (the id belongs to another cluster or to a plan, or the run is being rolled back), `OutsideLimits`,
 * `RequesterUnknown`, `ClusterNotFound`, `ClusterLocked`, `LockLost` where its rollback began in this very moment.
 */
export async function openRun(runtime: Runtime, input: OpenRunInput): Promise<OpenRunOutput> {
  const { runId, target, mode } = input;
  // An execution that is refused below has nothing to roll back, unless it brought the run into being.
  await runtime.journal.noteExecution(runId, input.executionId, 'unheld');
  const run = await begin(runtime, input);
  if (run.target.clusterName !== target.clusterName || run.target.region !== target.region) {
    throw new PodshiftError('InvalidInput', `run ${runId} belongs to cluster ${run.target.clusterName} in ${run.target.region}`);
  }
  const terms = { mode, ...stricter(input, run.terms) };
  if (run.endedAt !== null) {
    await endLock(runtime, run);
    return { runId, state: 'ended', status: run.status, ...terms };
  }
  if (run.status === 'rolling-back') {
    throw new PodshiftError('InvalidInput', `run ${runId} is being rolled back; finish that with "podshift rollback ${runId}"`);
  }
  if (mode === 'run' && run.terms?.mode === 'plan')
    throw new PodshiftError('InvalidInput', `run ${runId} is only planned: to migrate, start a run of its own`);
  const approval = await ruled(runtime, run, terms);
  const cluster = await runtime.aws(run.target).eks.describeCluster();
  if (mode === 'run') {
    // One that was opened before has changed things, perhaps, and its record says how that stands.
    if (run.clusterArn === '') await takeCluster(runtime, run, cluster.arn);
    else await runtime.journal.acquireLock(cluster.arn, runId, lockSeconds(runtime));
  }
  await runtime.journal.noteExecution(runId, input.executionId, 'always');
  if (run.status !== 'running' || run.clusterArn !== cluster.arn)
    await runtime.journal.updateRun(runId, { clusterArn: cluster.arn, status: 'running' }, ['pending']);
  return { runId, state: 'open', status: 'running', ...terms, approval };
}

async function begin(runtime: Runtime, { input, ...given }: OpenRunInput): Promise<RunRecord> {
  const asked = withDefaults(runtime, given);
  const { runId, target, options, mode, approval, expectedDigest } = asked;
  const requester = await requesterOf(runtime, asked, input);
  return runtime.journal.createRun({
    runId,
    target,
    options,
    startedAt: timestamp(runtime.clock),
    ...(requester === undefined ? {} : { requester }),
    terms: { mode, approval, expectedDigest },
    ...(runtime.podshift === undefined ? {} : { podshift: runtime.podshift }),
  });
}

/** What an execution asks for, no laxer than what the run was begun with. */
function stricter(asked: RunTerms, begun: RunTerms | undefined): Omit<RunTerms, 'mode'> {
  return {
    approval: begun?.approval === 'required' ? 'required' : asked.approval,
    expectedDigest: begun?.expectedDigest ?? asked.expectedDigest,
  };
}

/** The deployment's rules over the run. One that they refuse at its beginning has the reason on record, for its end. */
async function ruled(runtime: Runtime, run: RunRecord, terms: RunTerms): Promise<RunTerms['approval']> {
  try {
    // What the run was begun with is what it works with.
    checkLimits(runtime, run);
    return approvalOf(runtime, terms, run.requester);
  } catch (error) {
    if (isPodshiftError(error) && run.status === 'pending') await runtime.journal.updateRun(run.runId, { reason: error.message });
    throw error;
  }
}

/** A run that crashed between its end and letting go of its cluster keeps it no longer. */
async function endLock({ journal }: Runtime, { runId, clusterArn }: RunRecord): Promise<void> {
  if (clusterArn === '') return;
  try {
    await journal.extendLock(clusterArn, runId, 0);
  } catch (error) {
    if (!isPodshiftError(error, 'LockLost')) throw error;
  }
}

/** {@link inspectCluster} for the cluster of a run. */
export async function checkCluster(
  runtime: ClusterRuntime,
  input: { runId: string; mode?: 'plan' | 'run' },
): Promise<{ kubernetesVersion: string; autoMode: boolean }> {
  return inspectCluster(runtime, (await runtime.journal.getRun(input.runId)).target, input.mode ?? 'run');
}

/**
 * Whether podshift can work on this cluster at all: its API server answers and lets podshift read, and it is active where anything is
 * to be changed (EKS refuses changes while it updates a cluster). What the platform lacks is for the plan to tell. Throws
 * `InvalidRequest` for a cluster that is not active, `ConfigMapAuthentication` where the API server refuses podshift and
 * takes principals from the aws-auth ConfigMap alone, else what the Kubernetes gateway throws.
 */
export async function inspectCluster(
  runtime: ClusterRuntime,
  target: ClusterTarget,
  mode: 'plan' | 'run',
): Promise<{ kubernetesVersion: string; autoMode: boolean }> {
  const cluster = await runtime.aws(target).eks.describeCluster();
  if (mode === 'run' && cluster.status !== 'ACTIVE')
    throw new PodshiftError('InvalidRequest', `cluster ${cluster.name} is ${cluster.status}, not ACTIVE; wait until it is`);
  try {
    const kubernetes = await runtime.kubernetes(target, cluster);
    await kubernetes.get(RESOURCES.namespaces, undefined, 'kube-system');
  } catch (error) {
    const refused = error instanceof PodshiftError && error.name === 'KubernetesUnauthorized';
    if (!refused || cluster.authenticationMode !== 'CONFIG_MAP') throw error;
    throw new PodshiftError(
      'ConfigMapAuthentication',
      `cluster ${cluster.name} takes principals from the aws-auth ConfigMap alone, and this one is not in it`,
      {
        cause: error,
      },
    );
  }
  return { kubernetesVersion: cluster.version, autoMode: cluster.autoMode };
}
