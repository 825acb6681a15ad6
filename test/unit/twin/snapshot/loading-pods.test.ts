import { describe, expect, it } from 'vitest';
import type { KubernetesObject } from '../../../../src/kubernetes/gateway.ts';
import { barePod, createTestCluster, node, START, workload } from '../../fixtures/twin-kubernetes-cluster.ts';

const at = (minutes: number) => new Date(START + minutes * 60_000).toISOString().replace('.000Z', 'Z');
const READY = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };

/** A pod of a controller, as kubectl shows it. */
function pod(
  name: string,
  owner: { kind: string; name: string; apiVersion?: string; uid?: string },
  more: Record<string, unknown> = {},
): KubernetesObject {
  const { labels = {}, status = READY, env = [], created = at(-600), ...metadata } = more;
  const reference = { apiVersion: 'apps/v1', uid: `uid-${owner.name}`, controller: true, ...owner };
  const made = barePod(name, { nodeName: 'n1' }, {
    uid: `uid-${name}`,
    creationTimestamp: created,
    ownerReferences: [reference],
    ...metadata,
  } as never);
  const containers = made.spec.containers.map((container: object) => ({ ...container, env }));
  return { ...made, metadata: { ...made.metadata, labels: labels as never }, spec: { ...made.spec, containers }, status };
}

/** Names of the pods that came and went since the cluster was at rest. */
async function settled(cluster: ReturnType<typeof createTestCluster>): Promise<string[]> {
  await cluster.clock.advance(10 * 60_000);
  return cluster.changes.flatMap(({ before, after }) =>
    (before ?? after)?.kind === 'Pod' && (before === undefined || after === undefined) ? [(after ?? before)?.metadata.name ?? ''] : [],
  );
}

describe('pods of a snapshot', () => {
  const deployment = workload('Deployment', 'web', { replicas: 2 });

  it('keep variables, readiness, restarts and age, with the ReplicaSet or without', async () => {
    const env = [{ name: 'AWS_ROLE_ARN', value: 'arn:aws:iam::111122223333:role/web' }];
    const broken = {
      phase: 'Running',
      conditions: [{ type: 'Ready', status: 'False' }],
      containerStatuses: [{ name: 'main', ready: false, restartCount: 41, state: { waiting: { reason: 'CrashLoopBackOff' } } }],
    };
    const owner = { kind: 'ReplicaSet', name: 'web-abc' };
    const pods = [
      pod('web-abc-1', owner, { labels: { app: 'web' }, env }),
      pod('web-abc-2', owner, { labels: { app: 'web' }, status: broken }),
    ];
    const replicaSet = {
      ...workload('ReplicaSet', 'web-abc', { replicas: 2 }),
      metadata: {
        name: 'web-abc',
        namespace: 'shop',
        uid: 'uid-web-abc',
        ownerReferences: [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', uid: 'd', controller: true }],
      },
      spec: { replicas: 2, selector: { matchLabels: { app: 'web' } }, template: deployment.spec.template },
    } as KubernetesObject;
    for (const objects of [
      [deployment, ...pods],
      [deployment, replicaSet, ...pods],
    ]) {
      const cluster = createTestCluster([node('n1'), ...objects]);
      expect(cluster.pods('web-abc-1')[0]).toMatchObject({
        metadata: { creationTimestamp: at(-600) },
        spec: { containers: [{ env }] },
        status: READY,
      });
      expect(cluster.pods('web-abc-2')[0]?.status).toEqual(broken);
      expect(cluster.side.object('Deployment', 'shop', 'web')?.status).toMatchObject({ replicas: 2, readyReplicas: 1, updatedReplicas: 2 });
      expect(await settled(cluster)).toEqual([]);
    }
  });

  it('are made anew by a roll-out, as the controller would', async () => {
    const owner = { kind: 'ReplicaSet', name: 'web-abc' };
    const cluster = createTestCluster([
      node('n1'),
      deployment,
      ...['1', '2'].map((one) => pod(`web-abc-${one}`, owner, { labels: { app: 'web' } })),
    ]);
    cluster.request('PATCH', '/apis/apps/v1/namespaces/shop/deployments/web', {
      spec: { template: { metadata: { annotations: { again: '1' } } } },
    });
    await cluster.clock.advance(10 * 60_000);
    expect(cluster.pods('web-').map(({ metadata }) => metadata.name)).toHaveLength(2);
    expect(cluster.pods('web-abc-')).toEqual([]);
    expect(cluster.side.object('Deployment', 'shop', 'web')?.status).toMatchObject({ updatedReplicas: 2, readyReplicas: 2 });
  });

  it('that are missing are made: by a controller with too few of them, and where the snapshot has none', () => {
    const owner = { kind: 'ReplicaSet', name: 'web-abc' };
    const few = createTestCluster([node('n1'), deployment, pod('web-abc-1', owner, { labels: { app: 'web' } })]);
    expect(few.pods('web-')).toHaveLength(2);
    expect(few.pods('web-abc-1')[0]?.metadata.uid).toBe('uid-web-abc-1');
    expect(createTestCluster([node('n1'), deployment]).pods('web-')).toHaveLength(2);
  });

  it('of two revisions go on rolling out from where they stand', async () => {
    const told = {
      ...deployment,
      status: { conditions: [{ type: 'Progressing', status: 'True', message: 'ReplicaSet "web-new" is progressing.' }] },
    };
    const cluster = createTestCluster([
      node('n1'),
      told,
      pod('web-old-1', { kind: 'ReplicaSet', name: 'web-old' }, { labels: { app: 'web' } }),
      pod('web-new-1', { kind: 'ReplicaSet', name: 'web-new' }, { labels: { app: 'web' }, created: at(-700) }),
    ]);
    await cluster.clock.advance(10 * 60_000);
    expect(cluster.pods('web-old-')).toEqual([]);
    expect(cluster.pods('web-new-').map(({ metadata }) => metadata.name)).toContain('web-new-1');
    expect(cluster.pods('web-new-')).toHaveLength(2);
  });

  it('of a set stay on the revision that their label names, and one without a label is of the current one', async () => {
    for (const kind of ['StatefulSet', 'DaemonSet'] as const) {
      const set = workload(kind, 'db', kind === 'StatefulSet' ? { replicas: 2 } : {});
      const label = kind === 'StatefulSet' ? 'db-77d' : '77d';
      const labels = { app: 'db', 'controller-revision-hash': label };
      const cluster = createTestCluster([
        node('n1'),
        node('n2'),
        set,
        pod('db-0', { kind, name: 'db' }, { labels }),
        {
          ...pod('db-1', { kind, name: 'db' }, { labels: { app: 'db' } }),
          spec: { ...pod('db-1', { kind, name: 'db' }).spec, nodeName: 'n2' },
        },
      ]);
      expect(await settled(cluster), kind).toEqual([]);
      expect(cluster.side.object(kind, 'shop', 'db')?.status).toMatchObject(
        kind === 'StatefulSet' ? { updatedReplicas: 2 } : { updatedNumberScheduled: 2 },
      );
    }
  });

  it('of a StatefulSet below its partition stay of the old revision', async () => {
    const set = {
      ...workload('StatefulSet', 'db', { replicas: 2, updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 1 } } }),
      status: { currentRevision: 'db-old', updateRevision: 'db-new' },
    };
    const revision = (name: string) => ({ labels: { app: 'db', 'controller-revision-hash': name } });
    const cluster = createTestCluster([
      node('n1'),
      set,
      pod('db-0', { kind: 'StatefulSet', name: 'db' }, { ...revision('db-old'), env: [{ name: 'OLD', value: '1' }] }),
      pod('db-1', { kind: 'StatefulSet', name: 'db' }, revision('db-new')),
    ]);
    expect(await settled(cluster)).toEqual([]);
    expect(cluster.side.object('StatefulSet', 'shop', 'db')?.status).toMatchObject({
      currentRevision: 'db-old',
      updateRevision: 'db-new',
      updatedReplicas: 1,
    });
    cluster.request('DELETE', '/api/v1/namespaces/shop/pods/db-0');
    await cluster.clock.advance(60_000);
    expect(cluster.pods('db-0')[0]).toMatchObject({
      metadata: { labels: { 'controller-revision-hash': 'db-old' } },
      spec: { containers: [{ env: [{ name: 'OLD' }] }] },
    });
  });

  it('of a controller of the same kind in another group are not the twin’s: they stay, and deleted they are gone', async () => {
    const other = { apiVersion: 'apps.kruise.io/v1beta1', kind: 'StatefulSet', name: 'q' };
    const custom = {
      apiVersion: other.apiVersion,
      kind: other.kind,
      metadata: { name: 'q', namespace: 'shop', uid: 'uid-q' },
      spec: { replicas: 2 },
    };
    const job = { apiVersion: 'batch.volcano.sh/v1alpha1', kind: 'Job', name: 'train' };
    const cluster = createTestCluster([node('n1'), custom, pod('q-0', other), pod('train-0', job)]);
    expect(await settled(cluster)).toEqual([]);
    cluster.request('DELETE', '/api/v1/namespaces/shop/pods/q-0');
    cluster.request('DELETE', '/api/v1/namespaces/shop/pods/train-0');
    await cluster.clock.advance(10 * 60_000);
    expect(cluster.side.objects('Pod')).toEqual([]);
  });

  it('of an owner that was replaced by another of its name are gone', () => {
    const set = { ...workload('StatefulSet', 'db', { replicas: 1 }) };
    const replaced = { ...set, metadata: { ...set.metadata, uid: 'a-new-one' } };
    const cluster = createTestCluster([node('n1'), replaced, pod('db-0', { kind: 'StatefulSet', name: 'db', uid: 'the-former' })]);
    expect(cluster.pods('db-0')[0]?.metadata.uid).not.toBe('uid-db-0');
  });

  it('that no node took stay so, and finished ones stay finished', async () => {
    const unscheduled = { phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable' }] };
    const waiting = { ...barePod('waiting', {}, { uid: 'w' }), status: unscheduled };
    const done = { ...barePod('done', { nodeName: 'n1' }, { uid: 'd' }), status: { phase: 'Succeeded' } };
    const cluster = createTestCluster([node('n1'), waiting, done]);
    expect(await settled(cluster)).toEqual([]);
    expect(cluster.pods('waiting')[0]?.status).toEqual(unscheduled);
    expect(cluster.pods('done')[0]?.status).toEqual({ phase: 'Succeeded' });
  });

  it('keep the uids of an earlier twin, and no new object gets one of them', () => {
    const uid = '00000000-0000-4000-8000-000000000001';
    const cluster = createTestCluster([node('n1'), { ...barePod('old', { nodeName: 'n1' }, { uid }), status: READY }, deployment]);
    const uids = ['Pod', 'ReplicaSet', 'Deployment', 'Node'].flatMap((kind) =>
      cluster.side.objects(kind).map(({ metadata }) => metadata.uid),
    );
    expect(uids).toContain(uid);
    expect(new Set(uids).size).toBe(uids.length);
  });

  it('are not younger than the twin’s time', () => {
    const cluster = createTestCluster([
      node('n1'),
      { ...barePod('young', { nodeName: 'n1' }, { uid: 'y', creationTimestamp: at(90) } as never), status: READY },
    ]);
    expect(cluster.pods('young')[0]?.metadata.creationTimestamp).toBe(at(0));
  });
});
