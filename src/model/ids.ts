import type { Clock, Ids } from './clock.ts';

/** Characters of the time (enough until the year 5188) and of what follows it. */
const TIME_LENGTH = 9;
const TAIL_LENGTH = 17;

/**
 * Ids of 26 characters: the time in base 36, then a tail that is random for each new millisecond and counts up within one,
 * so that later ids of one source always sort after earlier ones. `random` gives so many random bytes.
 */
export function createIds(clock: Clock, random: (bytes: number) => Uint8Array): Ids {
  const base = 36n;
  const range = base ** BigInt(TAIL_LENGTH);
  let time = Number.NEGATIVE_INFINITY;
  let tail = 0n;
  return {
    next: () => {
      const now = clock.now();
      if (now > time) {
        time = now;
        // A tail from the lower half leaves room to count.
        tail = BigInt(`0x${Buffer.from(random(16)).toString('hex')}`) % (range / 2n);
      } else {
        tail += 1n;
      }
      return time.toString(36).padStart(TIME_LENGTH, '0') + tail.toString(36).padStart(TAIL_LENGTH, '0');
    },
  };
}
