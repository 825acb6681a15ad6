import type { Row } from './results.ts';

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
