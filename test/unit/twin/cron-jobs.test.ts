import { describe, expect, it } from 'vitest';
import { readSchedule } from '../../../twin/kubernetes/cron.ts';
import { createTestCluster, START } from '../fixtures/twin-kubernetes-cluster.ts';

const at = (text: string): number => Date.parse(text);
const shown = (time: number | undefined): string => (time === undefined ? 'never' : new Date(time).toISOString().slice(0, 16));

describe('a schedule', () => {
  it.each([
    ['*/5 * * * *', undefined, '2026-03-01T12:00', '2026-03-01T12:05'],
    ['0 3 * * *', undefined, '2026-03-01T12:00', '2026-03-02T03:00'],
    ['30 9-11/2 * * mon-fri', undefined, '2026-03-01T12:00', '2026-03-02T09:30'],
    ['15,45 12 * * *', undefined, '2026-03-01T12:20', '2026-03-01T12:45'],
    ['0 0 29 2 *', undefined, '2026-03-01T12:00', '2028-02-29T00:00'],
    // Either day will do where both are named.
    ['0 0 13 * fri', undefined, '2026-03-01T12:00', '2026-03-06T00:00'],
    ['@hourly', undefined, '2026-03-01T12:00', '2026-03-01T13:00'],
    ['0 0 1 JAN ?', undefined, '2026-03-01T12:00', '2027-01-01T00:00'],
    ['0 9 * * *', 'Asia/Tokyo', '2026-03-01T12:00', '2026-03-02T00:00'],
    ['0 0 31 2 *', undefined, '2026-03-01T12:00', 'never'],
  ])('%s (%s) after %s is %s', (text, zone, after, next) => {
    expect(shown(readSchedule(text, zone)?.next(at(`${after}:30Z`) - 30_000))).toBe(next);
  });

  it.each(['', '* * * *', '60 * * * *', '* * * * 8', '*/0 * * * *', '5-1 * * * *', 'x * * * *', '@reboot'])('is none: %s', (text) => {
    expect(readSchedule(text)).toBeUndefined();
  });

  it('is none in a time zone that nobody knows', () => {
    expect(readSchedule('* * * * *', 'Mars/Olympus')).toBeUndefined();
  });
});

const NODE = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1' } };
const cronJob = (more: object = {}) => ({
  apiVersion: 'batch/v1',
  kind: 'CronJob',
  metadata: { name: 'report', namespace: 'shop' },
  spec: {
    schedule: '*/5 * * * *',
    jobTemplate: { spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'app', image: 'x' }] } } } },
    ...more,
  },
});

describe('a CronJob', () => {
  it('makes a Job at each of its times, whose pod ends by itself, and keeps the last three', async () => {
    const cluster = createTestCluster([NODE, cronJob()], { cronJobs: true });
    await cluster.clock.advance(4 * 60_000);
    expect(cluster.side.objects('Job')).toEqual([]);
    await cluster.clock.advance(60_000 + 5_000);
    const [job] = cluster.side.objects('Job');
    expect(job?.metadata).toMatchObject({
      name: `report-${(START + 5 * 60_000) / 60_000}`,
      ownerReferences: [{ kind: 'CronJob', name: 'report' }],
    });
    expect(cluster.pods('report')[0]?.status).toMatchObject({ phase: 'Running' });
    await cluster.clock.advance(60_000);
    expect(cluster.side.object('Job', 'shop', job?.metadata.name ?? '')?.status).toMatchObject({ succeeded: 1 });
    await cluster.clock.advance(30 * 60_000);
    expect(cluster.side.objects('Job').length).toBe(3);
  });

  it.each([
    ['suspend', { suspend: true }],
    ['a schedule that nobody can read', { schedule: 'now' }],
  ])('makes none with %s', async (_name, more) => {
    const cluster = createTestCluster([NODE, cronJob(more)], { cronJobs: true });
    await cluster.clock.advance(20 * 60_000);
    expect(cluster.side.objects('Job')).toEqual([]);
  });

  it('makes none in a twin that does not let them fire', async () => {
    const cluster = createTestCluster([NODE, cronJob()]);
    await cluster.clock.advance(20 * 60_000);
    expect(cluster.side.objects('Job')).toEqual([]);
  });
});
