import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { whyNoCluster } from '../cluster/available.ts';
import { buildBinaries } from '../cluster/build.ts';
import { good, type ServedTwin, serveTwin } from '../support/served-twin.ts';
import { sayMissing } from './behaviours.ts';

const why = await whyNoCluster(process.env);
sayMissing('kubectl on the twin', why);

describe.skipIf(why !== undefined)('kubectl on the twin', () => {
  let twin: ServedTwin;
  let program = '';
  beforeAll(async () => {
    program = (await buildBinaries({ environment: process.env, say: (line) => process.stderr.write(`${line}\n`) })).kubectl;
    twin = await serveTwin('examples/shop');
  });
  afterAll(() => twin?.stop());
  const kubectl = (line: string, input?: string) => twin.client(program, line.split(' '), input === undefined ? {} : { input });
  const json = async (line: string) => JSON.parse(good(await kubectl(`${line} -o json`)));

  it('gets objects by name, by label, over all namespaces, and as JSON', async () => {
    expect(
      good(await kubectl('get nodes -o name'))
        .trim()
        .split('\n'),
    ).toHaveLength(4);
    expect(good(await kubectl('get deploy -A'))).toContain('storefront');
    expect((await json('get deployment storefront -n shop')).status.readyReplicas).toBe(3);
    expect(good(await kubectl('get pods -n shop -l app.kubernetes.io/name=covers -o name'))).toMatch(/^pod\/covers-/);
    expect(good(await kubectl('get sa covers -n shop -o jsonpath={.metadata.name}'))).toBe('covers');
    expect(good(await kubectl('describe deploy covers -n shop'))).toContain('Pod Template');
  });

  it('shows tables as an API server prints them', async () => {
    expect(good(await kubectl('get deploy storefront -n shop'))).toMatch(
      /^NAME +READY +UP-TO-DATE +AVAILABLE +AGE\nstorefront +3\/3 +3 +3 /,
    );
    expect(good(await kubectl('get pods -n shop'))).toMatch(/^NAME +READY +STATUS +RESTARTS +AGE\n\S+ +1\/1 +Running +0 /);
    expect(good(await kubectl('get nodes'))).toMatch(/^NAME +STATUS +ROLES +AGE +VERSION\n\S+ +Ready +<none> /);
    expect(good(await kubectl('get sa -n shop'))).toMatch(/^NAME +SECRETS +AGE\n/);
    expect(good(await kubectl('get sts -A'))).toMatch(/^NAMESPACE +NAME +READY +AGE\n/);
    expect(good(await kubectl('get ds -A'))).toMatch(
      /^NAMESPACE +NAME +DESIRED +CURRENT +READY +UP-TO-DATE +AVAILABLE +NODE SELECTOR +AGE\n/,
    );
  });

  it.each([
    ['get deploy missing -n shop', 'Error from server (NotFound): deployments.apps "missing" not found'],
    ['get nothings', 'error: the server doesn\'t have a resource type "nothings"'],
    ['patch sa missing -n shop -p {}', 'Error from server (NotFound): serviceaccounts "missing" not found'],
  ])('says of "%s" what a cluster says', async (line, message) => {
    const { code, stderr } = await kubectl(line);
    expect([code, stderr]).toEqual([1, expect.stringContaining(message)]);
  });

  it.each([
    ['protobuf, in which kubectl makes objects from flags', 'create namespace another', 'UnsupportedMediaType'],
    ['server-side apply', 'apply --server-side -f infra/cluster-access/cluster-role.yaml', 'Server-side apply not available on the server'],
  ])('says that it does not take %s', async (_what, line, message) => {
    const { code, stderr } = await kubectl(line);
    expect([code, stderr]).toEqual([1, expect.stringContaining(message)]);
  });

  it('patches, annotates, labels and scales', async () => {
    good(await kubectl('annotate sa covers -n shop a=b'));
    good(await kubectl('patch sa covers -n shop --type=merge -p {"metadata":{"annotations":{"a":null,"c":"d"}}}'));
    good(await kubectl('patch sa covers -n shop --type=json -p [{"op":"add","path":"/metadata/labels","value":{"x":"y"}}]'));
    const { metadata } = await json('get sa covers -n shop');
    expect([metadata.annotations.a, metadata.annotations.c, metadata.labels]).toEqual([undefined, 'd', { x: 'y' }]);
    good(await kubectl('scale deploy/covers -n shop --replicas=4'));
    good(await kubectl('rollout status deploy/covers -n shop --timeout=60s'));
    expect((await json('get deploy covers -n shop')).status.availableReplicas).toBe(4);
  });

  it.each(['-n shop deploy/storefront', '-n shop ds/orders-spool', '-n search sts/indexer'])('restarts and follows %s', async (what) => {
    good(await kubectl(`rollout restart ${what}`));
    expect(good(await kubectl(`rollout status ${what} --timeout=60s`))).toMatch(/successfully rolled out|roll out complete/);
  });

  it('shows revisions and goes back to one', async () => {
    good(await kubectl('rollout restart deploy/mailroom -n shop'));
    good(await kubectl('rollout status deploy/mailroom -n shop --timeout=60s'));
    expect(good(await kubectl('rollout history deploy/mailroom -n shop'))).toMatch(/\n1 .*\n2 /);
    good(await kubectl('rollout undo deploy/mailroom -n shop'));
    good(await kubectl('rollout status deploy/mailroom -n shop --timeout=60s'));
    expect((await json('get deploy mailroom -n shop')).spec.template.metadata.annotations).toBeUndefined();
  });

  it('is told what it may do, and who it is', async () => {
    expect(good(await kubectl('auth can-i patch serviceaccounts -n shop'))).toBe('yes\n');
    expect(good(await kubectl('auth can-i create pods --subresource=eviction -n shop'))).toBe('yes\n');
    expect(good(await kubectl('auth whoami -o jsonpath={.status.userInfo.username}'))).toMatch(/^arn:aws:iam::444455556666:role\//);
  });

  it('applies, compares, replaces, creates and deletes files', async () => {
    const file = (value: string): string => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b, namespace: shop}\ndata: {k: ${value}}\n`;
    expect(good(await kubectl('apply -f -', file('v')))).toBe('configmap/b created\n');
    expect(good(await kubectl('apply -f -', file('v')))).toBe('configmap/b unchanged\n');
    expect(good(await kubectl('apply -f -', file('w')))).toBe('configmap/b configured\n');
    expect((await kubectl('create -f -', file('w'))).stderr).toContain('Error from server (AlreadyExists)');
    expect((await json('get configmap b -n shop')).data).toEqual({ k: 'w' });
    good(await kubectl('replace -f -', file('x')));
    good(await kubectl('delete -f -', file('x')));
    expect((await kubectl('get configmap b -n shop')).code).toBe(1);
    good(await kubectl('apply -f infra/cluster-access/cluster-role.yaml'));
  });

  it('drains a node by evictions', async () => {
    const node = good(await kubectl('get pods -n shop -l app.kubernetes.io/name=covers -o jsonpath={.items[0].spec.nodeName}'));
    const drained = await kubectl(`drain ${node} --ignore-daemonsets --delete-emptydir-data --force --timeout=60s`);
    expect(good(drained)).toContain('drained');
    good(await kubectl(`uncordon ${node}`));
  });
});
