import type { AwsGateways } from '../aws/gateways.ts';
import type { KubernetesGateway } from '../kubernetes/gateway.ts';
import { type Clock, timestamp } from '../model/clock.ts';
import { PodshiftError } from '../model/errors.ts';
import type { EntryKind, JournalEntry, RunRecord, UnitRecord, UnitStep } from '../model/run.ts';
import type { ClusterRuntime, JournalRuntime } from './runtime.ts';

/** How long the cluster's lock lasts without a write; each write starts it anew. */
export const LOCK_SECONDS = 900;
/** How long a role's lease lasts. */
export const LEASE_SECONDS = 60;
/** What of it one write of a trust policy may take: the time-outs of a connection and of a request (src/aws/clients.ts). */
export const WRITE_SECONDS = 35;

/** One write to AWS or Kubernetes, as the journal keeps it. */
export interface JournaledWrite {
  /** `KIND#OBJECT`, and more where one object is written more than once. */
  readonly key: string;
  readonly unitId: string | null;
  readonly kind: EntryKind;
  readonly object: string;
  /** The fields that change, as they are now. */
  readonly before: unknown;
  /** Writes, reads back, compares, and answers the fields as written. Has to be safe to run twice. */
  perform(entry: JournalEntry): Promise<unknown>;
}

/**
 * The only way by which a forward step writes: fence (the run still goes forward, and the lock is ours), record the
 * before-image, write, read back, mark as applied. Throws `LockLost`, and whatever the write throws; the intent then stays in the journal, and undo finds it.
 */
export async function journaledWrite(runtime: JournalRuntime, run: RunRecord, write: JournaledWrite): Promise<JournalEntry> {
  const { key, unitId, kind, object, before } = write;
  // The way back holds the lock under the same name: a step that was under way when it began must write nothing after it.
  await forwardRun(runtime, run.runId);
  await runtime.journal.extendLock(run.clusterArn, run.runId, LOCK_SECONDS);
  const entry = await runtime.journal.recordIntent({ runId: run.runId, key, unitId, kind, object, before });
  const after = await write.perform(entry);
  await runtime.journal.markApplied(run.runId, key, after);
  return { ...entry, state: 'applied', after };
}

/** The run, provided that it is going forward. Throws `LockLost` where it is being rolled back or has ended, `RunNotFound`. */
export async function forwardRun(runtime: JournalRuntime, runId: string): Promise<RunRecord> {
  const run = await runtime.journal.getRun(runId);
  if (run.status !== 'running') throw new PodshiftError('LockLost', `run ${runId} is ${run.status}, so nothing more is migrated`);
  return run;
}

/** The lock is still this run's: asked ahead of every write of a rollback. Throws `LockLost`. */
export async function fence(runtime: JournalRuntime, run: RunRecord): Promise<void> {
  await runtime.journal.extendLock(run.clusterArn, run.runId, LOCK_SECONDS);
}

/** A unit and its run. */
interface RunningUnit {
  readonly run: RunRecord;
  readonly unit: UnitRecord;
}

/** What a step of a unit needs that works in the cluster. */
export interface UnitContext extends RunningUnit {
  readonly aws: AwsGateways;
  readonly kubernetes: KubernetesGateway;
}

/** What the state machine hands to every step of a unit. */
export interface UnitInput {
  readonly runId: string;
  readonly unitId: string;
}

/** The unit of a run that goes forward, with `step` noted as begun. Throws as {@link forwardRun} does. */
export async function forwardUnit(runtime: ClusterRuntime, input: UnitInput, step: UnitStep): Promise<UnitContext> {
  const { run, unit } = await beginUnitStep(runtime, input, step);
  return { run, unit, aws: runtime.aws(run.target), kubernetes: await runtime.kubernetes(run.target) };
}

/** The same for a step that needs nothing of the cluster. */
export async function beginUnitStep(runtime: JournalRuntime, input: UnitInput, step: UnitStep): Promise<RunningUnit> {
  const run = await forwardRun(runtime, input.runId);
  const unit = await beginStep(runtime, await runtime.journal.getUnit(input.runId, input.unitId), step);
  return { run, unit };
}

/** Notes the first try of a step, from which its deadline counts. */
export async function beginStep(runtime: JournalRuntime, unit: UnitRecord, step: UnitStep): Promise<UnitRecord> {
  if (unit.stepStartedAt[step] !== undefined) return unit;
  return runtime.journal.updateUnit(unit.runId, unit.unitId, { stepStartedAt: { [step]: timestamp(runtime.clock) } });
}

/** Whole seconds since the first try of a step; 0 where it has not begun. */
export function secondsIn(clock: Clock, unit: UnitRecord, step: UnitStep): number {
  const started = unit.stepStartedAt[step];
  return started === undefined ? 0 : Math.floor((clock.now() - Date.parse(started)) / 1000);
}

/** What a step that polls answers: the state machine waits and calls it again, or goes on. */
export interface Poll {
  readonly status: 'waiting' | 'ready';
  /** Whole seconds until the next call. */
  readonly waitSeconds: number;
}

/** Go on at once. */
export const READY: Poll = { status: 'ready', waitSeconds: 0 };

/** Wait and call again. */
export function waitFor(seconds: number): Poll {
  return { status: 'waiting', waitSeconds: seconds };
}
