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

  it.each([['protobuf, in which kubectl makes objects from flags', 'create namespace another', 'UnsupportedMediaType']])(
    'says that it does not take %s',
    async (_what, line, message) => {
      const { code, stderr } = await kubectl(line);
      expect([code, stderr]).toEqual([1, expect.stringContaining(message)]);
    },
  );

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
    good(await kubectl('apply -f infra/cluster-access/reading.yaml -f infra/cluster-access/migrating.yaml'));
  });

  it('gets everything of a namespace at once, and prints the columns of -o wide', async () => {
    const all = good(await kubectl('get all -n search'));
    expect(all).toMatch(/^NAME +READY +STATUS +RESTARTS +AGE\npod\/indexer-0 +\d\/\d +Running /);
    expect(all).toMatch(/\n\nNAME +READY +AGE\nstatefulset\.apps\/indexer +/);
    expect(good(await kubectl('get pods -n search -o wide'))).toMatch(
      /^NAME +READY +STATUS +RESTARTS +AGE +IP +NODE +NOMINATED NODE +READINESS GATES\n/,
    );
    expect(good(await kubectl('get cronjobs -A'))).toMatch(
      /^NAMESPACE +NAME +SCHEDULE +TIMEZONE +SUSPEND +ACTIVE +LAST SCHEDULE +AGE\nwarehouse +stocktake +/,
    );
    expect(good(await kubectl('get pdb -n shop'))).toMatch(/^NAME +MIN AVAILABLE +MAX UNAVAILABLE +ALLOWED DISRUPTIONS +AGE\n/);
  });

  it('gets tokens of service accounts', async () => {
    const token = good(await kubectl('create token covers -n shop --audience sts.amazonaws.com --duration 20m')).trim();
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'));
    expect(claims).toMatchObject({ aud: ['sts.amazonaws.com'], sub: 'system:serviceaccount:shop:covers' });
    expect(claims.exp - claims.iat).toBe(1200);
    expect((await kubectl('create token missing -n shop')).stderr).toContain('serviceaccounts "missing" not found');
  });

  it('shows what happened to pods, by events', async () => {
    good(await kubectl('rollout restart deploy/gift-cards -n shop'));
    good(await kubectl('rollout status deploy/gift-cards -n shop --timeout=60s'));
    const events = good(await kubectl('get events -n shop'));
    expect(events).toMatch(/^LAST SEEN +TYPE +REASON +OBJECT +MESSAGE\n/);
    expect(events).toMatch(/Normal +ScalingReplicaSet +deployment\/gift-cards +Scaled up replica set gift-cards-\w+ from 0 to 1\n/);
    expect(good(await kubectl('events -n shop --for deployment/gift-cards'))).toContain('ScalingReplicaSet');
    // The pod of before may be ending still.
    const pods = good(await kubectl('get pods -n shop -l app.kubernetes.io/name=gift-cards --sort-by=.metadata.creationTimestamp -o name'));
    const pod = pods.trim().split('\n').at(-1);
    expect(good(await kubectl(`describe ${pod} -n shop`))).toMatch(/Normal +Scheduled +.*Successfully assigned shop\/gift-cards/);
  });

  it('explains kinds and their fields', async () => {
    const deployment = good(await kubectl('explain deployments.spec'));
    expect(deployment).toMatch(/^GROUP: +apps\nKIND: +Deployment\nVERSION: +v1\n\nFIELD: spec <DeploymentSpec>\n/);
    expect(deployment).toMatch(/\n {2}template\t<PodTemplateSpec> -required-\n/);
    expect(good(await kubectl('explain pod.spec.containers.image'))).toContain('Container image name.');
  });

  it('applies on the server, and is told of conflicts', async () => {
    const file = (value: string) => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: s, namespace: shop}\ndata: {k: ${value}}\n`;
    const apply = (manager: string, value: string, more = '') =>
      kubectl(`apply --server-side --field-manager=${manager}${more} -f -`, file(value));
    expect(good(await apply('one', 'v'))).toBe('configmap/s serverside-applied\n');
    expect((await apply('two', 'w')).stderr).toContain('Apply failed with 1 conflict: conflict with "one": .data.k');
    good(await apply('two', 'w', ' --force-conflicts'));
    expect((await json('get configmap s -n shop')).data).toEqual({ k: 'w' });
    good(await kubectl('apply --server-side -f infra/cluster-access/reading.yaml --force-conflicts'));
  });

  it('makes the same patch of a workload as on a cluster: an item that is gone is deleted', async () => {
    const deployment = await json('get deploy mailroom -n shop');
    const [container] = deployment.spec.template.spec.containers;
    const file = (...more: object[]) =>
      JSON.stringify({
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'patched', namespace: 'shop' },
        spec: {
          selector: { matchLabels: { app: 'patched' } },
          template: { metadata: { labels: { app: 'patched' } }, spec: { containers: [{ name: 'a', image: container.image }, ...more] } },
        },
      });
    good(await kubectl('apply -f -', file({ name: 'b', image: container.image })));
    good(await kubectl('apply -f -', file()));
    const { containers } = (await json('get deploy patched -n shop')).spec.template.spec;
    expect(containers.map(({ name }: { name: string }) => name)).toEqual(['a']);
    good(await kubectl('delete deploy patched -n shop'));
  });

  it('drains a node by evictions', async () => {
    const node = good(await kubectl('get pods -n shop -l app.kubernetes.io/name=covers -o jsonpath={.items[0].spec.nodeName}'));
    const drained = await kubectl(`drain ${node} --ignore-daemonsets --delete-emptydir-data --force --timeout=60s`);
    expect(good(drained)).toContain('drained');
    good(await kubectl(`uncordon ${node}`));
  });
});
