import type { Addon, EksGateway } from '../../aws/gateways.ts';
import { configurationHash, owningAddon } from '../../inventory/addons.ts';
import { RESOURCES } from '../../kubernetes/resources.ts';
import { PodshiftError } from '../../model/errors.ts';
import type { AddonPlan, AddonRoles } from '../../model/plan.ts';
import type { JournalEntry, RunRecord, UnitRecord } from '../../model/run.ts';
import { requestToken } from '../agent/agent.ts';
import type { JournalRuntime, Runtime } from '../runtime.ts';
import { guard } from '../unit/remove-annotations.ts';
import { beginUnitStep, fence, journaledWrite, markUndone, type UnitContext, type UnitInput } from '../write.ts';
import { addonOf, unitsOfAddon } from './together.ts';

/** Key of the journal's entry of one unit's part in its add-on's update. */
export function addonKey(unitId: string): string {
  return `addon-update#${unitId}`;
}

/** The before-image of an add-on entry: how the add-on got its roles. */
export interface AddonImage extends AddonRoles {
  readonly addonVersion: string;
}

/**
 * Asks EKS to give the add-on's service accounts their roles by Pod Identity, with the whole list of associations, in the
 * present version and with the present configuration values. The units of an add-on share the one update: the first of them
 * by id sends it, and the others wait for it in the next step. Throws `WorldMoved` where the add-on is not as the plan saw it, `Conflict` while
 * another update runs, `RoleNotReady` while EKS does not see a role's trust policy.
 */
export async function updateAddon(runtime: Runtime, input: UnitInput): Promise<{ updateId: string }> {
  const { run, unit } = await beginUnitStep(runtime, input, 'addon');
  const addon = addonOf(unit);
  const units = await unitsOfAddon(runtime, unit);
  if (units[0]?.unitId !== unit.unitId) return { updateId: '' };
  for (const { plan } of units) {
    const { blocked } = await runtime.journal.getRole(run.runId, plan.roleArn);
    if (blocked !== '') throw new PodshiftError('TrustPolicyMoved', blocked);
  }
  const before: AddonImage = { ...addon.before, addonVersion: addon.version };
  // Each unit has the update on record ahead of the write, since it moves all of them, whoever sends it.
  for (const one of units) await runtime.journal.recordIntent(intentOf(run, one, before));
  const entry = await journaledWrite(runtime, run, {
    ...intentOf(run, unit, before),
    perform: async (begun) => (begun.state === 'applied' ? begun.after : { updateId: await move(runtime.aws(run.target).eks, run, addon) }),
  });
  return { updateId: (entry.after as { updateId: string }).updateId };
}

function intentOf(run: RunRecord, unit: UnitRecord, before: AddonImage) {
  const object = `Addon/${addonOf(unit).name}`;
  return { runId: run.runId, key: addonKey(unit.unitId), unitId: unit.unitId, kind: 'addon' as const, object, before };
}

/** Sends the update, unless the add-on is as it should be already. Answers the update's id; empty where none was needed. */
async function move(eks: EksGateway, run: RunRecord, plan: AddonPlan): Promise<string> {
  const live = await liveAddon(eks, plan);
  const now = await rolesOf(eks, live);
  if (sameRoles(now, plan.after)) return '';
  if (!sameRoles(now, plan.before)) {
    if (await isChanging(eks, live)) throw new PodshiftError('Conflict', `an update of the add-on ${plan.name} is running`);
    throw new PodshiftError('WorldMoved', `the roles of the add-on ${plan.name} changed since the plan was made`);
  }
  return sendUpdate(eks, live, plan, plan.after, requestToken(run, `addon ${plan.name}`));
}

/** The add-on, provided that its version and configuration values are the plan's. Throws `WorldMoved`. */
async function liveAddon(eks: EksGateway, plan: AddonPlan): Promise<Addon> {
  const live = await eks.describeAddon(plan.name);
  if (live === undefined) throw new PodshiftError('WorldMoved', `the add-on ${plan.name} is gone since the plan was made`);
  if (live.addonVersion !== plan.version)
    throw new PodshiftError('WorldMoved', `the add-on ${plan.name} is ${live.addonVersion} by now, and ${plan.version} in the plan`);
  if (configurationHash(live.configurationValues) !== plan.configurationHash)
    throw new PodshiftError('WorldMoved', `the configuration values of the add-on ${plan.name} changed since the plan was made`);
  return live;
}

/** How the add-on gets its roles now. */
async function rolesOf(eks: EksGateway, addon: Addon): Promise<AddonRoles> {
  const summaries = (await eks.listAssociations()).filter(({ ownerArn }) => owningAddon(ownerArn) === addon.addonName);
  const found = await Promise.all(summaries.map(({ associationId }) => eks.describeAssociation(associationId)));
  const associations = found
    .flatMap((one) => (one === undefined ? [] : [{ serviceAccount: one.serviceAccount, roleArn: one.roleArn }]))
    .sort((a, b) => Number(a.serviceAccount > b.serviceAccount) - Number(a.serviceAccount < b.serviceAccount));
  return { serviceAccountRoleArn: addon.serviceAccountRoleArn ?? null, associations };
}

/**
 * Whether an update runs, or the add-on is not what it was when it was read: its roles, which are asked for after it, may be half those
 * of before an update and half those of after it.
 */
async function isChanging(eks: EksGateway, read: Addon): Promise<boolean> {
  const again = await eks.describeAddon(read.addonName);
  return again?.status === 'UPDATING' || JSON.stringify(again) !== JSON.stringify(read);
}

/** Whether two sets of roles are the same. */
export function sameRoles(a: AddonRoles, b: AddonRoles): boolean {
  const text = ({ serviceAccountRoleArn, associations }: AddonRoles) =>
    JSON.stringify([serviceAccountRoleArn, associations.map(({ serviceAccount, roleArn }) => [serviceAccount, roleArn])]);
  return text(a) === text(b);
}

/** Asks for these roles with all else as it is. Throws `Conflict` while another update runs. */
export async function sendUpdate(eks: EksGateway, live: Addon, plan: AddonPlan, roles: AddonRoles, token: string): Promise<string> {
  try {
    const update = await eks.updateAddon({
      addonName: plan.name,
      addonVersion: live.addonVersion,
      podIdentityAssociations: roles.associations,
      clientRequestToken: token,
      ...(live.configurationValues === undefined ? {} : { configurationValues: live.configurationValues }),
      ...(roles.serviceAccountRoleArn === null ? {} : { serviceAccountRoleArn: roles.serviceAccountRoleArn }),
    });
    return update.updateId;
  } catch (error) {
    if (!(error instanceof PodshiftError && error.name === 'AlreadyExists')) throw error;
    throw new PodshiftError('Conflict', `the add-on ${plan.name} cannot be updated now: ${error.message}`, { cause: error });
  }
}

/** Updates that a rollback asks for at most, where EKS says that one has failed. */
const MOST_UPDATES = 3;

/**
 * Gives the add-on its old role and its old list of associations back, in its present version and configuration, and waits
 * for EKS; then puts the annotation back where EKS did not. Answers what is missing still; empty when done. All units of an
 * add-on do it, and the first sends the update. Throws `UndoFailed` where somebody else changed the add-on's roles.
 */
export async function undoAddon(runtime: JournalRuntime, context: UnitContext, entries: readonly JournalEntry[]): Promise<string> {
  const { run, unit, aws } = context;
  const entry = entries.find((candidate) => candidate.kind === 'addon');
  if (entry === undefined || entry.state === 'undone') return '';
  const plan = addonOf(unit);
  const before = entry.before as AddonImage;
  const live = await aws.eks.describeAddon(plan.name);
  if (live === undefined)
    throw new PodshiftError('UndoFailed', `the add-on ${plan.name} was deleted; before podshift it was ${JSON.stringify(before)}`);
  if (live.status === 'UPDATING') return `an update of the add-on ${plan.name} is running`;
  const sent = Number(unit.facts.addonUndoUpdates ?? 0);
  const id = String(unit.facts.addonUndoId ?? '');
  const update = id === '' ? undefined : await aws.eks.describeUpdate(plan.name, id);
  if (update?.status === 'InProgress') return `the update of the add-on ${plan.name} is running`;
  const now = await rolesOf(aws.eks, live);
  const failed = update?.status === 'Failed' || update?.status === 'Cancelled' || live.status === 'UPDATE_FAILED';
  if (!sameRoles(now, before) || failed) {
    if (!sameRoles(now, before) && !sameRoles(now, plan.after)) {
      // All units of the add-on look at once, and one of them sends the update.
      if (await isChanging(aws.eks, live)) return `an update of the add-on ${plan.name} is running`;
      throw new PodshiftError(
        'UndoFailed',
        `somebody else changed the roles of the add-on ${plan.name}; before podshift they were ${JSON.stringify(before)}`,
      );
    }
    if (sent >= MOST_UPDATES)
      throw new PodshiftError(
        'UndoFailed',
        `EKS failed ${sent} times to restore the old roles of the add-on ${plan.name}: ${JSON.stringify(before)}`,
      );
    await fence(runtime, run);
    const facts = { associated: true, dissociatedAt: runtime.clock.now(), addonUndoUpdates: sent + 1 };
    const addonUndoId = await askForOldRoles(context, live, before, sent);
    await runtime.journal.updateUnit(run.runId, unit.unitId, { facts: addonUndoId === '' ? {} : { ...facts, addonUndoId } });
    return `the add-on ${plan.name} is given its old roles again`;
  }
  if (live.status !== 'ACTIVE') return `the add-on ${plan.name} is ${live.status}`;
  await restoreAnnotations(runtime, context);
  // Any other unit of the add-on may have sent the update: its pods were injected all the same.
  await runtime.journal.updateUnit(run.runId, unit.unitId, { facts: { associated: true, dissociatedAt: runtime.clock.now() } });
  await markUndone(runtime, run.runId, entry.key);
  return '';
}

/** Sends the update that takes the plan's back. Answers its id; empty while another one runs. */
async function askForOldRoles(
  { run, unit, aws }: UnitContext,
  live: Parameters<typeof sendUpdate>[1],
  before: AddonImage,
  sent: number,
): Promise<string> {
  const plan = addonOf(unit);
  const token = requestToken(run, `undo addon ${plan.name} ${sent} ${String(unit.facts.undoSince ?? '')}`);
  try {
    return await sendUpdate(aws.eks, live, plan, before, token);
  } catch (error) {
    if (error instanceof PodshiftError && error.name === 'Conflict') return '';
    throw error;
  }
}

/**
 * Puts the unit's own annotation back where EKS has not. One with another value by now is somebody's, or EKS's own from the role that
 * the add-on has again, and stays. Throws `UndoFailed`, which names somebody's.
 */
async function restoreAnnotations(runtime: JournalRuntime, { run, unit, kubernetes }: UnitContext): Promise<void> {
  const { namespace, serviceAccount, before } = unit.plan;
  const object = await kubernetes.get(RESOURCES.serviceAccounts, namespace, serviceAccount);
  if (object === undefined || object.metadata.uid !== before.uid) return;
  const key = `${run.options.annotationPrefix}/role-arn`;
  const wanted = before.annotations[key];
  const current = object.metadata.annotations?.[key];
  if (wanted === undefined || current === wanted || (current !== undefined && current === addonOf(unit).before.serviceAccountRoleArn))
    return;
  if (current !== undefined)
    throw new PodshiftError(
      'UndoFailed',
      `somebody else set the annotation ${key} of ServiceAccount/${namespace}/${serviceAccount} to ${current}; before podshift it was ${wanted}`,
    );
  await fence(runtime, run);
  await kubernetes.patch(RESOURCES.serviceAccounts, namespace, serviceAccount, {
    type: 'merge',
    body: { metadata: { ...guard(object), annotations: { [key]: wanted } } },
  });
}
