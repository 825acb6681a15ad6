import { HALVING_INTERVAL, INCREASE, type Pacer, RATES } from '../aws/pacing.ts';
import type { Clock } from '../model/clock.ts';
import { PodshiftError } from '../model/errors.ts';
import { rateKey } from './layout.ts';
import { ABSENT, type Item, type Table } from './table.ts';

/** A request whose turn is further away is refused as a throttle: functions do not wait, their state machine does. */
const LONGEST_WAIT = 20_000;

/** What this process knows of a key, and what it has not told the others yet. */
interface Known {
  rate: number;
  /** When the key is free again, milliseconds since the Unix epoch, as far as this process knows. */
  freeAt: number;
  gained: number;
  throttled: boolean;
}

/**
 * Paces the requests of all processes that share the table, by one row for each key: the time at which the key is free again
 * (the generic cell rate algorithm, ITU-T I.371), which each request moves on by the time that it takes at the present rate.
 * The rates adapt as those of one process do. `acquire` throws `Throttled` where its turn is more than 20 seconds away.
 */
export function createSharedPacer(table: Table, clock: Clock, pause: (milliseconds: number) => Promise<void>): Pacer {
  const keys = new Map<string, Known>();
  const knownOf = (service: keyof typeof RATES, key: string): Known => {
    const known = keys.get(key) ?? { rate: RATES[service].start, freeAt: 0, gained: 0, throttled: false };
    keys.set(key, known);
    return known;
  };

  const halve = async (service: keyof typeof RATES, key: string, known: Known): Promise<void> => {
    known.throttled = false;
    const rate = Math.max(RATES[service].least, known.rate / 2);
    const set = [
      [['rate'], rate],
      [['halvedAt'], clock.now()],
    ] as const;
    // Another process may have halved it for the same burst of refusals.
    const stale = { kind: 'at-most', attribute: 'halvedAt', value: clock.now() - HALVING_INTERVAL } as const;
    if ((await table.update(rateKey(key), { set }, stale)) !== undefined) known.rate = rate;
  };

  /** Takes the next turn: the row after it. */
  const take = async (service: keyof typeof RATES, key: string, known: Known): Promise<Item> => {
    const now = clock.now();
    const { start, most, burst } = RATES[service];
    const step = Math.ceil(1000 / known.rate);
    const add = known.rate < most && known.gained > 0 ? [[['rate'], known.gained] as const] : [];
    known.gained = 0;
    const until = (value: number) => ({ kind: 'at-most', attribute: 'freeAt', value }) as const;
    const free = () => table.update(rateKey(key), { set: [[['freeAt'], now + step]], add }, until(now));
    const queued = () => table.update(rateKey(key), { add: [[['freeAt'], step], ...add] }, until(now + burst * step + LONGEST_WAIT));
    const first = [['freeAt', now + step] as const, ['rate', start] as const, ['halvedAt', 0] as const];
    const made = () => table.update(rateKey(key), { set: first.map(([name, value]) => [[name], value] as const) }, ABSENT);
    // It is tried as queued once more: another process may have made the row meanwhile.
    const row = (known.freeAt > now ? undefined : await free()) ?? (await queued()) ?? (await made()) ?? (await queued());
    if (row === undefined) throw new PodshiftError('Throttled', `too many requests wait for their turn: ${key}`);
    return row;
  };

  return {
    acquire: async (service, key) => {
      const known = knownOf(service, key);
      if (known.throttled) await halve(service, key, known);
      const row = await take(service, key, known);
      known.rate = Math.min(RATES[service].most, Number(row.rate));
      known.freeAt = Number(row.freeAt);
      const wait = known.freeAt - clock.now() - RATES[service].burst * (1000 / known.rate);
      if (wait > 0) await pause(wait);
    },
    report: (service, key, outcome) => {
      const known = knownOf(service, key);
      if (outcome === 'throttled') known.throttled = true;
      else known.gained += INCREASE;
    },
    rate: (service, key) => knownOf(service, key).rate,
  };
}
