import { describe, expect, it } from 'vitest';
import type { KubernetesObject } from '../../../src/kubernetes/gateway.ts';
import { createTestCluster, extremes, isReady, node, restart, START, uids, workload } from '../fixtures/twin-kubernetes-cluster.ts';

const NODES = [node('n1'), node('n2'), node('n3')];
const DEPLOYMENTS = '/apis/apps/v1/namespaces/shop/deployments';

describe('Deployment', () => {
  it('is at rest when the cluster is loaded, with pods from before the start', () => {
    const cluster = createTestCluster([...NODES, workload('Deployment', 'web', { replicas: 3 })]);
    const { metadata, status } = cluster.request('GET', `${DEPLOYMENTS}/web`).body;
    expect(status).toMatchObject({ observedGeneration: 1, replicas: 3, updatedReplicas: 3, readyReplicas: 3, availableReplicas: 3 });
    expect(status.unavailableReplicas).toBeUndefined();
    expect(metadata.generation).toBe(1);
    expect(cluster.pods('web-').every(isReady)).toBe(true);
    expect(cluster.pods('web-').every((pod) => Date.parse(pod.metadata.creationTimestamp ?? '') < START)).toBe(true);
    expect(new Set(cluster.pods('web-').map((pod) => pod.spec.nodeName))).toEqual(new Set(['n1', 'n2', 'n3']));
  });

  it('rolls within surge and availability, and shows that it has not begun until its controller looked', async () => {
    const cluster = createTestCluster([...NODES, workload('Deployment', 'web', { replicas: 4 })]);
    const before = uids(cluster.pods('web-'));
    restart(cluster, `${DEPLOYMENTS}/web`);
    const patched = cluster.request('GET', `${DEPLOYMENTS}/web`).body;
    expect([patched.metadata.generation, patched.status.observedGeneration]).toEqual([2, 1]);
    const [fewest] = await extremes(cluster, 30, () => cluster.pods('web-').filter(isReady).length);
    expect(fewest).toBe(3);
    const { status } = cluster.request('GET', `${DEPLOYMENTS}/web`).body;
    expect(status).toMatchObject({ observedGeneration: 2, replicas: 4, updatedReplicas: 4, readyReplicas: 4, availableReplicas: 4 });
    const after = cluster.pods('web-');
    expect(after).toHaveLength(4);
    expect(uids(after).filter((uid) => before.includes(uid))).toEqual([]);
    expect(after.every((pod) => pod.metadata.annotations?.['kubectl.kubernetes.io/restartedAt'] === 'run-1')).toBe(true);
  });

  it('never has more pods than surge allows', async () => {
    const strategy = { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } };
    const cluster = createTestCluster([...NODES, workload('Deployment', 'web', { replicas: 3, strategy })]);
    restart(cluster, `${DEPLOYMENTS}/web`);
    const active = () => cluster.pods('web-').filter((pod) => pod.metadata.deletionTimestamp === undefined);
    const ready: number[] = [];
    const [fewest, most] = await extremes(cluster, 60, () => {
      ready.push(active().filter(isReady).length);
      return active().length;
    });
    expect([fewest, most, Math.min(...ready)]).toEqual([3, 4, 3]);
  });

  it('takes the old ReplicaSet up again when its template comes back', async () => {
    const cluster = createTestCluster([...NODES, workload('Deployment', 'web', { replicas: 2 })]);
    const [first] = cluster.side.objects('ReplicaSet');
    restart(cluster, `${DEPLOYMENTS}/web`);
    await cluster.clock.advance(30_000);
    cluster.request('PATCH', `${DEPLOYMENTS}/web`, { spec: { template: { metadata: { annotations: null } } } });
    await cluster.clock.advance(30_000);
    const sets = cluster.side.objects('ReplicaSet');
    expect(sets).toHaveLength(2);
    const back = sets.find((set) => set.metadata.name === first?.metadata.name);
    expect([back?.spec.replicas, back?.status.readyReplicas]).toEqual([2, 2]);
    expect(back?.metadata.annotations?.['deployment.kubernetes.io/revision']).toBe('3');
    expect(cluster.request('GET', `${DEPLOYMENTS}/web`).body.metadata.annotations['deployment.kubernetes.io/revision']).toBe('3');
  });

  it('adopts the ReplicaSet of its snapshot rather than making one', () => {
    const deployment = { ...workload('Deployment', 'web', { replicas: 1 }), metadata: { name: 'web', namespace: 'shop', uid: 'd-1' } };
    const plain = workload('ReplicaSet', 'web-5d9f', { replicas: 1 });
    const template = { ...plain.spec.template, metadata: { labels: { app: 'web', 'pod-template-hash': '5d9f' } } };
    const set: KubernetesObject = {
      ...plain,
      metadata: {
        ...plain.metadata,
        uid: 'rs-1',
        ownerReferences: [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', uid: 'd-1', controller: true }],
      },
      spec: { ...plain.spec, selector: { matchLabels: { app: 'web', 'pod-template-hash': '5d9f' } }, template },
    };
    const cluster = createTestCluster([...NODES, set, deployment]);
    expect(cluster.side.objects('ReplicaSet').map((object) => object.metadata.name)).toEqual(['web-5d9f']);
    expect(cluster.pods('web-5d9f-')).toHaveLength(1);
  });

  it('does not roll while it is paused', async () => {
    const cluster = createTestCluster([...NODES, workload('Deployment', 'web', { replicas: 2, paused: true })]);
    const before = uids(cluster.pods('web-'));
    expect(before).toHaveLength(2);
    restart(cluster, `${DEPLOYMENTS}/web`);
    await cluster.clock.advance(30_000);
    expect(uids(cluster.pods('web-'))).toEqual(before);
    expect(cluster.request('GET', `${DEPLOYMENTS}/web`).body.status).toMatchObject({ observedGeneration: 2 });
    cluster.request('PATCH', `${DEPLOYMENTS}/web`, { spec: { paused: false } });
    await cluster.clock.advance(30_000);
    expect(uids(cluster.pods('web-')).filter((uid) => before.includes(uid))).toEqual([]);
  });

  it('recreates: all old pods are gone before a new one is made', async () => {
    const cluster = createTestCluster([...NODES, workload('Deployment', 'web', { replicas: 2, strategy: { type: 'Recreate' } })]);
    const before = new Set(uids(cluster.pods('web-')));
    restart(cluster, `${DEPLOYMENTS}/web`);
    let mixed = false;
    await extremes(cluster, 20, () => {
      const kinds = new Set(cluster.pods('web-').map((pod) => before.has(pod.metadata.uid)));
      mixed ||= kinds.size > 1;
      return 0;
    });
    expect(mixed).toBe(false);
    expect(cluster.pods('web-').filter((pod) => isReady(pod) && !before.has(pod.metadata.uid))).toHaveLength(2);
  });

  it('stalls with working old pods when new ones do not become ready, and reports it after the deadline', async () => {
    const cluster = createTestCluster([...NODES, workload('Deployment', 'web', { replicas: 4, progressDeadlineSeconds: 60 })]);
    const heal = cluster.failReadiness((pod) => pod.metadata.annotations?.['kubectl.kubernetes.io/restartedAt'] === 'run-1');
    restart(cluster, `${DEPLOYMENTS}/web`);
    const progressing = () =>
      cluster.request('GET', `${DEPLOYMENTS}/web`).body.status.conditions.find((entry: { type: string }) => entry.type === 'Progressing');
    await cluster.clock.advance(50_000);
    expect(progressing()).toMatchObject({ status: 'True', reason: 'ReplicaSetUpdated' });
    await cluster.clock.advance(50_000);
    expect(progressing()).toMatchObject({ status: 'False', reason: 'ProgressDeadlineExceeded' });
    expect(cluster.pods('web-').filter(isReady)).toHaveLength(3);
    heal();
    await cluster.clock.advance(30_000);
    expect(progressing()).toMatchObject({ status: 'True', reason: 'NewReplicaSetAvailable' });
  });

  it('waits minReadySeconds before a pod counts as available', async () => {
    const cluster = createTestCluster([...NODES, workload('Deployment', 'web', { replicas: 1, minReadySeconds: 30 })]);
    restart(cluster, `${DEPLOYMENTS}/web`);
    await cluster.clock.advance(10_000);
    const halfway = cluster.request('GET', `${DEPLOYMENTS}/web`).body.status;
    expect(halfway).toMatchObject({ replicas: 2, readyReplicas: 2, availableReplicas: 1 });
    await cluster.clock.advance(40_000);
    expect(cluster.request('GET', `${DEPLOYMENTS}/web`).body.status).toMatchObject({
      replicas: 1,
      updatedReplicas: 1,
      availableReplicas: 1,
    });
  });

  it('follows its scale, and takes what it owns with it', async () => {
    const cluster = createTestCluster([...NODES, workload('Deployment', 'web', { replicas: 1 })]);
    cluster.request('PATCH', `${DEPLOYMENTS}/web/scale`, { spec: { replicas: 3 } });
    await cluster.clock.advance(10_000);
    expect(cluster.pods('web-').filter(isReady)).toHaveLength(3);
    cluster.request('PATCH', `${DEPLOYMENTS}/web`, { spec: { replicas: 0 } });
    await cluster.clock.advance(10_000);
    expect(cluster.pods('web-')).toEqual([]);
    cluster.request('DELETE', `${DEPLOYMENTS}/web`);
    expect(cluster.side.objects('ReplicaSet')).toEqual([]);
  });

  it('makes a pod anew that was deleted', async () => {
    const cluster = createTestCluster([...NODES, workload('Deployment', 'web', { replicas: 1 })]);
    const [pod] = cluster.pods('web-');
    const deleted = cluster.request('DELETE', `/api/v1/namespaces/shop/pods/${pod?.metadata.name}`);
    expect(deleted.body.metadata.deletionTimestamp).toBeDefined();
    await cluster.clock.advance(10_000);
    expect(cluster.pods('web-').filter(isReady)).toHaveLength(1);
    expect(cluster.side.object('Pod', 'shop', pod?.metadata.name ?? '')).toBeUndefined();
  });
});
