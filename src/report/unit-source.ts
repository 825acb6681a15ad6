import type { OwnerFact } from '../model/owner.ts';
import type { UnitPlan } from '../model/plan.ts';
import type { PlanReport } from '../model/report.ts';
import type { JournalEntry } from '../model/run.ts';
import { isOfIrsaAlone } from '../plan/owners.ts';

type Unit = PlanReport['units'][number];

/** What a report says of where a unit's objects have their source: owners, chart, annotations of IRSA, association and add-on. Pure. */
export function sourceOfUnit(plan: UnitPlan): Pick<Unit, 'owners' | 'chart' | 'annotations' | 'association' | 'addon'> {
  const { chart, before, addon } = plan;
  return {
    ...ownersOf(plan.owners),
    ...(chart === undefined ? {} : { chart: { ...chart } }),
    ...annotationsOf(plan),
    ...(before.associationId === null ? {} : { association: { id: before.associationId, isNew: false } }),
    ...(addon === undefined ? {} : { addon: { name: addon.name, before: copyRoles(addon.before), after: copyRoles(addon.after) } }),
  };
}

/** Owners as reports name them; nothing where there are none. Pure. */
export function ownersOf(owners: readonly OwnerFact[] = []): { owners?: { kind: OwnerFact['kind']; name: string }[] } {
  return owners.length === 0 ? {} : { owners: owners.map(({ kind, name }) => ({ kind, name })) };
}

/** The associations that a run made and that stand, by their units' ids, from its journal's entries. Pure. */
export function madeAssociations(entries: readonly JournalEntry[]): ReadonlyMap<string, Pick<Unit, 'association'>> {
  return new Map(
    entries.flatMap(({ kind, state, unitId, after }) => {
      const id = kind === 'association' && state === 'applied' ? (after as { associationId?: unknown } | null)?.associationId : undefined;
      return unitId === null || typeof id !== 'string' ? [] : [[unitId, { association: { id, isNew: true } }] as const];
    }),
  );
}

function annotationsOf({
  mechanism,
  decision,
  before,
  removeAnnotations,
  owners = [],
  consumers = [],
  findings,
}: UnitPlan): Pick<Unit, 'annotations'> {
  if (mechanism !== 'irsa' || decision === 'hold') return {};
  const ofIrsa = Object.entries(before.annotations).filter(([key]) => isOfIrsaAlone(key));
  if (ofIrsa.length === 0) return {};
  const goes = new Set(removeAnnotations);
  return {
    annotations: {
      removed: Object.fromEntries(ofIrsa.filter(([key]) => goes.has(key))),
      kept: Object.fromEntries(ofIrsa.filter(([key]) => !goes.has(key))),
      // A consumer needs them, or a controller would delete the association with them: then nobody is told to remove them.
      source: owners.length > 0 && consumers.length === 0 && !findings.includes('PS507'),
    },
  };
}

function copyRoles({
  serviceAccountRoleArn,
  associations,
}: NonNullable<UnitPlan['addon']>['before']): NonNullable<Unit['addon']>['before'] {
  return { serviceAccountRoleArn, associations: associations.map(({ serviceAccount, roleArn }) => ({ serviceAccount, roleArn })) };
}
