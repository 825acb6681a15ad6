import type { Failure, Service } from './network.ts';
import type { WorldSpec } from './worlds.ts';

/** When something happens: so many seconds after the start, or so many milliseconds after podshift's so-many-th write reached its service. */
export type When = { readonly second: number } | { readonly write: number; readonly plus: number };

/** Something that goes wrong. */
export type Fault =
  | { readonly kind: 'outage'; readonly service: Service; readonly when: When; readonly seconds: number; readonly failure: Failure }
  | {
      readonly kind: 'lost';
      readonly part: 'request' | 'reply';
      readonly service: Service | 'any';
      readonly writes: boolean;
      readonly number: number;
    }
  | { readonly kind: 'slow'; readonly service: Service; readonly when: When; readonly seconds: number; readonly milliseconds: number }
  | { readonly kind: 'cut'; readonly invocation: number; readonly call: number; readonly error: string }
  | { readonly kind: 'again'; readonly invocation: number; readonly milliseconds: number }
  | { readonly kind: 'late'; readonly invocation: number; readonly milliseconds: number }
  | { readonly kind: 'events'; readonly deliveries: readonly number[] }
  | { readonly kind: 'clock'; readonly invocation: number; readonly milliseconds: number };

/** Something that somebody does to podshift. */
export type Word =
  | { readonly kind: 'stop'; readonly when: When }
  | { readonly kind: 'roll back'; readonly when: When }
  | { readonly kind: 'second run'; readonly when: When };

/** One thing that happens in a world, apart from podshift. */
export type Happening = Fault | Word;

/** All that decides of a run in a world that moves: the same history is the same run. */
export interface History {
  /** Decides how long each call takes, and so of every interleaving. */
  readonly seed: number;
  readonly world: WorldSpec;
  readonly options: Readonly<Record<string, unknown>>;
  readonly happenings: readonly Happening[];
}
