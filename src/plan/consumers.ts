import type { ConsumerNeed, IndirectUserFact } from '../model/inventory.ts';
import type { UnitFacts } from './unit-facts.ts';

/** A custom resource that names a unit's service account, with what it needs of it. */
export type Consumer = IndirectUserFact & { readonly needs: ConsumerNeed };

/** The custom resources that name a unit's service account; one that controls a workload of the unit names it for that one's pods. */
export function consumersOf({ facts, workloads, world }: UnitFacts): readonly Consumer[] {
  const users = world.usersOf.get(facts.name) ?? [];
  const controllers = new Set(
    workloads.flatMap(({ workload: { namespace, controlledBy } }) =>
      controlledBy === null ? [] : [`${controlledBy.kind}/${namespace}/${controlledBy.name}`],
    ),
  );
  return users
    .filter(({ namespace }) => namespace === '*' || namespace === facts.namespace)
    .map((user) => {
      // An inventory of an earlier version knows stores of External Secrets alone.
      const needs = user.needs ?? 'token';
      return { ...user, needs: needs === 'unknown' && controllers.has(user.subject) ? 'pods' : needs };
    });
}

/** Whether the annotation and the old trust have to stay for a consumer: it uses them, or nobody knows what it does. */
export function needsAnnotation({ needs }: Consumer): boolean {
  return needs === 'annotation' || needs === 'unknown';
}

/** Whether a consumer holds the unit. */
export function isHolding({ needs, webIdentity }: Consumer): boolean {
  return needs === 'token' || webIdentity !== undefined;
}

/** The consumers for whose sake nothing of the old way may go, by their subjects. */
export function dependants(unit: UnitFacts): readonly string[] {
  return consumersOf(unit)
    .filter((consumer) => needsAnnotation(consumer) || isHolding(consumer))
    .map(({ subject }) => subject);
}
