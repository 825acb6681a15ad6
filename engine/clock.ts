import type { Clock } from '../src/model/clock.ts';

/** The engine's time: what it needs beyond reading the clock. */
export interface EngineClock extends Clock {
  /** Resolves after so many seconds of this clock's time. */
  sleep(seconds: number): Promise<void>;
  /** Runs `action` after so many seconds, unless the answer is called first. By itself it makes a virtual clock go nowhere. */
  after(seconds: number, action: () => void): () => void;
  /** Runs work during which a virtual clock stands still, but for its pauses. */
  busy<T>(work: () => Promise<T>): Promise<T>;
  /** Resolves after so many milliseconds; the busy work that it is called from rests meanwhile, and lets a virtual clock go on. */
  pause(milliseconds: number): Promise<void>;
}
