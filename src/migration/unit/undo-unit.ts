import { RESOURCES } from '../../kubernetes/resources.ts';
import { PodshiftError } from '../../model/errors.ts';
import type { JournalEntry, UnitRecord } from '../../model/run.ts';
import { usesAgent } from '../../verification/injection.ts';
import { livePods } from '../../verification/pods.ts';
import { undoAddon } from '../addon/update-addon.ts';
import { PACES, waitIn } from '../polls.ts';
import { secondsUntilQuiet } from '../quiet.ts';
import { changedByLaterRuns } from '../run/later-runs.ts';
import { planOf } from '../run/plan-run.ts';
import type { ClusterRuntime, JournalRuntime } from '../runtime.ts';
import { reasonOf } from '../trust/grant-trust.ts';
import { admittedByRun } from '../trust/role-trust.ts';
import { beginStep, fence, markUndone, millisecondsGoingBack, type Poll, READY, type UnitContext, waitFor } from '../write.ts';
import { undoAssociation, wasAssociated } from './associate.ts';
import { templatesBack } from './move-templates.ts';
import { undoProbes } from './prove-credentials.ts';
import { undoAnnotations } from './remove-annotations.ts';
import { podsFresh } from './renew-pods.ts';
import { undoRestarts } from './restart-workloads.ts';
import { undoSplit } from './split-service-account.ts';
import { rolloutsUnderWay } from './starting-pods.ts';
import { beginBack, isOver, ROLLED_BACK, type UndoInput } from './turn-back.ts';
import { oldPodsEverywhere, oldTemplatesRolledOut, proveOldInjection } from './undo-pods.ts';

/** How often to ask whether a write that may be under way is over: it may tell its end before its time is. */
const QUIET_POLL_SECONDS = 15;
/**
 * Takes a unit back to what it was, from the journal alone, however far it came: annotations first (so that nothing is
 * without both ways), then the association, then proof that new pods are on the old way again, then the old templates and
 * the pods. It is called until it is ready; each call finds out by itself what is left. The trust policy goes later, by role.
 * Throws `UndoFailed` where an object was changed by somebody else or the unit by a later run, or where the option's time is over.
 */
export async function undoUnit(runtime: ClusterRuntime, input: UndoInput): Promise<Poll & { unitId: string; unitStatus: string }> {
  const found = await runtime.journal.getUnit(input.runId, input.unitId);
  if (await isOver(runtime, found, input)) return { ...READY, unitId: input.unitId, unitStatus: found.status };
  const reason = found.status === 'rolling-back' && found.reason !== '' ? found.reason : reasonOf(input.failure);
  const context = await openUndo(runtime, found, reason);
  const { run, unit } = context;
  // Read once the unit's status has closed the fence: whatever else is written is seen by the step that writes it.
  const entries = await runtime.journal.listEntries(input.runId, input.unitId);
  if (entries.length === 0) return end(runtime, unit, 'held', reason);
  await fence(runtime, run);
  // What the rollback itself has on record since is its own.
  const forward = entries.filter(({ at }) => Date.parse(at) <= Number(unit.facts.undoSince));
  const seconds = secondsUntilQuiet(runtime.clock, forward);
  if (seconds > 0) return { ...waitFor(Math.min(seconds, QUIET_POLL_SECONDS)), unitId: input.unitId, unitStatus: 'rolling-back' };
  const gone = await isGone(context);
  const missing = await goBack(runtime, context, entries, gone);
  if (missing === '' && gone && input.failure.Error !== ROLLED_BACK) {
    await runtime.journal.updateUnit(run.runId, unit.unitId, { facts: { gone: true } });
    const { namespace, serviceAccount } = unit.plan;
    const why = `ServiceAccount/${namespace}/${serviceAccount} is gone since the plan was made: nothing is left to migrate`;
    return end(runtime, unit, 'rolled-back', why);
  }
  if (missing === '') return end(runtime, unit, 'rolled-back', reason);
  const { undoTimeoutSeconds } = run.options;
  const waited = millisecondsGoingBack(runtime.clock, unit) / 1000;
  if (waited > undoTimeoutSeconds) {
    throw new PodshiftError('UndoFailed', `after ${undoTimeoutSeconds} s of rolling back, ${missing}`);
  }
  return { ...(await waitIn(runtime, run, PACES.undo, waited, undoTimeoutSeconds)), unitId: input.unitId, unitStatus: 'rolling-back' };
}

async function openUndo(runtime: ClusterRuntime, found: UnitRecord, reason: string): Promise<UnitContext> {
  const run = await runtime.journal.getRun(found.runId);
  const begun = found.status === 'rolling-back' ? found : await beginBack(runtime, found, reason);
  const unit = await beginStep(runtime, begun, 'undo');
  return { run, unit, aws: runtime.aws(run.target), kubernetes: await runtime.kubernetes(run.target) };
}

/** Does what can be done now, in the order that keeps every pod's credentials; answers what is missing still. */
async function goBack(runtime: JournalRuntime, context: UnitContext, entries: readonly JournalEntry[], gone: boolean): Promise<string> {
  await undoProbes(runtime, context, entries);
  await refuseOutOfOrder(runtime, context);
  const { metadata } = context.unit.plan;
  const isSplit = (metadata?.splitFrom ?? null) !== null;
  if (metadata === undefined) await undoAnnotations(runtime, context, entries);
  else {
    const left = await templatesBack(runtime, context, entries);
    if (left !== '') return left;
  }
  const updating = await undoAddon(runtime, context, entries);
  if (updating !== '') return updating;
  // A split has its old templates rolled out by now.
  const starting = isSplit ? '' : await rolloutsUnderWay(runtime, context, entries);
  if (starting !== '') return starting;
  if (gone) await refuseOrphans(context);
  const stale = isSplit || gone ? '' : await podsFresh(runtime, context, entries);
  if (stale !== '') return stale;
  const { missing, wasThere } = await undoAssociation(runtime, context, entries);
  if (missing !== '') return missing;
  // The pods of a split have their old service account again, which never had an association.
  const wasUpdated = entries.some((entry) => entry.kind === 'addon');
  if (!gone && ((wasThere && !isSplit) || wasUpdated)) {
    const unproved = await proveOldInjection(runtime, context);
    if (unproved !== '') return unproved;
  }
  await refuseStranding(runtime, context);
  await undoRestarts(runtime, context, entries);
  // No pod is made any more where the service account is gone.
  const unfinished = gone ? '' : await oldTemplatesRolledOut(runtime, context, entries);
  if (unfinished !== '') return unfinished;
  // An association that was there before the run stays, and every new pod is injected by it: that is what was.
  const left = gone || wasAssociated(context.unit) ? '' : await oldPodsEverywhere(runtime, context);
  if (left !== '') return left;
  if (isSplit) await undoSplit(runtime, context, entries);
  for (const entry of await runtime.journal.listEntries(context.run.runId, context.unit.unitId)) {
    if (entry.state !== 'undone') await markUndone(runtime, context.run.runId, entry.key);
  }
  return '';
}

/**
 * A later run that went on from what this one left half-way may have taken the old way away, its pods live on what this one made, and
 * the service account that a split returns to may have another role by now: none of it can be undone under that run. Throws `UndoFailed`
 * with the run that is to be rolled back first.
 */
async function refuseOutOfOrder(runtime: JournalRuntime, { run, unit: { unitId, plan } }: UnitContext): Promise<void> {
  const later = await changedByLaterRuns(runtime, run);
  const splitFrom = plan.metadata?.splitFrom ?? null;
  const changed = [unitId, ...(splitFrom === null ? [] : [`${plan.namespace}/${splitFrom}`])].find((one) => later.has(one));
  if (changed === undefined) return;
  throw new PodshiftError('UndoFailed', `run ${later.get(changed)} has changed ${changed} since: roll that run back first, then this one`);
}

/** Whether somebody took the service account away, alone or with its namespace. That of a split is podshift's own. */
async function isGone({ unit: { plan }, kubernetes }: UnitContext): Promise<boolean> {
  if ((plan.metadata?.splitFrom ?? null) !== null) return false;
  return (await kubernetes.get(RESOURCES.serviceAccounts, plan.namespace, plan.serviceAccount)) === undefined;
}

/**
 * Pods of a service account that is gone cannot be made anew on the old way: those that live on its association keep it, and it goes
 * with them. Throws `UndoFailed` then, with what an operator can do.
 */
async function refuseOrphans({ unit: { unitId, plan }, kubernetes }: UnitContext): Promise<void> {
  const { namespace, serviceAccount } = plan;
  const pods = (await livePods(kubernetes, namespace, serviceAccount)).filter(usesAgent);
  const [first] = pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  if (first === undefined) return;
  throw new PodshiftError(
    'UndoFailed',
    `ServiceAccount/${namespace}/${serviceAccount} is gone, and pods such as Pod/${namespace}/${first.metadata.name} live on the association of ${unitId}: create the service account again, or delete its workloads, then roll back again`,
  );
}

/**
 * Where an association was there before the run and only the run's own statement makes it work, pods that came since live on
 * both: without the statement they have nothing, and no restart brings the old rollback. Throws `UndoFailed` then, so that the
 * statement stays.
 */
async function refuseStranding(runtime: JournalRuntime, { run, unit, kubernetes }: UnitContext): Promise<void> {
  if (!wasAssociated(unit) || !(await isAdmittedByRun(runtime, unit))) return;
  const { namespace, serviceAccount, before } = unit.plan;
  const pods = (await livePods(kubernetes, namespace, serviceAccount)).filter(usesAgent);
  const [first] = pods;
  if (first === undefined) return;
  throw new PodshiftError(
    'UndoFailed',
    `association ${before.associationId} of ${unit.unitId} was there before podshift and works by the statement that podshift added, and ${pods.length} pods such as Pod/${namespace}/${first.metadata.name} get their credentials so: they keep both. Migrate ${unit.unitId} with a new run; or run "aws eks delete-pod-identity-association --cluster-name ${run.target.clusterName} --region ${run.target.region} --association-id ${before.associationId}", restart its workloads, and roll back again`,
  );
}

/** Whether a write of this run, not undone yet, lets the unit's service account in. */
async function isAdmittedByRun(runtime: JournalRuntime, { runId, plan }: UnitRecord): Promise<boolean> {
  const role = (await planOf(runtime, runId)).roles.find(({ roleArn }) => roleArn === plan.roleArn);
  const written = (await runtime.journal.listEntries(runId, null)).filter(({ kind, state }) => kind === 'trust' && state !== 'undone');
  return (
    role !== undefined &&
    admittedByRun(role, written).some(({ namespace, name }) => namespace === plan.namespace && name === plan.serviceAccount)
  );
}

async function end(runtime: JournalRuntime, unit: UnitRecord, status: 'held' | 'rolled-back', reason: string) {
  await runtime.journal.updateUnit(unit.runId, unit.unitId, { status, reason });
  return { ...READY, unitId: unit.unitId, unitStatus: status };
}
