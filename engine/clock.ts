import type { Clock } from '../src/model/clock.ts';

/** The engine's time: what it needs beyond reading the clock. */
export interface EngineClock extends Clock {
  /** Resolves after so many seconds of this clock's time. */
  sleep(seconds: number): Promise<void>;
  /** Runs `action` after so many seconds, unless the answer is called first. By itself it makes a virtual clock go nowhere. */
  after(seconds: number, action: () => void): () => void;
  /** Runs work during which a virtual clock stands still. */
  busy<T>(work: () => Promise<T>): Promise<T>;
}
