/** A time, in milliseconds since the epoch; both ends are in it. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** A time that is looked at once for several roles: it has the whole span of each of them. */
export interface TrailWindow extends Span {
  readonly roleArns: readonly string[];
}

/** One look for so many roles takes two look-ups at least: for fewer roles each is asked for by itself. */
export const FEWEST_ROLES = 3;
/** Spans so far apart, in milliseconds, are looked at together: the events between them fit on a page as a rule, and a window of its own takes two. */
const GAP = 300_000;

/** The windows in which roles are asked for together, by the span of each role; a role whose span has no company is in none of them. */
export function windowsOf(spans: ReadonlyMap<string, Span>): TrailWindow[] {
  const windows: { from: number; to: number; roleArns: string[] }[] = [];
  for (const [roleArn, { from, to }] of [...spans].sort(([, one], [, other]) => one.from - other.from)) {
    const last = windows.at(-1);
    if (last !== undefined && from <= last.to + GAP) {
      last.to = Math.max(last.to, to);
      last.roleArns.push(roleArn);
    } else {
      windows.push({ from, to, roleArns: [roleArn] });
    }
  }
  return windows.filter(({ roleArns }) => roleArns.length >= FEWEST_ROLES);
}
