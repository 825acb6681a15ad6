import type { Clock } from '../model/clock.ts';
import type { CallCounts } from '../model/run.ts';

/** How fast requests of one service may go: at first, at least, at most, in requests a second, and so many at once. */
interface Rates {
  readonly start: number;
  readonly least: number;
  readonly most: number;
  readonly burst: number;
}

/**
 * EKS and IAM publish no request rates, so the start is low; LookupEvents allows 2 a second to an account and region
 * (AWS CloudTrail API Reference); the API server answers its clients' default of 20 and more.
 */
export const RATES: Readonly<Record<keyof CallCounts, Rates>> = {
  eks: { start: 5, least: 0.2, most: 20, burst: 10 },
  iam: { start: 5, least: 0.2, most: 20, burst: 10 },
  sts: { start: 10, least: 0.5, most: 50, burst: 20 },
  kubernetes: { start: 20, least: 1, most: 100, burst: 40 },
  cloudtrail: { start: 1.5, least: 0.1, most: 2, burst: 2 },
};

/** Requests a second that every request that goes through adds. */
export const INCREASE = 0.05;
/** A burst of refusals is one sign: the rate is halved once in so many milliseconds. */
export const HALVING_INTERVAL = 1000;

/** One limiter for each key, shared by all that send requests under it. */
export interface Pacer {
  /** Resolves when a request may be sent. */
  acquire(service: keyof CallCounts, key: string): Promise<void>;
  /** Tells how the request went: a throttled one halves the rate of its key, any other raises it a little. */
  report(service: keyof CallCounts, key: string, outcome: 'throttled' | 'passed'): void;
  /** Requests a second that the key allows now, as far as this process knows. */
  rate(service: keyof CallCounts, key: string): number;
}

/** Sends one request when the key has room for it, and tells how it went. Nothing is paced without a pacer. */
export async function sendPaced<T>(
  paced: { readonly pacer: Pacer | undefined; readonly service: keyof CallCounts; readonly key: string },
  send: () => Promise<T>,
  isThrottled: (outcome: { readonly answer: T } | { readonly error: unknown }) => boolean,
): Promise<T> {
  const { pacer, service, key } = paced;
  const report = (outcome: Parameters<typeof isThrottled>[0]) => pacer?.report(service, key, isThrottled(outcome) ? 'throttled' : 'passed');
  await pacer?.acquire(service, key);
  try {
    const answer = await send();
    report({ answer });
    return answer;
  } catch (error) {
    report({ error });
    throw error;
  }
}

interface Bucket {
  rate: number;
  /** Below zero while requests wait for their turn. */
  tokens: number;
  at: number;
  halvedAt: number;
}

/**
 * Paces the requests of one process by token buckets whose rates adapt: additive increase, multiplicative decrease. `pause` waits
 * so many milliseconds of the clock's time.
 */
export function createPacer(clock: Clock, pause: (milliseconds: number) => Promise<void>): Pacer {
  const buckets = new Map<string, Bucket>();
  const bucketOf = (service: keyof CallCounts, key: string): Bucket => {
    const known = buckets.get(key);
    if (known !== undefined) return known;
    const { start, burst } = RATES[service];
    const made = { rate: start, tokens: burst, at: clock.now(), halvedAt: Number.NEGATIVE_INFINITY };
    buckets.set(key, made);
    return made;
  };
  return {
    acquire: async (service, key) => {
      const bucket = bucketOf(service, key);
      const now = clock.now();
      bucket.tokens = Math.min(RATES[service].burst, bucket.tokens + (Math.max(0, now - bucket.at) / 1000) * bucket.rate) - 1;
      bucket.at = now;
      if (bucket.tokens < 0) await pause((-bucket.tokens / bucket.rate) * 1000);
    },
    report: (service, key, outcome) => {
      const bucket = bucketOf(service, key);
      const { least, most } = RATES[service];
      if (outcome === 'passed') bucket.rate = Math.min(most, bucket.rate + INCREASE);
      else if (clock.now() - bucket.halvedAt >= HALVING_INTERVAL) {
        bucket.rate = Math.max(least, bucket.rate / 2);
        bucket.tokens = Math.min(bucket.tokens, 0);
        bucket.halvedAt = clock.now();
      }
    },
    rate: (service, key) => bucketOf(service, key).rate,
  };
}

/**
 * What shares one rate with what: EKS and CloudTrail count by account and region, IAM by account, the API server by
 * cluster. `region` is the one that is asked: IAM's events are in one of the partition. `account` is the member account that a role is assumed in; empty for the caller's own.
 */
export function pacingKey(
  service: keyof CallCounts,
  target: { readonly clusterName: string; readonly region: string; readonly assumeRoleArn: string | null },
): string {
  const account = target.assumeRoleArn?.split(':')[4] ?? '';
  if (service === 'iam') return `iam:${account}`;
  return service === 'kubernetes'
    ? `kubernetes:${account}:${target.region}:${target.clusterName}`
    : `${service}:${account}:${target.region}`;
}
