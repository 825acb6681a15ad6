import { type UnitNotes, withNotesOf } from '../../journal/unit-notes.ts';
import { namedError, type PodshiftError } from '../../model/errors.ts';
import { isPausing, pauseUnit } from '../pauses.ts';
import { HELD_ANYWAY_SECONDS } from '../polls.ts';
import type { JournalRuntime } from '../runtime.ts';
import type { Failure } from '../trust/grant-trust.ts';
import { turnBack } from '../unit/turn-back.ts';
import { markNeedsOperator } from '../unit/unit-state.ts';
import { holdLock, type UnitInput } from '../write.ts';
import type { UnitBatch, UnitItem } from './batch.ts';
import { CLOSE, failureOf, fromItsEnd, isDue, lookedAt, secondsUntilNext, type Tried, type Turn, triedAgain, workOn } from './carry.ts';

/**
 * How often a child execution looks at its units before another one goes on with them: an execution's history has room for so many
 * (test/unit/statemachine/histories.test.ts).
 */
const MOST_LOOKS = 800;

/** What a step's answer means for its unit; `readyIn`: the stage is done with it, and the next one begins in so many seconds at the earliest. */
export type Verdict = { readonly waitSeconds: number } | { readonly readyIn: number } | 'ready' | 'leaves' | 'undo';

/** One stage of a batch: a step of its units. */
export interface Stage<Reach extends JournalRuntime = JournalRuntime> {
  /** What a wait or a rollback of some units returns to: statemachine/migrate-units.asl.yaml and confirm-units.asl.yaml know it. */
  readonly name: string;
  step(runtime: Reach, input: UnitInput): Promise<Verdict>;
}

/** A step that is polled until it is ready; `then` says what becomes of a unit that is. */
export function polled<Reach extends JournalRuntime>(
  step: (runtime: Reach, input: UnitInput) => Promise<{ readonly status: 'waiting' | 'ready'; readonly waitSeconds: number }>,
  then: 'ready' | 'leaves' = 'ready',
): Stage<Reach>['step'] {
  return async (runtime, input) => {
    const { status, waitSeconds } = await step(runtime, input);
    return status === 'waiting' ? { waitSeconds } : then;
  };
}

/** A step that is done with once it has answered. */
export function done<Reach extends JournalRuntime>(step: (runtime: Reach, input: UnitInput) => Promise<unknown>): Stage<Reach>['step'] {
  return async (runtime, input) => {
    await step(runtime, input);
    return 'ready';
  };
}

/** The units of a batch as a stage finds them: where it begins, it is done with none. */
export function unitsAt(batch: UnitBatch, stage: string): readonly UnitItem[] {
  return batch.stage === stage ? batch.units : batch.units.map(({ unitId, notes }) => ({ unitId, ...noted(notes) }));
}

/**
 * Takes the units of a batch through one stage, several at a time, as far as it goes in this call. A unit whose step fails turns back at
 * once, and the journal knows why; one whose turn has not come, or whose service is away, is tried again later. Called again with what
 * it answered it goes on; called twice with the same, it does the same. Throws what the journal throws.
 */
export async function carryUnits<Reach extends JournalRuntime>(
  runtime: Reach,
  { runId, batch }: { readonly runId: string; readonly batch: UnitBatch },
  stage: Stage<Reach>,
): Promise<UnitBatch> {
  const now = runtime.clock.now();
  const units = unitsAt(batch, stage.name);
  const single = units.find(({ unitId, ready }) => ready !== true && batch.alone.includes(unitId));
  const turned: string[] = [];
  const left = await workOn(
    runtime,
    units,
    (item) => (single === undefined ? item.ready !== true && isDue(item, now) : item === single),
    async (item): Promise<UnitItem | undefined> => {
      const input = { runId, unitId: item.unitId };
      const { answer, notes } = await withNotesOf({ ...input, notes: item.notes }, async () => {
        const next = await lookAt(runtime, input, { item, batch }, stage);
        // Out of the batch, nobody would write them any more.
        if (typeof next === 'string') await runtime.journal.updateUnit(runId, item.unitId, {});
        return next;
      });
      if (answer === 'turned') turned.push(item.unitId);
      return typeof answer === 'string' ? undefined : { ...answer, ...noted(notes) };
    },
  );
  const next: UnitBatch = {
    ...batch,
    stage: stage.name,
    looks: batch.looks + 1,
    units: fromItsEnd(left, now, runtime.clock.now()),
    undoing: [...batch.undoing, ...turned.map((unitId) => ({ unitId }))],
    alone: batch.alone.filter((unitId) => unitId !== single?.unitId),
  };
  return withDue(runtime, await handOn(runtime, runId, next));
}

/** What a unit is after its step; `left` or `turned` where it goes forward in this batch no more. */
async function lookAt<Reach extends JournalRuntime>(
  runtime: Reach,
  input: UnitInput,
  { item, batch }: { readonly item: UnitItem; readonly batch: UnitBatch },
  stage: Stage<Reach>,
): Promise<UnitItem | 'left' | 'turned'> {
  const { runId, unitId } = input;
  const beganAt = runtime.clock.now();
  if (item.turn !== undefined && item.turn > beganAt + CLOSE) return { ...item, at: item.turn };
  try {
    await leaveOutLateness(runtime, input, item, batch);
    const verdict = await stage.step(runtime, input);
    if (verdict === 'leaves') return 'left';
    if (verdict === 'undo') return 'turned';
    if (verdict === 'ready') return { unitId, ready: true };
    if ('readyIn' in verdict) return { unitId, ready: true, at: runtime.clock.now() + verdict.readyIn * 1000 };
    return { unitId, ...lookedAt(runtime.clock.now(), verdict.waitSeconds) };
  } catch (thrown) {
    const again = await triedLater(runtime, input, item, { thrown, beganAt, ...turnOf(batch, `${runId} ${stage.name}`, item) });
    if (!('failure' in again)) return again;
    return (await turnBack(runtime, { ...input, failure: again.failure })) ? 'turned' : 'left';
  }
}

/** Nothing where nothing is noted, so that a batch has no more to carry than it needs. */
function noted(notes: UnitNotes = {}): { readonly notes?: UnitNotes } {
  return Object.keys(notes).length === 0 ? {} : { notes };
}

/** Looks at the units of a batch that roll back, several at a time. One that cannot be taken back needs an operator, and is out of it. */
export async function undoUnits<Reach extends JournalRuntime>(
  runtime: Reach,
  { runId, batch, failure }: { readonly runId: string; readonly batch: UnitBatch; readonly failure: Failure },
  step: (runtime: Reach, input: UnitInput & { readonly failure: Failure }) => Promise<{ status: string; waitSeconds: number }>,
): Promise<UnitBatch> {
  const now = runtime.clock.now();
  const single = batch.undoing.find(({ unitId }) => batch.alone.includes(unitId));
  const left = await workOn(
    runtime,
    batch.undoing,
    (item) => (single === undefined ? isDue(item, now) : item === single),
    async (item): Promise<UnitBatch['undoing'][number] | undefined> => {
      const input = { runId, unitId: item.unitId };
      const beganAt = runtime.clock.now();
      try {
        await leaveOutLateness(runtime, input, item, batch);
        const { status, waitSeconds } = await step(runtime, { ...input, failure });
        return status === 'waiting' ? { unitId: item.unitId, ...lookedAt(runtime.clock.now(), waitSeconds) } : undefined;
      } catch (thrown) {
        const again = await triedLater(runtime, input, item, { thrown, beganAt, ...turnOf(batch, `${runId} undo`, item) });
        if (!('failure' in again)) return again;
        await markNeedsOperator(runtime, { ...input, failure: again.failure });
        return undefined;
      }
    },
  );
  const alone = batch.alone.filter((unitId) => unitId !== single?.unitId);
  const isLast = batch.units.length === 0;
  const after = runtime.clock.now();
  const undoing = fromItsEnd(left, now, after);
  const next = { ...batch, looks: batch.looks + 1, undoing, alone, stage: isLast ? 'undo' : batch.stage };
  // What goes forward and waits for nothing does not wait for what rolls back.
  const isHeldUp = !isLast && !batch.units.some(({ ready }) => ready !== true);
  const waitSeconds = isHeldUp ? 0 : Math.min(untilForward(next, after), untilUndo(next, after));
  return withDue(
    runtime,
    await held(runtime, runId, { ...next, ...(left.length === 0 && isLast ? OVER : { status: 'waiting', waitSeconds }) }),
  );
}

const OVER = { status: 'over', waitSeconds: 0 } as const;

/** What the state machine does next with a batch that a stage has looked at. */
async function handOn(runtime: JournalRuntime, runId: string, batch: UnitBatch): Promise<UnitBatch> {
  const now = runtime.clock.now();
  const { units, undoing, looks } = batch;
  if (units.length + undoing.length === 0) return { ...batch, ...OVER };
  if (units.length === 0) return { ...batch, stage: 'undo', status: 'undo', waitSeconds: 0 };
  // Another child execution goes on with what is left, as the run's next step hands it out again.
  if (looks >= MOST_LOOKS) {
    for (const { unitId, notes } of units) await withNotesOf({ runId, unitId, notes }, () => runtime.journal.updateUnit(runId, unitId, {}));
    return { ...batch, ...OVER };
  }
  if (undoing.some((item) => isDue(item, now))) return { ...batch, status: 'undo', waitSeconds: 0 };
  if (units.every(({ ready }) => ready === true)) return { ...batch, status: 'ready', waitSeconds: untilNextStage(units, now) };
  const waitSeconds = Math.min(untilForward(batch, now), untilUndo(batch, now));
  return held(runtime, runId, { ...batch, status: 'waiting', waitSeconds });
}

/** Whole seconds until the next stage may begin with the last of these units. */
function untilNextStage(units: readonly UnitItem[], now: number): number {
  return Math.max(0, ...units.map(({ at = now }) => Math.ceil((at - now) / 1000)));
}

function untilForward({ units, alone }: UnitBatch, now: number): number {
  const pending = units.filter(({ ready }) => ready !== true);
  if (pending.some(({ unitId }) => alone.includes(unitId))) return 0;
  return pending.length === 0 ? Number.POSITIVE_INFINITY : secondsUntilNext(pending, now);
}

function untilUndo({ undoing, alone }: UnitBatch, now: number): number {
  if (undoing.some(({ unitId }) => alone.includes(unitId))) return 0;
  return undoing.length === 0 ? Number.POSITIVE_INFINITY : secondsUntilNext(undoing, now);
}

/** Milliseconds beyond its time that a look may come without being late. */
const LATE = 30_000;

/**
 * The time in which nobody looked at a unit, as calls of its batch did not end or others were called one at a time, counts for no deadline of
 * its own. What waits for another try has its time standing still already.
 */
async function leaveOutLateness(runtime: JournalRuntime, input: UnitInput, item: Tried, { due }: UnitBatch): Promise<void> {
  const since = item.at ?? due;
  const waits = item.queued !== undefined || item.failed !== undefined;
  if (since !== undefined && !waits && runtime.clock.now() > since + LATE) await pauseUnit(runtime, input, since);
}

/** The cluster's lock is held beyond a long wait. Throws `LockLost` where another run has it. */
async function held(runtime: JournalRuntime, runId: string, batch: UnitBatch): Promise<UnitBatch> {
  if (batch.waitSeconds > HELD_ANYWAY_SECONDS) await holdLock(runtime, await runtime.journal.getRun(runId), batch.waitSeconds);
  return batch;
}

/** The batch with the time at which it is to be called again; while units are called one at a time, the others are late from the last call of all of them on. */
function withDue({ clock }: JournalRuntime, batch: UnitBatch): UnitBatch {
  if (batch.alone.length > 0 && batch.due !== undefined) return batch;
  return { ...batch, due: clock.now() + batch.waitSeconds * 1000 };
}

interface Trouble extends Turn {
  readonly thrown: unknown;
  /** When the try began that failed, in milliseconds since the epoch. */
  readonly beganAt: number;
}

function turnOf({ units, undoing, looks }: UnitBatch, step: string, { unitId }: UnitItem): Turn {
  return { seed: `${step} ${unitId}`, batch: `${step} ${[...units, ...undoing][0]?.unitId ?? ''}`, looks };
}

/** The item as it is tried again, or why it is not. While a service is away, or its turn has not come, no deadline of the unit passes. */
async function triedLater<Item extends Tried>(
  runtime: JournalRuntime,
  input: UnitInput,
  item: Item,
  { thrown, beganAt, ...turn }: Trouble,
): Promise<Item | { readonly failure: Failure }> {
  const error = namedError(thrown);
  tell(runtime, input, error);
  if (isPausing(error)) {
    // As far as the journal allows: the step's own error is the one that counts.
    await pauseUnit(runtime, input, beganAt).catch((lost: unknown) => {
      runtime.logger.warn('a unit was not paused', { error: lost instanceof Error ? lost.name : typeof lost });
    });
  }
  return triedAgain(item, error, runtime.clock.now(), turn) ?? { failure: failureOf(error) };
}

function tell({ logger }: JournalRuntime, { runId, unitId }: UnitInput, { message, name, code, details }: PodshiftError): void {
  logger.error(message, { runId, unitId, error: name, code, ...details });
}

/**
 * After a call that did not end: the units of the batch are called one at a time from now on, so that the one that ends a function takes no
 * other with it. Where that was so already, the one that was called turns back, or needs an operator where it was on its way back.
 */
export async function isolateUnits(
  runtime: JournalRuntime,
  { runId, batch, undo, failure }: { readonly runId: string; readonly batch: UnitBatch; readonly undo: boolean; readonly failure: Failure },
): Promise<UnitBatch> {
  const { units, undoing, alone } = batch;
  const called: readonly UnitItem[] = undo ? undoing : units;
  const pending = called.filter(({ ready }) => ready !== true);
  // A stage that was called for the first time takes all of them anew.
  const one = [...pending, ...called].find(({ unitId }) => alone.includes(unitId));
  const next = { ...batch, status: 'waiting' as const, waitSeconds: 0 };
  if (one === undefined && units.length + undoing.length > 1) return { ...next, alone: [...units, ...undoing].map(({ unitId }) => unitId) };
  const { unitId } = one ?? called[0] ?? { unitId: '' };
  const without = <Item extends { readonly unitId: string }>(list: readonly Item[]): Item[] =>
    list.filter((item) => item.unitId !== unitId);
  if (unitId === '') return next;
  const rest = { ...next, alone: alone.filter((id) => id !== unitId), units: without(units), undoing: without(undoing) };
  if (undo) {
    await markNeedsOperator(runtime, { runId, unitId, failure });
    return rest;
  }
  const { answer: turns } = await withNotesOf({ runId, unitId, notes: units.find((item) => item.unitId === unitId)?.notes }, () =>
    turnBack(runtime, { runId, unitId, failure }),
  );
  return turns ? { ...rest, undoing: [...rest.undoing, { unitId }] } : rest;
}
