import pLimit from 'p-limit';
import { PodshiftError } from '../model/errors.ts';
import type { UnitPlan } from '../model/plan.ts';
import type { UnitRecord } from '../model/run.ts';
import { ownPlan, readPlan, readUnitState, writePlan, writeUnit } from './items.ts';
import type { Journal } from './journal.ts';
import { planKey, runPartition, UNIT_PLANS, UNITS, unitKey } from './layout.ts';
import { ABSENT, changesOf, type Item, isEmpty, PRESENT, type Table, type Update } from './table.ts';
import { forgetNotes, merged, note, notesOf, withNotes } from './unit-notes.ts';
import { markOf, type Versions } from './versions.ts';

/** Requests under way at once where many items are written. */
const CONCURRENCY = 16;
/** The runs whose units' plans are kept in memory: a function works on one, a process of this machine rarely on more. */
const RUNS_KEPT = 2;

/** The journal's part that knows units: how each stands in one small item, and its plan in another, which is written once. */
type Units = Pick<Journal, 'putUnits' | 'getUnit' | 'listUnits' | 'pageUnits' | 'updateUnit' | 'noteUnit'>;

/** See {@link Units}. In runs of journal version 1 the plan is part of the unit's item. */
export function createUnits(table: Table, versions: Versions): Units {
  const plans = createPlans();
  const missing = (runId: string, unitId: string): PodshiftError =>
    new PodshiftError('NotFound', `there is no unit ${unitId} in run ${runId}`);

  const planOf = async (runId: string, unitId: string, item: Item): Promise<UnitPlan> => {
    const known = ownPlan(item) ?? plans.get(runId, unitId);
    if (known !== undefined) return known;
    const found = await table.get(planKey(runId, unitId));
    if (found === undefined) throw new PodshiftError('InternalError', `the plan of unit ${unitId} of run ${runId} is gone`);
    return plans.keep(runId, readPlan(found));
  };
  const unitOf = async (runId: string, unitId: string, item: Item): Promise<UnitRecord> =>
    withNotes({ ...readUnitState(item), plan: await planOf(runId, unitId, item) }, notesOf(runId, unitId));
  /** The plans of these units are at hand, as far as one query finds them. */
  const load = async (runId: string, items: readonly Item[], find: () => Promise<Item[]>): Promise<void> => {
    if (items.every((item) => ownPlan(item) !== undefined || plans.get(runId, String(item.unitId)) !== undefined)) return;
    for (const item of await find()) plans.keep(runId, readPlan(item));
  };
  const unitsOf = (runId: string, items: readonly Item[]): Promise<UnitRecord[]> =>
    Promise.all(items.map((item) => unitOf(runId, String(item.unitId), item)));

  const getUnit: Units['getUnit'] = async (runId, unitId) => {
    const item = await table.get(unitKey(runId, unitId));
    if (item === undefined) throw missing(runId, unitId);
    return unitOf(runId, unitId, item);
  };
  const updateUnit: Units['updateUnit'] = async (runId, unitId, changes) => {
    const noted = notesOf(runId, unitId);
    const { stepStartedAt = {}, facts = {} } = merged(noted, changes);
    const { status, reason } = changes;
    const update: Update = {
      set: [...changesOf({ status, reason }), ...changesOf(facts, 'facts')],
      setOnce: changesOf(stepStartedAt, 'stepStartedAt'),
    };
    if (isEmpty(update)) return getUnit(runId, unitId);
    const mark = markOf(versions.known(runId) ?? (await versions.of(runId)), status !== undefined);
    const item = await table.update(unitKey(runId, unitId), { ...update, set: [...(update.set ?? []), ...changesOf(mark)] }, PRESENT);
    if (item === undefined) throw missing(runId, unitId);
    forgetNotes(runId, unitId, noted);
    return unitOf(runId, unitId, item);
  };
  return {
    getUnit,
    updateUnit,
    noteUnit: async (unit, changes) =>
      note(unit.runId, unit.unitId, changes) ? withNotes(unit, changes) : updateUnit(unit.runId, unit.unitId, changes),
    putUnits: async (units) => {
      const limit = pLimit(CONCURRENCY);
      const put = async (unit: UnitRecord): Promise<void> => {
        const { runId, unitId } = unit;
        const version = await versions.of(runId);
        // The plan first: a unit that is there has one.
        if (version > 1) await table.put({ ...planKey(runId, unitId), ...writePlan(unit) }, ABSENT);
        await table.put({ ...unitKey(runId, unitId), ...writeUnit(unit, version > 1), ...markOf(version, true) }, ABSENT);
      };
      await Promise.all(units.map((unit) => limit(() => put(unit))));
    },
    listUnits: async (runId) => {
      const items = await table.query(runPartition(runId), UNITS);
      await load(runId, items, () => table.query(runPartition(runId), UNIT_PLANS));
      return unitsOf(runId, items);
    },
    pageUnits: async (runId, { limit, after }) => {
      const partAfter = (key: { readonly sk: string }) => ({ limit: limit + 1, after: after === null ? null : key.sk });
      const found = await table.query(runPartition(runId), UNITS, 'ascending', partAfter(unitKey(runId, after ?? '')));
      const page = found.slice(0, limit);
      await load(runId, page, () => table.query(runPartition(runId), UNIT_PLANS, 'ascending', partAfter(planKey(runId, after ?? ''))));
      const items = await unitsOf(runId, page);
      return { items, next: found.length > limit ? (items.at(-1)?.unitId ?? null) : null };
    },
  };
}

interface Plans {
  get(runId: string, unitId: string): UnitPlan | undefined;
  keep(runId: string, plan: UnitPlan): UnitPlan;
}

/** Plans that were read: none of them ever changes. */
function createPlans(): Plans {
  const runs = new Map<string, Map<string, UnitPlan>>();
  return {
    get: (runId, unitId) => runs.get(runId)?.get(unitId),
    keep: (runId, plan) => {
      const units = runs.get(runId) ?? new Map<string, UnitPlan>();
      if (!runs.has(runId)) {
        const [oldest] = runs.keys();
        if (oldest !== undefined && runs.size >= RUNS_KEPT) runs.delete(oldest);
        runs.set(runId, units);
      }
      units.set(plan.id, plan);
      return plan;
    },
  };
}
