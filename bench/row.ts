/** A line of RESULTS.md. */
export interface Row {
  readonly what: string;
  readonly figure: string;
  /** What the figure must be; empty where it has no bound. */
  readonly bound: string;
  /** Whether it is; null where it has no bound. */
  readonly holds: boolean | null;
}

/** A row without a bound. */
export function told(what: string, figure: string): Row {
  return { what, figure, bound: '', holds: null };
}

/** A row whose number may be so much at most. */
export function atMost(what: string, number: number, most: number, figure: string, unit = ''): Row {
  const bound = `at most ${most.toLocaleString('en-US', { maximumFractionDigits: 3 })}${unit}`;
  return { what, figure, bound, holds: number <= most };
}

/** Whole, with commas. */
export function whole(number: number): string {
  return Math.round(number).toLocaleString('en-US');
}
