import { createHash } from 'node:crypto';
import { gaveUp } from '../src/model/text/duration.ts';
import type { Retrier } from './asl.ts';
import { failureOf, originalError, type TaskFailure } from './task-failure.ts';

/** One line of states that run one after another: an execution, an item of a Map, a branch of a Parallel. */
export interface Frame {
  readonly id: number;
  /** The Map item that the frame works on. */
  readonly item: MapItem;
  /** Retries so far of each retrier, by the name of the state that is being retried. */
  readonly retries: Map<string, number[]>;
  /** Tries so far, and when the first one began in milliseconds, by the name of the state that is being tried. */
  readonly tries: Map<string, { readonly count: number; readonly since: number }>;
}

/** Whose line it is: its execution, and the units of a Map's item, once its selector ran. */
export interface MapItem {
  /** As `Progress` names it. */
  readonly execution: string;
  unitIds?: readonly string[];
}

/** The frames of one execution. */
export class Frames {
  readonly #frames = new Map<number, Frame>();
  readonly #executionId: string;
  readonly #startTime: string;
  readonly #input: unknown;

  constructor(executionId: string, startTime: string, input: unknown) {
    this.#executionId = executionId;
    this.#startTime = startTime;
    this.#input = input;
  }

  /**
   * The context object for one run of the library. The library copies it once for each line of states that it starts, and
   * that copy reads the getter: so each line gets a frame of its own, though the library tells handlers nothing of theirs.
   */
  context(item: MapItem, map?: { readonly Index: number; readonly Value: unknown }): object {
    const open = (): Frame => this.#open(item);
    const id = this.#executionId;
    const startTime = this.#startTime;
    // A distributed Map's children are executions of their own, with an input of their own.
    const input = map === undefined ? { Input: this.#input } : {};
    return {
      get Podshift() {
        return { Frame: open().id, Id: id, Name: id, StartTime: startTime, ...input };
      },
      ...(map === undefined ? {} : { Map: { Item: map } }),
    };
  }

  get(id: number): Frame {
    const frame = this.#frames.get(id);
    if (frame === undefined) {
      throw new Error(`there is no frame ${id}`);
    }
    return frame;
  }

  #open(item: MapItem): Frame {
    const frame = {
      id: this.#frames.size,
      item,
      retries: new Map<string, number[]>(),
      tries: new Map<string, { count: number; since: number }>(),
    };
    this.#frames.set(frame.id, frame);
    return frame;
  }
}

/**
 * Seconds to wait before the library retries this state, or undefined where it will not: the same rules as the library's,
 * which then retries at once. Full jitter spreads the children of a Map; `seed` is the execution's, so that a rehearsal replays it.
 */
export function nextRetry(
  frame: Frame,
  state: string,
  retriers: readonly Retrier[],
  failure: TaskFailure,
  seed: string,
): number | undefined {
  const index = failure.isRetryable ? retriers.findIndex((retrier) => matches(retrier, failure)) : -1;
  const retrier = retriers[index];
  const attempts = frame.retries.get(state) ?? retriers.map(() => 0);
  const attempt = attempts[index] ?? 0;
  if (retrier === undefined || attempt >= (retrier.MaxAttempts ?? 3)) {
    frame.retries.delete(state);
    return undefined;
  }
  attempts[index] = attempt + 1;
  frame.retries.set(state, attempts);
  const interval = (retrier.IntervalSeconds ?? 1) * (retrier.BackoffRate ?? 2) ** attempt;
  const delay = Math.min(interval, retrier.MaxDelaySeconds ?? Number.POSITIVE_INFINITY);
  return retrier.JitterStrategy === 'FULL' ? delay * fraction(`${seed} ${frame.id} ${state} ${attempts.join()}`) : delay;
}

/** Notes that a state is tried, once more or for the first time. */
export function countTry({ tries }: Frame, state: string, now: number): void {
  const { count, since } = tries.get(state) ?? { count: 0, since: now };
  tries.set(state, { count: count + 1, since });
}

/** The failure of a state that is not tried again; after several tries it says how many there were, and in what time. */
export function givenUp({ tries }: Frame, state: string, failure: TaskFailure, now: number): TaskFailure {
  const tried = tries.get(state);
  tries.delete(state);
  const error = originalError(failure);
  if (tried === undefined || tried.count < 2 || error === undefined) return failure;
  const milliseconds = now - tried.since;
  return failureOf(error.after(`${error.message}; ${gaveUp(tried.count, milliseconds)}`, { tries: tried.count, milliseconds }));
}

/** A number from 0 up to 1 that looks random, and is the same for the same text. */
function fraction(text: string): number {
  return createHash('sha256').update(text).digest().readUInt32BE() / 2 ** 32;
}

function matches(retrier: Retrier, failure: TaskFailure): boolean {
  return retrier.ErrorEquals.some((error) => error === failure.name || error === 'States.ALL' || error === 'States.TaskFailed');
}
