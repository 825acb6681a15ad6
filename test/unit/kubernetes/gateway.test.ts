import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { Cluster } from '../../../src/aws/gateways.ts';
import { createKubernetesGateway } from '../../../src/kubernetes/kubernetes-gateway.ts';
import { RESOURCES } from '../../../src/kubernetes/resources.ts';
import { REMEDIES } from '../../../src/model/errors/kinds.ts';
import { type ScriptedReply, type SeenRequest, startScript } from '../fixtures/scripted-server.ts';

const START = Date.UTC(2025, 0, 1);
const { pods, deployments, nodes, serviceAccounts, argoRollouts } = RESOURCES;

/** A gateway over a scripted API server, with what it asked. */
async function gateway(script: (request: SeenRequest, index: number) => ScriptedReply, cluster: Partial<Cluster> = {}) {
  const server = await startScript(script, true);
  const time = { now: START };
  let counted = 0;
  const kubernetes = createKubernetesGateway({
    cluster: {
      name: 'shop',
      endpoint: server.url,
      certificateAuthority: server.certificateAuthority,
      status: 'ACTIVE',
      authenticationMode: 'API',
      ...cluster,
    } as Cluster,
    clusterName: 'shop',
    region: 'eu-west-1',
    credentials: () => Promise.resolve({ accessKeyId: 'AKID', secretAccessKey: 'secret' }),
    clock: { now: () => time.now },
    retryDelays: 'none',
    onRequest: () => {
      counted += 1;
    },
  });
  return { kubernetes, seen: server.seen, time, counted: () => counted };
}

const status = (code: number, reason: string, extra: object = {}): ScriptedReply => ({
  status: code,
  body: { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason, code, message: 'a message with SECRETVALUE', ...extra },
});
const failureOf = async (work: Promise<unknown>): Promise<{ name: string; message: string; details: Record<string, unknown> }> => {
  try {
    await work;
  } catch (error) {
    return error as never;
  }
  throw new Error('it did not fail');
};

/** A port on which nobody listens any more. */
async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe('lists', () => {
  it('follows every page, five hundred at a time, and gives objects whole, with their type', async () => {
    const { kubernetes, seen } = await gateway(({ query }) =>
      query.get('continue') === null
        ? {
            body: {
              kind: 'PodList',
              metadata: { continue: 'c=1&' },
              items: [{ metadata: { name: 'a' }, spec: { unheardOf: { x: [null] } } }],
            },
          }
        : { body: { kind: 'PodList', metadata: {}, items: [{ metadata: { name: 'b' } }] } },
    );
    expect(await kubernetes.list(pods, { namespace: 'shop', labelSelector: 'a=b,c', fieldSelector: 'spec.nodeName=n' })).toEqual([
      { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' }, spec: { unheardOf: { x: [null] } } },
      { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'b' } },
    ]);
    expect(seen.map(({ path, query }) => [path, Object.fromEntries(query)])).toEqual([
      ['/api/v1/namespaces/shop/pods', { labelSelector: 'a=b,c', fieldSelector: 'spec.nodeName=n', limit: '500' }],
      ['/api/v1/namespaces/shop/pods', { labelSelector: 'a=b,c', fieldSelector: 'spec.nodeName=n', limit: '500', continue: 'c=1&' }],
    ]);
  });

  it.each([
    [deployments, undefined, '/apis/apps/v1/deployments'],
    [deployments, 'shop', '/apis/apps/v1/namespaces/shop/deployments'],
    [nodes, undefined, '/api/v1/nodes'],
    [argoRollouts, undefined, '/apis/argoproj.io/v1alpha1/rollouts'],
  ])('asks for $plural in %s at %s', async (resource, namespace, path) => {
    const { kubernetes, seen } = await gateway(() => ({ body: { items: null } }));
    expect(await kubernetes.list(resource, namespace === undefined ? {} : { namespace })).toEqual([]);
    expect(seen[0]?.path).toBe(path);
  });

  it('takes a kind that the cluster does not serve as an empty list', async () => {
    const { kubernetes } = await gateway(() => ({ status: 404, body: '404 page not found' }));
    expect(await kubernetes.list(argoRollouts)).toEqual([]);
  });

  it('starts again where a continue token expired', async () => {
    const { kubernetes } = await gateway((_request, index) => {
      const replies: ScriptedReply[] = [
        { body: { metadata: { continue: 'old' }, items: [{ metadata: { name: 'gone' } }] } },
        status(410, 'Expired'),
        { body: { metadata: {}, items: [{ metadata: { name: 'a' } }] } },
      ];
      return replies[index] ?? 'reset';
    });
    expect((await kubernetes.list(pods)).map((pod) => pod.metadata.name)).toEqual(['a']);
  });

  it('hands over each object once, page by page, though a continue token expires on the way', async () => {
    const object = (name: string, uid?: string) => ({ metadata: { name, namespace: 'shop', ...(uid === undefined ? {} : { uid }) } });
    const { kubernetes, seen } = await gateway((_request, index) => {
      const replies: ScriptedReply[] = [
        { body: { metadata: { continue: 'old' }, items: [object('a', 'u-1'), object('b')] } },
        status(410, 'Expired'),
        { body: { metadata: { continue: 'new' }, items: [object('a', 'u-2'), object('b')] } },
        { body: { metadata: {}, items: [object('c', 'u-3')] } },
      ];
      return replies[index] ?? 'reset';
    });
    const visited: string[] = [];
    await kubernetes.visit(pods, ({ kind, metadata }) => {
      visited.push(`${seen.length} ${kind} ${metadata.name} ${metadata.uid}`);
    });
    // The second "a" is another pod than the first.
    expect(visited).toEqual(['1 Pod a u-1', '1 Pod b undefined', '3 Pod a u-2', '4 Pod c u-3']);
  });

  it('gives up after three new starts', async () => {
    const { kubernetes, seen } = await gateway(() => status(410, 'Expired'));
    expect(await failureOf(kubernetes.visit(pods, () => undefined))).toMatchObject({ name: 'ServiceUnavailable' });
    expect(seen).toHaveLength(4);
  });

  it('gives a list up after three new starts', async () => {
    const { kubernetes, seen } = await gateway(() => status(410, 'Expired'));
    expect(await failureOf(kubernetes.list(pods))).toMatchObject({ name: 'ServiceUnavailable' });
    expect(seen).toHaveLength(4);
  });
});

describe('single objects', () => {
  it('gets an object, or undefined', async () => {
    const { kubernetes } = await gateway(({ path }) =>
      path.endsWith('/cart') ? { body: { metadata: { name: 'cart' } } } : status(404, 'NotFound'),
    );
    expect(await kubernetes.get(serviceAccounts, 'shop', 'cart')).toEqual({ metadata: { name: 'cart' } });
    expect(await kubernetes.get(serviceAccounts, 'shop', 'none')).toBeUndefined();
  });

  it.each([
    ['merge', 'application/merge-patch+json', { metadata: { annotations: { a: null } } }],
    ['strategic', 'application/strategic-merge-patch+json', { spec: {} }],
    ['json', 'application/json-patch+json', [{ op: 'remove', path: '/a' }]],
  ] as const)('patches with the content type of a %s patch', async (type, contentType, body) => {
    const { kubernetes, seen } = await gateway(() => ({ body: { metadata: { name: 'cart' } } }));
    await kubernetes.patch(deployments, 'shop', 'cart', { type, body });
    expect(seen[0]).toMatchObject({ method: 'PATCH', path: '/apis/apps/v1/namespaces/shop/deployments/cart' });
    expect(seen[0]?.headers['content-type']).toBe(contentType);
    expect(JSON.parse(seen[0]?.body ?? '')).toEqual(body);
  });

  it('makes dry runs each over a connection of its own, and keeps one for everything else', async () => {
    const { kubernetes, seen } = await gateway(() => ({ body: {} }));
    for (const dryRun of [true, true, true]) {
      await kubernetes.create(pods, 'shop', { kind: 'Pod' }, { dryRun });
    }
    for (let index = 0; index < 12; index += 1) {
      await kubernetes.get(pods, 'shop', 'a');
    }
    expect(new Set(seen.slice(0, 3).map(({ connection }) => connection)).size).toBe(3);
    // The pool may open a second one while it still takes leave of a reply.
    expect(new Set(seen.slice(3).map(({ connection }) => connection)).size).toBeLessThan(4);
    expect(seen[0]?.query.get('dryRun')).toBe('All');
  });

  it('creates for good without a dry run', async () => {
    const { kubernetes, seen } = await gateway(() => ({ status: 201, body: { metadata: { uid: 'u' } } }));
    expect(await kubernetes.create(pods, 'shop', { kind: 'Pod' })).toEqual({ metadata: { uid: 'u' } });
    expect([seen[0]?.method, seen[0]?.path, seen[0]?.query.has('dryRun')]).toEqual(['POST', '/api/v1/namespaces/shop/pods', false]);
  });

  it('deletes the object that was meant, and takes what is gone as done', async () => {
    const { kubernetes, seen } = await gateway(
      (_request, index) => [{}, status(404, 'NotFound'), status(409, 'Conflict')][index] ?? 'reset',
    );
    await kubernetes.delete(pods, 'shop', 'a');
    await kubernetes.delete(pods, 'shop', 'a', { uid: 'u', gracePeriodSeconds: 0 });
    await kubernetes.delete(pods, 'shop', 'a', { uid: 'u' });
    expect(seen.map(({ body }) => JSON.parse(body) as unknown)).toEqual([
      { apiVersion: 'v1', kind: 'DeleteOptions' },
      { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid: 'u' }, gracePeriodSeconds: 0 },
      { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid: 'u' } },
    ]);
  });

  it('tells a conflict on a delete that names no object', async () => {
    const { kubernetes } = await gateway(() => status(409, 'Conflict'));
    expect(await failureOf(kubernetes.delete(pods, 'shop', 'a'))).toMatchObject({ name: 'Conflict' });
  });
});

describe('evictions', () => {
  const budget = { details: { causes: [{ reason: 'DisruptionBudget', message: 'needs 2 healthy pods' }] } };

  it.each([
    ['evicted', { status: 201, body: { kind: 'Status', status: 'Success' } } as ScriptedReply, 1],
    ['blocked', status(429, 'TooManyRequests', budget), 1],
    ['gone', status(404, 'NotFound'), 1],
    ['gone', status(409, 'Conflict'), 1],
  ])('answers %s', async (expected, reply, requests) => {
    const { kubernetes, seen } = await gateway(() => reply);
    expect(await kubernetes.evict('shop', 'cart-1', { uid: 'u' })).toBe(expected);
    expect(seen).toHaveLength(requests);
    expect(seen[0]?.path).toBe('/api/v1/namespaces/shop/pods/cart-1/eviction');
    expect(JSON.parse(seen[0]?.body ?? '')).toEqual({
      apiVersion: 'policy/v1',
      kind: 'Eviction',
      metadata: { name: 'cart-1', namespace: 'shop' },
      deleteOptions: { preconditions: { uid: 'u' } },
    });
  });

  it('does not take a throttled API server for a budget', async () => {
    const { kubernetes, seen } = await gateway(() => ({ status: 429, body: 'Too many requests, please try again later.' }));
    expect(await failureOf(kubernetes.evict('shop', 'cart-1'))).toMatchObject({ name: 'Throttled' });
    expect(seen).toHaveLength(4);
  });
});

describe('failures', () => {
  it.each([
    [401, 'Unauthorized', 'KubernetesUnauthorized'],
    [403, 'Forbidden', 'KubernetesForbidden'],
    [404, 'NotFound', 'NotFound'],
    [409, 'Conflict', 'Conflict'],
    [409, 'AlreadyExists', 'AlreadyExists'],
    [400, 'BadRequest', 'InvalidRequest'],
    [415, 'UnsupportedMediaType', 'InvalidRequest'],
    [422, 'Invalid', 'InvalidRequest'],
    [429, 'TooManyRequests', 'Throttled'],
    [500, 'InternalError', 'ServiceUnavailable'],
    [503, 'ServiceUnavailable', 'ServiceUnavailable'],
  ])('names %i %s as %s, with verb and object and no text of the server', async (code, reason, name) => {
    const { kubernetes } = await gateway(() => status(code, reason));
    const failure = await failureOf(kubernetes.patch(deployments, 'shop', 'cart', { type: 'merge', body: {} }));
    expect(failure).toMatchObject({ name, details: { httpStatus: code, reason } });
    expect(failure.message).toContain('patch deployments.apps cart in namespace shop');
    expect(JSON.stringify([failure.message, failure.details])).not.toMatch(/SECRETVALUE|Bearer|k8s-aws-v1/);
  });

  it('knows a cluster that takes principals from the ConfigMap alone', async () => {
    const { kubernetes } = await gateway(() => status(401, 'Unauthorized'), { authenticationMode: 'CONFIG_MAP' });
    expect(await failureOf(kubernetes.get(pods, 'shop', 'a'))).toMatchObject({ name: 'ConfigMapAuthentication' });
  });

  it('tells who refused: authorization or admission', async () => {
    const rbac = await gateway(() =>
      status(403, 'Forbidden', { message: 'pods is forbidden: User "x" cannot create resource "pods" in API group ""' }),
    );
    expect(await failureOf(rbac.kubernetes.create(pods, 'shop', {}))).toMatchObject({ details: { refusedBy: 'authorization' } });
    const admission = await gateway(() =>
      status(403, 'Forbidden', { message: 'pods "x" is forbidden: violates PodSecurity "restricted:latest"' }),
    );
    expect(await failureOf(admission.kubernetes.create(pods, 'shop', {}))).toMatchObject({ details: { refusedBy: 'admission' } });
    // Admission sees no reads: an authorizer refused, whatever its words are.
    const words = await gateway(() => status(403, 'Forbidden', { message: 'denied by the webhook' }));
    for (const read of [words.kubernetes.get(pods, 'shop', 'a'), words.kubernetes.list(pods, { namespace: 'shop' })])
      expect(await failureOf(read)).toMatchObject({
        details: { refusedBy: 'authorization' },
        message: expect.stringMatching(/^not allowed to /),
      });
  });

  it('keeps user, verb, resource and namespace of what authorization refuses, and no other word of the server', async () => {
    const sentence =
      'User "arn:aws:sts::1:assumed-role/reader/mia" cannot patch resource "deployments" in API group "apps" in the namespace "shop"';
    const { kubernetes } = await gateway(() =>
      status(403, 'Forbidden', { message: `deployments.apps "cart" is forbidden: ${sentence}: SECRETVALUE` }),
    );
    expect(await failureOf(kubernetes.patch(deployments, 'shop', 'cart', { type: 'merge', body: {} }))).toMatchObject({
      name: 'KubernetesForbidden',
      message: `not allowed to patch deployments.apps cart in namespace shop on cluster shop: ${sentence}`,
      details: { user: 'arn:aws:sts::1:assumed-role/reader/mia', verb: 'patch', resource: 'deployments', group: 'apps', namespace: 'shop' },
    });
    const everywhere = 'User "mia" cannot list resource "nodes" in API group "" at the cluster scope';
    const wide = await gateway(() => status(403, 'Forbidden', { message: `nodes is forbidden: ${everywhere}` }));
    expect((await failureOf(wide.kubernetes.list(nodes))).message).toBe(`not allowed to list nodes on cluster shop: ${everywhere}`);
  });

  it('names the fields of an invalid object', async () => {
    const { kubernetes } = await gateway(() =>
      status(422, 'Invalid', { details: { causes: [{ field: 'spec.a', message: 'SECRETVALUE' }] } }),
    );
    expect(await failureOf(kubernetes.create(pods, 'shop', {}))).toMatchObject({
      message: expect.stringContaining('spec.a'),
      details: { fields: ['spec.a'] },
    });
  });

  it.each([
    ['a throttled write', 'PATCH', 429, 4],
    ['a throttled read', 'GET', 429, 4],
    ['a failed read', 'GET', 503, 3],
    ['a failed write', 'PATCH', 503, 1],
  ])('tries %s again only where that is safe', async (_title, method, code, requests) => {
    const { kubernetes, seen, counted } = await gateway(() => ({ status: code, headers: { 'retry-after': '1' }, body: 'no' }));
    await failureOf(
      method === 'GET' ? kubernetes.get(pods, 'shop', 'a') : kubernetes.patch(pods, 'shop', 'a', { type: 'merge', body: {} }),
    );
    expect([seen.length, counted()]).toEqual([requests, requests]);
  });

  it('goes on once the server does', async () => {
    const { kubernetes } = await gateway(
      (_request, index) => [status(429, 'TooManyRequests'), status(500, 'InternalError'), 'reset' as const][index] ?? { body: { ok: 1 } },
    );
    // The throttled request does not count against the read's own attempts, but a reset and a 5xx do.
    expect(
      await failureOf(kubernetes.get(pods, 'shop', 'a')).then(
        (failure) => failure.name,
        () => 'none',
      ),
    ).toBe('ServiceUnavailable');
    expect(await kubernetes.get(pods, 'shop', 'a')).toEqual({ ok: 1 });
  });

  it('does not repeat a write whose connection broke', async () => {
    const { kubernetes, seen } = await gateway(() => 'reset');
    expect(await failureOf(kubernetes.patch(pods, 'shop', 'a', { type: 'merge', body: {} }))).toMatchObject({ name: 'ServiceUnavailable' });
    expect(seen).toHaveLength(1);
  });

  it('says that a cluster is unreachable: nobody listens, another authority, no endpoint', async () => {
    const nobody = await gateway(() => 'reset', { endpoint: `https://127.0.0.1:${await closedPort()}` });
    expect(await failureOf(nobody.kubernetes.get(pods, 'shop', 'a'))).toMatchObject({
      name: 'ClusterUnreachable',
      message: expect.stringMatching(/^get pods a in namespace shop: no connection to 127\.0\.0\.1:\d+: .+ \(ECONNREFUSED\)$/),
      remedy: REMEDIES['API server connection'].remedy,
      details: { code: 'ECONNREFUSED', connection: 'refused' },
    });
    const stranger = await gateway(() => ({ body: {} }), { certificateAuthority: '' });
    expect(await failureOf(stranger.kubernetes.get(pods, 'shop', 'a'))).toMatchObject({
      name: 'ClusterUnreachable',
      message: expect.stringContaining(': its certificate is not trusted (DEPTH_ZERO_SELF_SIGNED_CERT)'),
      remedy: REMEDIES['API server certificate'].remedy,
    });
    expect(stranger.counted()).toBe(1);
    await expect(gateway(() => 'reset', { endpoint: '' })).rejects.toMatchObject({ name: 'ClusterUnreachable' });
  });

  it('says that an answer which is no JSON is no answer', async () => {
    const { kubernetes } = await gateway(() => ({ body: '<html>SECRETVALUE' }));
    const failure = await failureOf(kubernetes.get(pods, 'shop', 'a'));
    expect(failure).toMatchObject({ name: 'ServiceUnavailable' });
    expect(String(failure)).not.toContain('SECRETVALUE');
  });
});

describe('the bearer token', () => {
  const tokens = (seen: readonly SeenRequest[]) => seen.map(({ headers }) => headers.authorization ?? '');
  const urlOf = (authorization: string) => new URL(Buffer.from(authorization.replace('Bearer k8s-aws-v1.', ''), 'base64url').toString());

  it('is a presigned GetCallerIdentity for this cluster, at the time of the clock', async () => {
    const { kubernetes, seen } = await gateway(() => ({ body: {} }));
    await kubernetes.get(pods, 'shop', 'a');
    const [authorization = ''] = tokens(seen);
    expect(authorization).toMatch(/^Bearer k8s-aws-v1\.[A-Za-z0-9_-]+$/);
    const url = urlOf(authorization);
    expect([url.origin, url.pathname]).toEqual(['https://sts.eu-west-1.amazonaws.com', '/']);
    expect(Object.fromEntries(url.searchParams)).toEqual({
      Action: 'GetCallerIdentity',
      Version: '2011-06-15',
      'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
      'X-Amz-Credential': 'AKID/20250101/eu-west-1/sts/aws4_request',
      'X-Amz-Date': '20250101T000000Z',
      'X-Amz-Expires': '60',
      'X-Amz-SignedHeaders': 'host;x-k8s-aws-id',
      'X-Amz-Signature': expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });

  it('is kept for fourteen minutes of the clock, then renewed', async () => {
    const { kubernetes, seen, time } = await gateway(() => ({ body: {} }));
    await kubernetes.get(pods, 'shop', 'a');
    time.now = START + 14 * 60_000 - 1;
    await kubernetes.get(pods, 'shop', 'a');
    time.now = START + 14 * 60_000;
    await kubernetes.get(pods, 'shop', 'a');
    const [first, second, third] = tokens(seen);
    expect(second).toBe(first);
    expect(urlOf(third ?? '').searchParams.get('X-Amz-Date')).toBe('20250101T001400Z');
  });

  it('is made anew after the server refused it', async () => {
    const { kubernetes, seen, time } = await gateway((_request, index) => (index === 0 ? status(401, 'Unauthorized') : { body: {} }));
    await failureOf(kubernetes.get(pods, 'shop', 'a'));
    time.now += 1000;
    await kubernetes.get(pods, 'shop', 'a');
    const [first, second] = tokens(seen);
    expect(second).not.toBe(first);
  });
});
