import { PodshiftError } from '../../model/errors.ts';
import type { AddonPlan } from '../../model/plan.ts';
import type { UnitRecord } from '../../model/run.ts';
import type { JournalRuntime } from '../runtime.ts';

/** The add-on's part of a unit's plan. Throws `InternalError` for a unit that is no add-on's. */
export function addonOf(unit: UnitRecord): AddonPlan {
  if (unit.plan.addon === undefined) throw new PodshiftError('InternalError', `unit ${unit.unitId} belongs to no add-on`);
  return unit.plan.addon;
}

/** The units that move with this one: those of its add-on, itself included. */
export async function unitsOfAddon(runtime: JournalRuntime, unit: UnitRecord): Promise<UnitRecord[]> {
  const { name } = addonOf(unit);
  const units = await runtime.journal.listUnits(unit.runId);
  return units
    .filter((one) => one.plan.addon?.name === name && one.plan.decision === 'migrate')
    .sort((a, b) => Number(a.unitId > b.unitId) - Number(a.unitId < b.unitId));
}

/** A unit does not move forward by an update that another unit of its add-on is taking back. */
export function refuseAlone(units: readonly UnitRecord[], unit: UnitRecord): void {
  const back = units.find(
    (one) => one.unitId !== unit.unitId && ['rolling-back', 'rolled-back', 'held', 'needs-operator'].includes(one.status),
  );
  if (back !== undefined)
    throw new PodshiftError(
      'ProofFailed',
      `${back.unitId} of the same add-on rolls back: ${back.reason === '' ? back.status : back.reason}`,
    );
}
