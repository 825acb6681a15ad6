import { createHash } from 'node:crypto';
import pLimit from 'p-limit';
import { withRequestNotes } from '../../audit/request-notes.ts';
import { withNumbers } from '../../journal/numbers.ts';
import { ERRORS, type PodshiftError } from '../../model/errors.ts';
import type { JournalRuntime } from '../runtime.ts';
import type { Failure } from '../trust/grant-trust.ts';

/** Units or roles that one function works on at once. */
const AT_ONCE = 8;
/**
 * For how long one call begins further items, in milliseconds: functions of batches may run for 270 s (serverless.yml), and the one that
 * was begun last has the rest.
 */
const BEGINS_FOR = 120_000;
/** Clocks of two functions differ by so many milliseconds without harm. */
export const CLOSE = 500;

/** What is tried for an item, and again. */
export interface Tried {
  readonly at?: number | undefined;
  readonly from?: number | undefined;
  readonly queued?: number | undefined;
  readonly failed?: number | undefined;
}

/**
 * Whether an item's time has come: the last quarter of its wait is near enough, so that items which are looked at from the same time on, or
 * nearly so, are looked at together. One that waits for its turn comes when it is due: together they would all be too many again.
 */
export function isDue({ at = 0, from = at }: Tried, now: number): boolean {
  return at - (at - from) / 4 <= now + CLOSE;
}

/**
 * The items of a call that has taken until now: what it looked at waits from its end on, so that what was looked at in one call is looked at in one
 * again, however long requests waited for their turns. `began` and `now` are in milliseconds since the epoch.
 */
export function fromItsEnd<Item extends Tried>(items: readonly Item[], began: number, now: number): Item[] {
  return items.map((item) =>
    item.from === undefined || item.at === undefined || item.from < began ? item : { ...item, from: now, at: item.at + now - item.from },
  );
}

/** When an item is to be looked at again that waits so many seconds from now on. */
export function lookedAt(now: number, waitSeconds: number): { readonly at: number; readonly from: number } {
  return { at: now + waitSeconds * 1000, from: now };
}

/**
 * Works on each of the items that is due, several at a time, and answers what each became; those that are not due, or whose turn did not
 * come in this call, stay as they are. Throws what `work` throws, after all that were begun have ended.
 */
export async function workOn<Item extends Tried>(
  { clock, atOnce = AT_ONCE }: JournalRuntime,
  items: readonly Item[],
  isWanted: (item: Item) => boolean,
  work: (item: Item) => Promise<Item | undefined>,
): Promise<Item[]> {
  const limit = pLimit(atOnce);
  const until = clock.now() + BEGINS_FOR;
  const wanted = new Set(items.filter(isWanted));
  // What is sent for one item is not noted as another's.
  const one = async (item: Item) => (clock.now() < until ? withRequestNotes(() => work(item)) : item);
  const ends = await withNumbers(wanted.size, () =>
    Promise.allSettled(items.map((item) => (wanted.has(item) ? limit(() => one(item)) : item))),
  );
  const lost = ends.find((end) => end.status === 'rejected');
  if (lost !== undefined) throw lost.reason;
  return ends.flatMap((end) => (end.status === 'fulfilled' && end.value !== undefined ? [end.value] : []));
}

/** How often an item is tried again, and after how many seconds: as the Tasks' own rules (statemachine/retries.yaml). */
const RULES = {
  queued: { most: 500, first: 5, longest: 300 },
  failed: { most: 40, first: 2, longest: 60 },
} as const;
/**
 * So often an execution has looked at its batch when what is tried again there comes back together: its history has no room for all tries of
 * each item by itself (test/unit/statemachine/histories.test.ts).
 */
const OWN_LOOKS = 400;

/** Which item of which batch is tried again. */
export interface Turn {
  /** A text of its own for each item: those that were too many at once do not come back at once. */
  readonly seed: string;
  /** The same for each batch: not all of them come back at once either. */
  readonly batch: string;
  /** How often its execution has looked at the batch. */
  readonly looks: number;
}

/** The item when it is tried again after this error; undefined where it is not. `now` is in milliseconds since the epoch. */
export function triedAgain<Item extends Tried>(item: Item, error: PodshiftError, now: number, turn: Turn): Item | undefined {
  if (!ERRORS[error.name].retryable) return undefined;
  const rule = error.name === 'Throttled' || error.name === 'LeaseHeld' ? 'queued' : 'failed';
  const tries = item[rule] ?? 0;
  const { most, first, longest } = RULES[rule];
  if (tries >= most) return undefined;
  const { from: _looked, ...kept } = item;
  // A whole wait counts as two, of which each is half of that in the mean.
  if (turn.looks >= OWN_LOOKS)
    return { ...(kept as Item), [rule]: Math.min(most, tries + 2), at: nextOf(longest * 1000, fraction(turn.batch), now) };
  const seconds = Math.min(longest, first * 2 ** Math.min(tries, 20)) * fraction(`${turn.seed} ${rule} ${tries}`);
  return { ...(kept as Item), [rule]: tries + 1, at: now + Math.ceil(seconds * 1000) };
}

/** The next of the times that are `every` milliseconds apart, each by `offset` (a part of that) after a round one; not before half of that has passed. */
function nextOf(every: number, offset: number, now: number): number {
  const shift = Math.floor(offset * every);
  return (Math.floor((now + every / 2 - shift) / every) + 1) * every + shift;
}

/** A number from 0 up to 1 that looks random, and is the same for the same text. */
function fraction(text: string): number {
  return createHash('sha256').update(text).digest().readUInt32BE() / 2 ** 32;
}

/** As a state machine's Catch would hand it on. */
export function failureOf({ name, message }: PodshiftError): Failure {
  return { Error: name, Cause: message };
}

/** Whole seconds until the first of these items is due; 0 where one is. */
export function secondsUntilNext(items: readonly Tried[], now: number): number {
  if (items.some((item) => isDue(item, now))) return 0;
  return Math.max(1, Math.ceil((Math.min(...items.map(({ at = now }) => at)) - now) / 1000));
}
