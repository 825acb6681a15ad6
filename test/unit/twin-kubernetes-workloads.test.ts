import { describe, expect, it } from 'vitest';
import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import { createTestCluster, node, restartPatch, START, type TestCluster, workload } from './twin-kubernetes-cluster.ts';

const NODES = [node('n1'), node('n2'), node('n3')];
const DEPLOYMENTS = '/apis/apps/v1/namespaces/shop/deployments';
const STATEFUL_SETS = '/apis/apps/v1/namespaces/shop/statefulsets';
const DAEMON_SETS = '/apis/apps/v1/namespaces/shop/daemonsets';

function restart(cluster: TestCluster, path: string, value = 'run-1'): void {
  expect(cluster.request('PATCH', path, restartPatch(value), { contentType: 'application/strategic-merge-patch+json' }).status).toBe(200);
}

/** Runs virtual time second by second and answers the fewest and the most pods that `count` saw. */
async function extremes(cluster: TestCluster, seconds: number, count: () => number): Promise<[number, number]> {
  const seen = [count()];
  for (let second = 0; second < seconds; second += 1) {
    await cluster.clock.advance(1000);
    seen.push(count());
  }
  return [Math.min(...seen), Math.max(...seen)];
}

const isReady = (pod: KubernetesObject): boolean =>
  pod.metadata.deletionTimestamp === undefined &&
  pod.status.conditions?.some((entry: { type: string; status: string }) => entry.type === 'Ready' && entry.status === 'True');
const uids = (pods: readonly KubernetesObject[]): unknown[] => pods.map((pod) => pod.metadata.uid).sort();

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
