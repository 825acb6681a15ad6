import { describe, expect, it } from 'vitest';
import type { KubernetesObject } from '../../../src/kubernetes/gateway.ts';
import { createTestCluster, extremes, isReady, node, restart, uids, workload } from '../fixtures/twin-kubernetes-cluster.ts';

const NODES = [node('n1'), node('n2'), node('n3')];
const STATEFUL_SETS = '/apis/apps/v1/namespaces/shop/statefulsets';
const DAEMON_SETS = '/apis/apps/v1/namespaces/shop/daemonsets';

describe('StatefulSet', () => {
  it('rolls from the highest ordinal, one at a time, and then says that its revision is current', async () => {
    const cluster = createTestCluster([...NODES, workload('StatefulSet', 'db', { replicas: 3 })]);
    const start = cluster.request('GET', `${STATEFUL_SETS}/db`).body.status;
    expect(start).toMatchObject({
      replicas: 3,
      readyReplicas: 3,
      availableReplicas: 3,
      currentReplicas: 3,
      updatedReplicas: 3,
      observedGeneration: 1,
    });
    restart(cluster, `${STATEFUL_SETS}/db`);
    const order: string[] = [];
    const [fewest] = await extremes(cluster, 30, () => {
      for (const pod of cluster.pods('db-')) {
        if (pod.metadata.annotations?.['kubectl.kubernetes.io/restartedAt'] !== undefined && !order.includes(pod.metadata.name)) {
          order.push(pod.metadata.name);
        }
      }
      const { status } = cluster.request('GET', `${STATEFUL_SETS}/db`).body;
      if (status.updatedReplicas === 1 && status.observedGeneration === 2) {
        expect(status.currentRevision).toBe(start.currentRevision);
        expect(status.updateRevision).not.toBe(start.currentRevision);
      }
      return cluster.pods('db-').filter(isReady).length;
    });
    expect(order).toEqual(['db-2', 'db-1', 'db-0']);
    expect(fewest).toBe(2);
    const { status } = cluster.request('GET', `${STATEFUL_SETS}/db`).body;
    expect(status).toMatchObject({ readyReplicas: 3, updatedReplicas: 3, currentReplicas: 3 });
    expect(status.currentRevision).toBe(status.updateRevision);
    expect(status.currentRevision).not.toBe(start.currentRevision);
  });

  it('rolls only ordinals from the partition up', async () => {
    const updateStrategy = { type: 'RollingUpdate', rollingUpdate: { partition: 2 } };
    const cluster = createTestCluster([...NODES, workload('StatefulSet', 'db', { replicas: 3, updateStrategy })]);
    restart(cluster, `${STATEFUL_SETS}/db`);
    await cluster.clock.advance(60_000);
    const restarted = cluster.pods('db-').map((pod) => pod.metadata.annotations !== undefined);
    expect(restarted).toEqual([false, false, true]);
    const { status } = cluster.request('GET', `${STATEFUL_SETS}/db`).body;
    expect(status).toMatchObject({ updatedReplicas: 1, currentReplicas: 2, readyReplicas: 3 });
    expect(status.currentRevision).not.toBe(status.updateRevision);
    // A pod below the partition comes back as it was.
    cluster.request('DELETE', '/api/v1/namespaces/shop/pods/db-0');
    await cluster.clock.advance(10_000);
    expect(cluster.pods('db-0')[0]?.metadata.annotations).toBeUndefined();
  });

  it('does nothing under OnDelete until pods are deleted', async () => {
    const cluster = createTestCluster([...NODES, workload('StatefulSet', 'db', { replicas: 2, updateStrategy: { type: 'OnDelete' } })]);
    restart(cluster, `${STATEFUL_SETS}/db`);
    await cluster.clock.advance(30_000);
    expect(cluster.pods('db-').map((pod) => pod.metadata.annotations)).toEqual([undefined, undefined]);
    cluster.request('DELETE', '/api/v1/namespaces/shop/pods/db-1');
    await cluster.clock.advance(30_000);
    expect(cluster.pods('db-').map((pod) => pod.metadata.annotations !== undefined)).toEqual([false, true]);
  });

  it('goes no further than a broken pod, even when the template goes back, until that pod is deleted', async () => {
    const cluster = createTestCluster([...NODES, workload('StatefulSet', 'db', { replicas: 2 })]);
    cluster.failReadiness((pod) => pod.metadata.annotations !== undefined);
    restart(cluster, `${STATEFUL_SETS}/db`);
    await cluster.clock.advance(60_000);
    expect(cluster.pods('db-').map(isReady)).toEqual([true, false]);
    cluster.request('PATCH', `${STATEFUL_SETS}/db`, { spec: { template: { metadata: { annotations: null } } } });
    await cluster.clock.advance(60_000);
    expect(cluster.pods('db-').map(isReady)).toEqual([true, false]);
    cluster.request('DELETE', '/api/v1/namespaces/shop/pods/db-1');
    await cluster.clock.advance(60_000);
    expect(cluster.pods('db-').map(isReady)).toEqual([true, true]);
    const { status } = cluster.request('GET', `${STATEFUL_SETS}/db`).body;
    expect(status.currentRevision).toBe(status.updateRevision);
  });

  it.each([
    ['OrderedReady', 1],
    ['Parallel', 3],
  ])('makes missing pods as podManagementPolicy %s says', async (podManagementPolicy, expected) => {
    const cluster = createTestCluster([...NODES, workload('StatefulSet', 'db', { replicas: 0, podManagementPolicy })]);
    cluster.request('PATCH', `${STATEFUL_SETS}/db`, { spec: { replicas: 3 } });
    await cluster.clock.advance(1000);
    expect(cluster.pods('db-')).toHaveLength(expected);
    await cluster.clock.advance(60_000);
    expect(cluster.pods('db-').filter(isReady)).toHaveLength(3);
  });
});

describe('DaemonSet', () => {
  it('has a pod on each node that it may run on', () => {
    const cluster = createTestCluster([
      node('plain'),
      node('gpu', { labels: { accelerator: 'gpu' } }),
      node('tainted', { taints: [{ key: 'dedicated', value: 'db', effect: 'NoSchedule' }] }),
      node('soft', { taints: [{ key: 'dedicated', value: 'db', effect: 'PreferNoSchedule' }] }),
      node('windows', { labels: { 'kubernetes.io/os': 'windows' } }),
      node('fargate-1', { labels: { 'eks.amazonaws.com/compute-type': 'fargate' } }),
      node('cordoned', { unschedulable: true, taints: [{ key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }] }),
      workload('DaemonSet', 'all', {}, { tolerations: [{ operator: 'Exists' }] }),
      workload('DaemonSet', 'usual'),
      workload(
        'DaemonSet',
        'no-gpu',
        {},
        {
          affinity: {
            nodeAffinity: {
              requiredDuringSchedulingIgnoredDuringExecution: {
                nodeSelectorTerms: [{ matchExpressions: [{ key: 'accelerator', operator: 'DoesNotExist' }] }],
              },
            },
          },
        },
      ),
    ]);
    const nodes = (name: string) =>
      cluster
        .pods(`${name}-`)
        .map((pod) => pod.spec.nodeName)
        .sort();
    expect(nodes('all')).toEqual(['cordoned', 'gpu', 'plain', 'soft', 'tainted']);
    expect(nodes('usual')).toEqual(['cordoned', 'gpu', 'plain', 'soft']);
    expect(nodes('no-gpu')).toEqual(['cordoned', 'plain', 'soft']);
    expect(cluster.request('GET', `${DAEMON_SETS}/usual`).body.status).toEqual({
      currentNumberScheduled: 4,
      numberMisscheduled: 0,
      desiredNumberScheduled: 4,
      numberReady: 4,
      observedGeneration: 1,
      updatedNumberScheduled: 4,
      numberAvailable: 4,
    });
  });

  it('rolls node by node within maxUnavailable', async () => {
    const cluster = createTestCluster([...NODES, workload('DaemonSet', 'agent')]);
    const before = uids(cluster.pods('agent-'));
    restart(cluster, `${DAEMON_SETS}/agent`);
    const [fewest, most] = await extremes(cluster, 40, () => cluster.pods('agent-').filter(isReady).length);
    expect([fewest, most]).toEqual([2, 3]);
    expect(uids(cluster.pods('agent-')).filter((uid) => before.includes(uid))).toEqual([]);
    expect(cluster.request('GET', `${DAEMON_SETS}/agent`).body.status).toMatchObject({
      observedGeneration: 2,
      updatedNumberScheduled: 3,
      numberAvailable: 3,
    });
  });

  it('surges where it is told to: the old pod stays until the new one is ready', async () => {
    const updateStrategy = { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } };
    const cluster = createTestCluster([...NODES, workload('DaemonSet', 'agent', { updateStrategy })]);
    restart(cluster, `${DAEMON_SETS}/agent`);
    const [fewest] = await extremes(
      cluster,
      40,
      () =>
        new Set(
          cluster
            .pods('agent-')
            .filter(isReady)
            .map((pod) => pod.spec.nodeName),
        ).size,
    );
    expect(fewest).toBe(3);
    expect(cluster.pods('agent-').map((pod) => pod.metadata.annotations !== undefined)).toEqual([true, true, true]);
  });

  it('follows nodes that come, and does nothing under OnDelete', async () => {
    const cluster = createTestCluster([...NODES, workload('DaemonSet', 'agent', { updateStrategy: { type: 'OnDelete' } })]);
    restart(cluster, `${DAEMON_SETS}/agent`);
    await cluster.clock.advance(20_000);
    expect(cluster.pods('agent-').map((pod) => pod.metadata.annotations)).toEqual([undefined, undefined, undefined]);
    cluster.side.apply(node('n4'));
    await cluster.clock.advance(20_000);
    expect(cluster.pods('agent-').filter(isReady)).toHaveLength(4);
    expect(cluster.request('GET', `${DAEMON_SETS}/agent`).body.status).toMatchObject({
      desiredNumberScheduled: 4,
      updatedNumberScheduled: 1,
      numberReady: 4,
    });
  });
});

describe('Job, CronJob and Argo Rollout', () => {
  const job = (name: string, status: object, spec: object = {}): KubernetesObject => ({
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name, namespace: 'shop' },
    spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'a:1' }] } }, ...spec },
    status,
  });

  it('gives unfinished Jobs their pods, keeps finished ones, and starts no suspended one', () => {
    const done = { succeeded: 1, conditions: [{ type: 'Complete', status: 'True' }] };
    const cluster = createTestCluster([
      ...NODES,
      job('running', {}, { parallelism: 2, completions: 3 }),
      job('done', done),
      job('later', {}, { suspend: true }),
    ]);
    expect(cluster.side.objects('Pod').map((pod) => pod.metadata.labels?.['batch.kubernetes.io/job-name'])).toEqual(['running', 'running']);
    expect(cluster.side.object('Job', 'shop', 'running')?.status).toMatchObject({ active: 2, ready: 2 });
    expect(cluster.side.object('Job', 'shop', 'done')?.status).toEqual(done);
  });

  it('makes no pod for a CronJob', () => {
    const cronJob = {
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      metadata: { name: 'nightly', namespace: 'shop' },
      spec: { schedule: '0 3 * * *', jobTemplate: { spec: job('x', {}).spec } },
    };
    const cluster = createTestCluster([...NODES, cronJob]);
    expect([cluster.side.objects('Pod'), cluster.side.objects('Job')]).toEqual([[], []]);
  });

  const rollout = (spec: object = {}): KubernetesObject => ({
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    metadata: { name: 'api', namespace: 'shop' },
    spec: { ...workload('Deployment', 'api').spec, replicas: 4, strategy: { canary: { maxUnavailable: 1 } }, ...spec },
  });

  it('restarts a Rollout by evicting pods older than restartAt, within maxUnavailable', async () => {
    const cluster = createTestCluster([...NODES, rollout()]);
    const before = uids(cluster.pods('api-'));
    expect(before).toHaveLength(4);
    await cluster.clock.advance(5000);
    const restartAt = '2026-03-01T12:00:05Z';
    expect(cluster.request('PATCH', '/apis/argoproj.io/v1alpha1/namespaces/shop/rollouts/api', { spec: { restartAt } }).status).toBe(200);
    const [fewest] = await extremes(cluster, 60, () => cluster.pods('api-').filter(isReady).length);
    expect(fewest).toBe(3);
    expect(uids(cluster.pods('api-')).filter((uid) => before.includes(uid))).toEqual([]);
    expect(cluster.side.object('Rollout', 'shop', 'api')?.status).toMatchObject({
      restartedAt: restartAt,
      phase: 'Healthy',
      replicas: 4,
      updatedReplicas: 4,
      availableReplicas: 4,
      observedGeneration: '2',
    });
    expect(cluster.side.objects('ReplicaSet')).toHaveLength(1);
  });

  it('does not restart past a PodDisruptionBudget', async () => {
    const budget = {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name: 'api', namespace: 'shop' },
      spec: { minAvailable: 4, selector: { matchLabels: { app: 'api' } } },
    };
    const cluster = createTestCluster([...NODES, rollout(), budget]);
    const before = uids(cluster.pods('api-'));
    cluster.request('PATCH', '/apis/argoproj.io/v1alpha1/namespaces/shop/rollouts/api', { spec: { restartAt: '2026-03-01T12:00:00Z' } });
    await cluster.clock.advance(60_000);
    expect(uids(cluster.pods('api-'))).toEqual(before);
    expect(cluster.side.object('Rollout', 'shop', 'api')?.status.restartedAt).toBeUndefined();
  });
});
