import type { TwinClock } from '../contracts.ts';

/** What controllers have to look at. Keys are worked on once, however often they were named, in the order of their first naming. */
export class WorkQueue {
  readonly #clock: TwinClock;
  /** Milliseconds from a change until the controllers look at it. */
  readonly #lag: number;
  #due = new Map<string, () => void>();
  readonly #later = new Map<string, number>();
  #scheduled = false;
  #draining = false;

  constructor(clock: TwinClock, lag: number) {
    this.#clock = clock;
    this.#lag = lag;
  }

  add(key: string, work: () => void): void {
    if (!this.#due.has(key)) {
      this.#due.set(key, work);
    }
    if (!this.#scheduled && !this.#draining) {
      this.#scheduled = true;
      this.#clock.schedule(this.#lag, () => {
        this.#scheduled = false;
        this.#round();
      });
    }
  }

  /** Adds a key at a time in the future, in milliseconds since the epoch, unless it is due before. */
  addAt(time: number, key: string, work: () => void): void {
    const known = this.#later.get(key);
    if (known !== undefined && known <= time) {
      return;
    }
    this.#later.set(key, time);
    this.#clock.schedule(Math.max(0, time - this.#clock.now()), () => {
      if (this.#later.get(key) === time) {
        this.#later.delete(key);
        this.add(key, work);
      }
    });
  }

  /** Keeps everything until {@link drain}. */
  hold(): void {
    this.#draining = true;
  }

  /** Works at once until nothing is left: how the twin comes to rest before it is served. */
  drain(): void {
    this.#draining = true;
    try {
      while (this.#due.size > 0) {
        this.#round();
      }
    } finally {
      this.#draining = false;
    }
  }

  #round(): void {
    const batch = this.#due;
    this.#due = new Map();
    for (const work of batch.values()) {
      work();
    }
  }
}
