import { AsyncLocalStorage } from 'node:async_hooks';

/** Numbers of one run that were taken and not used yet. */
interface Taken {
  next: number;
  last: number;
}

/** The numbers of one piece of work: of each run, how they are taken. */
interface Numbering {
  readonly size: number;
  readonly runs: Map<string, Promise<Taken>>;
}

const numbering = new AsyncLocalStorage<Numbering>();

/**
 * Does some work whose entries and proofs are numbered from as few writes as may be: `size` numbers are taken at once. What is recorded
 * after this work has higher numbers than what it recorded, and within it those that come later do; what others record at the same time
 * may have either. Numbers that are left over are not used by anybody.
 */
export function withNumbers<T>(size: number, work: () => Promise<T>): Promise<T> {
  return numbering.run({ size: Math.max(1, size), runs: new Map() }, work);
}

/** The next number of a run: `take` takes so many and answers the last one of them. */
export async function nextNumber(runId: string, take: (size: number) => Promise<number>): Promise<number> {
  const scope = numbering.getStore();
  if (scope === undefined) return take(1);
  const taken = await (scope.runs.get(runId) ?? fill(scope, runId, take));
  if (taken.next <= taken.last) return taken.next++;
  // Whoever finds them used up first takes others, for all who wait.
  if ((await scope.runs.get(runId)) === taken) scope.runs.delete(runId);
  return nextNumber(runId, take);
}

function fill({ size, runs }: Numbering, runId: string, take: (size: number) => Promise<number>): Promise<Taken> {
  const filled = take(size).then((last) => ({ next: last - size + 1, last }));
  runs.set(runId, filled);
  // A take that failed is made again by the next one who asks.
  filled.catch(() => runs.delete(runId));
  return filled;
}
