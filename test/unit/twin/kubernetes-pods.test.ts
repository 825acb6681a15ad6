import { describe, expect, it } from 'vitest';
import type { KubernetesObject } from '../../../src/kubernetes/gateway.ts';
import { barePod, createTestCluster, NOBODY, node, serviceAccount, workload } from '../fixtures/twin-kubernetes-cluster.ts';

const PODS = '/api/v1/namespaces/shop/pods';
const ROLE_SESSION = 'arn:aws:sts::111122223333:assumed-role/shop/eks-test-probe-1';

const phase = (pod: KubernetesObject | undefined): unknown => pod?.status.phase;
const state = (pod: KubernetesObject | undefined) => pod?.status.containerStatuses[0].state;

describe('a pod', () => {
  it('is pending, then running, then ready', async () => {
    const cluster = createTestCluster([node('n1'), serviceAccount('app')]);
    expect(cluster.request('POST', PODS, barePod('one')).status).toBe(201);
    const seen: unknown[] = [];
    for (const time of [0, 1990, 100, 3000]) {
      await cluster.clock.advance(time);
      const pod = cluster.side.object('Pod', 'shop', 'one');
      const ready = pod?.status.conditions?.find((entry: { type: string }) => entry.type === 'Ready');
      seen.push([phase(pod), pod?.spec.nodeName, ready?.status]);
    }
    expect(seen).toEqual([
      ['Pending', undefined, undefined],
      ['Pending', 'n1', undefined],
      ['Running', 'n1', 'False'],
      ['Running', 'n1', 'True'],
    ]);
  });

  it.each<[string, object, string | undefined]>([
    ['a node selector', { nodeSelector: { pool: 'db' } }, 'db'],
    ['a host name', { nodeSelector: { 'kubernetes.io/hostname': 'n2' } }, 'n2'],
    ['a windows selector', { nodeSelector: { 'kubernetes.io/os': 'windows' } }, 'win'],
    ['a toleration', { nodeSelector: { dedicated: 'true' }, tolerations: [{ key: 'dedicated', operator: 'Exists' }] }, 'tainted'],
    ['no toleration', { nodeSelector: { dedicated: 'true' } }, undefined],
    ['a selector that nothing meets', { nodeSelector: { pool: 'none' } }, undefined],
    ['a cordoned node', { nodeSelector: { 'kubernetes.io/hostname': 'cordoned' } }, undefined],
    ['a node that is down', { nodeSelector: { 'kubernetes.io/hostname': 'down' } }, undefined],
    [
      'required affinity',
      {
        affinity: {
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: {
              nodeSelectorTerms: [{ matchExpressions: [{ key: 'pool', operator: 'In', values: ['db'] }] }],
            },
          },
        },
      },
      'db',
    ],
  ])('is placed by %s', (_title, spec, expected) => {
    const down = node('down');
    const cluster = createTestCluster([
      node('n1'),
      node('n2'),
      node('db', { labels: { pool: 'db' } }),
      node('win', { labels: { 'kubernetes.io/os': 'windows' } }),
      node('tainted', { labels: { dedicated: 'true' }, taints: [{ key: 'dedicated', value: 'x', effect: 'NoSchedule' }] }),
      node('cordoned', { unschedulable: true }),
      { ...down, status: { conditions: [{ type: 'Ready', status: 'False' }] } },
      barePod('one', spec),
    ]);
    const pod = cluster.side.object('Pod', 'shop', 'one');
    expect(pod?.spec.nodeName).toBe(expected);
    expect(phase(pod)).toBe(expected === undefined ? 'Pending' : 'Running');
    if (expected === undefined) {
      expect(pod?.status.conditions[0]).toMatchObject({ type: 'PodScheduled', status: 'False', reason: 'Unschedulable' });
    }
  });

  it('goes to Fargate where a profile takes it, and to no such node else', () => {
    const cluster = createTestCluster([node('n1'), workload('Deployment', 'batch', { replicas: 2 }), workload('Deployment', 'web')], {
      aws: { isFargate: (_namespace, labels) => labels.app === 'batch' },
    });
    expect(cluster.pods('batch-').every((pod) => pod.spec.nodeName.startsWith('fargate-'))).toBe(true);
    expect(cluster.pods('web-')[0]?.spec.nodeName).toBe('n1');
    expect(cluster.side.object('Node', undefined, 'fargate-ip-192-168-0-1')?.metadata.labels).toMatchObject({
      'eks.amazonaws.com/compute-type': 'fargate',
    });
  });

  it('that cannot be pulled waits with its reason', async () => {
    const cluster = createTestCluster([node('n1'), barePod('one')], { unpullableImages: (image) => image.startsWith('private/') });
    cluster.request('POST', PODS, barePod('two', { containers: [{ name: 'main', image: 'private/cli:1' }] }));
    await cluster.clock.advance(3000);
    expect([phase(cluster.side.object('Pod', 'shop', 'two')), state(cluster.side.object('Pod', 'shop', 'two'))]).toEqual([
      'Pending',
      { waiting: { reason: 'ErrImagePull' } },
    ]);
    await cluster.clock.advance(20_000);
    expect(state(cluster.side.object('Pod', 'shop', 'two'))).toEqual({ waiting: { reason: 'ImagePullBackOff' } });
  });

  it('is gone soon after it was deleted, and at once without grace', async () => {
    const cluster = createTestCluster([node('n1'), barePod('one'), barePod('two')]);
    expect(cluster.request('DELETE', `${PODS}/one`).body.metadata.deletionTimestamp).toBe('2026-03-01T12:00:30Z');
    cluster.request('DELETE', `${PODS}/two`, { gracePeriodSeconds: 0 });
    expect([cluster.pods('one').length, cluster.pods('two').length]).toEqual([1, 0]);
    await cluster.clock.advance(1000);
    expect(cluster.pods('one')).toEqual([]);
  });
});

describe('a probe pod', () => {
  const probe = barePod('probe', {
    restartPolicy: 'Never',
    containers: [
      {
        name: 'aws',
        image: 'public.ecr.aws/aws-cli/aws-cli:2',
        command: ['/bin/sh', '-c'],
        args: ['aws sts get-caller-identity --output json > /dev/termination-log'],
      },
    ],
  });

  it('ends with who it is', async () => {
    const asked: string[] = [];
    const cluster = createTestCluster([node('n1'), serviceAccount('app')], {
      aws: {
        callerIdentity: (pod, container) => {
          asked.push(`${pod.metadata.name}/${container}@${pod.spec.nodeName}`);
          return { via: 'pod-identity', roleArn: 'arn:aws:iam::111122223333:role/shop', assumedRoleArn: ROLE_SESSION, error: '' };
        },
      },
    });
    expect(cluster.request('POST', PODS, probe).status).toBe(201);
    await cluster.clock.advance(3000);
    const pod = cluster.side.object('Pod', 'shop', 'probe');
    expect(phase(pod)).toBe('Succeeded');
    expect(asked).toEqual(['probe/aws@n1']);
    const { exitCode, message } = state(pod).terminated;
    expect(exitCode).toBe(0);
    expect(JSON.parse(message)).toEqual({ UserId: 'AROATWIN:eks-test-probe-1', Account: '111122223333', Arn: ROLE_SESSION });
    expect(cluster.request('GET', `${PODS}/probe/log`).body).toBe(message);
  });

  it('fails with what the SDK printed', async () => {
    const cluster = createTestCluster([node('n1'), serviceAccount('app')]);
    cluster.request('POST', PODS, probe);
    await cluster.clock.advance(3000);
    const pod = cluster.side.object('Pod', 'shop', 'probe');
    expect(phase(pod)).toBe('Failed');
    expect(state(pod).terminated).toMatchObject({ exitCode: 253, reason: 'Error', message: NOBODY.error });
  });

  it('runs on like any other pod when it may restart', async () => {
    const cluster = createTestCluster([node('n1'), serviceAccount('app')]);
    cluster.request('POST', PODS, { ...probe, spec: { ...probe.spec, restartPolicy: 'Always' } });
    await cluster.clock.advance(10_000);
    expect(phase(cluster.side.object('Pod', 'shop', 'probe'))).toBe('Running');
  });
});

describe('loading', () => {
  const owner = (kind: string, name: string) => ({
    ownerReferences: [{ apiVersion: kind === 'Robot' ? 'acme.dev/v1' : 'apps/v1', kind, name, uid: `uid-${name}`, controller: true }],
  });

  it('keeps pods as they are, those of known owners, bare ones and those of unknown owners, and lets go what is being deleted', () => {
    const running = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };
    const cluster = createTestCluster([
      node('n1'),
      workload('StatefulSet', 'db', { replicas: 1 }),
      workload('Deployment', 'web', { replicas: 1 }),
      { ...barePod('db-0', { nodeName: 'n1' }, { ...owner('StatefulSet', 'db'), uid: 'kept-3' }), status: running },
      {
        ...barePod('web-abc-12345', { nodeName: 'n1' }, { ...owner('ReplicaSet', 'web-abc'), labels: { app: 'web' }, uid: 'kept-4' }),
        status: running,
      },
      { ...barePod('robot', { nodeName: 'n1' }, { ...owner('Robot', 'r'), uid: 'kept-1' }), status: running },
      { ...barePod('bare', { nodeName: 'n1' }, { uid: 'kept-2' }), status: running },
      { ...barePod('leaving', {}, { deletionTimestamp: '2026-03-01T00:00:00Z' }), status: running },
    ]);
    const uids = cluster.side.objects('Pod').map(({ metadata }) => [metadata.name, metadata.uid]);
    expect(uids).toEqual([
      ['bare', 'kept-2'],
      ['db-0', 'kept-3'],
      ['robot', 'kept-1'],
      ['web-abc-12345', 'kept-4'],
    ]);
    expect(cluster.side.object('StatefulSet', 'shop', 'db')?.status).toMatchObject({ readyReplicas: 1, updatedReplicas: 1 });
    expect(cluster.side.object('Deployment', 'shop', 'web')?.status).toMatchObject({ readyReplicas: 1, updatedReplicas: 1 });
    cluster.request('DELETE', `${PODS}/robot`);
    expect(cluster.pods('robot')[0]?.metadata.deletionTimestamp).toBeDefined();
  });

  it('has the namespaces that objects name, each with its default service account', () => {
    const cluster = createTestCluster([workload('Deployment', 'web')]);
    expect(cluster.side.objects('Namespace').map((object) => object.metadata.name)).toEqual(['default', 'kube-system', 'shop']);
    expect(cluster.side.objects('ServiceAccount').map((object) => `${object.metadata.namespace}/${object.metadata.name}`)).toEqual([
      'default/default',
      'kube-system/default',
      'shop/default',
    ]);
  });

  it('finds owners by name where the snapshot has no uids', () => {
    const deployment = workload('Deployment', 'web', { replicas: 1 });
    const set = workload('ReplicaSet', 'web-1', { replicas: 1 });
    const reference = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', controller: true };
    const owned = { ...set, metadata: { ...set.metadata, ownerReferences: [reference] } } as unknown as KubernetesObject;
    const cluster = createTestCluster([
      node('n1'),
      { ...owned, spec: { ...owned.spec, selector: { matchLabels: { app: 'web' } }, template: deployment.spec.template } },
      deployment,
    ]);
    const kept = cluster.side.object('ReplicaSet', 'shop', 'web-1');
    expect(kept?.metadata.ownerReferences?.[0]?.uid).toBe(cluster.side.object('Deployment', 'shop', 'web')?.metadata.uid);
    expect(cluster.side.objects('ReplicaSet')).toHaveLength(1);
  });

  it('tries again when a missing service account comes', async () => {
    const cluster = createTestCluster([node('n1'), workload('Deployment', 'web', { replicas: 2 }, { serviceAccountName: 'late' })]);
    await cluster.clock.advance(20_000);
    expect(cluster.pods('web-')).toEqual([]);
    cluster.side.apply(serviceAccount('late'));
    await cluster.clock.advance(20_000);
    expect(cluster.side.object('Deployment', 'shop', 'web')?.status).toMatchObject({ readyReplicas: 2 });
  });

  it('stays fast: thousands of pods roll in linear time', async () => {
    const count = 300;
    const workloads = Array.from({ length: count }, (_, index) => workload('Deployment', `web-${index}`, { replicas: 4 }));
    const nodes = Array.from({ length: 40 }, (_, index) => node(`n${index}`));
    const cluster = createTestCluster([...nodes, ...workloads]);
    expect(cluster.side.objects('Pod')).toHaveLength(4 * count);
    for (const { metadata } of workloads) {
      cluster.request('PATCH', `/apis/apps/v1/namespaces/shop/deployments/${metadata.name}`, {
        spec: { template: { metadata: { annotations: { again: '1' } } } },
      });
    }
    const before = cluster.changes.length;
    await cluster.clock.advance(60_000);
    expect(cluster.side.objects('Deployment').every((object) => object.status.updatedReplicas === 4 && object.status.replicas === 4)).toBe(
      true,
    );
    // Writes grow with the pods alone: counted, not timed.
    expect((cluster.changes.length - before) / (4 * count)).toBeLessThan(30);
  });
});
