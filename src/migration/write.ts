import { takeNotes, withRequestNotes } from '../audit/request-notes.ts';
import type { AwsGateways } from '../aws/gateways.ts';
import type { EndedTry } from '../journal/journal.ts';
import type { KubernetesGateway } from '../kubernetes/gateway.ts';
import { type Clock, timestamp } from '../model/clock.ts';
import { isPodshiftError, PodshiftError } from '../model/errors.ts';
import type { EntryKind, JournalEntry, RunRecord, UnitRecord, UnitStep, WriteTry } from '../model/run.ts';
import { refuseAlone, unitsOfAddon } from './addon/together.ts';
import { endOfPause, pausedMilliseconds } from './pauses.ts';
import type { ClusterRuntime, JournalRuntime } from './runtime.ts';

/** How long the cluster's lock lasts beyond the wait that a step hands on: longer than Step Functions and Lambda take over a step that fails and runs again. */
const LOCK_SECONDS = 900;
/** How long it lasts where the process renews it every minute: a killed one loses it within minutes. */
export const HEARTBEAT_LOCK_SECONDS = 120;

/** For how long a step has to hold the cluster's lock that hands on a wait of so many seconds. */
export function lockSeconds({ heartbeat }: JournalRuntime, waitSeconds = 0): number {
  return heartbeat === true ? HEARTBEAT_LOCK_SECONDS : waitSeconds + LOCK_SECONDS;
}

/** Holds the lock of the run's cluster beyond a wait that is handed on. Throws `LockLost` where another run has it, and names that run. */
export async function holdLock(runtime: JournalRuntime, run: RunRecord, waitSeconds = 0): Promise<void> {
  if (run.clusterArn !== '') await runtime.journal.holdLock(run.clusterArn, run.runId, lockSeconds(runtime, waitSeconds));
}

/**
 * The longest that a function may run which writes forward: the largest `timeout` of them in serverless.yml, held in step by a test.
 * A try that has not told its end is over by then.
 */
export const WRITER_SECONDS = 270;

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
  /** Writes, reads back, compares, and answers the fields as written, or {@link UNWRITTEN}. Has to be safe to run twice. */
  perform(entry: JournalEntry): Promise<unknown>;
}

/** What `perform` answers where it wrote nothing: the entry stays as it is. */
export const UNWRITTEN = Symbol('nothing was written');

/**
 * The only way by which a forward step writes: fence (run and unit still go forward, and the lock is ours), record the
 * before-image, fence again, write, read back, mark as applied, fence once more. A rollback closes the fence first and reads the
 * journal then: it sees the intent of every write that the second fence let through, and waits for it. A write that finds after
 * itself that nothing goes forward any more is on record as applied, for the rollback that waits; where that rollback has ended
 * without it, the run or unit needs an operator.
 * Throws `LockLost`, and whatever the write throws; the intent then stays in the journal, and undo finds it. A write whose answer did
 * not come in time may arrive yet: its try stays open for as long as that of a function that died.
 */
export async function journaledWrite(runtime: JournalRuntime, run: RunRecord, write: JournaledWrite): Promise<JournalEntry> {
  const { key, unitId, kind, object, before } = write;
  const { journal, clock } = runtime;
  await requireForward(runtime, run.runId, unitId);
  await holdLock(runtime, run);
  const attempt: WriteTry = { id: runtime.ids.next(), until: clock.now() + WRITER_SECONDS * 1000 };
  const entry = await journal.recordIntent({ runId: run.runId, key, unitId, kind, object, before, attempt });
  return withRequestNotes(async () => {
    const ended = (): EndedTry => ({ id: attempt.id, requests: takeNotes() });
    let after: unknown;
    try {
      await requireForward(runtime, run.runId, unitId);
      after = await write.perform(entry);
    } catch (error) {
      if (!wasGivenUp(error)) {
        await journal.endTry(run.runId, key, ended()).catch((lost: unknown) => {
          // What failed the write says more; a try whose end is not on record is waited for until its time is over.
          runtime.logger.warn('the end of a try could not be noted', { runId: run.runId, key, error: String(lost) });
        });
      }
      throw error;
    }
    if (after === UNWRITTEN) {
      await journal.endTry(run.runId, key, ended());
      return entry;
    }
    await journal.markApplied(run.runId, key, after, ended());
    await refuseLate(runtime, run.runId, unitId, key);
    return { ...entry, state: 'applied', after };
  });
}

/** Notes that what an entry changed is as it was, with the requests that this step sent to that end since it noted one last. */
export async function markUndone({ journal }: JournalRuntime, runId: string, key: string): Promise<void> {
  await journal.markUndone(runId, key, takeNotes());
}

/** Codes of requests that their client stopped waiting for: what was sent may be on its way. */
const GIVEN_UP: ReadonlySet<unknown> = new Set(['TimeoutError', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT']);

function wasGivenUp(error: unknown): boolean {
  return isPodshiftError(error) && GIVEN_UP.has(error.details.code);
}

/** The run, provided that it goes forward. Throws `LockLost` where it is being rolled back or has ended, `RunNotFound`. */
async function requireRun(runtime: JournalRuntime, runId: string): Promise<RunRecord> {
  const run = await runtime.journal.getRun(runId);
  if (run.status !== 'running') throw new PodshiftError('LockLost', `run ${runId} is ${run.status}, so nothing more is migrated`);
  return run;
}

/** Run and unit go forward. Throws `LockLost`. */
async function requireForward(runtime: JournalRuntime, runId: string, unitId: string | null): Promise<void> {
  await requireRun(runtime, runId);
  if (unitId !== null) requireRunning(await runtime.journal.getUnit(runId, unitId));
}

/** A step that was delivered late, or twice, does nothing to a unit that has ended or rolls back. Throws `LockLost`. */
export function requireRunning(unit: UnitRecord): UnitRecord {
  if (unit.status !== 'running')
    throw new PodshiftError('LockLost', `unit ${unit.unitId} of run ${unit.runId} is ${unit.status}, so no step of it goes on`);
  return unit;
}

/**
 * Throws `LockLost` where the write came after the fence was closed. A rollback that is under way waited for it. One that has
 * ended did not see it: only a function that outlived its time limit can come so late (a process that was suspended).
 */
async function refuseLate(runtime: JournalRuntime, runId: string, unitId: string | null, key: string): Promise<void> {
  const { journal } = runtime;
  const reason = `a step that outlived its time limit wrote ${key} after the rollback; roll back once more: "podshift rollback ${runId}"`;
  const unit = unitId === null ? undefined : await journal.getUnit(runId, unitId);
  if (unit?.status === 'rolled-back' || unit?.status === 'held')
    await journal.updateUnit(runId, unit.unitId, { status: 'needs-operator', reason });
  const run = await journal.getRun(runId);
  if (run.status === 'rolled-back' || run.status === 'held') await journal.updateRun(runId, { status: 'needs-operator', reason });
  await requireForward(runtime, runId, unitId);
}

/** The run, provided that it is going forward; renews the cluster's lock. Throws `LockLost` where it is being rolled back or has ended, `RunNotFound`. */
export async function forwardRun(runtime: JournalRuntime, runId: string): Promise<RunRecord> {
  const run = await requireRun(runtime, runId);
  await holdLock(runtime, run);
  return run;
}

/** The lock is still this run's: asked ahead of every write of a rollback. Throws `LockLost`. */
export async function fence(runtime: JournalRuntime, run: RunRecord): Promise<void> {
  await holdLock(runtime, run);
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

/** The same for a step that needs nothing of the cluster. Throws `ProofFailed` where another unit of the same add-on goes back. */
export async function beginUnitStep(runtime: JournalRuntime, input: UnitInput, step: UnitStep): Promise<RunningUnit> {
  const run = await forwardRun(runtime, input.runId);
  const unit = requireRunning(await runtime.journal.getUnit(input.runId, input.unitId));
  if (unit.plan.addon !== undefined) refuseAlone(await unitsOfAddon(runtime, unit), unit);
  return { run, unit: await beginStep(runtime, unit, step) };
}

/**
 * Records the first try of a step, from which its deadline counts, and the end of a pause. That of an Argo Rollout's restart is on record ahead of
 * it, as its mark is made of that time, and so is that of a rollback, which another execution may go on with.
 */
export async function beginStep({ journal, clock }: JournalRuntime, unit: UnitRecord, step: UnitStep): Promise<UnitRecord> {
  const facts = endOfPause(clock, unit, step);
  if (unit.stepStartedAt[step] !== undefined && Object.keys(facts).length === 0) return unit;
  const begun = { stepStartedAt: { [step]: timestamp(clock) }, facts };
  const isMark = step === 'restart' && unit.plan.workloads.some(({ restart }) => restart === 'argo-rollout');
  return isMark || step === 'undo' ? journal.updateUnit(unit.runId, unit.unitId, begun) : journal.noteUnit(unit, begun);
}

/** Whole seconds since the first try of a step, its pauses left out; 0 where it has not begun. */
export function secondsIn(clock: Clock, unit: UnitRecord, step: UnitStep): number {
  const started = unit.stepStartedAt[step];
  if (started === undefined) return 0;
  return Math.floor((clock.now() - Date.parse(started) - pausedMilliseconds(unit, step)) / 1000);
}

/** Milliseconds since the unit's rollback began, or began again, its pauses left out. */
export function millisecondsGoingBack(clock: Clock, unit: UnitRecord): number {
  return clock.now() - Number(unit.facts.undoSince ?? clock.now()) - pausedMilliseconds(unit, 'undo');
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
