import type { KubernetesObject } from '../../../src/kubernetes/gateway.ts';
import { condition, isActive, isReady, setCondition, timestamp } from '../objects.ts';
import type { World } from '../world.ts';

/** Whether a Job ran to its end. */
export function isJobFinished(job: KubernetesObject): boolean {
  return condition(job, 'Complete')?.status === 'True' || condition(job, 'Failed')?.status === 'True';
}

/** The Job controller, for plain Jobs: an unfinished one has its pods, a finished one is left as it is. */
export function reconcileJob(world: World, job: KubernetesObject, retry: { key: string; work: () => void }): void {
  if (isJobFinished(job)) {
    return;
  }
  const { spec, metadata } = job;
  const pods = world.podsOf(job);
  const succeeded = pods.filter((pod) => pod.status?.phase === 'Succeeded').length;
  const failed = pods.filter((pod) => pod.status?.phase === 'Failed').length;
  const active = pods.filter(isActive);
  const now = timestamp(world.store.now());
  const completions: number = spec.completions ?? 1;
  const done = succeeded >= completions;
  const broken = failed > (spec.backoffLimit ?? 6);
  if (spec.suspend === true || done || broken) {
    active.forEach((pod) => void world.deletePod(pod));
  } else {
    for (let missing = Math.min(spec.parallelism ?? 1, completions - succeeded) - active.length; missing > 0; missing -= 1) {
      const labels = {
        'batch.kubernetes.io/controller-uid': metadata.uid as string,
        'batch.kubernetes.io/job-name': metadata.name,
        'controller-uid': metadata.uid as string,
        'job-name': metadata.name,
      };
      world.createPod(job, spec.template, { labels }, retry);
    }
  }
  const running = world.podsOf(job).filter(isActive);
  const end = done
    ? { type: 'Complete', status: 'True' }
    : broken
      ? { type: 'Failed', status: 'True', reason: 'BackoffLimitExceeded' }
      : undefined;
  world.setStatus(world.kind('batch', 'Job'), job, {
    ...job.status,
    active: running.length === 0 ? undefined : running.length,
    ready: running.filter(isReady).length,
    succeeded: succeeded === 0 ? undefined : succeeded,
    failed: failed === 0 ? undefined : failed,
    startTime: spec.suspend === true ? undefined : (job.status?.startTime ?? now),
    completionTime: done ? now : undefined,
    conditions: end === undefined ? job.status?.conditions : setCondition(job.status?.conditions, end, now),
  });
}
