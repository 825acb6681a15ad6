/** The time, handed in so that a rehearsal can run on the twin's clock. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
}

/** Fresh identifiers, handed in so that a run can be replayed. */
export interface Ids {
  /** An identifier never given before: 26 characters of `[0-9a-z]`, later ones sort after earlier ones. */
  next(): string;
}

/** `now()` of a clock as RFC 3339 in UTC with milliseconds. */
export function timestamp(clock: Clock): string {
  return new Date(clock.now()).toISOString();
}
