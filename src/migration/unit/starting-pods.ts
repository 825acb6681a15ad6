import { RESOURCES } from '../../kubernetes/resources.ts';
import type { JournalEntry } from '../../model/run.ts';
import { usesAgent } from '../../verification/injection.ts';
import { isReady, podsOfServiceAccount } from '../../verification/pods.ts';
import { judgeRollout } from '../../verification/rollout.ts';
import type { JournalRuntime } from '../runtime.ts';
import { secondsIn, type UnitContext } from '../write.ts';
import { resourceOf, subjectOf } from './workloads.ts';

/** How long a way back waits for a roll-out under way: longer than an ordinary one takes, short for who waits at night. */
const SETTLE_SECONDS = 180;

/**
 * What is still rolling out while the association is there; empty when it may go. A pod that was injected but has not
 * started yet has fetched nothing that the agent could go on serving: without the association it would come up with no
 * credentials at all. Pods that have started have, so a roll-out that stands still is not waited for beyond the time above.
 */
export async function rolloutsUnderWay(
  runtime: JournalRuntime,
  { unit, kubernetes }: UnitContext,
  entries: readonly JournalEntry[],
): Promise<string> {
  const isLeaving = entries.some((entry) => entry.kind === 'association' && entry.state !== 'undone');
  const restarts = entries.filter((entry) => entry.kind === 'restart' && entry.state !== 'undone');
  if (!isLeaving || restarts.length === 0) return '';
  const since = Number(unit.facts.undoSince ?? runtime.clock.now());
  // A roll-out that was given its whole time on the way forward gets no more.
  const isGivenUp = secondsIn(runtime.clock, unit, 'restart') > SETTLE_SECONDS;
  if (isGivenUp || runtime.clock.now() - since > SETTLE_SECONDS * 1000) return '';
  for (const workload of unit.plan.workloads) {
    const subject = subjectOf(unit.plan, workload);
    const resource = resourceOf(workload);
    if (resource === undefined || !restarts.some((entry) => entry.object === subject)) continue;
    const object = await kubernetes.get(resource, unit.plan.namespace, workload.name);
    const verdict = object === undefined ? undefined : judgeRollout(object);
    if (verdict?.state === 'progressing') return `${subject} is still rolling out: ${verdict.message}`;
  }
  const pods = podsOfServiceAccount(await kubernetes.list(RESOURCES.pods, { namespace: unit.plan.namespace }), unit.plan.serviceAccount);
  const starting = pods.find((pod) => usesAgent(pod) && !isReady(pod));
  return starting === undefined ? '' : `Pod/${unit.plan.namespace}/${starting.metadata.name} is still starting`;
}
