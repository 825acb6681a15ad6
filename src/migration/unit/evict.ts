import type { KubernetesGateway, KubernetesObject } from '../../kubernetes/gateway.ts';
import type { RunRecord, UnitRecord } from '../../model/run.ts';
import type { JournalRuntime } from '../runtime.ts';
import { LOCK_SECONDS } from '../write.ts';

/** Key of the journal's entry of one eviction. */
export function evictionKey(pod: KubernetesObject): string {
  return `eviction#Pod/${pod.metadata.namespace}/${pod.metadata.name}#${pod.metadata.uid}`;
}

/**
 * Evicts one pod by the eviction API, with its intent on record. `blocked` is a PodDisruptionBudget's answer: nothing
 * happened, and the caller asks again later. A pod of the same name but another uid is left alone.
 */
export async function evictPod(
  runtime: JournalRuntime,
  kubernetes: KubernetesGateway,
  run: RunRecord,
  unit: UnitRecord,
  pod: KubernetesObject,
): Promise<'evicted' | 'blocked' | 'gone'> {
  const { namespace = unit.plan.namespace, name, uid } = pod.metadata;
  const key = evictionKey(pod);
  await runtime.journal.extendLock(run.clusterArn, run.runId, LOCK_SECONDS);
  await runtime.journal.recordIntent({
    runId: run.runId,
    key,
    unitId: unit.unitId,
    kind: 'eviction',
    object: `Pod/${namespace}/${name}`,
    before: { uid },
  });
  const answer = await kubernetes.evict(namespace, name, uid === undefined ? {} : { uid });
  if (answer !== 'blocked') await runtime.journal.markApplied(run.runId, key, { evicted: true });
  return answer;
}
