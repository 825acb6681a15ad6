import { RESOURCES } from '../../kubernetes/resources.ts';
import { PodshiftError } from '../../model/errors.ts';
import type { JournalEntry } from '../../model/run.ts';
import { requestToken } from '../agent/agent.ts';
import type { JournalRuntime } from '../runtime.ts';
import { guard } from '../unit/remove-annotations.ts';
import { fence } from '../unit/undo-fence.ts';
import type { UnitContext } from '../write.ts';
import { type AddonImage, addonOf, rolesOf, sameRoles, sendUpdate } from './update-addon.ts';

/** Updates that a way back asks for at most, where EKS says that one has failed. */
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
    if (!sameRoles(now, before) && !sameRoles(now, plan.after))
      throw new PodshiftError(
        'UndoFailed',
        `somebody else changed the roles of the add-on ${plan.name}; before podshift they were ${JSON.stringify(before)}`,
      );
    if (sent >= MOST_UPDATES)
      throw new PodshiftError(
        'UndoFailed',
        `EKS failed ${sent} times to give the add-on ${plan.name} its old roles back: ${JSON.stringify(before)}`,
      );
    await fence(runtime, run);
    const facts = { associated: true, dissociatedAt: runtime.clock.now(), addonUndoUpdates: sent + 1 };
    const addonUndoId = await askForOldRoles(context, live, before, sent);
    await runtime.journal.updateUnit(run.runId, unit.unitId, { facts: addonUndoId === '' ? {} : { ...facts, addonUndoId } });
    return `the add-on ${plan.name} gets its old roles back`;
  }
  if (live.status !== 'ACTIVE') return `the add-on ${plan.name} is ${live.status}`;
  await restoreAnnotations(runtime, context);
  // Any other unit of the add-on may have sent the update: its pods were injected all the same.
  await runtime.journal.updateUnit(run.runId, unit.unitId, { facts: { associated: true, dissociatedAt: runtime.clock.now() } });
  await runtime.journal.markUndone(run.runId, entry.key);
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

/** Puts the unit's own annotations back where EKS has not. One that has another value by now is somebody's, or EKS's. */
async function restoreAnnotations(runtime: JournalRuntime, { run, unit, kubernetes }: UnitContext): Promise<void> {
  const { namespace, serviceAccount, before } = unit.plan;
  const object = await kubernetes.get(RESOURCES.serviceAccounts, namespace, serviceAccount);
  if (object === undefined || object.metadata.uid !== before.uid) return;
  const key = `${run.options.annotationPrefix}/role-arn`;
  const wanted = before.annotations[key];
  if (wanted === undefined || object.metadata.annotations?.[key] === wanted) return;
  await fence(runtime, run);
  await kubernetes.patch(RESOURCES.serviceAccounts, namespace, serviceAccount, {
    type: 'merge',
    body: { metadata: { ...guard(object), annotations: { [key]: wanted } } },
  });
}
