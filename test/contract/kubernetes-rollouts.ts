import { beforeAll, describe, expect } from 'vitest';
import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import type { RunningKubernetes } from './kubernetes-backends.ts';
import type { Answer } from './kubernetes-client.ts';
import type { KubernetesSuite } from './kubernetes-suite.ts';

const STRATEGIC = 'application/strategic-merge-patch+json';
const RESTART = { spec: { template: { metadata: { annotations: { 'kubectl.kubernetes.io/restartedAt': '2026-03-01T12:00:00Z' } } } } };

/** What controllers must do whoever runs them: roll-outs, statuses, evictions. */
export function describeRollouts({ behaviour, running, makeNamespace }: KubernetesSuite): void {
  describe('the controllers', () => {
    let backend: RunningKubernetes;
    let namespace = '';
    beforeAll(async () => {
      backend = running();
      namespace = await makeNamespace();
    });

    const create = async (plural: string, name: string, spec: object): Promise<void> => {
      const labels = { app: name };
      const template = {
        metadata: { labels },
        spec: { terminationGracePeriodSeconds: 1, containers: [{ name: 'main', image: 'registry.example/app:1' }] },
      };
      const body = { metadata: { name }, spec: { selector: { matchLabels: labels }, template, ...spec } };
      const { status } = await backend.request('POST', `/apis/apps/v1/namespaces/${namespace}/${plural}`, { body });
      expect(status).toBe(201);
    };
    const get = async (plural: string, name: string): Promise<KubernetesObject> =>
      (await backend.request('GET', `/apis/apps/v1/namespaces/${namespace}/${plural}/${name}`)).body;
    const restart = (plural: string, name: string): Promise<Answer> =>
      backend.request('PATCH', `/apis/apps/v1/namespaces/${namespace}/${plural}/${name}?fieldManager=kubectl-rollout`, {
        body: RESTART,
        contentType: STRATEGIC,
      });
    const pods = async (app: string): Promise<KubernetesObject[]> =>
      (await backend.request('GET', `/api/v1/namespaces/${namespace}/pods?labelSelector=app%3D${app}`)).body.items;
    const settled = (plural: string, name: string, done: (object: KubernetesObject) => boolean): Promise<KubernetesObject> =>
      backend.eventually(async () => {
        const object = await get(plural, name);
        return object.metadata.generation === object.status?.observedGeneration && done(object) ? object : undefined;
      });
    const uids = (list: readonly KubernetesObject[]): string[] => list.map((pod) => pod.metadata.uid ?? '').sort();

    behaviour('rolls a Deployment to new pods', async () => {
      await create('deployments', 'web', { replicas: 2 });
      const done = ({ spec, status }: KubernetesObject): boolean =>
        status.updatedReplicas === spec.replicas && status.replicas === spec.replicas && status.availableReplicas === spec.replicas;
      await settled('deployments', 'web', done);
      const before = uids(await pods('web'));
      const patched = await restart('deployments', 'web');
      expect([patched.status, patched.body.metadata.generation]).toEqual([200, 2]);
      const after = await settled('deployments', 'web', (object) => object.metadata.generation === 2 && done(object));
      expect(after.status).toMatchObject({
        replicas: 2,
        updatedReplicas: 2,
        readyReplicas: 2,
        availableReplicas: 2,
        observedGeneration: 2,
      });
      expect(after.metadata.annotations?.['deployment.kubernetes.io/revision']).toBe('2');
      const running = await backend.eventually(async () => {
        const list = await pods('web');
        return list.length === 2 ? list : undefined;
      });
      expect(uids(running).filter((uid) => before.includes(uid))).toEqual([]);
      const owner = running[0]?.metadata.ownerReferences?.[0];
      expect([owner?.kind, owner?.controller]).toEqual(['ReplicaSet', true]);
      expect(running[0]?.metadata.labels?.['pod-template-hash']).toEqual(expect.any(String));
    });

    behaviour('rolls a StatefulSet until its update revision is the current one', async () => {
      await create('statefulsets', 'db', { replicas: 2, serviceName: 'db' });
      const done = ({ spec, status }: KubernetesObject): boolean =>
        status.readyReplicas === spec.replicas && status.currentRevision === status.updateRevision;
      const first = await settled('statefulsets', 'db', done);
      await restart('statefulsets', 'db');
      const after = await settled('statefulsets', 'db', (object) => object.metadata.generation === 2 && done(object));
      expect(after.status.currentRevision).not.toBe(first.status.currentRevision);
      const list = await pods('db');
      expect(list.map((pod) => pod.metadata.name)).toEqual(['db-0', 'db-1']);
      expect(list.map((pod) => pod.metadata.labels?.['controller-revision-hash'])).toEqual([
        after.status.updateRevision,
        after.status.updateRevision,
      ]);
    });

    behaviour('rolls a DaemonSet over all nodes', async () => {
      await create('daemonsets', 'agent', {});
      const done = ({ status }: KubernetesObject): boolean =>
        status.desiredNumberScheduled >= 2 &&
        status.updatedNumberScheduled === status.desiredNumberScheduled &&
        status.numberAvailable === status.desiredNumberScheduled;
      await settled('daemonsets', 'agent', done);
      const before = uids(await pods('agent'));
      await restart('daemonsets', 'agent');
      const after = await settled('daemonsets', 'agent', (object) => object.metadata.generation === 2 && done(object));
      expect(after.status).toMatchObject({
        numberReady: after.status.desiredNumberScheduled,
        numberMisscheduled: 0,
        observedGeneration: 2,
      });
      const fresh = await backend.eventually(async () => {
        const list = await pods('agent');
        return list.some((pod) => before.includes(pod.metadata.uid ?? '')) ? undefined : list;
      });
      expect(new Set(fresh.map((pod) => pod.spec.nodeName)).size).toBe(after.status.desiredNumberScheduled);
    });

    behaviour('evicts within a PodDisruptionBudget: 201, then 429; 500 where two budgets choose the pod', async () => {
      await create('deployments', 'guarded', { replicas: 2 });
      await settled('deployments', 'guarded', ({ status }) => status.availableReplicas === 2);
      const budgets = `/apis/policy/v1/namespaces/${namespace}/poddisruptionbudgets`;
      const spec = { minAvailable: 2, selector: { matchLabels: { app: 'guarded' } } };
      await backend.request('POST', budgets, { body: { metadata: { name: 'guarded' }, spec } });
      const budget = await backend.eventually(async () => {
        const { body } = await backend.request('GET', `${budgets}/guarded`);
        return body.status?.observedGeneration === body.metadata.generation && body.status.currentHealthy === 2 ? body : undefined;
      });
      expect(budget.status).toMatchObject({ currentHealthy: 2, desiredHealthy: 2, expectedPods: 2, disruptionsAllowed: 0 });
      const [target] = await pods('guarded');
      const evict = (options: object = {}): Promise<Answer> =>
        backend.request('POST', `/api/v1/namespaces/${namespace}/pods/${target?.metadata.name}/eviction`, {
          body: { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: target?.metadata.name, namespace }, deleteOptions: options },
        });
      const blocked = await evict();
      expect([blocked.status, blocked.body.reason, blocked.body.details.causes[0].reason]).toEqual([
        429,
        'TooManyRequests',
        'DisruptionBudget',
      ]);
      expect(blocked.body.message).toBe("Cannot evict pod as it would violate the pod's disruption budget.");
      await backend.request('POST', budgets, { body: { metadata: { name: 'second' }, spec } });
      expect((await evict()).status).toBe(500);
      await backend.request('DELETE', `${budgets}/second`);
      await backend.request('PATCH', `${budgets}/guarded`, {
        body: { spec: { minAvailable: 1 } },
        contentType: 'application/merge-patch+json',
      });
      await backend.eventually(async () => {
        const { body } = await backend.request('GET', `${budgets}/guarded`);
        return body.status.disruptionsAllowed === 1 ? true : undefined;
      });
      const evicted = await evict({ preconditions: { uid: target?.metadata.uid } });
      expect([evicted.status, evicted.body.status]).toEqual([201, 'Success']);
      await backend.eventually(async () =>
        (await pods('guarded')).some((pod) => pod.metadata.uid === target?.metadata.uid) ? undefined : true,
      );
      await settled('deployments', 'guarded', ({ status }) => status.availableReplicas === 2);
    });

    behaviour('refuses to evict another pod of the name, and has spent a disruption on it', async () => {
      await create('deployments', 'renamed', { replicas: 2 });
      await settled('deployments', 'renamed', ({ status }) => status.availableReplicas === 2);
      const budgets = `/apis/policy/v1/namespaces/${namespace}/poddisruptionbudgets`;
      const spec = { minAvailable: 1, selector: { matchLabels: { app: 'renamed' } } };
      await backend.request('POST', budgets, { body: { metadata: { name: 'renamed' }, spec } });
      await backend.eventually(async () => {
        const { body } = await backend.request('GET', `${budgets}/renamed`);
        return body.status?.disruptionsAllowed === 1 ? true : undefined;
      });
      const [target] = await pods('renamed');
      const evict = (uid: string | undefined): Promise<Answer> =>
        backend.request('POST', `/api/v1/namespaces/${namespace}/pods/${target?.metadata.name}/eviction`, {
          body: {
            apiVersion: 'policy/v1',
            kind: 'Eviction',
            metadata: { name: target?.metadata.name, namespace },
            deleteOptions: { preconditions: { uid } },
          },
        });
      const other = await evict('another');
      expect([other.status, other.body.reason]).toEqual([409, 'Conflict']);
      expect((await evict(target?.metadata.uid)).status).toBe(429);
      expect((await pods('renamed')).map(({ metadata }) => metadata.uid)).toContain(target?.metadata.uid);
    });

    behaviour('scales by the scale subresource, and removes what a deleted owner leaves', async () => {
      await create('deployments', 'scaled', { replicas: 1 });
      const path = `/apis/apps/v1/namespaces/${namespace}/deployments/scaled`;
      const scale = await backend.request('PATCH', `${path}/scale`, {
        body: { spec: { replicas: 3 } },
        contentType: 'application/merge-patch+json',
      });
      expect([scale.status, scale.body.kind, scale.body.spec.replicas]).toEqual([200, 'Scale', 3]);
      await settled('deployments', 'scaled', ({ status }) => status.availableReplicas === 3);
      await backend.request('DELETE', path);
      await backend.eventually(async () => ((await pods('scaled')).length === 0 ? true : undefined));
    });
  });
}
