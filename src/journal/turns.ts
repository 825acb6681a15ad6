import type { Clock } from '../model/clock.ts';
import { PodshiftError } from '../model/errors.ts';
import { json } from './items.ts';
import type { Journal, TurnsWanted } from './journal.ts';
import { turnsKey } from './layout.ts';
import { ABSENT, type Table } from './table.ts';

const MINUTE = 60_000;
/** How often turns are compared and written, while other batches of the run take theirs. */
const MOST_TRIES = 20;

/** A turn that was taken: when, in milliseconds since the epoch, for how many pods, and by whom; empty for the later minutes of pods that one does not hold. */
export interface TakenTurn {
  readonly key: string;
  readonly at: number;
  readonly pods: number;
}

/**
 * The turns of these groups of pods, each the first one that is left after those that were taken: in no 60 seconds have more pods their
 * turn than a minute may, but for a group that is larger by itself, which has the minutes after it to itself as well. Whoever asks again has the
 * turns that it took. `taken` is what is kept of all of them.
 */
export function nextTurns(
  taken: readonly TakenTurn[],
  { key, pods, perMinute }: Pick<TurnsWanted, 'key' | 'pods' | 'perMinute'>,
  now: number,
): { readonly turns: readonly number[]; readonly taken: readonly TakenTurn[] } {
  const all = taken.filter(({ at }) => at > now - MINUTE);
  const own = all.filter((turn) => turn.key === key).map(({ at }) => at);
  if (own.length === pods.length) return { turns: own, taken: all };
  const turns = pods.map((group) => {
    const first = earliest(all, Math.min(group, perMinute), perMinute, now);
    all.push({ key, at: first, pods: Math.min(group, perMinute) });
    for (let left = group - perMinute; left > 0; left -= perMinute) {
      const share = Math.min(left, perMinute);
      all.push({ key: '', at: earliest(all, share, perMinute, now), pods: share });
    }
    return first;
  });
  return { turns, taken: all };
}

/** Not before any turn that was taken: whoever comes first has the first one. */
function earliest(taken: readonly TakenTurn[], pods: number, perMinute: number, now: number): number {
  const from = Math.max(now, ...taken.map(({ at }) => at));
  const times = [from, ...taken.map(({ at }) => at + MINUTE)].filter((time) => time >= from).sort((a, b) => a - b);
  const before = (time: number): number => taken.filter(({ at }) => at > time - MINUTE).reduce((sum, turn) => sum + turn.pods, 0);
  return times.find((time) => before(time) + pods <= perMinute) ?? from + MINUTE;
}

/** Turns of one run's pods, in one item for each pace: whoever takes some compares what it read. */
export function createTurns(table: Table, clock: Clock): Pick<Journal, 'takeTurns'> {
  return {
    takeTurns: async (runId, wanted) => {
      const key = turnsKey(runId, wanted.pace);
      for (let attempt = 1; attempt <= MOST_TRIES; attempt += 1) {
        const item = await table.get(key);
        const text = item === undefined ? undefined : String(item.taken);
        const { turns, taken } = nextTurns(text === undefined ? [] : (JSON.parse(text) as TakenTurn[]), wanted, clock.now());
        const written = json(taken);
        const isKept =
          text === undefined
            ? await table.put({ ...key, taken: written }, ABSENT)
            : text === written || (await table.put({ ...key, taken: written }, { kind: 'equals', attribute: 'taken', value: text }));
        if (isKept) return turns;
      }
      throw new PodshiftError('ServiceUnavailable', `too many batches of run ${runId} take their turn at once`);
    },
  };
}
