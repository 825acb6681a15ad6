import type { ServiceRuntime } from '../migration/runtime.ts';
import { lockSeconds } from '../migration/write.ts';
import { isPodshiftError, PodshiftError } from '../model/errors.ts';
import type { RunRecord } from '../model/run.ts';
import type { ApiAnswer } from './answer.ts';
import type { Executions } from './executions.ts';
import type { ApiRequest } from './request.ts';
import { describeRun } from './resources.ts';
import type { ROUTES } from './routes.ts';

/**
 * `POST /runs/{runId}/rollback`. Starts the way back of a run that has ended or whose execution is gone; one that goes forward
 * is stopped first where that is asked for, and its end starts the way back (infra/rollback-rule.yml). A way back that runs
 * already is joined, one that is over is answered with 200.
 * Throws `RunNotFound`, `RunUnderWay`, `NothingToUndo`, `ClusterLocked`, `InvalidInput` for units that the run does not have.
 */
export async function rollBackRun(
  runtime: ServiceRuntime,
  { path, body, caller }: ApiRequest<typeof ROUTES.rollBackRun>,
): Promise<ApiAnswer> {
  const { journal } = runtime;
  const run = await journal.getRun(path.runId);
  const executions = await runtime.executions();
  if (await isGoingForward(executions, run)) {
    if (!body.stop) throw new PodshiftError('RunUnderWay', `run ${run.runId} is going forward`);
    await executions.stop('migrate-cluster', run.runId, `stopped by ${caller}`);
    return { status: 202, body: describeRun(run) };
  }
  const units = body.units === null ? null : [...new Set(body.units)].sort();
  await checkUnits(runtime, run, units);
  // One without an end has to be closed, whether there is anything to undo or not.
  if (run.endedAt !== null && !(await hasChanges(runtime, run, units))) {
    if (run.status === 'rolled-back') return { status: 200, body: describeRun(run) };
    throw new PodshiftError('NothingToUndo', `run ${run.runId} is ${run.status}, and nothing that it changed is left to undo`);
  }
  await holdCluster(runtime, run);
  await startRollback(executions, run.runId, { runId: run.runId, unitIds: units, reason: `asked for by ${caller}` });
  return { status: 202, body: describeRun(await journal.getRun(run.runId)) };
}

/** Another run's lock would fail the execution where nobody sees it. One that is not used after all ends by itself. */
async function holdCluster(runtime: ServiceRuntime, { runId, clusterArn }: RunRecord): Promise<void> {
  if (clusterArn !== '') await runtime.journal.acquireLock(clusterArn, runId, lockSeconds(runtime));
}

/** A run without an end whose execution is no more has crashed: it can go back. */
async function isGoingForward(executions: Executions, run: RunRecord): Promise<boolean> {
  if (run.endedAt !== null || run.status === 'rolling-back') return false;
  const status = await executions.status('migrate-cluster', run.runId);
  return status === 'RUNNING' || status === 'PENDING_REDRIVE';
}

async function checkUnits({ journal }: ServiceRuntime, { runId }: RunRecord, units: readonly string[] | null): Promise<void> {
  if (units === null) return;
  const known = new Set((await journal.listUnits(runId)).map((unit) => unit.unitId));
  const unknown = units.filter((unit) => !known.has(unit));
  if (unknown.length > 0) throw new PodshiftError('InvalidInput', `run ${runId} has no unit ${unknown.join(', ')}`);
}

/** Whether anything that belongs to the units, or to the run, is not undone. */
async function hasChanges({ journal }: ServiceRuntime, { runId }: RunRecord, units: readonly string[] | null): Promise<boolean> {
  const left = (await journal.listEntries(runId)).filter((entry) => entry.state !== 'undone');
  return units === null ? left.length > 0 : left.some((entry) => entry.unitId !== null && units.includes(entry.unitId));
}

/** The name of a run's so-many-th rollback. */
export function rollbackName(runId: string, number: number): string {
  return `${runId}-${number}`;
}

/** Starts the next rollback of the run under the first name that is free; one that is under way with the same input is it. */
export async function startRollback(executions: Executions, runId: string, input: object): Promise<void> {
  for (let number = 1; ; number += 1) {
    const name = rollbackName(runId, number);
    const status = await executions.status('rollback-run', name);
    if (status !== undefined && status !== 'RUNNING') continue;
    try {
      await executions.start('rollback-run', name, input);
      return;
    } catch (error) {
      if (!isPodshiftError(error, 'ExecutionExists')) throw error;
      throw new PodshiftError('RunUnderWay', `run ${runId} is being rolled back on somebody else's word`, { cause: error });
    }
  }
}
