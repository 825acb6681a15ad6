import type { EksGateway } from '../../aws/gateways.ts';
import { owningAddon } from '../../inventory/addons.ts';
import { PodshiftError } from '../../model/errors.ts';
import type { UnitRecord } from '../../model/run.ts';
import { PACES, waitIn } from '../polls.ts';
import type { JournalRuntime, Runtime } from '../runtime.ts';
import { findAssociation } from '../unit/associate.ts';
import { beginUnitStep, type Poll, READY, secondsIn, type UnitInput } from '../write.ts';
import { addonOf, unitsOfAddon } from './together.ts';
import { addonKey } from './update-addon.ts';

/** States that an add-on does not leave by waiting (EKS API reference, Addon.status). DEGRADED passes while its pods roll. */
const FAILED = new Set(['CREATE_FAILED', 'UPDATE_FAILED', 'DELETING', 'DELETE_FAILED']);

/**
 * Whether the add-on's update has ended well and the unit's association is there. Asks for the update by the add-on's name,
 * and for the add-on itself: it may be DEGRADED while its pods roll. Throws `RolloutFailed` with EKS's own reasons where the
 * update or the add-on failed, `StepTimedOut` after the option's time.
 */
export async function checkAddon(runtime: Runtime, input: UnitInput): Promise<Poll> {
  const { run, unit } = await beginUnitStep(runtime, input, 'addon');
  const addon = addonOf(unit);
  const entry = await runtime.journal.getEntry(run.runId, addonKey(unit.unitId));
  const updateId = (entry?.after as { updateId?: string } | null | undefined)?.updateId ?? '';
  const missing = await whatIsMissing(runtime.aws(run.target).eks, unit, updateId);
  if (missing === '') {
    const association = await findAssociation(runtime.aws(run.target).eks, unit);
    if (association?.roleArn === unit.plan.roleArn && owningAddon(association.ownerArn) === addon.name) {
      await runtime.journal.updateUnit(run.runId, unit.unitId, { facts: { associatedAt: association.createdAt } });
      return READY;
    }
  }
  const waited = secondsIn(runtime.clock, unit, 'addon');
  if (waited > run.options.addonTimeoutSeconds) {
    const what = missing === '' ? `it has no association for ${unit.unitId}` : missing;
    throw new PodshiftError(
      'StepTimedOut',
      `after ${run.options.addonTimeoutSeconds} s the update of the add-on ${addon.name} has not ended: ${what}`,
    );
  }
  return waitIn(runtime, run, PACES.addon, waited, run.options.addonTimeoutSeconds);
}

async function whatIsMissing(eks: EksGateway, unit: UnitRecord, updateId: string): Promise<string> {
  const { name } = addonOf(unit);
  const update = updateId === '' ? undefined : await eks.describeUpdate(name, updateId);
  if (update?.status === 'Failed' || update?.status === 'Cancelled') {
    const reasons = update.errors.map((error) => `${error.code}: ${error.message}`).join('; ');
    throw new PodshiftError('RolloutFailed', `EKS did not finish the update of the add-on ${name} (${update.status}): ${reasons}`);
  }
  const live = await eks.describeAddon(name);
  if (live === undefined) throw new PodshiftError('WorldMoved', `the add-on ${name} is gone`);
  if (FAILED.has(live.status)) {
    const issues = live.healthIssues.map((issue) => issue.code).join(', ');
    throw new PodshiftError('RolloutFailed', `the add-on ${name} is ${live.status}${issues === '' ? '' : ` (${issues})`}`);
  }
  if (update !== undefined && update.status !== 'Successful') return `its update is ${update.status}`;
  return live.status === 'ACTIVE' ? '' : `it is ${live.status}`;
}

/**
 * Whether every unit of the add-on has proved its part: they succeed together, as one update moved them. Throws
 * `ProofFailed` where one of them goes back, so that this one goes back too.
 */
export async function checkTogether(runtime: JournalRuntime, input: UnitInput): Promise<Poll> {
  const { run, unit } = await beginUnitStep(runtime, input, 'together');
  await runtime.journal.updateUnit(run.runId, unit.unitId, { facts: { proved: true } });
  const units = await unitsOfAddon(runtime, unit);
  const open = units.filter((one) => one.unitId !== unit.unitId && one.status !== 'migrated' && one.facts.proved !== true);
  if (open.length === 0) return READY;
  const { rolloutTimeoutSeconds, addonTimeoutSeconds, proofTimeoutSeconds } = run.options;
  const waited = secondsIn(runtime.clock, unit, 'together');
  const limit = 2 * rolloutTimeoutSeconds + addonTimeoutSeconds + proofTimeoutSeconds;
  if (waited > limit)
    throw new PodshiftError(
      'StepTimedOut',
      `${open.map((one) => one.unitId).join(', ')} of the same add-on did not prove their part in time`,
    );
  return waitIn(runtime, run, PACES.together, waited, limit);
}
