import type { JournalEntry } from '../../model/run.ts';
import { usesAgent } from '../../verification/injection.ts';
import { isReady, livePods } from '../../verification/pods.ts';
import { judgeRollout } from '../../verification/rollout.ts';
import type { JournalRuntime } from '../runtime.ts';
import { ageSeconds } from '../server-time.ts';
import { millisecondsGoingBack, secondsIn, type UnitContext } from '../write.ts';
import { resourceOf, subjectOf } from './workloads.ts';

/** How long a rollback waits for a roll-out, or for a pod since it was made: longer than an ordinary one takes, short for who waits at night. */
const SETTLE_SECONDS = 180;
/** How long it waits for all of them together, however many come meanwhile. */
const LONGEST_SECONDS = 900;

/**
 * What is still starting while the association is there; empty when it may go. A pod that was injected but has not
 * started yet has fetched nothing that the agent could go on serving: without the association it would come up with no
 * credentials at all, whoever made it and however long ago podshift's own restart was. Pods that have started have, so one that
 * does not become ready is not waited for beyond its time, and neither is a roll-out that stands still.
 */
export async function rolloutsUnderWay(
  runtime: JournalRuntime,
  { unit, kubernetes }: UnitContext,
  entries: readonly JournalEntry[],
): Promise<string> {
  if (!entries.some((entry) => entry.kind === 'association' && entry.state !== 'undone')) return '';
  const waited = millisecondsGoingBack(runtime.clock, unit) / 1000;
  if (waited > LONGEST_SECONDS) return '';
  const { namespace, serviceAccount } = unit.plan;
  const pods = await livePods(kubernetes, namespace, serviceAccount);
  const starting = pods.find((pod) => usesAgent(pod) && !isReady(pod) && ageSeconds(runtime, pod) <= SETTLE_SECONDS);
  if (starting !== undefined) return `Pod/${namespace}/${starting.metadata.name} is still starting`;
  // A roll-out that was given its whole time on the way forward gets no more.
  if (waited > SETTLE_SECONDS || secondsIn(runtime.clock, unit, 'restart') > SETTLE_SECONDS) return '';
  const restarts = entries.filter((entry) => entry.kind === 'restart' && entry.state !== 'undone');
  for (const workload of unit.plan.workloads) {
    const subject = subjectOf(unit.plan, workload);
    const resource = resourceOf(workload);
    if (resource === undefined || !restarts.some((entry) => entry.object === subject)) continue;
    const object = await kubernetes.get(resource, namespace, workload.name);
    const verdict = object === undefined ? undefined : judgeRollout(object);
    if (verdict?.state === 'progressing') return `${subject} is still rolling out: ${verdict.message}`;
  }
  return '';
}
