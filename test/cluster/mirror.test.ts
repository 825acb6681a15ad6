import { describe, expect, test } from 'vitest';
import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import type { ApiAnswer } from './api.ts';
import type { AuditEvent } from './audit.ts';
import { type ClientWrite, createClientWrites } from './client-writes.ts';
import { missingDefinitions } from './custom-definitions.ts';
import { mergePatch } from './merge-patch.ts';
import { type Reflector, reflect } from './reflector.ts';
import type { WatchEvent } from './watch.ts';

const PODS = { kind: 'Pod', apiVersion: 'v1', name: 'pods', namespaced: true, path: '/api/v1/pods' };

describe('following a resource', () => {
  test('changes are told in their order, and a watch that the server ends goes on from where it was', async () => {
    const server = pretend([pod('a', 1)], 1);
    const { told, reflector } = await follow(server);
    await server.send({ type: 'ADDED', object: pod('b', 2) });
    server.end();
    await expect.poll(() => server.from(), { timeout: 5_000 }).toEqual(['1', '2']);
    await server.send({ type: 'MODIFIED', object: pod('a', 3) }, { type: 'DELETED', object: pod('b', 4) });
    expect(told).toEqual(['b: none to 2', 'a: 1 to 3', 'b: 2 to none']);
    await reflector.stop();
  });

  test('where the version has expired it lists again, and tells what happened meanwhile', async () => {
    const server = pretend([pod('a', 1), pod('b', 1)], 1);
    const { told, reflector } = await follow(server);
    server.list([pod('a', 7), pod('c', 8)], 9);
    await server.send({ type: 'ERROR', object: { code: 410, message: 'too old resource version' } as unknown as KubernetesObject });
    await expect.poll(() => server.from(), { timeout: 5_000 }).toEqual(['1', '9']);
    expect(told).toEqual(['b: 1 to none', 'a: 1 to 7', 'c: none to 8']);
    expect([...reflector.objects.keys()]).toEqual(['shop/a', 'shop/c']);
    await reflector.stop();
  });

  test('a list that is older than what the watch told is taken again', async () => {
    const server = pretend([pod('a', 1)], 1);
    const { told, reflector } = await follow(server);
    server.list([pod('a', 1)], 1);
    server.list([pod('a', 3)], 3);
    await server.send({ type: 'MODIFIED', object: pod('a', 3) });
    await reflector.catchUp();
    expect(told).toEqual(['a: 1 to 3']);
    await reflector.stop();
  });

  test('an event that a list was faster than is not told twice', async () => {
    const server = pretend([pod('a', 1)], 1);
    const { told, reflector } = await follow(server);
    server.list([], 5);
    await reflector.catchUp();
    await server.send({ type: 'MODIFIED', object: pod('a', 4) }, { type: 'DELETED', object: pod('a', 5) });
    expect(told).toEqual(['a: 1 to none']);
    expect(reflector.objects.size).toBe(0);
    await reflector.stop();
  });

  test('what fails while a change is told is thrown at the end', async () => {
    const server = pretend([], 1);
    const reflector = await reflect(server.cluster, PODS, {
      seen: () => {
        throw new Error('the judge is ill');
      },
      hold: () => Promise.resolve(),
    });
    await server.send({ type: 'ADDED', object: pod('a', 2) });
    await expect(reflector.stop()).rejects.toThrow('the judge is ill');
  });
});

describe('whose a change is', () => {
  test('a version that an audited write made is that write, and the next one is not', () => {
    const { writes } = audited();
    ask(
      writes,
      { verb: 'patch', name: 'a' },
      { code: 200, responseObject: { kind: 'Pod', metadata: { name: 'a', resourceVersion: '7' } } },
    );
    expect(writes.behind('pods', pod('a', 5), pod('a', 6))).toBeUndefined();
    expect(writes.behind('pods', pod('a', 6), pod('a', 7))).toMatchObject({ operation: 'patch pods', object: 'shop/a', principal: 'ann' });
    expect(writes.behind('pods', pod('a', 7), pod('a', 8))).toBeUndefined();
    expect(writes.behind('pods', pod('b', 6), pod('b', 7))).toBeUndefined();
  });

  test('a change that a list tells of holds all versions in between', () => {
    const { writes } = audited();
    ask(
      writes,
      { verb: 'patch', name: 'a' },
      { code: 200, responseObject: { kind: 'Pod', metadata: { name: 'a', resourceVersion: '7' } } },
    );
    expect(writes.behind('pods', pod('a', 5), pod('a', 9))).toMatchObject({ operation: 'patch pods' });
  });

  test.each([
    ['a delete with a grace period', { verb: 'delete' }, { responseObject: { kind: 'Pod', metadata: { name: 'a', uid: 'uid-a' } } }],
    ['a delete at once', { verb: 'delete' }, { responseObject: { kind: 'Status', details: { uid: 'uid-a' } } }],
    [
      'an eviction',
      { verb: 'create', subresource: 'eviction' },
      { requestObject: { deleteOptions: { preconditions: { uid: 'uid-a' } } }, responseObject: { kind: 'Status' } },
    ],
  ])('%s is claimed once, and not for a successor of the same name', (_, request, response) => {
    const { writes } = audited();
    ask(writes, { ...request, name: 'a' }, { code: 201, ...response });
    expect(writes.behind('pods', { ...pod('a', 3), metadata: { ...pod('a', 3).metadata, uid: 'another' } }, undefined)).toBeUndefined();
    expect(writes.behind('pods', pod('a', 3), leaving('a', 4))).toMatchObject({ object: 'shop/a' });
    expect(writes.behind('pods', leaving('a', 4), undefined)).toBeUndefined();
    expect(writes.behind('pods', pod('a', 5), undefined)).toBeUndefined();
  });

  test('dry runs, questions and refusals change nothing, and all but questions are known as asked', () => {
    const { writes, heard } = audited();
    const made = { kind: 'Pod', metadata: { name: 'a', resourceVersion: '7' } };
    ask(writes, { verb: 'create', uri: '/api/v1/namespaces/shop/pods?dryRun=All' }, { code: 201, responseObject: made });
    ask(writes, { verb: 'patch', name: 'a' }, { code: 409, responseObject: { kind: 'Status' } });
    ask(writes, { verb: 'create', resource: 'selfsubjectaccessreviews' }, { code: 201 });
    expect(writes.behind('pods', undefined, pod('a', 7))).toBeUndefined();
    expect(heard.map(({ operation, write }) => [operation, write])).toEqual([
      ['create pods?dryRun', false],
      ['patch pods', true],
      ['create selfsubjectaccessreviews', false],
    ]);
  });

  test('a change is judged only once the writes of its resource that were under way have ended', async () => {
    const { writes } = audited();
    const end = begin(writes, { verb: 'patch', name: 'a' });
    let ended = false;
    const waited = writes.underWay('pods').then(() => {
      ended = true;
    });
    await writes.underWay('deployments.apps');
    expect(ended).toBe(false);
    end({ code: 200 });
    await waited;
    expect(ended).toBe(true);
  });
});

test.each([
  ['the same', { a: { b: 1 } }, { a: { b: 1 } }, undefined],
  ['a key that goes', { a: { b: 1, c: 2 } }, { a: { b: 1 } }, { a: { c: null } }],
  ['a key that comes', {}, { a: { b: 1 } }, { a: { b: 1 } }],
  ['a list, whole', { a: [1, 2], d: 1 }, { a: [2], d: 1 }, { a: [2] }],
  ['another type', { a: { b: 1 } }, { a: 'text' }, { a: 'text' }],
  ['undefined, as a key that is not there', { a: 1 }, { a: undefined }, { a: null }],
])('a merge patch of %s', (_, before, after, patch) => {
  expect(mergePatch(before, after)).toEqual(patch);
});

test('definitions are made for custom resources that nobody defines, one a kind with all its versions', () => {
  const objects = [
    custom('example.com/v1', 'Policy', 'one', 'shop'),
    custom('example.com/v1beta1', 'Policy', 'two', 'shop'),
    custom('example.com/v1', 'ClusterPolicy', 'all'),
    custom('served.io/v1', 'Thing', 'known', 'shop'),
    custom('defined.io/v1', 'Thing', 'own', 'shop'),
    {
      ...custom('apiextensions.k8s.io/v1', 'CustomResourceDefinition', 'things.defined.io'),
      spec: { group: 'defined.io', names: { kind: 'Thing' } },
    },
    custom('apps/v1', 'Deployment', 'web', 'shop'),
  ];
  const made = missingDefinitions(objects, new Set(['served.io', 'apps']));
  expect(made.map(({ metadata, spec }) => [metadata.name, spec.scope, spec.versions.map(({ name }: { name: string }) => name)])).toEqual([
    ['policies.example.com', 'Namespaced', ['v1', 'v1beta1']],
    ['clusterpolicies.example.com', 'Cluster', ['v1']],
  ]);
});

function custom(apiVersion: string, kind: string, name: string, namespace?: string): KubernetesObject {
  return { apiVersion, kind, metadata: { name, ...(namespace === undefined ? {} : { namespace }) } };
}

function pod(name: string, version: number): KubernetesObject {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { namespace: 'shop', name, uid: `uid-${name}`, resourceVersion: String(version) } };
}

function leaving(name: string, version: number): KubernetesObject {
  const { metadata, ...rest } = pod(name, version);
  return { ...rest, metadata: { ...metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } };
}

async function follow(server: ReturnType<typeof pretend>): Promise<{ told: string[]; reflector: Reflector }> {
  const told: string[] = [];
  const version = (object: KubernetesObject | undefined): string => object?.metadata.resourceVersion ?? 'none';
  const reflector = await reflect(server.cluster, PODS, {
    seen: (before, after) => void told.push(`${(after ?? before)?.metadata.name}: ${version(before)} to ${version(after)}`),
    hold: () => Promise.resolve(),
  });
  return { told, reflector };
}

/** An API server of one resource: each list in its turn, the last for ever; events are what the test sends. */
function pretend(items: readonly KubernetesObject[], version: number) {
  const lists: { readonly items: readonly KubernetesObject[]; readonly version: number }[] = [];
  let last: (typeof lists)[number] = { items, version };
  const starts: string[] = [];
  let open: { onEvent(event: WatchEvent): void; end(error?: unknown): void } | undefined;
  const answer = (): ApiAnswer => {
    last = lists.shift() ?? last;
    return { status: 200, body: { metadata: { resourceVersion: String(last.version) }, items: last.items } };
  };
  return {
    cluster: {
      api: async () => answer(),
      watch: (path: string, signal: AbortSignal, onEvent: (event: WatchEvent) => void) =>
        new Promise<void>((resolve, reject) => {
          starts.push(new URL(path, 'https://localhost').searchParams.get('resourceVersion') ?? '');
          open = { onEvent, end: (error) => (error === undefined ? resolve() : reject(error)) };
          signal.addEventListener('abort', () => resolve(), { once: true });
        }),
    },
    list: (next: readonly KubernetesObject[], at: number): void => {
      lists.push({ items: next, version: at });
    },
    /** Sends events on the open watch and lets them be told; an event that is refused ends the watch. */
    send: async (...events: WatchEvent[]): Promise<void> => {
      for (const event of events) {
        try {
          open?.onEvent(event);
        } catch (error) {
          open?.end(error);
        }
      }
      await new Promise((resolve) => setImmediate(resolve));
    },
    end: (): void => open?.end(),
    /** The versions that watches started from. */
    from: (): readonly string[] => [...starts],
  };
}

function audited() {
  const heard: ClientWrite[] = [];
  return { heard, writes: createClientWrites('podshift', (write) => heard.push(write)) };
}

interface Request {
  readonly verb: string;
  readonly name?: string;
  readonly resource?: string;
  readonly subresource?: string;
  readonly uri?: string;
}
type Response = { readonly code: number } & Pick<AuditEvent, 'requestObject' | 'responseObject'>;

let requests = 0;

function begin(writes: ReturnType<typeof createClientWrites>, request: Request): (response: Response) => void {
  requests += 1;
  const { verb, resource = 'pods', subresource, name = '', uri = '/api/v1/namespaces/shop/pods' } = request;
  const event: Omit<AuditEvent, 'stage'> = {
    auditID: `audit-${requests}`,
    verb,
    requestURI: uri,
    user: { username: 'ann' },
    objectRef: { apiGroup: '', resource, subresource, namespace: 'shop', name },
  };
  writes.receive({ ...event, stage: 'RequestReceived' });
  return ({ code, ...bodies }) => writes.receive({ ...event, ...bodies, stage: 'ResponseComplete', responseStatus: { code } });
}

function ask(writes: ReturnType<typeof createClientWrites>, request: Request, response: Response): void {
  begin(writes, request)(response);
}
