import { RESOURCES } from '../../kubernetes/resources.ts';
import { PodshiftError } from '../../model/errors.ts';
import type { JournalEntry } from '../../model/run.ts';
import { RUN_TAG } from '../agent/agent.ts';
import type { JournalRuntime } from '../runtime.ts';
import type { UnitContext } from '../write.ts';
import { findAssociation } from './associate.ts';
import { type AnnotationImage, annotationsNow, guard } from './remove-annotations.ts';
import { markValue } from './restart-mark.ts';
import type { RestartImage } from './restart-workloads.ts';
import { fence } from './undo-fence.ts';
import { resourceOf, restartMark, subjectOf } from './workloads.ts';

/** Deletes what is left of the unit's probe pods. */
export async function undoProbes(
  runtime: JournalRuntime,
  { run, unit, kubernetes }: UnitContext,
  entries: readonly JournalEntry[],
): Promise<void> {
  for (const entry of entries) {
    if (entry.kind !== 'probe-pod' || entry.state === 'undone') continue;
    await fence(runtime, run);
    await kubernetes.delete(RESOURCES.pods, unit.plan.namespace, entry.object.split('/').at(-1) ?? '');
    await runtime.journal.markUndone(run.runId, entry.key);
  }
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
  await runtime.journal.markUndone(run.runId, entry.key);
}

/**
 * Deletes the association that this run made, be its creation on record or not. Answers whether new pods may have been
 * injected by it. The unit's fact is kept ahead of the delete, so that a crash in between forgets nothing.
 */
export async function undoAssociation(
  runtime: JournalRuntime,
  { run, unit, aws }: UnitContext,
  entries: readonly JournalEntry[],
): Promise<boolean> {
  const entry = entries.find((candidate) => candidate.kind === 'association');
  if (entry === undefined) return false;
  if (entry.state === 'undone') return unit.facts.associated === true;
  const found = await findAssociation(aws.eks, unit);
  const ours = found !== undefined && found.tags[RUN_TAG] === run.runId;
  const associated = ours || entry.state === 'applied';
  if (associated)
    await runtime.journal.updateUnit(run.runId, unit.unitId, { facts: { associated: true, dissociatedAt: runtime.clock.now() } });
  if (ours) {
    await fence(runtime, run);
    await aws.eks.deleteAssociation(found.associationId);
  }
  await runtime.journal.markUndone(run.runId, entry.key);
  return associated;
}

/**
 * Gives each restarted workload the restart mark back that it had, which also brings its old pod template back. A mark
 * that somebody else has set since is theirs and stays.
 */
export async function undoRestarts(
  runtime: JournalRuntime,
  { run, unit, kubernetes }: UnitContext,
  entries: readonly JournalEntry[],
): Promise<void> {
  for (const entry of entries) {
    if (entry.kind !== 'restart' || entry.state === 'undone') continue;
    const plan = unit.plan.workloads.find((workload) => subjectOf(unit.plan, workload) === entry.object);
    const resource = plan === undefined ? undefined : resourceOf(plan);
    const object =
      plan === undefined || resource === undefined ? undefined : await kubernetes.get(resource, unit.plan.namespace, plan.name);
    if (plan !== undefined && resource !== undefined && object !== undefined) {
      const mark = restartMark({ plan, object });
      if (mark.current === markValue(run, unit, plan)) {
        await fence(runtime, run);
        await kubernetes.patch(resource, unit.plan.namespace, plan.name, mark.patch((entry.before as RestartImage).mark));
      }
    }
    await runtime.journal.markUndone(run.runId, entry.key);
  }
}
