import type { KubernetesObject } from '../../kubernetes/gateway.ts';
import { RESOURCES } from '../../kubernetes/resources.ts';
import { PodshiftError } from '../../model/errors.ts';
import type { UnitPlan } from '../../model/plan.ts';
import type { JournalEntry } from '../../model/run.ts';
import { addEvidenceOnce, isProved } from '../evidence.ts';
import type { ClusterRuntime, JournalRuntime } from '../runtime.ts';
import { fence, forwardUnit, journaledWrite, markUndone, type UnitContext, type UnitInput } from '../write.ts';
import { lookAtNewWay } from './last-look.ts';
import { removeTemplateAnnotations, restoreTemplateAnnotations } from './move-templates.ts';

/** Annotation values of a service account by key; null where a key is absent. */
export type AnnotationImage = Readonly<Record<string, string | null>>;

/** Key of the journal's entry of a unit's annotations. */
export function annotationsKey(unitId: string): string {
  return `annotations#${unitId}`;
}

/** The values that these keys have on an object now. */
export function annotationsNow(object: KubernetesObject, keys: readonly string[]): AnnotationImage {
  return Object.fromEntries(keys.map((key) => [key, object.metadata.annotations?.[key] ?? null]));
}

/**
 * Takes exactly the planned annotations off the service account, or off the pod templates where kube2iam or kiam go by them, by a patch that names its uid and version. Nothing is
 * removed without proof on record; what somebody changed since the plan, or a service account made anew, is left as it is.
 * Looks at the new way right before and right after: where it is not whole, the annotations stay or are there again. They stay too
 * while pods that end by themselves still are on the old way.
 * Throws `ProofFailed` without proof or without the new way, `Conflict` where the object changed between read and write.
 */
export async function removeAnnotations(runtime: ClusterRuntime, input: UnitInput): Promise<{ removed: number; templates: number }> {
  const context = await forwardUnit(runtime, input, 'annotations');
  const { unit } = context;
  const { removeAnnotations: planned } = unit.plan;
  const templates = Object.values(unit.plan.metadata?.templates ?? []).some((template) => Object.keys(template.annotations).length > 0);
  if (planned.length === 0 && !templates) return { removed: 0, templates: 0 };
  if (!isProved(unit, 2, 'probe-pod'))
    throw new PodshiftError('ProofFailed', `the old annotations of ${unit.unitId} stay: Pod Identity is not proved`);
  const ending = await refuseUnlessWhole(runtime, context);
  if (ending.length > 0) return keepForEnding(runtime, context, ending);
  const removed = templates
    ? { removed: 0, templates: await removeTemplateAnnotations(runtime, context) }
    : { removed: await removeFromServiceAccount(runtime, context), templates: 0 };
  await putBackUnlessWhole(runtime, context);
  return removed;
}

/** The most pods that the evidence names. */
const MOST_NAMED = 10;

/** Pods that end by themselves still are on the old way: what they depend on stays, and the report says for whom. */
async function keepForEnding(
  runtime: JournalRuntime,
  { run, unit }: UnitContext,
  pods: readonly string[],
): Promise<{ removed: number; templates: number }> {
  const facts = { kept: unit.plan.removeAnnotations, pods: pods.slice(0, MOST_NAMED), count: pods.length };
  await addEvidenceOnce(runtime, unit, { grade: 1, kind: 'ending-pods', passed: false, facts });
  await runtime.journal.updateUnit(run.runId, unit.unitId, { facts: { annotationsKept: true } });
  return { removed: 0, templates: 0 };
}

/**
 * The last look before the old way goes; answers which pods still end on it. Throws `ProofFailed`, and `Conflict` for what may only
 * need its time.
 */
async function refuseUnlessWhole(runtime: JournalRuntime, context: UnitContext): Promise<readonly string[]> {
  const look = await lookAtNewWay(runtime, context);
  if (look.state === 'whole') return look.ending;
  const name = look.state === 'broken' ? 'ProofFailed' : 'Conflict';
  throw new PodshiftError(name, `the old annotations of ${context.unit.unitId} stay: ${look.message}`);
}

/**
 * The look right after: whoever took a part of the new way away in that moment left new pods with nothing, so the old way
 * comes back at once. Throws `ProofFailed` then.
 */
async function putBackUnlessWhole(runtime: JournalRuntime, context: UnitContext): Promise<void> {
  const { run, unit } = context;
  const look = await lookAtNewWay(runtime, context);
  // A pod that is starting was made by a webhook that knew the association.
  if (look.state !== 'broken') return;
  const entries = await runtime.journal.listEntries(run.runId, unit.unitId);
  if (unit.plan.metadata === undefined) await undoAnnotations(runtime, context, entries);
  else await restoreTemplateAnnotations(runtime, context, entries);
  throw new PodshiftError('ProofFailed', `the old annotations of ${unit.unitId} are there again: ${look.message}`);
}

async function removeFromServiceAccount(runtime: JournalRuntime, { run, unit, kubernetes }: UnitContext): Promise<number> {
  const { namespace, serviceAccount, before } = unit.plan;
  const object = await kubernetes.get(RESOURCES.serviceAccounts, namespace, serviceAccount);
  if (object === undefined || object.metadata.uid !== before.uid) return 0;
  const begun = await runtime.journal.getEntry(run.runId, annotationsKey(unit.unitId));
  const keys = begun === undefined ? removable(object, unit.plan) : Object.keys(begun.before as AnnotationImage);
  if (keys.length === 0 || begun?.state === 'applied') return 0;
  const current = annotationsNow(object, keys);
  await journaledWrite(runtime, run, {
    key: annotationsKey(unit.unitId),
    unitId: unit.unitId,
    kind: 'annotations',
    object: `ServiceAccount/${namespace}/${serviceAccount}`,
    before: current,
    perform: async (): Promise<AnnotationImage> => {
      const left = keys.filter((key) => current[key] !== null);
      if (left.length === 0) return current;
      const written = await kubernetes.patch(RESOURCES.serviceAccounts, namespace, serviceAccount, {
        type: 'merge',
        body: { metadata: { ...guard(object), annotations: Object.fromEntries(left.map((key) => [key, null])) } },
      });
      const after = annotationsNow(written, keys);
      if (Object.values(after).some((value) => value !== null)) {
        throw new PodshiftError('Conflict', `the annotations of ${unit.unitId} are there after the write`);
      }
      return after;
    },
  });
  return keys.length;
}

/** What makes a patch fail on any other object, or any other version, than the one that was read. */
export function guard(object: KubernetesObject): { uid?: string; resourceVersion?: string } {
  const { uid, resourceVersion } = object.metadata;
  return { ...(uid === undefined ? {} : { uid }), ...(resourceVersion === undefined ? {} : { resourceVersion }) };
}

/** The planned keys that still have the value that the plan saw. */
function removable(object: KubernetesObject, plan: UnitPlan): string[] {
  return plan.removeAnnotations.filter((key) => {
    const now = object.metadata.annotations?.[key];
    return now !== undefined && now === plan.before.annotations[key];
  });
}

/**
 * Puts the removed annotations back, where they still are as podshift left them. Throws `UndoFailed`, with object and
 * before-image, where somebody has given one another value since.
 */
export async function undoAnnotations(
  runtime: JournalRuntime,
  { run, unit, kubernetes }: UnitContext,
  entries: readonly JournalEntry[],
): Promise<void> {
  const entry = entries.find((candidate) => candidate.kind === 'annotations' && candidate.state !== 'undone');
  if (entry === undefined) return;
  const { namespace, serviceAccount, before } = unit.plan;
  const object = await kubernetes.get(RESOURCES.serviceAccounts, namespace, serviceAccount);
  // A service account that was deleted, or made anew by somebody else, is not the one that podshift changed.
  if (object !== undefined && object.metadata.uid === before.uid) {
    const wanted = entry.before as AnnotationImage;
    const now = annotationsNow(object, Object.keys(wanted));
    const moved = Object.keys(wanted).find((key) => now[key] !== null && now[key] !== wanted[key]);
    if (moved !== undefined) {
      throw new PodshiftError(
        'UndoFailed',
        `${entry.object}: somebody set ${moved} to another value; before podshift it was ${wanted[moved]}`,
      );
    }
    const back = Object.fromEntries(Object.entries(wanted).filter(([key, value]) => now[key] !== value));
    if (Object.keys(back).length > 0) {
      await fence(runtime, run);
      await kubernetes.patch(RESOURCES.serviceAccounts, namespace, serviceAccount, {
        type: 'merge',
        body: { metadata: { ...guard(object), annotations: back } },
      });
    }
  }
  await markUndone(runtime, run.runId, entry.key);
}
