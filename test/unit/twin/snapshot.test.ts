import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { isPodshiftError, type PodshiftError } from '../../../src/model/errors.ts';
import { loadSnapshot, type Snapshot, snapshotFromObjects } from '../../../twin/snapshot.ts';
import { irsaStatement, role, roleArn, shopParts, trust } from '../../support/twin-account.ts';

const parts = shopParts();
const CLUSTER = JSON.stringify(parts.cluster);
const ACCOUNT = JSON.stringify(parts.account);
const NAMESPACE = 'apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n';
const whole = { 'eks/cluster.json': CLUSTER, 'iam/account-authorization-details.json': ACCOUNT, 'kubernetes/all.yaml': NAMESPACE };

describe('a snapshot folder', () => {
  const folders: string[] = [];
  const folder = async (files: Record<string, string | undefined>): Promise<string> => {
    const root = await mkdtemp(join(tmpdir(), 'podshift-snapshot-'));
    folders.push(root);
    for (const [name, text] of Object.entries(files)) {
      if (text === undefined) continue;
      await mkdir(dirname(join(root, name)), { recursive: true });
      await writeFile(join(root, name), text);
    }
    return root;
  };
  const load = async (files: Record<string, string | undefined>): Promise<Snapshot> => loadSnapshot(await folder({ ...whole, ...files }));
  const failure = async (promise: Promise<unknown>): Promise<PodshiftError> => {
    const error = await promise.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (!isPodshiftError(error, 'SnapshotUnreadable')) throw new Error(`expected SnapshotUnreadable, got ${String(error)}`);
    return error;
  };
  afterEach(async () => {
    await Promise.all(folders.splice(0).map((root) => rm(root, { recursive: true })));
  });

  it('needs a cluster, an account and one Kubernetes file, no more', async () => {
    const snapshot = await load({});
    expect(snapshot).toMatchObject({
      accountId: '111122223333',
      region: 'eu-west-1',
      partition: 'aws',
      addons: [],
      associations: [],
      fargateProfiles: [],
    });
    expect(snapshot.cluster.name).toBe('shop');
    expect(snapshot.objects).toHaveLength(1);
  });

  it('reads documents with and without the outer key of the AWS CLI', async () => {
    const bare = JSON.stringify((parts.cluster as { cluster: unknown }).cluster);
    expect((await load({ 'eks/cluster.json': bare })).cluster).toEqual((await load({})).cluster);
  });

  it('reads lists, many documents, JSON, aliases, and drops no field', async () => {
    const { objects } = await load({
      'kubernetes/all.yaml': `${NAMESPACE}---\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: shop, labels: &l {a: b}, annotations: *l}\ndata: {k: "1"}\nextra: [1, {x: null}]\n`,
      'kubernetes/list.json': JSON.stringify({
        apiVersion: 'v1',
        kind: 'List',
        items: [{ apiVersion: 'v1', kind: 'Node', metadata: { name: 'n' } }],
      }),
      'kubernetes/typed.yml': 'apiVersion: v1\nkind: PodList\nitems:\n- metadata: {name: p, namespace: shop}\n  spec: {containers: []}\n',
      'kubernetes/notes.txt': 'not read',
    });
    expect(objects.map((object) => `${object.apiVersion} ${object.kind} ${object.metadata.name}`).sort()).toEqual([
      'v1 ConfigMap c',
      'v1 Namespace shop',
      'v1 Node n',
      'v1 Pod p',
    ]);
    const configMap = objects.find((object) => object.kind === 'ConfigMap');
    expect(configMap).toMatchObject({ data: { k: '1' }, extra: [1, { x: null }], metadata: { annotations: { a: 'b' } } });
  });

  it('gives the decoded trust policy, whichever way the file holds it', async () => {
    const text = trust(irsaStatement('shop', 'cart'));
    const with_ = (document: unknown) =>
      load({
        'iam/account-authorization-details.json': JSON.stringify({
          RoleDetailList: [{ ...role('cart', text), AssumeRolePolicyDocument: document }],
        }),
      });
    for (const document of [JSON.parse(text), text, encodeURIComponent(text)]) {
      expect((await with_(document)).roles[0]?.trustPolicy).toBe(text);
    }
  });

  it('keeps a trust policy that is no JSON: IAM never gives one, and whoever reads it says so', async () => {
    const account = JSON.stringify({ RoleDetailList: [{ ...role('cart', '{}'), AssumeRolePolicyDocument: 'no json' }] });
    expect((await load({ 'iam/account-authorization-details.json': account })).roles[0]?.trustPolicy).toBe('no json');
  });

  it("takes the cluster's own issuer as registered where the list of providers is missing", async () => {
    expect((await load({})).openIdConnectProviders).toEqual([
      'arn:aws:iam::111122223333:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF',
    ]);
    expect((await load({ 'iam/open-id-connect-providers.json': '{"OpenIDConnectProviderList": []}' })).openIdConnectProviders).toEqual([]);
  });

  it('reads add-ons, their configurations and versions, associations and Fargate profiles', async () => {
    const snapshot = await load({
      'eks/addons/vpc-cni.json': JSON.stringify({
        addon: { addonName: 'vpc-cni', clusterName: 'shop', addonVersion: 'v1', createdAt: 1709280000 },
      }),
      'eks/addon-configurations/vpc-cni@v1.json': JSON.stringify({ addonName: 'vpc-cni', addonVersion: 'v1' }),
      'eks/addon-versions.json': JSON.stringify({ addons: [{ addonName: 'vpc-cni', addonVersions: [{ addonVersion: 'v1' }] }] }),
      'eks/pod-identity-associations/a-1.json': JSON.stringify({
        association: {
          clusterName: 'shop',
          namespace: 'shop',
          serviceAccount: 'cart',
          roleArn: roleArn('cart'),
          associationArn: 'arn',
          associationId: 'a-1',
        },
      }),
      'eks/fargate-profiles/f.json': JSON.stringify({
        fargateProfile: { fargateProfileName: 'f', clusterName: 'shop', selectors: [{ namespace: 'x' }] },
      }),
    });
    expect(snapshot.addons[0]).toMatchObject({ addonName: 'vpc-cni', createdAt: '2024-03-01T08:00:00.000Z', status: 'ACTIVE' });
    expect(snapshot.associations).toHaveLength(1);
    expect(snapshot.fargateProfiles[0]?.selectors).toEqual([{ namespace: 'x', labels: {} }]);
    expect([snapshot.addonConfigurations.length, snapshot.addonVersions.length]).toEqual([1, 1]);
  });

  it('takes one object twice where both say the same, as overlapping commands give it', async () => {
    const again = NAMESPACE.replace('name: shop', 'name: shop\n  resourceVersion: "7"');
    expect((await load({ 'kubernetes/again.yaml': again })).objects).toHaveLength(1);
  });

  it('is frozen, so that twins can share it', async () => {
    const snapshot = await load({});
    expect(() => Object.assign(snapshot.objects[0]?.metadata ?? {}, { name: 'x' })).toThrow(TypeError);
  });

  it.each<[string, Record<string, string | undefined>, RegExp]>([
    [
      'without a cluster',
      { 'eks/cluster.json': undefined },
      /^eks\/cluster\.json: the file is missing in .*"aws eks describe-cluster --name NAME" makes it$/,
    ],
    [
      'without an account',
      { 'iam/account-authorization-details.json': undefined },
      /^iam\/account-authorization-details\.json: the file is missing/,
    ],
    ['without a Kubernetes file', { 'kubernetes/all.yaml': undefined }, /^kubernetes\/: there is no \.yaml or \.json file in it/],
    ['with an empty Kubernetes file', { 'kubernetes/all.yaml': '' }, /^kubernetes\/: there is no object in it/],
    ['whose cluster is no JSON', { 'eks/cluster.json': '{\n  "cluster": {\n    oops\n  }\n}' }, /^eks\/cluster\.json:3:5: expected JSON$/],
    [
      'whose cluster lacks its ARN',
      { 'eks/cluster.json': '{"cluster": {"name": "shop", "version": "1.31"}}' },
      /^eks\/cluster\.json: arn: .*; expected the output of describe-cluster$/,
    ],
    [
      'whose account is something else',
      { 'iam/account-authorization-details.json': '[]' },
      /^iam\/account-authorization-details\.json: the document: .*get-account-authorization-details$/,
    ],
    [
      'whose YAML breaks',
      { 'kubernetes/all.yaml': 'kind: Pod\n  bad: x\n' },
      /^kubernetes\/all\.yaml:1:7: expected YAML, but a second colon stands on the line/,
    ],
    [
      'with an object without a name',
      { 'kubernetes/all.yaml': `${NAMESPACE}---\napiVersion: v1\nkind: Pod\nmetadata: {}\n` },
      /^kubernetes\/all\.yaml: document 2: metadata\.name: /,
    ],
    ['with an object without a kind', { 'kubernetes/all.yaml': 'apiVersion: v1\nmetadata: {name: x}\n' }, /^kubernetes\/all\.yaml: kind: /],
    [
      'with a bad item of a list',
      { 'kubernetes/all.yaml': 'apiVersion: v1\nkind: List\nitems:\n- 3\n' },
      /^kubernetes\/all\.yaml: items\[0\]: the object: /,
    ],
    [
      'with one object in two versions',
      { 'kubernetes/b.yaml': `${NAMESPACE}  labels: {a: b}\n` },
      /^kubernetes\/b\.yaml: Namespace shop is also in kubernetes\/all\.yaml, with other content/,
    ],
    [
      'with an add-on of another cluster',
      { 'eks/addons/a.json': '{"addonName": "a", "clusterName": "x", "addonVersion": "v1"}' },
      /^eks\/addons\/a\.json: clusterName is x, expected shop$/,
    ],
    [
      'with roles of another account',
      { 'iam/account-authorization-details.json': ACCOUNT.replaceAll('111122223333', '444455556666') },
      /^iam\/account-authorization-details\.json: role arn:aws:iam::444455556666:role\/cart is not of account 111122223333/,
    ],
    [
      'with one role twice',
      { 'iam/account-authorization-details.json': JSON.stringify({ RoleDetailList: [role('a', '{}'), role('A', '{}')] }) },
      /RoleDetailList\.1\.RoleName: role A is listed twice/,
    ],
  ])('%s is refused, naming file and field', async (_what, files, message) => {
    expect((await failure(load(files))).message).toMatch(message);
  });

  it('that does not exist, or is a file, is refused', async () => {
    expect((await failure(loadSnapshot('/nowhere/at/all'))).message).toBe('/nowhere/at/all: there is no such folder');
    const root = await folder(whole);
    expect((await failure(loadSnapshot(join(root, 'eks/cluster.json')))).message).toContain('expected a folder, found a file');
  });
});

describe('a snapshot in memory', () => {
  it('is checked as files are', () => {
    expect(snapshotFromObjects(shopParts()).roles.map((one) => one.RoleName)).toEqual(['cart', 'mail', 'node']);
    expect(() => snapshotFromObjects(shopParts({ objects: [{ kind: 'Pod' }] }))).toThrow(/^objects\[0\]: apiVersion: /);
    expect(() => snapshotFromObjects(shopParts({ objects: [] }))).toThrow(/there is no object in it/);
  });
});
