import type { KubernetesObject } from '../../../src/kubernetes/gateway.ts';
import { readSchedule } from '../cron.ts';
import { ownedBy, timestamp } from '../objects.ts';
import type { World } from '../world.ts';
import { isJobFinished } from './job.ts';

/** What marks a Job that a CronJob made (pkg/apis/batch: `CronJobScheduledTimestampAnnotation`). */
export const SCHEDULED_AT = 'batch.kubernetes.io/cronjob-scheduled-timestamp';

const KEPT = { succeeded: 3, failed: 1 };

/**
 * The CronJob controller (k8s.io/kubernetes pkg/controller/cronjob): makes a Job when its time comes, as the concurrency
 * policy allows, and takes old ones away. It knows no starting deadline, since the twin's controllers never sleep.
 */
export function reconcileCronJob(world: World, cronJob: KubernetesObject, retry: { key: string; work: () => void }): void {
  const { spec, metadata, status } = cronJob;
  const schedule = readSchedule(spec.schedule, spec.timeZone ?? undefined);
  if (schedule === undefined || spec.suspend === true) return;
  const now = world.clock.now();
  // What was missed before the twin began is no business of its.
  const since = Math.max(world.started, status?.lastScheduleTime === undefined ? 0 : Date.parse(status.lastScheduleTime));
  const due = schedule.next(since);
  if (due !== undefined && due <= now) {
    const kind = world.kind('batch', 'CronJob');
    const last = lastOf(schedule, due, now);
    fire(world, cronJob, last);
    const current = world.store.get(kind, metadata.namespace, metadata.name);
    if (current !== undefined) world.setStatus(kind, current, { ...current.status, lastScheduleTime: timestamp(last) });
  }
  prune(world, cronJob);
  const next = schedule.next(now);
  if (next !== undefined) world.queue.addAt(next, retry.key, retry.work);
}

function lastOf(schedule: { next(after: number): number | undefined }, due: number, now: number): number {
  let last = due;
  for (let next = schedule.next(last); next !== undefined && next <= now; next = schedule.next(last)) last = next;
  return last;
}

function fire(world: World, cronJob: KubernetesObject, at: number): void {
  const { spec, metadata } = cronJob;
  const jobs = world.kind('batch', 'Job');
  const active = world.ownedBy(cronJob, 'Job').filter((job) => !isJobFinished(job));
  if (active.length > 0 && spec.concurrencyPolicy === 'Forbid') return;
  if (spec.concurrencyPolicy === 'Replace') for (const job of active) world.delete(jobs, job);
  const name = `${metadata.name}-${Math.floor(at / 60_000)}`;
  if (world.store.get(jobs, metadata.namespace, name) !== undefined) return;
  const { metadata: template, spec: jobSpec } = spec.jobTemplate;
  world.store.create(
    jobs,
    {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: {
        ...(template?.labels === undefined ? {} : { labels: template.labels }),
        name,
        ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
        annotations: { ...template?.annotations, [SCHEDULED_AT]: timestamp(at) },
        ownerReferences: ownedBy(cronJob),
      },
      spec: jobSpec,
      status: {},
    },
    'system',
  );
}

function prune(world: World, cronJob: KubernetesObject): void {
  const finished = world.ownedBy(cronJob, 'Job').filter(isJobFinished);
  const isFailed = (job: KubernetesObject): boolean => (job.status?.failed ?? 0) > 0 && job.status?.completionTime === undefined;
  for (const [failed, limit] of [
    [false, cronJob.spec.successfulJobsHistoryLimit ?? KEPT.succeeded],
    [true, cronJob.spec.failedJobsHistoryLimit ?? KEPT.failed],
  ] as const) {
    const old = finished.filter((job) => isFailed(job) === failed).sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
    for (const job of old.slice(0, Math.max(0, old.length - limit))) world.delete(world.kind('batch', 'Job'), job);
  }
}
