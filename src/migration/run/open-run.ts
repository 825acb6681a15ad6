import { RESOURCES } from '../../kubernetes/resources.ts';
import { timestamp } from '../../model/clock.ts';
import { isPodshiftError, PodshiftError } from '../../model/errors.ts';
import type { MigrationOptions } from '../../model/options.ts';
import type { ClusterTarget, RunRecord, RunStatus } from '../../model/run.ts';
import type { ClusterRuntime, Runtime } from '../runtime.ts';
import { lockSeconds } from '../write.ts';
import { takeCluster } from './take-cluster.ts';

/** What starts a run, or takes up one that exists. */
export interface OpenRunInput {
  readonly runId: string;
  /** The execution that asks. */
  readonly executionId: string;
  readonly target: ClusterTarget;
  readonly mode: 'plan' | 'run';
  readonly approval: 'none' | 'required';
  /** The digest that the plan must have; null for any. */
  readonly expectedDigest: string | null;
  readonly options: MigrationOptions;
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
 * Creates the run, or takes up the one of this id with the options and the plan that it has. A run that changes things
 * takes the cluster's lock; planning reads alone and takes none.
 * Throws `InvalidInput` (the id belongs to another cluster, or the run is being rolled back), `ClusterNotFound`, `ClusterLocked`,
 * `LockLost` where its rollback began in this very moment.
 */
export async function openRun(runtime: Runtime, input: OpenRunInput): Promise<OpenRunOutput> {
  const { runId, target, mode, approval, expectedDigest } = input;
  // An execution that is refused below has nothing to roll back, unless it brought the run into being.
  await runtime.journal.noteExecution(runId, input.executionId, 'unheld');
  const run = await runtime.journal.createRun({ runId, target, options: input.options, startedAt: timestamp(runtime.clock) });
  if (run.target.clusterName !== target.clusterName || run.target.region !== target.region) {
    throw new PodshiftError('InvalidInput', `run ${runId} belongs to cluster ${run.target.clusterName} in ${run.target.region}`);
  }
  if (run.endedAt !== null) {
    await endLock(runtime, run);
    return { runId, state: 'ended', status: run.status, mode, approval, expectedDigest };
  }
  if (run.status === 'rolling-back') {
    throw new PodshiftError('InvalidInput', `run ${runId} is being rolled back; finish that with "podshift rollback ${runId}"`);
  }
  const cluster = await runtime.aws(run.target).eks.describeCluster();
  if (mode === 'run') {
    // One that was opened before has changed things, perhaps, and its record says how that stands.
    if (run.clusterArn === '') await takeCluster(runtime, run, cluster.arn);
    else await runtime.journal.acquireLock(cluster.arn, runId, lockSeconds(runtime));
  }
  await runtime.journal.noteExecution(runId, input.executionId, 'always');
  if (run.status !== 'running' || run.clusterArn !== cluster.arn)
    await runtime.journal.updateRun(runId, { clusterArn: cluster.arn, status: 'running' }, ['pending']);
  return { runId, state: 'open', status: 'running', mode, approval, expectedDigest };
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
    const kubernetes = await runtime.kubernetes(target);
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
