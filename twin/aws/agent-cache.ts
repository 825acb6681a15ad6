import type { Assumed, CallToken } from './eks-auth.ts';
import { fractionOf } from './ids.ts';

// All from eks-pod-identity-agent at d4dc0f3f: cmd/server.go, internal/credsretriever/refreshing_cache.go, internal/cache/expiring.
/** Credentials are renewed after so long at the earliest. */
const RENEWAL = 3 * 60 * 60 * 1000;
/** From one sweep over the cache to the next: only a sweep renews and evicts. */
const SWEEP = 60 * 1000;
/** Credentials that end sooner are not given out. */
const SHORTEST_LIFE = 15 * 1000;
/** What could not be renewed is tried again after one to two minutes. */
const RETRY = { least: 60 * 1000, jitter: 60 * 1000 } as const;
/** Renewals in one second, and in one burst; each takes two of them (`Allow`, then `Wait`). */
const RATE = 3;
/** How long a call to EKS Auth takes. */
const CALL = 100;
const ENTRIES = 2000;

/** Errors at a renewal after which nothing is left to be kept (internal/cloud/eksauth/errors.go). */
const FINAL = new Set(['ResourceNotFoundException', 'ExpiredTokenException', 'InvalidTokenException', 'AccessDeniedException']);

/** Credentials that an agent holds for a token. */
export interface Held {
  readonly token: CallToken;
  readonly roleArn: string;
  readonly sessionName: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  /** From when on a sweep renews them. */
  readonly refreshAt: number;
}

/** What calls of one agent go to. It is asked for any time, also an earlier one. */
export type CallService = (token: CallToken, at: number) => Assumed;

/**
 * The cache of one node's agent, by token: the pod that comes with a rotated token is a stranger to it. It works out what
 * its sweeps did when somebody looks. It knows nothing of pods, and renews for those that are gone until their token ends.
 */
export class AgentCache {
  readonly #held = new Map<string, Held>();
  readonly #service: CallService;
  readonly #phase: number;
  #sweptAt = Number.NEGATIVE_INFINITY;

  /** `id`: the agent's own, which says when its sweeps are. `service` is called for every call that it makes. */
  constructor(id: string, service: CallService) {
    this.#service = service;
    this.#phase = Math.floor(fractionOf(`sweep/${id}`) * SWEEP);
  }

  /** What it has for the token and gives out at this time. */
  get(token: CallToken, now: number): Held | undefined {
    this.advance(now);
    const held = this.#held.get(token.id);
    return held === undefined || held.expiresAt - now <= SHORTEST_LIFE ? undefined : held;
  }

  /** Asks EKS Auth, and keeps what it gives; errors are not kept. */
  fetch(token: CallToken, now: number): Assumed {
    this.#held.delete(token.id);
    const assumed = this.#service(token, now);
    this.#keep(token, assumed, now);
    return assumed;
  }

  /** When what is held may end: at the sweep that renews it, or when it is too old to be given out. */
  endOf(held: Held): number {
    return Math.min(this.#sweepAfter(held.refreshAt), held.expiresAt - SHORTEST_LIFE);
  }

  /** Runs the sweeps until now. */
  advance(now: number): void {
    for (;;) {
      let next = Number.POSITIVE_INFINITY;
      for (const held of this.#held.values()) next = Math.min(next, this.#sweepAfter(Math.min(held.refreshAt, held.expiresAt)));
      if (next > now) return;
      this.#sweep(next);
    }
  }

  #sweep(start: number): void {
    this.#sweptAt = start;
    let allowed = RATE;
    let at = start;
    for (const held of [...this.#held.values()].filter(({ refreshAt }) => refreshAt < start)) {
      if (allowed < 1) {
        this.#postpone(held, at);
        continue;
      }
      // The limiter is asked twice: whether a call may be made at all, and then for leave to make it.
      const wait = Math.max(0, ((2 - allowed) / RATE) * 1000);
      allowed = Math.max(0, allowed - 2) + (CALL / 1000) * RATE;
      at += wait;
      this.#renew(held, at);
      at += CALL;
    }
    for (const [id, { expiresAt }] of this.#held) if (expiresAt < start) this.#held.delete(id);
  }

  #renew(held: Held, at: number): void {
    const assumed = this.#service(held.token, at);
    if (assumed.ok) this.#keep(held.token, assumed, at);
    else if (FINAL.has(assumed.code)) this.#held.delete(held.token.id);
    else this.#postpone(held, at);
  }

  #postpone(held: Held, at: number): void {
    const left = held.expiresAt - at;
    // What is too old stays as it is, and goes with the sweep.
    if (left <= SHORTEST_LIFE) return;
    const delay = RETRY.least + fractionOf(`retry/${held.token.id}/${at}`) * RETRY.jitter;
    this.#set({ ...held, refreshAt: at + Math.min(left, delay) });
  }

  #keep(token: CallToken, assumed: Assumed, at: number): void {
    if (!assumed.ok || assumed.expiresAt - at <= SHORTEST_LIFE) return;
    const { roleArn, sessionName, expiresAt } = assumed;
    this.#set({ token, roleArn, sessionName, expiresAt, refreshAt: at + Math.min(expiresAt - at, RENEWAL) });
  }

  /** The entry that was written longest ago makes room. */
  #set(held: Held): void {
    this.#held.delete(held.token.id);
    this.#held.set(held.token.id, held);
    const [oldest] = this.#held.keys();
    if (this.#held.size > ENTRIES && oldest !== undefined) this.#held.delete(oldest);
  }

  /** The first sweep later than this time, of those that are still to come. */
  #sweepAfter(time: number): number {
    return Math.floor((Math.max(time, this.#sweptAt) - this.#phase) / SWEEP + 1) * SWEEP + this.#phase;
  }
}
