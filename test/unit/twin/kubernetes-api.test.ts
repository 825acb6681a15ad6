import { describe, expect, it } from 'vitest';
import type { KubernetesObject } from '../../../src/kubernetes/gateway.ts';
import type { TwinHttpRequest, TwinStream } from '../../../twin/server.ts';
import { createTestCluster, node, serviceAccount, type TestCluster, workload } from '../fixtures/twin-kubernetes-cluster.ts';

const STORE: KubernetesObject = {
  apiVersion: 'external-secrets.io/v1beta1',
  kind: 'SecretStore',
  metadata: { name: 'aws', namespace: 'shop' },
  spec: { provider: { aws: { auth: { jwt: { serviceAccountRef: { name: 'app' } } } } } },
};
const STORES = '/apis/external-secrets.io/v1beta1/namespaces/shop/secretstores';

function httpRequest(method: string, path: string, body = ''): TwinHttpRequest {
  return { method, url: new URL(path, 'https://127.0.0.1'), headers: { authorization: 'Bearer good' }, body, connection: 0 };
}

/** Opens a watch and answers its lines as they come. */
function watch(
  cluster: TestCluster,
  path: string,
): { lines: { type: string; object: KubernetesObject & { code?: number } }[]; ended: () => boolean; leave: () => void } {
  const reply = cluster.service.handle(httpRequest('GET', path));
  if (reply instanceof Promise || reply.stream === undefined) {
    throw new Error('no watch');
  }
  const lines: { type: string; object: KubernetesObject }[] = [];
  const listeners: (() => void)[] = [];
  let ended = false;
  const leave = (): void => {
    ended = true;
    listeners.forEach((listener) => void listener());
  };
  const stream: TwinStream = {
    send: (text) => void lines.push(JSON.parse(text)),
    end: leave,
    onClose: (listener) => void listeners.push(listener),
  };
  reply.stream(stream);
  return { lines, ended: () => ended, leave };
}

describe('the request log', () => {
  const cluster = createTestCluster([STORE]);

  it.each<[string, string, string, string, string, boolean]>([
    ['GET', '/api/v1/pods?limit=5', '', 'list pods', '', false],
    ['GET', '/api/v1/pods?watch=1', '', 'watch pods', '', false],
    ['GET', '/api/v1/namespaces/shop', '', 'get namespaces', 'shop', false],
    ['GET', '/api/v1/namespaces/shop/pods/one', '', 'get pods', 'shop/one', false],
    ['POST', '/api/v1/namespaces/shop/pods', '{"metadata":{"name":"one"}}', 'create pods', 'shop/one', true],
    ['POST', '/api/v1/namespaces/shop/pods?dryRun=All', '{"metadata":{"generateName":"one-"}}', 'create pods?dryRun', 'shop/one-', false],
    ['POST', '/api/v1/namespaces/shop/pods/one/eviction', '{}', 'create pods/eviction', 'shop/one', true],
    ['PATCH', '/apis/apps/v1/namespaces/shop/deployments/web', '{}', 'patch deployments', 'shop/web', true],
    ['PUT', '/apis/apps/v1/namespaces/shop/deployments/web/scale', '{}', 'update deployments/scale', 'shop/web', true],
    ['DELETE', '/api/v1/nodes/n1', '', 'delete nodes', 'n1', true],
    ['DELETE', '/api/v1/namespaces/shop/pods', '', 'deletecollection pods', '', true],
    ['POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', '{}', 'create selfsubjectaccessreviews', '', false],
    ['GET', '/version', '', 'get /version', '', false],
  ])('%s %s', (method, path, body, operation, object, write) => {
    const [, group] = /^\/apis\/([^/]+)/.exec(path) ?? [];
    // What is no resource is in no API group.
    const apiGroup = path === '/version' ? {} : { apiGroup: group ?? '' };
    const principal = 'arn:aws:iam::111122223333:role/operator';
    expect(cluster.service.describe(httpRequest(method, path, body))).toEqual({
      service: 'kubernetes',
      operation,
      object,
      write,
      principal,
      ...apiGroup,
    });
  });

  it('has faults in the API server`s own words', () => {
    const throttled = cluster.service.fault('throttle', httpRequest('GET', '/api/v1/pods'));
    expect([throttled.status, throttled.headers?.['retry-after'], JSON.parse(throttled.body ?? '').reason]).toEqual([
      429,
      '1',
      'TooManyRequests',
    ]);
    const failed = cluster.service.fault('server-error', httpRequest('GET', '/api/v1/pods'));
    expect([failed.status, JSON.parse(failed.body ?? '').reason]).toEqual([503, 'ServiceUnavailable']);
  });
});

describe('access', () => {
  it('is denied by RBAC with 403, and self reviews tell so beforehand', () => {
    const cluster = createTestCluster([], {
      authorize: (verb, resource, namespace) => !(verb === 'create' && resource === 'pods/eviction' && namespace === 'shop'),
    });
    const denied = cluster.request('POST', '/api/v1/namespaces/shop/pods/one/eviction', {});
    expect([denied.status, denied.body.reason]).toEqual([403, 'Forbidden']);
    expect(denied.body.message).toBe(
      'pods "one" is forbidden: User "arn:aws:iam::111122223333:role/operator" cannot create resource "pods/eviction" in API group "" in the namespace "shop"',
    );
    const ask = (namespace: string) =>
      cluster.request('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
        spec: { resourceAttributes: { verb: 'create', resource: 'pods', subresource: 'eviction', namespace } },
      }).body.status.allowed;
    expect([ask('shop'), ask('other')]).toEqual([false, true]);
  });

  it('needs a known token for all but version and health', () => {
    const cluster = createTestCluster([]);
    expect(cluster.request('GET', '/api/v1/pods', undefined, { token: 'bad' }).body).toMatchObject({
      kind: 'Status',
      code: 401,
      reason: 'Unauthorized',
    });
    expect(cluster.request('GET', '/apis', undefined, { token: 'bad' }).status).toBe(401);
    expect(cluster.request('GET', '/version', undefined, { token: 'bad' }).status).toBe(200);
    expect(cluster.request('GET', '/apis/authentication.k8s.io/v1/selfsubjectreviews').status).toBe(404);
    const self = cluster.request('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', {});
    expect(self.body.status.userInfo.username).toBe('arn:aws:iam::111122223333:role/operator');
  });
});

describe('custom resources', () => {
  it('are served by the kinds of the snapshot, and take no strategic merge patch', () => {
    const cluster = createTestCluster([STORE]);
    expect(cluster.request('GET', STORES).body).toMatchObject({
      kind: 'SecretStoreList',
      items: [{ metadata: { name: 'aws', generation: 1 } }],
    });
    const refused = cluster.request('PATCH', `${STORES}/aws`, { spec: {} }, { contentType: 'application/strategic-merge-patch+json' });
    expect([refused.status, refused.body.reason]).toEqual([415, 'UnsupportedMediaType']);
    const patched = cluster.request('PATCH', `${STORES}/aws`, { metadata: { annotations: { a: 'b' } } });
    expect([patched.status, patched.body.metadata.generation]).toEqual([200, 1]);
    expect(cluster.request('PATCH', `${STORES}/aws`, { spec: { refreshInterval: 1 } }).body.metadata.generation).toBe(2);
    const group = cluster.request('GET', '/apis/external-secrets.io/v1beta1').body;
    expect(group.resources[0]).toMatchObject({ name: 'secretstores', kind: 'SecretStore', namespaced: true });
    expect(cluster.request('GET', '/apis/external-secrets.io/v1/secretstores').status).toBe(404);
  });

  it('follow their definition: plural, scope, versions', () => {
    const definition = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'octopodes.sea.dev' },
      spec: {
        group: 'sea.dev',
        scope: 'Cluster',
        names: { kind: 'Octopus', plural: 'octopodes', shortNames: ['oct'] },
        versions: [
          { name: 'v1alpha1', served: true, storage: false },
          { name: 'v1', served: true, storage: true, subresources: { status: {} } },
          { name: 'v0', served: false, storage: false },
        ],
      },
    };
    const cluster = createTestCluster([]);
    expect(cluster.request('GET', '/apis/sea.dev/v1/octopodes').status).toBe(404);
    expect(cluster.request('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', definition).status).toBe(201);
    const octopus = { apiVersion: 'sea.dev/v1', kind: 'Octopus', metadata: { name: 'paul' }, spec: { arms: 8 }, status: { wet: true } };
    expect(cluster.request('POST', '/apis/sea.dev/v1/octopodes', octopus).body.status).toBeUndefined();
    expect(
      cluster.request('PATCH', '/apis/sea.dev/v1/octopodes/paul/status', { status: { wet: true }, spec: { arms: 9 } }).body,
    ).toMatchObject({
      spec: { arms: 8 },
      status: { wet: true },
    });
    expect(cluster.request('GET', '/apis/sea.dev/v1alpha1/octopodes/paul').body.apiVersion).toBe('sea.dev/v1alpha1');
    expect(cluster.request('GET', '/apis/sea.dev/v0/octopodes').status).toBe(404);
  });
});

describe('deletion', () => {
  it('waits for finalizers', () => {
    const cluster = createTestCluster([
      { ...STORE, metadata: { ...STORE.metadata, finalizers: ['sea.dev/hold'] } as KubernetesObject['metadata'] },
    ]);
    expect(cluster.request('DELETE', `${STORES}/aws`).body.metadata.deletionTimestamp).toBeDefined();
    expect(cluster.request('GET', `${STORES}/aws`).status).toBe(200);
    cluster.request('PATCH', `${STORES}/aws`, { metadata: { finalizers: null } });
    expect(cluster.request('GET', `${STORES}/aws`).status).toBe(404);
  });

  it('takes dependents along, or orphans them', async () => {
    const cluster = createTestCluster([
      node('n1'),
      workload('Deployment', 'web', { replicas: 1 }),
      workload('Deployment', 'api', { replicas: 1 }),
    ]);
    cluster.request('DELETE', '/apis/apps/v1/namespaces/shop/deployments/web?propagationPolicy=Orphan');
    cluster.request('DELETE', '/apis/apps/v1/namespaces/shop/deployments/api', { propagationPolicy: 'Foreground' });
    await cluster.clock.advance(5000);
    const [set] = cluster.side.objects('ReplicaSet');
    expect(cluster.side.objects('ReplicaSet')).toHaveLength(1);
    expect(set?.metadata.ownerReferences).toBeUndefined();
    expect([cluster.pods('web-').length, cluster.pods('api-').length]).toEqual([1, 0]);
  });

  it('empties a namespace, and a collection by its selector', async () => {
    const cluster = createTestCluster([serviceAccount('one'), serviceAccount('two'), STORE]);
    cluster.request('PATCH', '/api/v1/namespaces/shop/serviceaccounts/one', { metadata: { labels: { a: 'b' } } });
    cluster.request('DELETE', '/api/v1/namespaces/shop/serviceaccounts?labelSelector=a%3Db');
    expect(
      cluster.side
        .objects('ServiceAccount')
        .filter((object) => object.metadata.namespace === 'shop')
        .map((object) => object.metadata.name),
    ).toEqual(['default', 'two']);
    const leaving = cluster.request('DELETE', '/api/v1/namespaces/shop');
    expect(leaving.body).toMatchObject({ metadata: { deletionTimestamp: expect.any(String) }, status: { phase: 'Terminating' } });
    await cluster.clock.advance(10_000);
    expect(cluster.side.objects('SecretStore')).toEqual([]);
    expect(cluster.side.object('Namespace', undefined, 'shop')).toBeUndefined();
    expect(cluster.request('DELETE', '/api/v1/namespaces/kube-system').status).toBe(403);
  });
});

describe('watches', () => {
  it('end with 410 where the resource version is too old', () => {
    const cluster = createTestCluster([serviceAccount('app')]);
    const { resourceVersion } = cluster.request('GET', '/api/v1/serviceaccounts').body.metadata;
    cluster.request('PATCH', '/api/v1/namespaces/shop/serviceaccounts/app', { metadata: { labels: { a: 'b' } } });
    expect(watch(cluster, `/api/v1/serviceaccounts?watch=1&resourceVersion=${resourceVersion}`).lines.map(({ type }) => type)).toEqual([
      'MODIFIED',
    ]);
    cluster.compact();
    const late = watch(cluster, `/api/v1/serviceaccounts?watch=1&resourceVersion=${resourceVersion}`);
    expect([late.lines[0]?.type, late.lines[0]?.object.code, late.ended()]).toEqual(['ERROR', 410, true]);
  });

  it('end after timeoutSeconds of the twin`s time, and when the half closes', async () => {
    const cluster = createTestCluster([]);
    const brief = watch(cluster, '/api/v1/pods?watch=1&timeoutSeconds=10');
    const open = watch(cluster, '/api/v1/pods?watch=1');
    await cluster.clock.advance(9000);
    expect([brief.ended(), open.ended()]).toEqual([false, false]);
    await cluster.clock.advance(2000);
    expect([brief.ended(), open.ended()]).toEqual([true, false]);
    cluster.close();
    expect(open.ended()).toBe(true);
  });

  it('mark the end of the initial events where asked, and hear nothing after they ended', () => {
    const cluster = createTestCluster([serviceAccount('app')]);
    const path = '/api/v1/namespaces/shop/serviceaccounts?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan';
    const one = watch(cluster, path);
    expect(one.lines.map(({ type }) => type)).toEqual(['ADDED', 'ADDED', 'BOOKMARK']);
    expect(one.lines[2]?.object.metadata.annotations).toEqual({ 'k8s.io/initial-events-end': 'true' });
    one.leave();
    cluster.request('DELETE', '/api/v1/namespaces/shop/serviceaccounts/app');
    expect(one.lines).toHaveLength(3);
  });
});

describe('the side for the AWS half', () => {
  it('applies and removes as a system, keeping what is the cluster`s own', async () => {
    const cluster = createTestCluster([node('n1')]);
    const agent = workload('DaemonSet', 'agent');
    cluster.side.apply(serviceAccount('default'));
    cluster.side.apply(agent);
    await cluster.clock.advance(10_000);
    const first = cluster.side.object('DaemonSet', 'shop', 'agent');
    expect(first?.status.numberReady).toBe(1);
    cluster.side.apply({ ...agent, spec: { ...agent.spec, minReadySeconds: 5 } });
    const second = cluster.side.object('DaemonSet', 'shop', 'agent');
    expect([second?.metadata.uid, second?.metadata.generation, second?.status.numberReady]).toEqual([first?.metadata.uid, 2, 1]);
    cluster.side.remove('DaemonSet', 'shop', 'agent');
    await cluster.clock.advance(10_000);
    expect([cluster.side.objects('DaemonSet'), cluster.pods('agent-')]).toEqual([[], []]);
    cluster.side.remove('DaemonSet', 'shop', 'agent');
    expect(new Set(cluster.changes.map(({ by }) => by))).toEqual(new Set(['system']));
  });

  it('tells who changed what, with what it was and what it is', () => {
    const cluster = createTestCluster([serviceAccount('app', { a: '1' })]);
    cluster.request('PATCH', '/api/v1/namespaces/shop/serviceaccounts/app', { metadata: { annotations: { a: null } } });
    cluster.request('PATCH', '/api/v1/namespaces/shop/serviceaccounts/app', { metadata: { annotations: { a: null } } });
    cluster.request('DELETE', '/api/v1/namespaces/shop/serviceaccounts/app');
    expect(cluster.changes.map(({ by, before, after }) => [by, before?.metadata.annotations, after?.metadata.annotations])).toEqual([
      ['request', { a: '1' }, {}],
      ['request', {}, undefined],
    ]);
  });
});
