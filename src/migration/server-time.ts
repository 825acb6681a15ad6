import type { KubernetesObject } from '../kubernetes/gateway.ts';
import type { JournalRuntime } from './runtime.ts';

type Clocks = Pick<JournalRuntime, 'clock' | 'serverClock'>;

/** Seconds since an API server made an object, by the services' time; NaN where it does not say when. */
export function ageSeconds(runtime: Clocks, object: KubernetesObject): number {
  return secondsSince(runtime, object.metadata.creationTimestamp);
}

/** Seconds since what a service stamped (RFC 3339), by the services' time; NaN where it stamped nothing. */
export function secondsSince({ clock, serverClock = clock }: Clocks, stamp: string | undefined): number {
  return (serverClock.now() - Date.parse(stamp ?? '')) / 1000;
}

/** A time of podshift's own clock as services would stamp it, to compare it with what they stamped. Milliseconds since the epoch. */
export function serverTime(runtime: Clocks, at: number): number {
  return at + aheadMilliseconds(runtime);
}

/** A time that a service stamped, as podshift's own clock had it. Milliseconds since the epoch. */
export function ownTime(runtime: Clocks, stamped: number): number {
  return stamped - aheadMilliseconds(runtime);
}

/** Whole seconds: what services stamp tells no more. */
function aheadMilliseconds({ clock, serverClock = clock }: Clocks): number {
  return Math.round((serverClock.now() - clock.now()) / 1000) * 1000;
}
