import { AsyncLocalStorage } from 'node:async_hooks';
import type { EngineClock } from '../engine/clock.ts';
import type { TwinClock } from './contracts.ts';

/**
 * Virtual time for a whole rehearsal: the twin's clock, and by {@link VirtualClock.engine} the engine's.
 *
 * It is discrete-event: time stands still while anything works and jumps to the earliest due item once all wait. Only
 * sleepers move it: scheduled actions alone (the twin's controllers) never make it run ahead.
 */
export interface VirtualClock extends TwinClock {
  /** The same time as an engine's clock, whose `sleep` takes seconds and not milliseconds. */
  readonly engine: EngineClock;
  /** Keeps time still until the answer is called (calling it again does nothing): for work that `engine.busy` cannot wrap. */
  hold(): () => void;
  /** Moves time by so many milliseconds, whoever is busy, running all that falls due on the way; for tests. */
  advance(milliseconds: number): Promise<void>;
}

/** Real time for a twin that is served to other programs. */
export interface SystemClock extends TwinClock {
  readonly engine: EngineClock;
  hold(): () => void;
  /** Cancels all scheduled actions. Sleepers wake at once. */
  close(): void;
}

interface Item {
  readonly due: number;
  readonly order: number;
  readonly run: () => void;
  readonly sleeper: boolean;
  cancelled: boolean;
}

/** A clock that starts at `startMilliseconds` since the Unix epoch. */
export function createVirtualClock(startMilliseconds: number): VirtualClock {
  const items: Item[] = [];
  let time = startMilliseconds;
  let order = 0;
  let sleepers = 0;
  let held = 0;
  let activity = 0;
  let pumping = false;
  let advancing = false;

  const add = (milliseconds: number, run: () => void, sleeper: boolean): Item => {
    order += 1;
    const item: Item = { due: time + Math.max(0, milliseconds), order, run, sleeper, cancelled: false };
    push(items, item);
    return item;
  };

  /** Runs all that is due at the earliest instant up to `limit`; answers whether a sleeper woke, or undefined where nothing is due. */
  const step = (limit: number): boolean | undefined => {
    dropCancelled(items);
    const first = items[0];
    if (first === undefined || first.due > limit) {
      return undefined;
    }
    time = Math.max(time, first.due);
    let woke = false;
    for (let next = items[0]; next !== undefined && next.due <= time; next = items[0]) {
      pop(items);
      if (!next.cancelled) {
        if (next.sleeper) {
          sleepers -= 1;
          woke = true;
        }
        next.run();
      }
    }
    return woke;
  };

  const pump = async (): Promise<void> => {
    if (pumping || advancing) {
      return;
    }
    pumping = true;
    try {
      while (sleepers > 0 && held === 0) {
        const seen = activity;
        await settle();
        if (seen !== activity || held > 0 || advancing) {
          if (held > 0 || advancing) {
            return;
          }
          continue;
        }
        // Actions alone need no settling: they are synchronous. Whatever they wake outside holds the clock or counts as activity.
        const before = activity;
        while (sleepers > 0 && step(Number.POSITIVE_INFINITY) === false && before === activity);
      }
    } finally {
      pumping = false;
    }
  };

  const hold = (): (() => void) => {
    held += 1;
    activity += 1;
    let released = false;
    return () => {
      if (!released) {
        released = true;
        held -= 1;
        activity += 1;
        void pump();
      }
    };
  };

  const sleep = (milliseconds: number): Promise<void> =>
    new Promise((resolve) => {
      sleepers += 1;
      activity += 1;
      add(milliseconds, resolve, true);
      void pump();
    });

  const schedule: TwinClock['schedule'] = (milliseconds, action) => {
    const item = add(milliseconds, action, false);
    return () => {
      item.cancelled = true;
    };
  };

  return {
    now: () => time,
    schedule,
    sleep,
    hold,
    advance: async (milliseconds) => {
      const target = time + milliseconds;
      advancing = true;
      try {
        await settle();
        for (let woke = step(target); woke !== undefined; woke = step(target)) {
          if (woke) {
            await settle();
          }
        }
        time = Math.max(time, target);
        await settle();
      } finally {
        advancing = false;
        void pump();
      }
    },
    engine: engineView(() => time, sleep, schedule, hold),
  };
}

/** The machine's clock, `speed` times as fast from the moment on that it is made. Its scheduled actions keep no process alive. */
export function createSystemClock(speed = 1): SystemClock {
  const origin = Date.now();
  const now = (): number => origin + Math.round((Date.now() - origin) * speed);
  const pending = new Set<{ timer: NodeJS.Timeout; wake: (() => void) | undefined }>();
  const start = (milliseconds: number, run: () => void, wake?: () => void): (() => void) => {
    // Node's timers overflow beyond 2^31-1 ms and would fire at once.
    const timer = setTimeout(
      () => {
        pending.delete(entry);
        run();
      },
      Math.min(Math.max(0, milliseconds / speed), 2_147_483_647),
    );
    const entry = { timer, wake };
    pending.add(entry);
    return () => {
      clearTimeout(timer);
      pending.delete(entry);
    };
  };
  const sleep = (milliseconds: number): Promise<void> => new Promise((resolve) => void start(milliseconds, resolve, resolve));
  const schedule: TwinClock['schedule'] = (milliseconds, action) => {
    const cancel = start(milliseconds, action);
    for (const entry of pending) {
      if (entry.wake === undefined) {
        entry.timer.unref();
      }
    }
    return cancel;
  };
  return {
    now,
    schedule,
    sleep,
    hold: () => () => undefined,
    close: () => {
      for (const entry of pending) {
        clearTimeout(entry.timer);
        entry.wake?.();
      }
      pending.clear();
    },
    engine: engineView(now, sleep, schedule, () => () => undefined),
  };
}

function engineView(
  now: () => number,
  sleep: (milliseconds: number) => Promise<void>,
  schedule: TwinClock['schedule'],
  hold: () => () => void,
): EngineClock {
  /** The busy work that a call comes from, and how many of its strands rest now: it holds the clock while none does. */
  const works = new AsyncLocalStorage<{ resting: number; ended: boolean; release: () => void }>();
  return {
    now,
    sleep: (seconds) => sleep(seconds * 1000),
    after: (seconds, action) => schedule(seconds * 1000, action),
    busy: async (work) => {
      const own = { resting: 0, ended: false, release: hold() };
      try {
        return await works.run(own, work);
      } finally {
        own.ended = true;
        own.release();
      }
    },
    pause: async (milliseconds) => {
      const own = works.getStore();
      if (own === undefined) return sleep(milliseconds);
      own.resting += 1;
      if (own.resting === 1) own.release();
      // Held again at the very instant that it wakes, ahead of whatever else is due later.
      schedule(milliseconds, () => {
        own.resting -= 1;
        if (own.resting === 0 && !own.ended) own.release = hold();
      });
      await sleep(milliseconds);
    },
  };
}

/** A few turns of the event loop, so that replies, streams and promises that are under way come to rest. */
async function settle(): Promise<void> {
  await turn();
  await turn();
  await new Promise<void>((resolve) => void setTimeout(resolve, 0));
  await turn();
  await turn();
}

function turn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

function earlier(left: Item, right: Item): boolean {
  return left.due < right.due || (left.due === right.due && left.order < right.order);
}

function dropCancelled(heap: Item[]): void {
  while (heap[0]?.cancelled === true) {
    pop(heap);
  }
}

function push(heap: Item[], item: Item): void {
  let index = heap.length;
  heap.push(item);
  while (index > 0) {
    const parent = (index - 1) >> 1;
    const above = heap[parent] as Item;
    if (!earlier(item, above)) {
      break;
    }
    heap[index] = above;
    index = parent;
  }
  heap[index] = item;
}

function pop(heap: Item[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) {
    return;
  }
  let index = 0;
  for (;;) {
    let child = 2 * index + 1;
    const right = heap[child + 1];
    if (right !== undefined && earlier(right, heap[child] as Item)) {
      child += 1;
    }
    const smaller = heap[child];
    if (smaller === undefined || !earlier(smaller, last)) {
      break;
    }
    heap[index] = smaller;
    index = child;
  }
  heap[index] = last;
}
