import type { KubernetesGateway } from '../../kubernetes/gateway.ts';
import { PodshiftError } from '../../model/errors.ts';
import type { JournalEntry, RunRecord, UnitRecord } from '../../model/run.ts';
import { isProved } from '../evidence.ts';
import type { ClusterRuntime, JournalRuntime } from '../runtime.ts';
import { fence, forwardUnit, journaledWrite, markUndone, type UnitContext, type UnitInput } from '../write.ts';
import { refuseBroken } from './last-look.ts';
import { moveTemplates, removeTemplateAnnotations } from './move-templates.ts';
import { type LiveWorkload, liveWorkloads, markValue, resourceOf, restartMark, subjectOf } from './workloads.ts';

/** What a restart entry holds: the mark before and after; null where there was none. */
export interface RestartImage {
  readonly mark: string | null;
}

/** Key of the journal's entry of one workload's restart. */
export function restartKey(subject: string): string {
  return `restart#${subject}`;
}

/**
 * Asks every workload of the unit for new pods by the mark that `kubectl rollout restart` sets. The mark's value is the
 * same at every try, so a step that runs again restarts nothing twice. What is renewed by eviction waits for the next step.
 * Throws `ProofFailed` where the new way is not there any more, `WorldMoved` where a workload is gone, is paused, or would no longer roll; `Conflict` where it changed between read and write.
 */
export async function restartWorkloads(runtime: ClusterRuntime, input: UnitInput): Promise<{ restarted: number }> {
  const context = await forwardUnit(runtime, input, 'restart');
  const { run, unit, kubernetes } = context;
  const isSplit = (unit.plan.metadata?.splitFrom ?? null) !== null;
  const folds = run.options.foldAnnotationRemoval && unit.plan.metadata !== undefined;
  if (folds && !isProved(unit, 2, 'probe-pod'))
    throw new PodshiftError('ProofFailed', `the old annotations of ${unit.unitId} stay: Pod Identity is not proved`);
  await refuseBroken(runtime, context);
  let restarted = 0;
  for (const workload of await liveWorkloads(kubernetes, unit.plan)) {
    if (workload.plan.restart !== 'rollout' && workload.plan.restart !== 'argo-rollout') continue;
    refuseChanged(workload);
    // Of a split the restart is part of the template's change.
    if (isSplit) continue;
    if (await restart(runtime, kubernetes, run, unit, workload)) restarted += 1;
  }
  if (isSplit) restarted += await moveTemplates(runtime, context);
  if (folds) await removeTemplateAnnotations(runtime, context);
  // Where the old way went with the restart, whoever broke the new one meanwhile left the new pods with nothing.
  if (isSplit || folds) await refuseBroken(runtime, context);
  return { restarted };
}

/** The same refusals as the plan's, on the workload as it is now. */
function refuseChanged({ object, plan, subject }: LiveWorkload): void {
  if (object.spec?.paused === true) throw new PodshiftError('WorldMoved', `${subject} was paused since the plan was made`);
  const strategy = object.spec?.updateStrategy;
  if (plan.restart === 'rollout' && (strategy?.type === 'OnDelete' || (strategy?.rollingUpdate?.partition ?? 0) > 0)) {
    throw new PodshiftError(
      'WorldMoved',
      `${subject} does not roll by itself any more: its update strategy changed since the plan was made`,
    );
  }
}

async function restart(
  runtime: JournalRuntime,
  kubernetes: KubernetesGateway,
  run: RunRecord,
  unit: UnitRecord,
  workload: LiveWorkload,
): Promise<boolean> {
  const mark = restartMark(workload);
  const value = markValue(run, unit, workload.plan);
  const begun = await runtime.journal.getEntry(run.runId, restartKey(workload.subject));
  if (begun?.state === 'applied') return false;
  if (begun !== undefined && mark.current !== value && mark.current !== (begun.before as RestartImage).mark) {
    throw new PodshiftError('WorldMoved', `somebody else restarted ${workload.subject} while podshift did`);
  }
  await journaledWrite(runtime, run, {
    key: restartKey(workload.subject),
    unitId: unit.unitId,
    kind: 'restart',
    object: workload.subject,
    before: { mark: mark.current } satisfies RestartImage,
    perform: async (): Promise<RestartImage> => {
      if (mark.current === value) return { mark: value };
      const written = await kubernetes.patch(workload.resource, unit.plan.namespace, workload.plan.name, mark.patch(value));
      const found = restartMark({ plan: workload.plan, object: written }).current;
      if (found !== value) throw new PodshiftError('Conflict', `${workload.subject} does not carry its restart mark after the write`);
      return { mark: value };
    },
  });
  return true;
}

/**
 * Gives each restarted workload the restart mark back that it had (instead of podshift's own, or of this rollback's renewal), which also brings its old pod template back. A mark
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
      const ours = [markValue(run, unit, plan), unit.facts.renewalMark];
      if (ours.includes(mark.current)) {
        await fence(runtime, run);
        await kubernetes.patch(resource, unit.plan.namespace, plan.name, mark.patch((entry.before as RestartImage).mark));
      }
    }
    await markUndone(runtime, run.runId, entry.key);
  }
}
