import type { TwinClock } from '../contracts.ts';
import type { AwsService } from './errors.ts';

/** Request rates: so many at once, and so many more a second. A service without one is not limited. */
export type RateLimits = Partial<Record<AwsService, { readonly burst: number; readonly perSecond: number }>>;

/** A token bucket for each service, and for each region of one that counts by region, filled by the twin's clock. */
export class TokenBuckets {
  readonly #limits: RateLimits;
  readonly #clock: Pick<TwinClock, 'now'>;
  readonly #levels = new Map<string, { tokens: number; at: number }>();

  constructor(limits: RateLimits, clock: Pick<TwinClock, 'now'>) {
    this.#limits = limits;
    this.#clock = clock;
  }

  /** Whether a request may go on; it costs one token. `region` is the one that is asked, of a service that is asked in several. */
  take(service: AwsService, region = ''): boolean {
    const limit = this.#limits[service];
    if (limit === undefined) return true;
    const now = this.#clock.now();
    const key = `${service} ${region}`;
    const level = this.#levels.get(key) ?? { tokens: limit.burst, at: now };
    const tokens = Math.min(limit.burst, level.tokens + ((now - level.at) / 1000) * limit.perSecond);
    this.#levels.set(key, { tokens: tokens >= 1 ? tokens - 1 : tokens, at: now });
    return tokens >= 1;
  }
}
