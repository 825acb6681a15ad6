import { describe, expect, it } from 'vitest';
import { barePod, createTestCluster, node, workload } from '../fixtures/twin-kubernetes-cluster.ts';

describe('bad requests', () => {
  const cluster = createTestCluster([node('n1'), barePod('one'), workload('Deployment', 'web'), workload('StatefulSet', 'db')]);

  it.each<[string, string, unknown, number, string]>([
    ['POST', '/api/v1/namespaces/shop/pods', undefined, 400, 'BadRequest'],
    ['POST', '/api/v1/pods', barePod('two'), 400, 'BadRequest'],
    ['POST', '/api/v1/namespaces/default/pods', barePod('two'), 400, 'BadRequest'],
    ['POST', '/api/v1/namespaces/shop/pods', { kind: 'Secret', metadata: { name: 'x' } }, 400, 'BadRequest'],
    ['POST', '/api/v1/namespaces/shop/pods', { metadata: {}, spec: { containers: [{ name: 'a' }] } }, 422, 'Invalid'],
    ['POST', '/api/v1/namespaces/shop/pods', barePod('Not_A_Name'), 422, 'Invalid'],
    ['POST', '/api/v1/namespaces/shop/pods', { metadata: { name: 'x' }, spec: {} }, 422, 'Invalid'],
    ['POST', '/api/v1/namespaces/shop/pods', barePod('x', {}, { resourceVersion: '1' }), 400, 'BadRequest'],
    ['PATCH', '/apis/apps/v1/namespaces/shop/deployments/web', { spec: { selector: { matchLabels: { app: 'x' } } } }, 422, 'Invalid'],
    [
      'PATCH',
      '/apis/apps/v1/namespaces/shop/deployments/web',
      { spec: { template: { metadata: { labels: { app: 'x' } } } } },
      422,
      'Invalid',
    ],
    ['PATCH', '/apis/apps/v1/namespaces/shop/deployments/web', { metadata: { uid: 'other' } }, 409, 'Conflict'],
    ['PATCH', '/apis/apps/v1/namespaces/shop/deployments/web', [], 400, 'BadRequest'],
    ['PATCH', '/apis/apps/v1/namespaces/shop/statefulsets/db', { spec: { serviceName: 'x' } }, 422, 'Invalid'],
    [
      'PATCH',
      '/apis/apps/v1/namespaces/shop/deployments/web/scale',
      { metadata: { resourceVersion: '1' }, spec: { replicas: 1 } },
      409,
      'Conflict',
    ],
    ['GET', '/api/v1/pods?limit=-1', undefined, 400, 'BadRequest'],
    ['GET', '/api/v1/pods?continue=nonsense', undefined, 400, 'BadRequest'],
    ['GET', '/api/v1/pods?watch=1&resourceVersion=x', undefined, 400, 'BadRequest'],
  ])('%s %s %j is refused with %i', (method, path, body, status, reason) => {
    const answer = cluster.request(method, path, body);
    expect([answer.status, answer.body.kind, answer.body.reason, answer.body.code]).toEqual([status, 'Status', reason, status]);
  });
});

describe('a kind of which the snapshot does not tell whether there are objects', () => {
  const of = (name: string) => ({ group: 'example.org', version: 'v1', kind: name, plural: `${name.toLowerCase()}s`, namespaced: true });
  const cluster = createTestCluster([node('n1')], {
    kinds: [of('Seen'), of('Hidden'), { ...of('Hidden'), version: 'v2' }],
    unknownKinds: ['Hidden.example.org'],
  });
  const path = (plural: string) => `/apis/example.org/v1/namespaces/shop/${plural}`;

  it('is served by discovery, as the one that was looked at', () => {
    const { resources } = cluster.request('GET', '/apis/example.org/v1').body;
    expect(resources.map(({ name }: { name: string }) => name)).toEqual(expect.arrayContaining(['seens', 'hiddens']));
    expect(cluster.request('GET', path('seens'))).toMatchObject({ status: 200, body: { items: [] } });
  });

  it.each(['v1/namespaces/shop/hiddens', 'v2/hiddens', 'v1/hiddens?watch=1', 'v1/namespaces/shop/hiddens/one'])(
    'may not be read by %s: nothing would be taken for none',
    (what) => {
      const answer = cluster.request('GET', `/apis/example.org/${what}`);
      expect([answer.status, answer.body.reason]).toEqual([403, 'Forbidden']);
      expect(answer.body.message).toContain('the snapshot does not tell whether there are any');
    },
  );

  it('may not be read by what a review says of oneself either', () => {
    const may = (verb: string, resource: string) =>
      cluster.request('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
        spec: { resourceAttributes: { verb, group: 'example.org', resource } },
      }).body.status.allowed;
    expect([may('list', 'seens'), may('list', 'hiddens'), may('create', 'hiddens')]).toEqual([true, false, true]);
  });
});
