import type { Failure, Service } from './network.ts';
import type { WorldSpec } from './worlds.ts';

/**
 * When something happens: so many seconds after the start, or so many milliseconds after podshift's so-many-th write of this
 * operation (or of one that begins so; all where it is empty) has left for its service.
 */
export type When = { readonly second: number } | { readonly after: string; readonly number: number; readonly plus: number };

/** Something that goes wrong with calls. */
export type CallFault =
  | { readonly kind: 'outage'; readonly service: Service; readonly when: When; readonly seconds: number; readonly failure: Failure }
  | { readonly kind: 'slow'; readonly service: Service; readonly when: When; readonly seconds: number; readonly milliseconds: number }
  | {
      readonly kind: 'reads late';
      readonly service: 'iam' | 'eks';
      readonly when: When;
      readonly seconds: number;
      readonly milliseconds: number;
    }
  /** Every such call about this object is denied. */
  | { readonly kind: 'refused'; readonly operation: string; readonly object: string }
  | {
      readonly kind: 'lost';
      readonly part: 'request' | 'reply';
      readonly service: Service | 'any';
      readonly writes: boolean;
      /** The so-many-th such call, from 1, each try counting. */
      readonly number: number;
    };

/** Something that goes wrong with the so-many-th invocation of a function (`associate`), from 1. */
export type FunctionFault = { readonly of: string; readonly number: number } & (
  | { readonly kind: 'cut'; readonly call: number; readonly error: string }
  | { readonly kind: 'again' | 'late'; readonly milliseconds: number }
);

/** Something that goes wrong besides. */
export type OtherFault =
  /** Whatever invocation of a function calls a service about such an object (a part of its name) dies there, after it hung so long: a unit that no function survives. */
  | { readonly kind: 'deadly'; readonly of: string; readonly object: string; readonly error: string; readonly seconds: number }
  /** Milliseconds until each delivery of a failed execution's event. */
  | { readonly kind: 'events'; readonly deliveries: readonly number[] }
  /** The clocks of functions are ahead from the so-many-th invocation on. */
  | { readonly kind: 'clock'; readonly invocation: number; readonly milliseconds: number }
  /** On one machine: the process dies ahead of its so-many-th call, and somebody goes on after a while. */
  | { readonly kind: 'crash'; readonly call: number; readonly next: 'resume' | 'roll back'; readonly seconds: number };

export type Fault = CallFault | FunctionFault | OtherFault;

/** Actors that disturb nothing that podshift needs. */
export const GENTLE = ['hpa', 'ci', 'restarter', 'drain', 'new node', 'node remover', 'agent roller', 'gitops templates'] as const;
/** Actors that take something away that podshift, or the pods, go by, or that work on the same. */
export const ROUGH = [
  'gitops annotations',
  'gitops trust',
  'gitops associations',
  'trust editor',
  'annotation editor',
  'association deleter',
  'eksctl',
  'role deleter',
  'role maker',
  'service account deleter',
  'service account maker',
  'workload deleter',
  'workload maker',
  'namespace deleter',
  'agent remover',
  'addon updater',
] as const;

/** What somebody else does. */
export interface Act {
  readonly kind: 'act';
  readonly who: (typeof GENTLE)[number] | (typeof ROUGH)[number];
  readonly when: When;
  /** Index of the unit that it is about. */
  readonly unit: number;
  /** How many, or which. */
  readonly number?: number;
  /** Seconds between two of its rounds, and seconds that it goes on. */
  readonly every?: number;
  readonly seconds?: number;
}

/** What a person asks of podshift. */
export interface Word {
  readonly kind: 'stop' | 'roll back' | 'second run' | 'resume';
  readonly when: When;
  /** For a rollback: index of the one unit of the world that is meant; the whole run where absent. */
  readonly unit?: number;
}

/** One thing that happens in a world, apart from podshift. */
export type Happening = Fault | Act | Word;

/** All that decides of a run in a world that moves: the same history is the same run. */
export interface History {
  /** Decides how long each call takes, and so of every interleaving. */
  readonly seed: number;
  readonly world: WorldSpec;
  /** The deployed service, or one process on one machine. */
  readonly mode: 'service' | 'local';
  readonly options: Readonly<Record<string, unknown>>;
  /** Seconds after the start at which the run is asked for; at once where absent. */
  readonly begins?: number;
  /** Whether requests are paced, as those to a real account are; not where absent. */
  readonly paced?: boolean;
  readonly happenings: readonly Happening[];
}
