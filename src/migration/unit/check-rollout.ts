import type { KubernetesObject } from '../../kubernetes/gateway.ts';
import { timestamp } from '../../model/clock.ts';
import { PodshiftError } from '../../model/errors.ts';
import type { UnitRecord } from '../../model/run.ts';
import { isOnNewWay } from '../../verification/injection.ts';
import { isReady, isRecreated, livePods } from '../../verification/pods.ts';
import { judgeRollout } from '../../verification/rollout.ts';
import { PACES, waitIn } from '../polls.ts';
import type { ClusterRuntime, JournalRuntime } from '../runtime.ts';
import { forwardUnit, type Poll, READY, secondsIn, type UnitContext, type UnitInput } from '../write.ts';
import { associatedAt } from './associate.ts';
import { evictPod, ownerOf } from './evict.ts';
import { ROLLOUT_SECONDS } from './renew-pods.ts';
import { liveWorkloads } from './workloads.ts';

/**
 * Whether every workload of the unit has rolled out. Workloads without a roll-out of their own are renewed here: one pod
 * at a time is evicted, and the next one only when all others are ready; a PodDisruptionBudget that says no is waited for.
 * Throws `RolloutFailed` where Kubernetes gave up on one, or where the option's time is over.
 */
export async function checkRollout(runtime: ClusterRuntime, input: UnitInput): Promise<Poll> {
  const context = await forwardUnit(runtime, input, 'rollout');
  const { run, unit, kubernetes } = context;
  const missing: string[] = [];
  let evicting = false;
  for (const { plan, object, subject } of await liveWorkloads(kubernetes, unit.plan)) {
    evicting ||= plan.restart === 'evict';
    const verdict = judgeRollout(object);
    if (verdict.state === 'failed') throw new PodshiftError('RolloutFailed', `${subject}: ${verdict.message}`);
    if (verdict.state === 'progressing') missing.push(`${subject}: ${verdict.message}`);
  }
  if (evicting && missing.length === 0) {
    const left = await evictNext(runtime, context);
    if (left !== '') missing.push(left);
  }
  if (missing.length === 0) {
    if (unit.facts.rolledOutAt === undefined) await noteEnd(runtime, unit);
    return READY;
  }
  const waited = secondsIn(runtime.clock, unit, 'rollout');
  if (waited > run.options.rolloutTimeoutSeconds) {
    throw new PodshiftError('RolloutFailed', `after ${run.options.rolloutTimeoutSeconds} s ${missing.join('; ')}`);
  }
  return waitIn(runtime, run, evicting ? PACES.eviction : PACES.rollout, waited, run.options.rolloutTimeoutSeconds);
}

/** Notes when the roll-out ended; one that took longer than a rollback assumes of those that nobody has seen is on record at once. */
async function noteEnd({ journal, clock }: JournalRuntime, unit: UnitRecord): Promise<void> {
  const ended = { facts: { rolledOutAt: timestamp(clock) } };
  const took = (clock.now() - Date.parse(unit.stepStartedAt.restart ?? '')) / 1000;
  if (took > ROLLOUT_SECONDS) await journal.updateUnit(unit.runId, unit.unitId, ended);
  else await journal.noteUnit(unit, ended);
}

/** Evicts one pod of the unit that is not on the new way, if all its others are ready. Answers what is left to do. Throws `RolloutFailed` where it does not help. */
async function evictNext(runtime: JournalRuntime, context: UnitContext): Promise<string> {
  const { run, unit, kubernetes } = context;
  const since = await associatedAt(runtime, unit);
  const pods = await livePods(kubernetes, unit.plan.namespace, unit.plan.serviceAccount);
  const old = pods.filter((pod) => isRecreated(pod) && !isRenewed(pod, since, run.options.annotationPrefix));
  const [next] = old;
  if (next === undefined) return '';
  const unready = pods.find((pod) => pod !== next && !isReady(pod));
  if (unready !== undefined) return `Pod/${unit.plan.namespace}/${unready.metadata.name} is not ready, so no other pod is evicted`;
  const answer = await evictPod(runtime, context, next, pods, 'forward');
  const name = `Pod/${unit.plan.namespace}/${next.metadata.name}`;
  if (answer === 'spent')
    throw new PodshiftError(
      'RolloutFailed',
      `${name} does not use Pod Identity, and neither did those of ${ownerOf(next)} that were evicted before it`,
    );
  return answer === 'blocked'
    ? `a PodDisruptionBudget blocks the eviction of ${name}`
    : `${old.length} pods still have to be restarted, ${name} now`;
}

/** Made after the association, and injected. Kubernetes gives whole seconds, so a pod of the same second may be older. */
export function isRenewed(pod: KubernetesObject, associatedAtMilliseconds: number, annotationPrefix: string): boolean {
  const created = Date.parse(pod.metadata.creationTimestamp ?? '');
  return created >= Math.floor(associatedAtMilliseconds / 1000) * 1000 && isOnNewWay(pod, annotationPrefix);
}
