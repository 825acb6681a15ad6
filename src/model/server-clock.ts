import type { Clock } from './clock.ts';

/** Hears from answers what time it is where services stamp what they make. */
export interface ServerTime {
  /** Called as a request leaves; what it answers is called with the `Date` header of the answer, or with undefined where it has none. */
  asked(): (date: string | undefined) => void;
}

/** A clock that goes by the services' time. */
export type ServerClock = Clock & ServerTime;

/** `Date` has whole seconds (RFC 9110 §5.6.7). */
const RESOLUTION = 1000;
/** Milliseconds by which the clocks of services may differ among themselves; nothing podshift decides hangs on so little. */
const TOLERANCE = 2000;

/**
 * The time of `own`, corrected where answers of services show that it is wrong: pods, associations and events carry the services'
 * time, and functions compare what others wrote with their own. An answer's `Date` lies between the request and the answer; a clock that
 * fits that stays as it is, so that a slow answer moves nothing.
 */
export function createServerClock(own: Clock): ServerClock {
  let offset = 0;
  return {
    now: () => own.now() + offset,
    asked: () => {
      const sentAt = own.now();
      return (date) => {
        const at = Date.parse(date ?? '');
        if (Number.isNaN(at)) return;
        const [least, most] = [at - own.now(), at + RESOLUTION - sentAt];
        if (offset < least - TOLERANCE || offset > most + TOLERANCE) offset = Math.round((least + most) / 2);
      };
    },
  };
}
