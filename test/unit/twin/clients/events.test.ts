import { describe, expect, it } from 'vitest';
import { createTestCluster, node, workload } from '../../fixtures/twin-kubernetes-cluster.ts';

const HOUR = 60 * 60 * 1000;
const told = { apiVersion: 'v1', kind: 'Event', metadata: { name: 'old', namespace: 'shop' }, reason: 'Told', involvedObject: {} };

describe('events', () => {
  const open = () => createTestCluster([node('n1'), workload('Deployment', 'web', { replicas: 1 }), told]);
  const eventsOf = (cluster: ReturnType<typeof open>, query = '') =>
    cluster.request('GET', `/api/v1/namespaces/shop/events${query}`).body.items as {
      metadata: { name: string };
      reason: string;
      message: string;
      involvedObject: { kind: string; name: string };
    }[];

  it('are those of the snapshot, and none of how the twin was loaded', () => {
    expect(eventsOf(open()).map(({ reason }) => reason)).toEqual(['Told']);
  });

  it('tell what scheduler, kubelet and controllers do, and end after an hour', async () => {
    const cluster = open();
    const [pod] = cluster.pods('web');
    cluster.request('DELETE', `/api/v1/namespaces/shop/pods/${pod?.metadata.name}`);
    await cluster.clock.advance(60_000);
    const reasons = new Set(eventsOf(cluster).map(({ reason }) => reason));
    expect([...reasons].sort()).toEqual(['Killing', 'Scheduled', 'Started', 'SuccessfulCreate', 'SuccessfulDelete', 'Told']);
    const next = cluster.pods('web')[0]?.metadata.name;
    const own = eventsOf(cluster, `?fieldSelector=involvedObject.name=${next},involvedObject.kind=Pod,involvedObject.apiVersion=v1`);
    expect(own.map(({ reason }) => reason)).toEqual(['Scheduled', 'Started']);
    expect(own[0]?.message).toBe(`Successfully assigned shop/${next} to n1`);
    expect(cluster.request('GET', `/api/v1/namespaces/shop/events/${own[0]?.metadata.name}`).body.reason).toBe('Scheduled');
    await cluster.clock.advance(HOUR);
    expect(eventsOf(cluster).map(({ reason }) => reason)).toEqual(['Told']);
  });

  it('say why a pod has no node', async () => {
    const cluster = open();
    cluster.request('PATCH', '/api/v1/nodes/n1', { spec: { unschedulable: true } });
    cluster.request('DELETE', `/api/v1/namespaces/shop/pods/${cluster.pods('web')[0]?.metadata.name}`);
    await cluster.clock.advance(60_000);
    expect(eventsOf(cluster).filter(({ reason }) => reason === 'FailedScheduling')).not.toEqual([]);
  });

  it('move no resource version: they are no part of what is kept', async () => {
    const cluster = open();
    const version = () => cluster.request('GET', '/api/v1/nodes').body.metadata.resourceVersion;
    const before = version();
    eventsOf(cluster);
    expect(version()).toBe(before);
  });
});
