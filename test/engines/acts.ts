import type { RoleBatch, UnitBatch } from '../../src/migration/batch/batch.ts';
import { type ErrorName, PodshiftError } from '../../src/model/errors.ts';

/** What functions answer, by their logical IDs without their common ending. */
export type Acts = Readonly<Record<string, Act>>;

/** Answers one call, the `nth` (from 1) of this function for this subject; throws what the function fails with. */
export type Act = (event: Call, nth: number) => unknown;

/** The fields of an event by which acts decide. */
export interface Call {
  readonly runId: string;
  /** Of units, or of roles. */
  readonly batch: Partial<Omit<UnitBatch, 'status'>> & Partial<Omit<RoleBatch, 'status'>>;
  readonly kind: string;
  readonly fleetId: string;
  readonly placeId: string;
  readonly clusterArn: string;
}

/** Whom a call is about, so that calls of one function for many are counted apart. */
export function subjectOf(event: unknown): string {
  const { batch, kind, placeId, clusterArn } = event as Partial<Call>;
  const [first] = [...(batch?.units ?? []), ...(batch?.undoing ?? []), ...(batch?.pending ?? [])];
  const id = first === undefined ? undefined : 'unitId' in first ? first.unitId : first.roleArn;
  return id ?? kind ?? placeId ?? clusterArn ?? '';
}

/** `true` at the first call and `false` after it, and so on: what a loop is driven by. */
export const once = <T>(first: T, then: T): ((_event: Call, nth: number) => T) => {
  return (_event, nth) => (nth === 1 ? first : then);
};

export const fails = (name: ErrorName) => (): never => {
  throw new PodshiftError(name, `scripted: ${name}`);
};

/** Fails once, then answers. */
export const failsOnce =
  (name: ErrorName, output: unknown): Act =>
  (_event, nth) =>
    nth === 1 ? fails(name)() : output;
