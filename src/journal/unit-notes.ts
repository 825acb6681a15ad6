import { AsyncLocalStorage } from 'node:async_hooks';
import { z } from 'zod';
import type { UnitRecord } from '../model/run.ts';

/** What is known of a unit that need not outlive the work on it: it is written with the next change of the unit that has to. */
export const unitNotes = z.strictObject({
  stepStartedAt: z.record(z.string(), z.string()).optional(),
  facts: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])).optional(),
});

/** See {@link unitNotes}. */
export type UnitNotes = z.output<typeof unitNotes>;

/** The part of a unit that a note can be of. */
export interface Notable {
  readonly stepStartedAt?: UnitRecord['stepStartedAt'] | undefined;
  readonly facts?: UnitRecord['facts'] | undefined;
}

interface Scope {
  readonly runId: string;
  readonly unitId: string;
  notes: UnitNotes;
}

const scope = new AsyncLocalStorage<Scope | undefined>();

/** Does some work that has nothing to do with whatever its caller works on: what it notes is written at once. */
export function withoutNotes<T>(work: () => Promise<T>): Promise<T> {
  return scope.run(undefined, work);
}

/** Does some work on a unit whose notes so far are `notes`; answers with it those that were not written. */
export async function withNotesOf<T>(
  { runId, unitId, notes = {} }: { readonly runId: string; readonly unitId: string; readonly notes?: UnitNotes | undefined },
  work: () => Promise<T>,
): Promise<{ readonly answer: T; readonly notes: UnitNotes }> {
  const own: Scope = { runId, unitId, notes };
  const answer = await scope.run(own, work);
  return { answer, notes: own.notes };
}

/** Notes what a piece of work found of its unit; false where there is no such work, so that it has to be written now. */
export function note(runId: string, unitId: string, changes: Notable): boolean {
  const own = scopeOf(runId, unitId);
  if (own === undefined) return false;
  own.notes = merged(own.notes, changes);
  return true;
}

/** The notes of a unit that are not written yet. */
export function notesOf(runId: string, unitId: string): UnitNotes {
  return scopeOf(runId, unitId)?.notes ?? {};
}

/** Forgets notes that were written, unless there are others by now. */
export function forgetNotes(runId: string, unitId: string, written: UnitNotes): void {
  const own = scopeOf(runId, unitId);
  if (own?.notes === written) own.notes = {};
}

function scopeOf(runId: string, unitId: string): Scope | undefined {
  const own = scope.getStore();
  return own?.runId === runId && own.unitId === unitId ? own : undefined;
}

/** Notes with later ones: the first start of a step stays. */
export function merged({ stepStartedAt, facts }: UnitNotes, later: Notable): UnitNotes {
  const steps = { ...later.stepStartedAt, ...stepStartedAt };
  const all = { ...facts, ...later.facts };
  return { ...(isEmpty(steps) ? {} : { stepStartedAt: steps }), ...(isEmpty(all) ? {} : { facts: all }) };
}

/** A unit as it stands with its notes. */
export function withNotes<Unit extends UnitRecord>(unit: Unit, { stepStartedAt, facts }: Notable): Unit {
  if (stepStartedAt === undefined && facts === undefined) return unit;
  return { ...unit, stepStartedAt: { ...stepStartedAt, ...unit.stepStartedAt }, facts: { ...unit.facts, ...facts } };
}

function isEmpty(of: object): boolean {
  return Object.keys(of).length === 0;
}
