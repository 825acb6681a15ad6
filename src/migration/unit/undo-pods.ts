import type { KubernetesObject } from '../../kubernetes/gateway.ts';
import { PodshiftError } from '../../model/errors.ts';
import type { JournalEntry, UnitRecord } from '../../model/run.ts';
import { isOnOldWay, usesAgent } from '../../verification/injection.ts';
import { isReady, isRecreated, livePods } from '../../verification/pods.ts';
import { judgeRollout } from '../../verification/rollout.ts';
import { PACES } from '../polls.ts';
import type { JournalRuntime } from '../runtime.ts';
import { serverTime } from '../server-time.ts';
import type { UnitContext } from '../write.ts';
import { dryRun } from './check-injection.ts';
import { evictPod, ownerOf } from './evict.ts';
import { keepRow, rowWith } from './looks-in-a-row.ts';
import { resourceOf, subjectOf } from './workloads.ts';

/** Entries whose undo rolls a workload out. */
const ROLLING: ReadonlySet<JournalEntry['kind']> = new Set(['restart', 'template', 'annotations']);
/** How long to wait for the webhook to forget an association where dry runs are refused. */
const BLIND_WAIT_SECONDS = 60;

/**
 * Whether new pods are injected the old way again, on as many dry runs in a row as the way forward asked for. One dry run
 * a call. Answers what is missing; empty when proved. The count is kept in the unit's facts.
 */
export async function proveOldInjection(runtime: JournalRuntime, { run, unit, kubernetes }: UnitContext): Promise<string> {
  const hits = Number(unit.facts.undoHits ?? 0);
  if (hits >= run.options.injectionChecks) return '';
  const sentAt = runtime.clock.now();
  const answer = await dryRun(kubernetes, run, unit, hits);
  // Where the namespace is gone no pod will ever be made.
  if (answer.kind === 'refused' && answer.isGone) return '';
  if (answer.kind === 'refused') {
    const passed = (runtime.clock.now() - Number(unit.facts.dissociatedAt ?? runtime.clock.now())) / 1000;
    return passed >= BLIND_WAIT_SECONDS ? '' : 'dry runs are refused, so the webhook gets time to forget the association';
  }
  const shows =
    !usesAgent(answer.pod) &&
    ((unit.plan.mechanism !== 'irsa' && unit.plan.mechanism !== 'addon') || isOnOldWay(answer.pod, run.options.annotationPrefix));
  const row = await rowWith(runtime, unit, { row: 'undoHits', shows, sentAt, apart: PACES.undo.first });
  await keepRow(runtime, unit, 'undoHits', row);
  const { injectionChecks } = run.options;
  return row.is >= injectionChecks ? '' : `new pods are injected by the old mechanism in ${row.is} of ${injectionChecks} dry runs`;
}

/** What is missing until the workloads that podshift restarted run their old template again; empty when they do. */
export async function oldTemplatesRolledOut(
  runtime: JournalRuntime,
  context: UnitContext,
  entries: readonly JournalEntry[],
): Promise<string> {
  const { unit, kubernetes } = context;
  for (const workload of unit.plan.workloads) {
    const subject = subjectOf(unit.plan, workload);
    const resource = resourceOf(workload);
    if (resource === undefined || !entries.some((entry) => ROLLING.has(entry.kind) && entry.object === subject)) continue;
    const object = await kubernetes.get(resource, unit.plan.namespace, workload.name);
    // A roll-out that failed forward says so until it has got somewhere backward: only the deadline ends the wait.
    const verdict = object === undefined ? undefined : judgeRollout(object);
    if (verdict === undefined || verdict.state === 'complete') continue;
    if (workload.kind === 'StatefulSet') await renewStuckPod(runtime, context, workload.name, object?.status?.updateRevision);
    return `${subject}: ${verdict.message}`;
  }
  return '';
}

/**
 * Evicts the pod at which a StatefulSet stands still: its controller waits for a broken pod to become ready even after the
 * template was fixed, until that pod is deleted (Kubernetes, "StatefulSets", forced rollback).
 */
async function renewStuckPod(runtime: JournalRuntime, context: UnitContext, name: string, revision: string | undefined): Promise<void> {
  const { unit, kubernetes } = context;
  const { namespace, serviceAccount } = unit.plan;
  const pods = await livePods(kubernetes, namespace, serviceAccount);
  const isOfSet = (pod: KubernetesObject): boolean =>
    pod.metadata.ownerReferences?.some((owner) => owner.kind === 'StatefulSet' && owner.name === name) ?? false;
  // A pod of the restored revision only needs its time.
  const isOld = (pod: KubernetesObject): boolean =>
    revision === undefined || pod.metadata.labels?.['controller-revision-hash'] !== revision;
  const stuck = pods.find((pod) => isOfSet(pod) && isOld(pod) && usesAgent(pod) && !isReady(pod));
  if (stuck === undefined) return;
  if ((await evictPod(runtime, context, stuck, pods, 'back')) === 'spent') throw spent(unit, stuck, 'it does not become ready');
}

/**
 * What is missing until no pod of the unit lives on the agent any more; empty when none does. Evicts one such pod a call:
 * a scale-up or a lost node may have made it while the association was there. The pod of a Job is left to finish.
 */
export async function oldPodsEverywhere(runtime: JournalRuntime, context: UnitContext): Promise<string> {
  const { unit, kubernetes } = context;
  const { namespace, serviceAccount } = unit.plan;
  const pods = await livePods(kubernetes, namespace, serviceAccount);
  const left = pods.filter(usesAgent);
  const name = (pod: KubernetesObject): string => `Pod/${namespace}/${pod.metadata.name}`;
  const next = left.find(isRecreated);
  if (next === undefined)
    return left[0] === undefined ? '' : `${name(left[0])} got its credentials from Pod Identity and has to end by itself`;
  const began = serverTime(runtime, Number(unit.facts.undoSince));
  const replacement = pods.find((pod) => !usesAgent(pod) && !isReady(pod) && Date.parse(pod.metadata.creationTimestamp ?? '') >= began);
  if (replacement !== undefined && isReady(next)) return `${name(replacement)} is not ready yet`;
  const answer = await evictPod(runtime, context, next, pods, 'back');
  if (answer === 'spent') throw spent(unit, next, 'it got its credentials from Pod Identity again');
  return answer === 'blocked' ? `a PodDisruptionBudget blocks the eviction of ${name(next)}` : `${name(next)} is being restarted`;
}

/** What is no better by the second try is an operator's to look at. */
function spent({ plan }: UnitRecord, pod: KubernetesObject, what: string): PodshiftError {
  const name = `Pod/${plan.namespace}/${pod.metadata.name}`;
  return new PodshiftError(
    'UndoFailed',
    `${name} was made after the pods of ${ownerOf(pod)} were evicted as often as they may be, and ${what}; look for what injects it ("kubectl describe pod -n ${plan.namespace} ${pod.metadata.name}"), then roll back again`,
  );
}
