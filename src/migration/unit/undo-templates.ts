import { PodshiftError } from '../../model/errors.ts';
import type { JournalEntry } from '../../model/run.ts';
import type { JournalRuntime } from '../runtime.ts';
import type { UnitContext } from '../write.ts';
import { wantedFields } from './move-templates.ts';
import { fieldsNow, liveTemplate, sameFields, type TemplateFields, templateSubject, writeFields } from './templates.ts';
import { fence } from './undo-fence.ts';
import { oldPodsEverywhere, oldTemplatesRolledOut } from './undo-pods.ts';
import { RESTARTED_AT } from './workloads.ts';

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
  for (const kind of ['annotations', 'template'] as const)
    for (const entry of entries) if (entry.kind === kind && entry.state !== 'undone') await undoTemplate(runtime, context, entry);
  if (!isSplit) {
    const isLeaving = entries.some((entry) => entry.kind === 'association' && entry.state !== 'undone');
    const isLate = runtime.clock.now() - Number(context.unit.facts.undoSince) > SETTLE_SECONDS * 1000;
    const changed = entries.filter((entry) => entry.kind === 'annotations');
    return isLeaving && !isLate ? oldTemplatesRolledOut(runtime, context, changed) : '';
  }
  const unfinished = await oldTemplatesRolledOut(runtime, context, entries);
  return unfinished === '' ? oldPodsEverywhere(runtime, context) : unfinished;
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
  await runtime.journal.markUndone(run.runId, entry.key);
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
