import { PodshiftError } from '../../model/errors.ts';
import type { TemplatePlan, WorkloadPlan } from '../../model/plan.ts';
import type { JournalEntry } from '../../model/run.ts';
import type { JournalRuntime } from '../runtime.ts';
import { fence, journaledWrite, markUndone, millisecondsGoingBack, type UnitContext } from '../write.ts';
import { fieldsNow, liveTemplate, movedFields, sameFields, type TemplateFields, templateSubject, writeFields } from './templates.ts';
import { oldPodsEverywhere, oldTemplatesRolledOut } from './undo-pods.ts';
import { markValue, RESTARTED_AT } from './workloads.ts';

/** Key of the journal's entry of one template that moves to another service account. */
export function templateKey(subject: string): string {
  return `template#${subject}`;
}

/** Key of the journal's entry of the annotations of one template. */
export function templateAnnotationsKey(subject: string): string {
  return `annotations#${subject}`;
}

/** What a template has to be after the move. The restart's mark is part of the same write: one roll-out, not two. */
export function wantedFields({ run, unit }: Pick<UnitContext, 'run' | 'unit'>, template: TemplatePlan): TemplateFields {
  const workload = unit.plan.workloads.find((candidate) => candidate.kind === template.kind && candidate.name === template.name);
  const restarts = workload?.restart === 'rollout';
  return movedFields(template, restarts ? markValue(run, unit, workload as WorkloadPlan) : null);
}

/**
 * Gives each planned template of a split its new service account, both fields and the restart's mark in one write. Answers
 * how many were changed. Throws `WorldMoved` where one is gone or names another service account than the plan saw.
 */
export async function moveTemplates(runtime: JournalRuntime, context: UnitContext): Promise<number> {
  let moved = 0;
  for (const template of context.unit.plan.metadata?.templates ?? [])
    if (template.serviceAccount !== null && (await move(runtime, context, template))) moved += 1;
  return moved;
}

async function move(runtime: JournalRuntime, context: UnitContext, template: TemplatePlan): Promise<boolean> {
  const { run, unit, kubernetes } = context;
  const subject = templateSubject(unit.plan, template);
  const begun = await runtime.journal.getEntry(run.runId, templateKey(subject));
  if (begun?.state === 'applied') return false;
  const live = await liveTemplate(kubernetes, unit.plan, template);
  if (live === undefined) throw new PodshiftError('WorldMoved', `${subject} is gone since the plan was made`);
  const wanted = wantedFields(context, template);
  const current = fieldsNow(live.object, wanted);
  const isDone = sameFields(current, wanted);
  const { serviceAccountName, serviceAccount } = current;
  const isAsPlanned = serviceAccountName === template.before.serviceAccountName && serviceAccount === template.before.serviceAccount;
  if (!isDone && !isAsPlanned)
    throw new PodshiftError(
      'WorldMoved',
      `${subject} got the service account ${serviceAccountName ?? serviceAccount} since the plan was made`,
    );
  await journaledWrite(runtime, run, {
    key: templateKey(subject),
    unitId: unit.unitId,
    kind: 'template',
    object: subject,
    before: current,
    perform: async (): Promise<TemplateFields> => {
      if (!isDone) await writeFields(kubernetes, live, wanted);
      return wanted;
    },
  });
  return true;
}

/**
 * Takes the daemon's annotations off each planned template, where they still are as the plan saw them. Answers how many
 * templates were changed, so that their roll-out is waited for. Throws `ProofFailed` where one has its old service account again.
 */
export async function removeTemplateAnnotations(runtime: JournalRuntime, context: UnitContext): Promise<number> {
  const { run, unit, kubernetes } = context;
  let changed = 0;
  for (const template of unit.plan.metadata?.templates ?? []) {
    if (Object.keys(template.annotations).length === 0) continue;
    const subject = templateSubject(unit.plan, template);
    const begun = await runtime.journal.getEntry(run.runId, templateAnnotationsKey(subject));
    if (begun?.state === 'applied') {
      changed += 1;
      continue;
    }
    const live = await liveTemplate(kubernetes, unit.plan, template);
    const wanted: TemplateFields = { annotations: Object.fromEntries(Object.keys(template.annotations).map((key) => [key, null])) };
    const current = live === undefined ? wanted : fieldsNow(live.object, wanted);
    // What somebody took away or changed meanwhile is theirs.
    const isOurs = begun !== undefined || sameFields(current, { annotations: template.annotations });
    if (live === undefined || !isOurs) continue;
    const { serviceAccountName } = fieldsNow(live.object, { serviceAccountName: null });
    // Its pods would have neither way; the version that is read here guards the write.
    if (template.serviceAccount !== null && serviceAccountName !== template.serviceAccount)
      throw new PodshiftError(
        'ProofFailed',
        `somebody gave ${subject} the service account ${serviceAccountName ?? 'default'} again, so its annotations stay`,
      );
    await journaledWrite(runtime, run, {
      key: templateAnnotationsKey(subject),
      unitId: unit.unitId,
      kind: 'annotations',
      object: subject,
      before: current,
      perform: async (): Promise<TemplateFields> => {
        if (!sameFields(current, wanted)) await writeFields(kubernetes, live, wanted);
        return wanted;
      },
    });
    changed += 1;
  }
  return changed;
}

/** How long the roll-out of an annotation that came back is waited for: one that stands still needs the association gone. */
const SETTLE_SECONDS = 180;

/**
 * Gives the templates of a unit of kube2iam or kiam back what the daemon goes by, ahead of everything else: while the
 * association is there, pods are well on either way. Annotations come back first; then, of a split, both service account
 * fields, each to its old value or to none, and the restart's mark. Answers what is missing until no pod depends on the
 * association of a service account that is to go; empty when none does.
 */
export async function templatesBack(runtime: JournalRuntime, context: UnitContext, entries: readonly JournalEntry[]): Promise<string> {
  const isSplit = context.unit.plan.metadata?.splitFrom !== null;
  await restoreTemplateAnnotations(runtime, context, entries);
  for (const entry of entries) if (entry.kind === 'template' && entry.state !== 'undone') await undoTemplate(runtime, context, entry);
  if (!isSplit) {
    const isLeaving = entries.some((entry) => entry.kind === 'association' && entry.state !== 'undone');
    const isLate = millisecondsGoingBack(runtime.clock, context.unit) > SETTLE_SECONDS * 1000;
    const changed = entries.filter((entry) => entry.kind === 'annotations');
    return isLeaving && !isLate ? oldTemplatesRolledOut(runtime, context, changed) : '';
  }
  const unfinished = await oldTemplatesRolledOut(runtime, context, entries);
  return unfinished === '' ? oldPodsEverywhere(runtime, context) : unfinished;
}

/** Puts the daemon's annotations back on each template that lost them. Throws `UndoFailed` where somebody gave one another value since. */
export async function restoreTemplateAnnotations(
  runtime: JournalRuntime,
  context: UnitContext,
  entries: readonly JournalEntry[],
): Promise<void> {
  for (const entry of entries) if (entry.kind === 'annotations' && entry.state !== 'undone') await undoTemplate(runtime, context, entry);
}

async function undoTemplate(runtime: JournalRuntime, context: UnitContext, entry: JournalEntry): Promise<void> {
  const { run, unit, kubernetes } = context;
  const template = unit.plan.metadata?.templates.find((candidate) => templateSubject(unit.plan, candidate) === entry.object);
  const live = template === undefined ? undefined : await liveTemplate(kubernetes, unit.plan, template);
  if (template !== undefined && live !== undefined) {
    const before = entry.before as TemplateFields;
    const now = fieldsNow(live.object, before);
    const written =
      (entry.after as TemplateFields | null) ?? (entry.kind === 'template' ? wantedFields(context, template) : withoutValues(before));
    const back = withoutForeignMark(before, now, written);
    if (!sameFields(fieldsNow(live.object, back), back)) {
      refuseForeign(entry, before, now, written);
      await fence(runtime, run);
      await writeFields(kubernetes, live, back);
    }
  }
  await markUndone(runtime, run.runId, entry.key);
}

function withoutValues({ annotations = {} }: TemplateFields): TemplateFields {
  return { annotations: Object.fromEntries(Object.keys(annotations).map((key) => [key, null])) };
}

/** A mark that somebody else has set since is theirs and stays. */
function withoutForeignMark(before: TemplateFields, now: TemplateFields, written: TemplateFields): TemplateFields {
  const mark = now.annotations?.[RESTARTED_AT];
  if (before.annotations?.[RESTARTED_AT] === undefined || mark === written.annotations?.[RESTARTED_AT]) return before;
  const { annotations: _annotations, ...fields } = before;
  return fields;
}

/** Throws `UndoFailed`, with object and before-image, where somebody gave a field another value since. */
function refuseForeign(entry: JournalEntry, before: TemplateFields, now: TemplateFields, written: TemplateFields): void {
  const moved =
    entry.kind === 'template'
      ? now.serviceAccountName !== written.serviceAccountName && now.serviceAccountName !== before.serviceAccountName
      : Object.entries(now.annotations ?? {}).some(([key, value]) => value !== null && value !== before.annotations?.[key]);
  if (moved)
    throw new PodshiftError(
      'UndoFailed',
      `${entry.object}: somebody changed its pod template; before podshift it had ${JSON.stringify(before)}`,
    );
}
