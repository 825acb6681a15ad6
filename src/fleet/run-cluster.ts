import type { JournalRuntime, ServiceRuntime } from '../migration/runtime.ts';
import { type Failure, reasonOf } from '../migration/trust/grant-trust.ts';
import { timestamp } from '../model/clock.ts';
import { isPodshiftError } from '../model/errors.ts';
import { clusterRunId, type FleetPhase, type FleetRecord, type MemberRecord, type UnitCounts } from '../model/fleet.ts';
import type { RunRecord, UnitRecord } from '../model/run.ts';
import { isEnd } from './waves.ts';

/** A cluster of a fleet, and what is done with it. */
export interface ClusterInput {
  readonly fleetId: string;
  readonly clusterArn: string;
  readonly phase: FleetPhase;
}

/** `waiting`: look again after so many seconds. */
export interface RunClusterOutput {
  readonly status: 'waiting' | 'ready';
  readonly waitSeconds: number;
}

const READY: RunClusterOutput = { status: 'ready', waitSeconds: 0 };

/** Planning reads alone: it takes minutes. */
const PLAN_SECONDS = 6 * 3600;

/** The rule that starts the way back of a failed run tries for so long (infra/rollback-rule.yml), and the way back takes its time. */
const ROLLBACK_SECONDS = 2 * 86_400;

/** The most seconds between two looks. */
const LONGEST_WAIT = 900;

/**
 * Seconds until the next look: a twentieth of the time so far. At first so many that all clusters of a wave together ask Step
 * Functions ten times a second at most (quotas: DescribeExecution). Twenty days are fewer than 2,200 looks.
 */
function nextWait(seconds: number, { waveSize }: FleetRecord['spec']): number {
  return Math.min(LONGEST_WAIT, Math.max(5, Math.ceil(waveSize / 10), Math.floor(seconds / 20)));
}

/**
 * One look at a cluster's run: starts it where nothing has, notes how it ended where it has, and else says when to look
 * again. The run is an execution of its own under an id that follows from fleet and cluster, so that it is started once
 * however often this is called, and taken up where its execution is gone without an end.
 */
export async function runCluster(runtime: ServiceRuntime, input: ClusterInput): Promise<RunClusterOutput> {
  const { journal, clock } = runtime;
  const { fleetId, clusterArn, phase } = input;
  const fleet = await journal.getFleet(fleetId);
  const before = await journal.getMember(fleetId, clusterArn);
  if (isEnd(before) || (phase === 'plan' && before.status === 'planned')) return READY;
  const status = phase === 'plan' ? 'planning' : 'running';
  const member = await journal.updateMember(fleetId, clusterArn, { status, startedAt: { [phase]: timestamp(clock) } });
  const run = await findRun(runtime, clusterRunId(fleetId, clusterArn, phase));
  if (run !== undefined && run.endedAt !== null) return end(runtime, input, run);
  const seconds = secondsSince(runtime, member.startedAt[phase]);
  const limit = phase === 'plan' ? Math.min(PLAN_SECONDS, fleet.spec.clusterTimeoutSeconds) : fleet.spec.clusterTimeoutSeconds;
  if (seconds > limit) return giveUp(runtime, input, `its run did not end within ${limit} seconds`);
  const problem = await keepRunning(runtime, fleet, member, phase, run);
  if (problem !== '') return giveUp(runtime, input, problem);
  return { status: 'waiting', waitSeconds: nextWait(seconds, fleet.spec) };
}

/** Sees to it that an execution works on the run. Answers with what no waiting can mend; empty while there is hope. */
async function keepRunning(
  runtime: ServiceRuntime,
  fleet: FleetRecord,
  member: MemberRecord,
  phase: FleetPhase,
  run: RunRecord | undefined,
): Promise<string> {
  const runId = clusterRunId(fleet.fleetId, member.clusterArn, phase);
  const executions = await runtime.executions();
  const status = await executions.status('migrate-cluster', runId);
  if (status === undefined && run?.status === 'rolling-back') {
    await unlessStarted(executions.start('rollback-run', `${runId}-by-fleet`, { runId, unitIds: null, reason: run.reason }));
    return '';
  }
  if (status === undefined) {
    await unlessStarted(executions.start('migrate-cluster', runId, migrationInput(fleet, member, phase)));
    return '';
  }
  if (status !== 'FAILED' && status !== 'TIMED_OUT' && status !== 'ABORTED') return '';
  // The way back of a failed run is another execution, and ends the run.
  const { startedAt } = await runtime.journal.updateMember(fleet.fleetId, member.clusterArn, {
    startedAt: { rollback: timestamp(runtime.clock) },
  });
  const late = secondsSince(runtime, startedAt.rollback) > ROLLBACK_SECONDS;
  return late ? `its execution ended as ${status}, and nothing rolled the run back: "podshift rollback ${runId}" does` : '';
}

function migrationInput({ approval, expectedDigest, spec }: FleetRecord, member: MemberRecord, phase: FleetPhase): unknown {
  return {
    runId: clusterRunId(member.fleetId, member.clusterArn, phase),
    target: member.target,
    mode: phase,
    approval: phase === 'plan' ? 'none' : approval,
    // What was approved is the fleet's plan, so each cluster must still have the one that is in it.
    expectedDigest: phase === 'plan' || expectedDigest === null ? null : member.digest,
    options: spec.migration,
  };
}

/** Two looks at once can both find nothing. */
async function unlessStarted(starting: Promise<unknown>): Promise<void> {
  try {
    await starting;
  } catch (error) {
    if (!isPodshiftError(error, 'ExecutionExists')) throw error;
  }
}

async function findRun({ journal }: JournalRuntime, runId: string): Promise<RunRecord | undefined> {
  try {
    return await journal.getRun(runId);
  } catch (error) {
    if (isPodshiftError(error, 'RunNotFound')) return undefined;
    throw error;
  }
}

async function end(runtime: ServiceRuntime, { fleetId, clusterArn, phase }: ClusterInput, run: RunRecord): Promise<RunClusterOutput> {
  const { journal } = runtime;
  const reason = await reasonOfEnd(runtime, run);
  if (phase === 'plan' && run.status !== 'planned') {
    await journal.updateMember(fleetId, clusterArn, { status: 'held', reason: `it could not be planned: ${reason}` });
    return READY;
  }
  const units = countUnits(await journal.listUnits(run.runId));
  const changes = { status: run.status as MemberRecord['status'], reason, units };
  await journal.updateMember(fleetId, clusterArn, { ...changes, ...(phase === 'plan' ? { digest: run.digest } : {}) });
  return READY;
}

/** What failed the execution says more than the run, whose way back only knows that it failed. */
async function reasonOfEnd(runtime: ServiceRuntime, { runId, status, reason }: RunRecord): Promise<string> {
  if (status !== 'held' && status !== 'rolled-back') return reason;
  const failure = await (await runtime.executions()).failure('migrate-cluster', runId);
  return failure === undefined ? reason : reasonOf({ Error: failure.error, Cause: failure.cause });
}

/** A plan that is given up has changed nothing; a run needs somebody's eyes. */
async function giveUp(
  { journal }: JournalRuntime,
  { fleetId, clusterArn, phase }: ClusterInput,
  reason: string,
): Promise<RunClusterOutput> {
  await journal.updateMember(fleetId, clusterArn, { status: phase === 'plan' ? 'held' : 'needs-operator', reason });
  return READY;
}

/** Ends a cluster whose looks failed for good: a cluster's failure is a result, so that the others go on. */
export async function giveUpCluster(
  runtime: JournalRuntime,
  input: ClusterInput & { readonly failure: Failure },
): Promise<RunClusterOutput> {
  const member = await runtime.journal.getMember(input.fleetId, input.clusterArn);
  return isEnd(member) ? READY : giveUp(runtime, input, `its run could not be looked after: ${reasonOf(input.failure)}`);
}

function countUnits(units: readonly UnitRecord[]): UnitCounts {
  const count = (...statuses: readonly UnitRecord['status'][]) => units.filter(({ status }) => statuses.includes(status)).length;
  return {
    pending: count('pending', 'running', 'rolling-back'),
    migrated: count('migrated'),
    held: count('held'),
    rolledBack: count('rolled-back'),
    needsOperator: count('needs-operator'),
  };
}

function secondsSince({ clock }: JournalRuntime, start: string | undefined): number {
  return start === undefined ? 0 : (clock.now() - Date.parse(start)) / 1000;
}
