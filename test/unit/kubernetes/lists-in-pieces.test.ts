import { describe, expect, it } from 'vitest';
import type { Cluster } from '../../../src/aws/gateways.ts';
import { createKubernetesGateway, type KubernetesSettings } from '../../../src/kubernetes/kubernetes-gateway.ts';
import { RESOURCES } from '../../../src/kubernetes/resources.ts';
import { type ScriptedReply, startScript } from '../fixtures/scripted-server.ts';

const { pods } = RESOURCES;

/** A gateway over a scripted API server that answers in this order, with how often it was asked. */
async function gateway(replies: readonly ScriptedReply[], more: Partial<KubernetesSettings> = {}) {
  const server = await startScript((_request, index) => replies[index] ?? 'reset', true);
  const kubernetes = createKubernetesGateway({
    cluster: { name: 'shop', endpoint: server.url, certificateAuthority: server.certificateAuthority, status: 'ACTIVE' } as Cluster,
    clusterName: 'shop',
    region: 'eu-west-1',
    credentials: () => Promise.resolve({ accessKeyId: 'AKID', secretAccessKey: 'secret' }),
    clock: { now: () => 0 },
    retryDelays: 'none',
    onRequest: () => undefined,
    ...more,
  });
  const visited = async (): Promise<string[]> => {
    const names: string[] = [];
    await kubernetes.visit(pods, ({ kind, apiVersion, metadata }) => names.push(`${apiVersion} ${kind} ${metadata.name}`));
    return names;
  };
  const listed = async (): Promise<string[]> =>
    (await kubernetes.list(pods)).map(({ kind, apiVersion, metadata }) => `${apiVersion} ${kind} ${metadata.name}`);
  return { kubernetes, visited, listed, asked: () => server.seen.length };
}

const page = (names: readonly string[], token?: string) => ({
  kind: 'PodList',
  apiVersion: 'v1',
  metadata: token === undefined ? {} : { continue: token },
  items: names.map((name) => ({ metadata: { name, uid: `uid-${name}` }, spec: { filler: 'x'.repeat(400) } })),
});
const names = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, index) => `p-${from + index}`);
const typed = (all: readonly string[]): string[] => all.map((name) => `v1 Pod ${name}`);

const READS = ['visited', 'listed'] as const;

describe.each(READS)('a list that comes in pieces (%s)', (read) => {
  it('gives each object once, in order, of every page', async () => {
    const world = await gateway([{ body: page(names(0, 500), 'c') }, { body: page(names(500, 700)) }]);
    expect(await world[read]()).toEqual(typed(names(0, 700)));
  });

  it('gives each object once where a page broke off and was asked for again', async () => {
    const first = page(names(0, 100), 'c');
    const second = page(names(100, 200));
    const world = await gateway([{ body: first, breaksAt: 30_000 }, { body: first }, { body: second, breaksAt: 20_000 }, { body: second }]);
    expect(await world[read]()).toEqual(typed(names(0, 200)));
    expect(world.asked()).toBe(4);
  });

  it('fails where every try broke off', async () => {
    const reply = { body: page(names(0, 100)), breaksAt: 30_000 };
    const world = await gateway([reply, reply, reply, reply]);
    await expect(world[read]()).rejects.toMatchObject({ name: 'ServiceUnavailable', message: expect.stringContaining('connection broke') });
    expect(world.asked()).toBe(3);
  });

  it('fails where the text ends early though its answer is whole', async () => {
    const text = JSON.stringify(page(names(0, 100)));
    for (const end of [30_000, text.length - 2, text.length - 1]) {
      const world = await gateway([{ body: text.slice(0, end) }]);
      await expect(world[read]()).rejects.toMatchObject({ name: 'ServiceUnavailable', message: expect.stringContaining('is not JSON') });
      expect(world.asked()).toBe(1);
    }
  });

  it('leaves out nothing where the items are written otherwise', async () => {
    const items = names(0, 6).map((name, index) =>
      index % 2 === 0 ? { metadata: { name } } : { kind: 'Pod', apiVersion: 'v1', metadata: { name } },
    );
    const spaced = JSON.stringify({ items, metadata: {} }, null, 2);
    for (const body of [{ items, metadata: {} }, spaced]) {
      const world = await gateway([{ body }]);
      expect(await world[read]()).toEqual(typed(names(0, 6)));
    }
  });

  it('takes the items of an exchange that gives the body whole', async () => {
    const bodies = [page(names(0, 5), 'c'), page(names(5, 8))];
    const world = await gateway([], {
      exchange: () => Promise.resolve({ status: 200, headers: {}, body: JSON.stringify(bodies.shift()) }),
    });
    expect(await world[read]()).toEqual(typed(names(0, 8)));
  });
});

describe('what looks at the objects', () => {
  it('fails as itself, and sees no object after that', async () => {
    const { kubernetes, asked } = await gateway([{ body: page(names(0, 100), 'c') }]);
    const seen: string[] = [];
    const failing = kubernetes.visit(pods, ({ metadata }) => {
      seen.push(metadata.name);
      if (metadata.name === 'p-3') throw new RangeError('a fault of its own');
    });
    await expect(failing).rejects.toThrow(new RangeError('a fault of its own'));
    expect([seen, asked()]).toEqual([names(0, 4), 1]);
  });
});

describe('an answer that is no success', () => {
  it('keeps its body, which says why', async () => {
    const message = 'User "eve" cannot list resource "pods" in API group "" at the cluster scope';
    const { kubernetes } = await gateway([{ status: 403, body: { kind: 'Status', reason: 'Forbidden', message, items: [{}] } }]);
    await expect(kubernetes.list(pods)).rejects.toMatchObject({ name: 'KubernetesForbidden', message: expect.stringContaining(message) });
  });
});
