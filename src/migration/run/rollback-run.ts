import { timestamp } from '../../model/clock.ts';
import { PodshiftError } from '../../model/errors.ts';
import type { JournalEntry, RunRecord, UnitRecord } from '../../model/run.ts';
import { agentThatStays } from '../agent/agent.ts';
import { BATCH_UNITS, chunks, newUndo, type RoleBatch, roleBatches, type UnitBatch } from '../batch/batch.ts';
import { secondsUntilClosed } from '../quiet.ts';
import { markDaemonLost, retirementOf } from '../retirement/retirement-record.ts';
import type { JournalRuntime } from '../runtime.ts';
import { type Failure, reasonOf } from '../trust/grant-trust.ts';
import { trustedRole } from '../trust/role-trust.ts';
import { lockSeconds } from '../write.ts';
import { endRun, holdPendingUnits, letGo, type RunOutput } from './close-run.ts';
import { changedByLaterRuns } from './later-runs.ts';
import { outcomeOf } from './outcome.ts';
import { type Round, roundOf } from './round.ts';

/** What is rolled back and why. */
export interface RollbackInput {
  readonly runId: string;
  /** Null for the whole run. */
  readonly unitIds: readonly string[] | null;
  readonly reason: string;
}

/** The same as rollback-run hands it on; `claimant` is its execution. */
export interface OpenRollbackInput extends RollbackInput {
  readonly claimant: string;
}

/** What the later states need. `nothing`: the run wrote nothing, or is rolled back already. */
export interface OpenRollbackOutput {
  readonly runId: string;
  readonly status: 'rollback' | 'nothing';
  readonly reason: string;
  /** The units that were asked for; null for all. */
  readonly chosen: readonly string[] | null;
  /** Where the first loop begins. */
  readonly batch: Round<never>;
  readonly iamWaitSeconds: number;
  readonly agent: { readonly tries: number };
}

/**
 * Opens the rollback of a run, whatever state it is in: crashed, ended, or half rolled back. It needs the journal alone.
 * Takes the cluster's lock; from now on no forward step of the run writes any more, and one that may be writing is waited for.
 * Throws `RunNotFound`, `ClusterLocked`, `Conflict` while a step may still be writing, `InvalidInput` for units that the run does not have, and for those of a daemon that
 * another run has retired since: they would return to nobody.
 */
export async function openRollback(runtime: JournalRuntime, input: OpenRollbackInput): Promise<OpenRollbackOutput> {
  const { journal, clock } = runtime;
  const run = await journal.getRun(input.runId);
  const { runId } = run;
  const units = await journal.listUnits(runId);
  const unknown = input.unitIds?.find((unitId) => !units.some((unit) => unit.unitId === unitId));
  if (unknown !== undefined) throw new PodshiftError('InvalidInput', `run ${runId} has no unit ${unknown}`);
  // A run that stopped itself has noted why; that says more than that its execution failed.
  const reason = run.endedAt === null && run.reason !== '' ? run.reason : input.reason;
  const output = {
    runId,
    reason,
    chosen: input.unitIds === null ? null : withAddons(units, input.unitIds),
    batch: { items: [], after: '', done: false },
    iamWaitSeconds: run.options.iamPropagationSeconds,
    agent: { tries: 0 },
  };
  if (run.endedAt !== null && !(await hasChanges(runtime, runId))) return { ...output, status: 'nothing' };
  await refuseRetired(
    runtime,
    run,
    units.filter((unit) => (output.chosen?.includes(unit.unitId) ?? true) && isUndoable(unit)),
  );
  if (await hasChanges(runtime, runId)) await journal.acquireLock(run.clusterArn, runId, lockSeconds(runtime));
  // The fence below ends the run's own execution; that one's end shall not start a second rollback.
  if (input.unitIds === null) await journal.claimRollback(runId, input.claimant, null);
  const since = run.status === 'rolling-back' ? run.rollbackStartedAt : undefined;
  const begun = { rollbackStartedAt: since ?? timestamp(clock), rollbackReason: input.reason };
  await journal.updateRun(runId, { status: 'rolling-back', reason, endedAt: null, ...(since === undefined ? begun : {}) });
  // Read after the fence is closed: every write that it let through is on record by now, and waited for.
  const entries = await journal.listEntries(runId);
  if (!entries.some((entry) => entry.state !== 'undone')) return { ...output, status: 'nothing' };
  const seconds = secondsUntilClosed(clock, entries);
  if (seconds > 0)
    throw new PodshiftError('Conflict', `a step of run ${runId} may still be writing, for ${seconds} s at most: its rollback begins then`);
  // Their trust goes back with that of the others: a unit that may still begin would keep it.
  await holdUnbegun(runtime, runId, reason);
  return { ...output, status: 'rollback' };
}

/** Whether anything that the run wrote, or may have written, is not undone. */
async function hasChanges({ journal }: JournalRuntime, runId: string): Promise<boolean> {
  return (await journal.listEntries(runId)).some((entry) => entry.state !== 'undone');
}

async function refuseRetired(runtime: JournalRuntime, run: RunRecord, units: readonly UnitRecord[]): Promise<void> {
  const returning = new Set<string>(units.filter(({ plan }) => plan.metadata !== undefined).map(({ plan }) => plan.mechanism));
  if (returning.size === 0) return;
  const later = (await runtime.journal.listRuns()).filter(
    (other) => other.runId !== run.runId && other.clusterArn === run.clusterArn && returning.has(other.options.retireDaemon),
  );
  for (const { runId, options } of later) {
    if ((await retirementOf(runtime, runId))?.status !== 'retired') continue;
    throw new PodshiftError('InvalidInput', `run ${runId} has retired ${options.retireDaemon}: roll that run back first`);
  }
}

/** What a loop of the rollback goes through: units to undo, or roles whose trust policy this run wrote. */
export interface RollbackBatchInput {
  readonly runId: string;
  readonly kind: 'units' | 'roles';
  readonly chosen: readonly string[] | null;
  readonly after: string;
}

/** The next units or roles of the rollback, in batches. */
export async function rollbackBatch(
  runtime: JournalRuntime,
  { runId, kind, chosen, after }: RollbackBatchInput,
): Promise<Round<UnitBatch | RoleBatch>> {
  const entries = await runtime.journal.listEntries(runId);
  const units = (await runtime.journal.listUnits(runId)).filter((unit) => chosen?.includes(unit.unitId) ?? true);
  if (kind === 'units') {
    const touched = new Set(entries.map((entry) => entry.unitId));
    const back = units.filter((unit) => touched.has(unit.unitId) && isUndoable(unit));
    return roundOf(
      back.map((unit) => unit.unitId),
      after,
      (ids) => chunks(ids, BATCH_UNITS).map((some) => newUndo(some)),
    );
  }
  // A run that retired a daemon alone has roles and no units.
  const concerned = new Set(units.map((unit) => unit.plan.roleArn));
  const written = entries.filter(
    (entry) => entry.kind === 'trust' && entry.state !== 'undone' && (chosen === null || concerned.has(entry.object)),
  );
  return roundOf(
    written.map((entry) => entry.object),
    after,
    (arns) => roleBatches(arns),
  );
}

/** The chosen units, and those that share an add-on with one of them: one update moves them. */
function withAddons(units: readonly UnitRecord[], chosen: readonly string[]): string[] {
  const addons = new Set(units.filter((unit) => chosen.includes(unit.unitId)).flatMap(({ plan }) => plan.addon?.name ?? []));
  const together = units.filter(({ plan }) => plan.addon !== undefined && addons.has(plan.addon.name)).map(({ unitId }) => unitId);
  return [...new Set([...chosen, ...together])].sort();
}

function isUndoable(unit: UnitRecord): boolean {
  return unit.status !== 'rolled-back' && unit.status !== 'held';
}

/** Ends the run after its rollback. `failure` is what of the run itself (its agent, a role) could not be undone. */
export async function closeRollback(
  runtime: JournalRuntime,
  input: { runId: string; reason: string; failure: Failure | null },
): Promise<RunOutput> {
  const run = await runtime.journal.getRun(input.runId);
  const entries = await runtime.journal.listEntries(run.runId);
  if (run.endedAt !== null) return letGo(runtime, run, run.status);
  await holdUnbegun(runtime, run.runId, input.reason);
  const units = await runtime.journal.listUnits(run.runId);
  if (entries.length === 0) return endRun(runtime, run, { status: 'held', reason: input.reason }, units, [run.status]);
  if (input.failure !== null) await markDaemonLost(runtime, { runId: run.runId, failure: input.failure });
  const problem = input.failure === null ? '' : `finish the rollback by hand: ${reasonOf(input.failure)}`;
  const outcome = outcomeOf(units, await runtime.journal.listRoles(run.runId), problem);
  // Nothing migrated is left: what this run wrote of its own (trust policies, the agent) went back too.
  const isBack = outcome.status === 'held' || outcome.status === 'rolled-back';
  const stays = isBack ? `${await trustThatStays(runtime, run, { entries, units })}${agentThatStays(entries)}` : '';
  const end = isBack ? { status: 'rolled-back' as const, reason: `${input.reason}${stays}` } : outcome;
  return endRun(runtime, run, end, units, [run.status]);
}

/** What the reason of a run says that went back, where a trust policy keeps what a later run works by; empty where none does. */
async function trustThatStays(
  runtime: JournalRuntime,
  run: RunRecord,
  { entries, units }: { readonly entries: readonly JournalEntry[]; readonly units: readonly UnitRecord[] },
): Promise<string> {
  const kept = new Set(entries.filter(({ kind, state }) => kind === 'trust' && state !== 'undone').map(({ object }) => object));
  const later = await changedByLaterRuns(runtime, run);
  const concerned = units.filter(({ unitId, plan }) => kept.has(plan.roleArn) && later.has(unitId));
  const [first] = concerned;
  if (first === undefined) return '';
  const { unitId, plan } = first;
  const more = concerned.length > 1 ? ` and ${concerned.length - 1} more` : '';
  const { roleName } = trustedRole(plan.roleArn);
  return `; the trust policy of role ${roleName} keeps ${unitId}${more}: run ${later.get(unitId)} has changed it since and needs it; roll that run back first to take it out`;
}

/** Units that crashed between their opening and their first write have nothing to undo. */
async function holdUnbegun(runtime: JournalRuntime, runId: string, reason: string): Promise<void> {
  await holdPendingUnits(runtime, runId, reason);
  const touched = new Set((await runtime.journal.listEntries(runId)).map((entry) => entry.unitId));
  for (const unit of await runtime.journal.listUnits(runId)) {
    if (unit.status === 'running' && !touched.has(unit.unitId))
      await runtime.journal.updateUnit(runId, unit.unitId, { status: 'held', reason });
  }
}
