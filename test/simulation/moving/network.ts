import type { TwinClock } from '../../../twin/contracts.ts';
import type { Random } from './random.ts';

/** Whom a function of podshift's calls. */
export type Service = 'eks' | 'iam' | 'sts' | 'cloudtrail' | 'kubernetes' | 'journal';

/** One call of a function: what is asked of whom. */
export interface Call {
  readonly service: Service;
  readonly operation: string;
  readonly object: string;
  readonly write: boolean;
}

/** How a service fails a call. `reset`: the connection breaks without an answer. */
export type Failure = 'throttle' | 'server-error' | 'denied' | 'reset';

/** What becomes of a call. */
export interface Fate {
  /** Milliseconds until it reaches the service, and from there until its answer is back. */
  readonly there: number;
  readonly back: number;
  /** How it fails instead: before it is applied, or after. */
  readonly failure?: { readonly kind: Failure; readonly when: 'before' | 'after' };
}

/** What decides of calls, besides chance. */
export interface Weather {
  /** Called for each call as it is sent, in their order. */
  fateOf(call: Call, usual: Fate): Fate;
}

/** Milliseconds that a way takes; a service now and then takes its time. */
const WAYS: Readonly<Record<Service, readonly [number, number]>> = {
  eks: [30, 300],
  iam: [40, 400],
  sts: [20, 150],
  cloudtrail: [80, 600],
  kubernetes: [5, 80],
  journal: [2, 15],
};

/** Milliseconds until a client gives a call up: src/aws/timeouts.ts, and the transport's to the API server. */
export const PATIENCE: Readonly<Record<Service, number>> = {
  eks: 30_000,
  iam: 30_000,
  sts: 30_000,
  cloudtrail: 30_000,
  kubernetes: 60_000,
  journal: 30_000,
};

/** How a call ended for the network: with the service's answer, with none, or with none in time. */
export type Delivered<T> = { readonly answer: T } | { readonly broken: 'reset' | 'timeout' };

/** The ways between functions and services: how long each takes, what is lost on it, and in which order things arrive. */
export class Network {
  readonly #clock: TwinClock;
  readonly #random: Random;
  readonly #weather: Weather;

  constructor(clock: TwinClock, random: Random, weather: Weather) {
    this.#clock = clock;
    this.#random = random;
    this.#weather = weather;
  }

  /**
   * Sends a call. `apply` is what the service does with it when it arrives, whether anybody waits for the answer by then or
   * not; `fail` is what the service answers in place of it.
   */
  async send<T>(call: Call, apply: () => T | Promise<T>, fail: (failure: Exclude<Failure, 'reset'>) => T): Promise<Delivered<T>> {
    const [least, most] = WAYS[call.service];
    const usual = { there: this.#random.between(least, most), back: this.#random.between(least, most) };
    const { there, back, failure } = this.#weather.fateOf(call, usual);
    const patience = PATIENCE[call.service];
    const arrival = (async (): Promise<Delivered<T>> => {
      await this.#clock.sleep(there);
      if (failure?.when === 'before') return failure.kind === 'reset' ? { broken: 'reset' } : { answer: fail(failure.kind) };
      const answer = await apply();
      if (failure === undefined) return { answer };
      return failure.kind === 'reset' ? { broken: 'reset' } : { answer: fail(failure.kind) };
    })();
    if (there + back <= patience) {
      const delivered = await arrival;
      await this.#clock.sleep(back);
      return delivered;
    }
    // Nobody waits for it any more when it is applied.
    arrival.catch(() => undefined);
    await this.#clock.sleep(patience);
    return { broken: 'timeout' };
  }
}
