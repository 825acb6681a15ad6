import { beforeAll, describe, expect } from 'vitest';
import type { RunningKubernetes } from './kubernetes-backends.ts';
import type { Answer } from './kubernetes-client.ts';
import type { KubernetesSuite } from './kubernetes-suite.ts';

const MERGE = 'application/merge-patch+json';

/** How the API must show many objects whoever serves it: lists, pages, watches. */
export function describeLists({ behaviour, running, makeNamespace }: KubernetesSuite): void {
  describe('the lists and watches', () => {
    let backend: RunningKubernetes;
    beforeAll(() => {
      backend = running();
    });

    const makeConfigMap = (namespace: string, name: string, more: object = {}): Promise<Answer> =>
      backend.request('POST', `/api/v1/namespaces/${namespace}/configmaps`, { body: { metadata: { name, ...more }, data: { a: '1' } } });

    behaviour('lists by namespace and over all, by labels and by fields', async () => {
      const namespace = await makeNamespace();
      for (const [name, app] of [
        ['b', 'web'],
        ['a', 'web'],
        ['c', 'db'],
      ] as const) {
        await makeConfigMap(namespace, name, { labels: { app, suite: namespace } });
      }
      const names = async (path: string): Promise<string[]> =>
        (await backend.request('GET', path)).body.items
          .filter((item: { metadata: { labels?: { suite?: string } } }) => item.metadata.labels?.suite === namespace)
          .map((item: { metadata: { name: string } }) => item.metadata.name);
      const path = `/api/v1/namespaces/${namespace}/configmaps`;
      expect(await names(path)).toEqual(['a', 'b', 'c']);
      expect(await names(`${path}?labelSelector=${encodeURIComponent('app in (web),app!=db')}`)).toEqual(['a', 'b']);
      expect(await names(`${path}?fieldSelector=metadata.name%3Dc`)).toEqual(['c']);
      expect(await names(`/api/v1/configmaps?labelSelector=suite%3D${namespace}`)).toEqual(['a', 'b', 'c']);
      const bad = await backend.request('GET', `${path}?fieldSelector=data.a%3D1`);
      expect([bad.status, bad.body.reason]).toEqual([400, 'BadRequest']);
      const { body } = await backend.request('GET', path);
      expect(body).toMatchObject({
        kind: 'ConfigMapList',
        apiVersion: 'v1',
        metadata: { resourceVersion: expect.stringMatching(/^\d+$/) },
      });
    });

    behaviour('selects pods by their service account, the one that admission gave them too', async () => {
      const namespace = await makeNamespace();
      const api = `/api/v1/namespaces/${namespace}`;
      await backend.request('POST', `${api}/serviceaccounts`, {
        body: { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'orders' } },
      });
      for (const [name, serviceAccount] of [
        ['one', {}],
        ['two', { serviceAccountName: 'orders' }],
      ] as const) {
        const spec = { containers: [{ name: 'app', image: 'registry.example.com/app:1' }], ...serviceAccount };
        await backend.request('POST', `${api}/pods`, { body: { apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec } });
      }
      const names = async (serviceAccount: string) => {
        const { body } = await backend.request('GET', `${api}/pods?fieldSelector=spec.serviceAccountName%3D${serviceAccount}`);
        return body.items.map(({ metadata }: { metadata: { name: string } }) => metadata.name);
      };
      expect([await names('default'), await names('orders'), await names('nobody')]).toEqual([['one'], ['two'], []]);
    });

    behaviour('selects pods by the fields that the API server selects them by, and by no other', async () => {
      const namespace = await makeNamespace();
      const path = `/api/v1/namespaces/${namespace}/pods`;
      const spec = { nodeName: 'node-of-the-suite', containers: [{ name: 'app', image: 'registry.example.com/app:1' }] };
      await backend.request('POST', path, { body: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'one' }, spec } });
      for (const [field, value] of [
        ['metadata.name', 'one'],
        ['metadata.namespace', namespace],
        ['spec.nodeName', 'node-of-the-suite'],
        ['spec.restartPolicy', 'Always'],
        ['spec.schedulerName', 'default-scheduler'],
        ['spec.serviceAccountName', 'default'],
        ['spec.hostNetwork', 'false'],
        ['status.nominatedNodeName', ''],
      ] as const) {
        const names = async (operator: string) => {
          const { body } = await backend.request('GET', `${path}?fieldSelector=${encodeURIComponent(`${field}${operator}${value}`)}`);
          return body.items.map(({ metadata }: { metadata: { name: string } }) => metadata.name);
        };
        expect([field, await names('='), await names('!=')]).toEqual([field, ['one'], []]);
      }
      // What a kubelet writes may be there by now or not, but can be asked for.
      for (const field of ['status.phase', 'status.podIP'])
        expect((await backend.request('GET', `${path}?fieldSelector=${field}%3Dx`)).body.items, field).toEqual([]);
      for (const field of ['spec.priority', 'metadata.uid', 'metadata.labels.app', 'status.hostIP']) {
        const { status, body } = await backend.request('GET', `${path}?fieldSelector=${field}%3Dx`);
        expect([field, status, body.reason]).toEqual([field, 400, 'BadRequest']);
      }
    });

    behaviour('pages, showing one moment on all pages', async () => {
      const namespace = await makeNamespace();
      const suite = `labelSelector=suite%3D${namespace}`;
      for (const name of ['a', 'b', 'c', 'd', 'e']) {
        await makeConfigMap(namespace, name, { labels: { suite: namespace } });
      }
      const path = `/api/v1/namespaces/${namespace}/configmaps?${suite}&limit=2`;
      const seen: string[] = [];
      const pages: number[] = [];
      let token = '';
      do {
        const { status, body } = await backend.request('GET', `${path}${token === '' ? '' : `&continue=${token}`}`);
        expect(status).toBe(200);
        seen.push(...body.items.map((item: { metadata: { name: string } }) => item.metadata.name));
        pages.push(body.items.length);
        token = body.metadata.continue ?? '';
        if (pages.length === 1) {
          await makeConfigMap(namespace, 'late', { labels: { suite: namespace } });
          await backend.request('DELETE', `/api/v1/namespaces/${namespace}/configmaps/e`);
        }
      } while (token !== '');
      expect([seen, pages]).toEqual([
        ['a', 'b', 'c', 'd', 'e'],
        [2, 2, 1],
      ]);
    });

    behaviour('answers 410 to a continue token that has expired', async () => {
      const namespace = await makeNamespace();
      await makeConfigMap(namespace, 'a');
      await makeConfigMap(namespace, 'b');
      const path = `/api/v1/namespaces/${namespace}/configmaps?limit=1`;
      const token = (await backend.request('GET', path)).body.metadata.continue;
      await backend.compact();
      // An API server's own cache follows etcd within some seconds.
      const body = await backend.eventually(async () => {
        const answer = await backend.request('GET', `${path}&continue=${token}`);
        return answer.status === 200 ? undefined : answer.body;
      });
      expect([body.code, body.reason]).toEqual([410, 'Expired']);
    });

    behaviour('watches: what is there, then what changes, within its selector', async () => {
      const namespace = await makeNamespace();
      await makeConfigMap(namespace, 'there', { labels: { app: 'web' } });
      const path = `/api/v1/namespaces/${namespace}/configmaps`;
      const changes = async (): Promise<void> => {
        await makeConfigMap(namespace, 'other', { labels: { app: 'db' } });
        await makeConfigMap(namespace, 'new', { labels: { app: 'web' } });
        await backend.request('PATCH', `${path}/new`, { body: { data: { a: '2' } }, contentType: MERGE });
        await backend.request('PATCH', `${path}/new`, { body: { metadata: { labels: { app: 'db' } } }, contentType: MERGE });
        await backend.request('DELETE', `${path}/there`);
      };
      let begun: Promise<void> | undefined;
      const events = await backend.watch(`${path}?watch=1&labelSelector=app%3Dweb`, (seen) => {
        begun ??= changes();
        return seen.some(({ type, object }) => type === 'DELETED' && object.metadata.name === 'there');
      });
      await begun;
      expect(events.map(({ type, object }) => `${type} ${object.metadata.name}`)).toEqual([
        'ADDED there',
        'ADDED new',
        'MODIFIED new',
        'DELETED new',
        'DELETED there',
      ]);
    });

    behaviour('watches from a resource version on', async () => {
      const namespace = await makeNamespace();
      const path = `/api/v1/namespaces/${namespace}/configmaps`;
      await makeConfigMap(namespace, 'before');
      const { resourceVersion } = (await backend.request('GET', path)).body.metadata;
      await makeConfigMap(namespace, 'after');
      const events = await backend.watch(`${path}?watch=true&resourceVersion=${resourceVersion}`, (seen) => seen.length > 0);
      expect(events.map(({ type, object }) => `${type} ${object.metadata.name}`)).toEqual(['ADDED after']);
    });
  });
}
