import type { EngineClock } from '../../../engine/clock.ts';
import type { TwinClock } from '../../../twin/contracts.ts';

/** Virtual time, and all that happens in it, one thing after another. */
export interface SimulatedClock extends TwinClock {
  /** The same time as an engine's clock. Work takes as long as its effects do, so nothing holds time still. */
  readonly engine: EngineClock;
  /**
   * Lets time go on until the work is settled, or to `limit` (milliseconds since the epoch). Throws {@link Standstill} where
   * the work waits for something that nobody will do.
   */
  run<T>(work: Promise<T>, limit: number): Promise<T>;
}

/** Nothing will happen any more, or not before the limit. */
export class Standstill extends Error {
  override readonly name = 'Standstill';
}

interface Item {
  readonly due: number;
  readonly tie: number;
  readonly order: number;
  readonly run: () => void;
  /** Whether work goes on by it, which has to come to rest before the next thing happens. */
  readonly wakes: boolean;
  cancelled: boolean;
}

/** A clock that starts at `start`. `tie` decides which of two sleepers that are due at once wakes first. */
export function createSimulatedClock(start: number, tie: () => number): SimulatedClock {
  const items: Item[] = [];
  let time = start;
  let order = 0;

  const add = (milliseconds: number, run: () => void, wakes: boolean): Item => {
    order += 1;
    // The twin's own actions keep the order in which they were scheduled, ahead of all else at their instant.
    const item = { due: time + Math.max(0, milliseconds), tie: wakes ? tie() : -1, order, run, wakes, cancelled: false };
    push(items, item);
    return item;
  };
  const sleep = (milliseconds: number): Promise<void> => new Promise((resolve) => void add(milliseconds, resolve, true));
  const schedule: TwinClock['schedule'] = (milliseconds, action) => {
    const item = add(milliseconds, action, false);
    return () => {
      item.cancelled = true;
    };
  };

  /** Runs the next thing that is due; false where there is none up to the limit. */
  const step = (limit: number): Item | undefined => {
    for (let first = items[0]; first !== undefined && first.due <= limit; first = items[0]) {
      pop(items);
      if (first.cancelled) continue;
      time = Math.max(time, first.due);
      first.run();
      return first;
    }
    return undefined;
  };

  return {
    now: () => time,
    sleep,
    schedule,
    engine: {
      now: () => time,
      sleep: (seconds) => sleep(seconds * 1000),
      after: (seconds, action) => {
        const item = add(seconds * 1000, action, true);
        return () => {
          item.cancelled = true;
        };
      },
      busy: (work) => work(),
      pause: sleep,
    },
    run: async (work, limit) => {
      let settled = false;
      const mark = (): void => {
        settled = true;
      };
      work.then(mark, mark);
      await turn();
      while (!settled) {
        const done = step(limit);
        if (done === undefined) throw new Standstill(items.length === 0 ? 'nothing is left to happen' : 'the time is over');
        if (done.wakes) await turn();
      }
      return work;
    },
  };
}

/** Lets all promises that can go on come to rest: none of them waits for a timer of Node or a socket. */
function turn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

function earlier(left: Item, right: Item): boolean {
  if (left.due !== right.due) return left.due < right.due;
  return left.tie === right.tie ? left.order < right.order : left.tie < right.tie;
}

function push(heap: Item[], item: Item): void {
  let index = heap.length;
  heap.push(item);
  while (index > 0) {
    const parent = (index - 1) >> 1;
    const above = heap[parent] as Item;
    if (!earlier(item, above)) break;
    heap[index] = above;
    index = parent;
  }
  heap[index] = item;
}

function pop(heap: Item[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let index = 0;
  for (;;) {
    let child = 2 * index + 1;
    const right = heap[child + 1];
    if (right !== undefined && earlier(right, heap[child] as Item)) child += 1;
    const smaller = heap[child];
    if (smaller === undefined || !earlier(smaller, last)) break;
    heap[index] = smaller;
    index = child;
  }
  heap[index] = last;
}
