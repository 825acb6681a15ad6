import type { Journal } from '../journal/journal.ts';
import type { Clock } from '../model/clock.ts';
import type { Metrics } from '../model/metrics.ts';

/** What watching needs. */
export interface Watching {
  readonly clock: Clock;
  readonly journal: Pick<Journal, 'listOpenRuns'>;
  readonly metrics: Metrics;
}

/** What is under way. */
export interface OpenRuns {
  readonly runs: number;
  /** Whole seconds since the start of the oldest; 0 where there is none. */
  readonly oldestSeconds: number;
}

/**
 * Measures the runs without an end. One that waits for approval is not counted: it may wait for a week, and its state machine
 * ends the wait.
 */
export async function watchRuns({ clock, journal, metrics }: Watching): Promise<OpenRuns> {
  const open = (await journal.listOpenRuns()).filter(({ approval }) => approval?.status !== 'waiting');
  const ages = open.map(({ startedAt }) => Math.max(0, Math.floor((clock.now() - Date.parse(startedAt)) / 1000)));
  const answer = { runs: open.length, oldestSeconds: Math.max(0, ...ages) };
  metrics.add({ name: 'RunningRuns', value: answer.runs, dimensions: {} });
  metrics.add({ name: 'OldestRunningRunSeconds', value: answer.oldestSeconds, dimensions: {} });
  return answer;
}
