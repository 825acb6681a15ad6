import type { RunRecord } from '../model/run.ts';
import type { JournalRuntime } from './runtime.ts';
import { holdLock, type Poll, waitFor } from './write.ts';

/** How often a step looks again. All times are whole seconds. */
export interface Pace {
  /** Between the first looks. */
  readonly first: number;
  /** Later ones wait this part of what was waited so far: a tenth where it is 10. */
  readonly part: number;
  /** The longest wait. */
  readonly most: number;
}

/** Twelve hours. */
const LONGEST_WAIT = 43_200;
/** Ten minutes: pods on their way back live on what their agent holds, which a few waits must not use up (unit/renew-pods.ts). */
const LONGEST_WAIT_BACK = 600;
/** A lock outlasts waits up to this without being held for them (write.ts: LOCK_SECONDS). */
export const HELD_ANYWAY_SECONDS = 300;

function pace(first: number, part = 10, most = LONGEST_WAIT): Pace {
  return { first, part, most };
}

/**
 * The pace of each step that polls. With the longest time-outs that the options allow, no execution has more than 20,000 events
 * (test/unit/statemachine/histories.test.ts). Steps that look several times for one thing, at dry runs in a row or at pods that are
 * evicted one after another, wait for smaller parts; those of the run itself, whose history has the waves too,
 * and of an add-on's update for larger ones.
 */
export const PACES = {
  runningAddons: pace(15, 5),
  agent: pace(5, 5),
  addon: pace(10, 5),
  together: pace(10, 5),
  proof: pace(3),
  rollout: pace(5, 8),
  eviction: pace(5, 35),
  verify: pace(5),
  use: pace(10, 8),
  endingPods: pace(60),
  renewal: pace(5),
  undo: pace(3, 40, LONGEST_WAIT_BACK),
  retirement: pace(3),
  daemonBack: pace(3, 10, LONGEST_WAIT_BACK),
} as const;

/** The pace of dry runs of which several in a row count. */
export function paceOfInjection(intervalSeconds: number): Pace {
  return pace(intervalSeconds, 15);
}

/**
 * Seconds until the next look of a step that has waited for so long: short at first, then a part of that, so that the looks of a step
 * grow with the logarithm of its time-out. Never beyond `limit`, after which the step gives up, by more than a first wait.
 */
export function nextWait({ first, part, most }: Pace, waited: number, limit: number): number {
  return Math.max(first, Math.min(Math.floor(waited / part), most, Math.floor(limit - waited) + 1));
}

/** Seconds that so many looks at this pace have waited. */
export function waitedAfter(of: Pace, looks: number, limit: number): number {
  let waited = 0;
  for (let look = 0; look < looks; look += 1) waited += nextWait(of, waited, limit);
  return waited;
}

/**
 * Wait and look again, as {@link nextWait} says; the cluster's lock is held beyond a long wait.
 * Throws `LockLost` where another run has it.
 */
export async function waitIn(runtime: JournalRuntime, run: RunRecord, of: Pace, waited: number, limit: number): Promise<Poll> {
  const seconds = nextWait(of, waited, limit);
  if (seconds > HELD_ANYWAY_SECONDS) await holdLock(runtime, run, seconds);
  return waitFor(seconds);
}
