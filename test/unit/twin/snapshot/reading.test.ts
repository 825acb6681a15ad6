import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { PodshiftError } from '../../../../src/model/errors.ts';
import { loadSnapshot, type Snapshot, snapshotFromObjects } from '../../../../twin/snapshot.ts';
import { irsaStatement, role, shopParts, trust } from '../../../support/twin-account.ts';

const parts = shopParts();
const ACCOUNT = 'iam/account-authorization-details.json';
const cart = role('cart', trust(irsaStatement('shop', 'cart')));
const mail = role('mail', trust(irsaStatement('shop', 'mail')));
const object = (kind: string, name: string, more: object = {}) => ({ apiVersion: 'v1', kind, metadata: { name }, ...more });
const json = (value: unknown) => JSON.stringify(value, null, 4);

type Content = string | Uint8Array | undefined;
const WHOLE: Record<string, Content> = {
  'eks/cluster.json': json(parts.cluster),
  [ACCOUNT]: json(parts.account),
  'kubernetes/all.yaml': stringify({ apiVersion: 'v1', kind: 'List', items: parts.objects, metadata: { resourceVersion: '' } }),
};

const roots: string[] = [];
afterEach(async () => {
  await Promise.all(roots.splice(0).map((root) => rm(root, { recursive: true })));
});

async function load(files: Record<string, Content>): Promise<Snapshot> {
  const root = await mkdtemp(join(tmpdir(), 'podshift-snapshot-'));
  roots.push(root);
  for (const [name, content] of Object.entries({ ...WHOLE, ...files })) {
    if (content === undefined) continue;
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), content);
  }
  return loadSnapshot(root);
}

/** Everything but where it came from, and what it lacks. */
const contentOf = ({ source: _source, gaps: _gaps, ...rest }: Snapshot) => rest;
const message = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'it was read',
    (error: unknown) => (error instanceof PodshiftError && error.name === 'SnapshotUnreadable' ? error.message : Promise.reject(error)),
  );
const gapsOf = ({ gaps }: Snapshot, what: string) => gaps.filter((gap) => gap.what === what).map(({ kind, why }) => `${kind}: ${why}`);

describe('a file as a tool wrote it', () => {
  const utf16 = (text: string, order: 'le' | 'be', mark: boolean) => {
    const bytes = Buffer.from(mark ? `\uFEFF${text}` : text, 'utf16le');
    return order === 'le' ? bytes : bytes.swap16();
  };
  const every = (write: (text: string) => Content) =>
    Object.fromEntries(Object.entries(WHOLE).map(([name, text]) => [name, write(String(text))]));

  it.each<[string, (text: string) => Content]>([
    ['in UTF-8 with a byte order mark', (text) => `\uFEFF${text}`],
    ['with Windows line ends', (text) => text.replaceAll('\n', '\r\n')],
    ['in UTF-16 LE, as PowerShell 5 writes it', (text) => utf16(text.replaceAll('\n', '\r\n'), 'le', true)],
    ['in UTF-16 BE', (text) => utf16(text, 'be', true)],
    ['in UTF-16 LE without a mark', (text) => utf16(text, 'le', false)],
    ['in UTF-16 BE without a mark', (text) => utf16(text, 'be', false)],
    ['with empty lines around it', (text) => `\n\n${text}\n\n`],
  ])('%s is read as any other', async (_how, write) => {
    expect(contentOf(await load(every(write)))).toEqual(contentOf(await load({})));
  });

  it('in another encoding is refused by its name', async () => {
    expect(await message(load({ 'eks/cluster.json': Buffer.from('{"cluster": "\xe4\xf6"}', 'latin1') }))).toBe(
      'eks/cluster.json: the text is neither UTF-8 nor UTF-16; save it as UTF-8, or take it again',
    );
  });

  it.each<[string, (value: unknown) => string]>([
    ['YAML', (value) => stringify(value)],
    ['YAML whose one document is marked', (value) => `---\n${stringify(value)}...\n`],
    ['a stream of answers', (value) => stringify([value])],
    ['compact JSON', (value) => JSON.stringify(value)],
  ])("of the AWS CLI may be %s, whatever the user's default output is", async (_how, write) => {
    const files = { 'eks/cluster.json': write(parts.cluster), [ACCOUNT]: write(parts.account) };
    expect(contentOf(await load(files))).toEqual(contentOf(await load({})));
  });

  it('of the AWS CLI may be called .yaml in a folder of several', async () => {
    const addon = { addon: { addonName: 'coredns', addonVersion: 'v1', clusterName: 'shop' } };
    expect((await load({ 'eks/addons/coredns.yaml': stringify(addon) })).addons).toMatchObject([{ addonName: 'coredns' }]);
  });

  it('keeps times, and numbers with colons, as the text that they are', async () => {
    const node =
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: shop, creationTimestamp: 2024-05-14T07:48:30Z}\ndata: {at: 12:30}\n';
    const { objects } = await load({ 'kubernetes/c.yaml': node });
    expect(objects.find(({ kind }) => kind === 'ConfigMap')).toMatchObject({
      metadata: { creationTimestamp: '2024-05-14T07:48:30Z' },
      data: { at: '12:30' },
    });
  });
});

describe('answers of several calls', () => {
  it('of the AWS CLI may stand behind each other: the pages of one list', async () => {
    const first = { RoleDetailList: [cart], IsTruncated: true, Marker: 'x' };
    const second = { RoleDetailList: [mail], IsTruncated: false };
    for (const text of [`${json(first)}\n${json(second)}\n`, `---\n${stringify(first)}---\n${stringify(second)}`, json([first, second])]) {
      expect((await load({ [ACCOUNT]: text })).roles.map((one) => one.RoleName)).toEqual(['cart', 'mail']);
    }
  });

  it('of DescribeAddonVersions too, one add-on on two pages', async () => {
    const page = (version: string, more: object = {}) => ({
      addons: [{ addonName: 'vpc-cni', addonVersions: [{ addonVersion: version, compatibilities: [{ clusterVersion: '1.31' }] }] }],
      ...more,
    });
    const { addonVersions } = await load({ 'eks/addon-versions.json': `${json(page('v2', { nextToken: 'x' }))}${json(page('v1'))}` });
    expect(addonVersions.map((one) => one.addonVersions.map((version) => version.addonVersion))).toEqual([['v2', 'v1']]);
  });

  it('of kubectl may be appended, with or without a separator, in JSON and in YAML', async () => {
    const [one, two] = [object('Namespace', 'one'), object('Namespace', 'two')];
    const list = (item: unknown) => ({ apiVersion: 'v1', items: [item], kind: 'List', metadata: { resourceVersion: '' } });
    for (const [name, text] of [
      ['more.json', `${json(list(one))}\n${json(list(two))}`],
      ['more.yaml', `${stringify(list(one))}${stringify(list(two))}`],
      ['more.yaml', `${stringify(list(one))}---\n${stringify(list(two))}`],
    ] as const) {
      const { objects } = await load({ [`kubernetes/${name}`]: text });
      expect(objects.filter(({ kind }) => kind === 'Namespace').map(({ metadata }) => metadata.name)).toEqual(['shop', 'one', 'two']);
    }
  });

  it('of one object at two times count as its later state', async () => {
    const at = (resourceVersion: string, labels: object) =>
      stringify({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-9', uid: 'u', resourceVersion, labels } });
    const { objects } = await load({ 'kubernetes/a.yaml': at('12', { a: 'new' }), 'kubernetes/b.yaml': at('9', { a: 'old' }) });
    expect(objects.find(({ metadata }) => metadata.name === 'node-9')?.metadata.labels).toEqual({ a: 'new' });
  });

  it('that say different things of one cluster are refused', async () => {
    const other = { cluster: { ...(parts.cluster as { cluster: object }).cluster, version: '1.30' } };
    expect(await message(load({ 'eks/cluster.json': `${json(parts.cluster)}${json(other)}` }))).toMatch(
      /^eks\/cluster\.json: document 2: .*expected the output of one call$/,
    );
  });

  it('break on a line of the file, which is said once, and quote nothing of it', async () => {
    const whole = json({ RoleDetailList: [] });
    expect(await message(load({ [ACCOUNT]: `${whole}\n{\n  "a": 1,\n  password: 2}` }))).toBe(`${ACCOUNT}:6:3: expected JSON`);
    expect(await message(load({ [ACCOUNT]: `${whole}\n{\n  "password": [` }))).toMatch(/: expected JSON, but the text ends in the middle$/);
  });

  it('break where they break', async () => {
    expect(await message(load({ [ACCOUNT]: `${json({ RoleDetailList: [] })}\n{\n  "RoleDetailList": [}\n` }))).toMatch(
      /^iam\/account-authorization-details\.json:5:22: expected JSON$/,
    );
  });
});

describe('a list that was cut off is never read as whole', () => {
  it.each([
    ['IsTruncated', { RoleDetailList: [cart], IsTruncated: true }],
    ['IsTruncated', { RoleDetailList: [cart], IsTruncated: true, Marker: 'x' }],
    ['Marker', { RoleDetailList: [cart], Marker: 'x' }],
    ['NextToken', { RoleDetailList: [cart], NextToken: 'x' }],
  ])('by %s', async (sign, answer) => {
    expect(await message(load({ [ACCOUNT]: json(answer) }))).toBe(
      `iam/account-authorization-details.json: the list is cut off (${sign}): the rest of it is missing; take it whole, without --max-items: ` +
        'aws iam get-account-authorization-details --filter Role LocalManagedPolicy > iam/account-authorization-details.json',
    );
  });

  it('by nextToken', async () => {
    expect(await message(load({ 'eks/addon-versions.json': json({ addons: [], nextToken: 'x' }) }))).toContain('cut off (nextToken)');
  });

  it('by metadata.continue, unless the rest follows', async () => {
    const page = (name: string, token: string) =>
      json({ apiVersion: 'v1', kind: 'NamespaceList', metadata: { continue: token }, items: [{ metadata: { name } }] });
    expect(await message(load({ 'kubernetes/namespaces.json': page('one', 'abc') }))).toBe(
      'kubernetes/namespaces.json: the list is cut off (metadata.continue): objects of kind Namespace are missing from it; take it whole: kubectl get -A -o yaml, without limit',
    );
    const { objects } = await load({ 'kubernetes/namespaces.json': `${page('one', 'abc')}${page('two', '')}` });
    expect(objects.filter(({ kind }) => kind === 'Namespace')).toHaveLength(3);
  });

  it('of events is told, for they have no end', async () => {
    const snapshot = await load({ 'cloudtrail/events.json': json({ Events: [{ EventId: 'e', EventTime: 1 }], NextToken: 'x' }) });
    expect(snapshot.trailEvents).toHaveLength(1);
    expect(gapsOf(snapshot, 'cloudtrail/events.json')).toEqual(['file: the list is cut off (NextToken): older events are not in it']);
    const many = Array.from({ length: 200 }, (_, index) => ({ EventId: `e${index}`, EventTime: index }));
    expect(gapsOf(await load({ 'cloudtrail/events.json': json({ Events: many, NextToken: 'x' }) }), 'cloudtrail/events.json')).toEqual([]);
  });
});

describe('a file that says nothing', () => {
  it.each([
    ['that is empty', ''],
    ['that has nothing but white space', ' \r\n'],
  ])('%s is refused where it must be there', async (_what, text) => {
    expect(await message(load({ [ACCOUNT]: text }))).toMatch(
      /^iam\/account-authorization-details\.json: the file is empty, so its command failed or was not carried out; take it again: aws iam /,
    );
  });

  it('holds the error of its command where somebody kept it', async () => {
    const text = '\nAn error occurred (AccessDenied) when calling the GetAccountAuthorizationDetails operation: no\n';
    expect(await message(load({ [ACCOUNT]: text }))).toContain('its command failed: An error occurred (AccessDenied)');
  });

  it('is a gap where it may be missing: what it would hold is unknown', async () => {
    const snapshot = await load({ 'eks/addon-versions.json': '', 'eks/addons/vpc-cni.json': '', 'kubernetes/jobs.yaml': '' });
    const why = 'file: the file is empty, so its command failed or was not carried out';
    expect(gapsOf(snapshot, 'eks/addon-versions.json')).toEqual([why]);
    expect(gapsOf(snapshot, 'eks/addons/vpc-cni.json')).toEqual([why]);
    expect(gapsOf(snapshot, 'kubernetes/jobs.yaml')).toEqual([why]);
    expect(gapsOf(snapshot, 'eks/nodegroups/')).toEqual(['missing: the snapshot has no such file']);
  });
});

describe('what a snapshot cannot tell', () => {
  const missingKinds = ({ gaps }: Snapshot) => gaps.find(({ kind }) => kind === 'kinds')?.what.split(', ') ?? [];

  it('is what exists of the kinds that it holds nothing of', async () => {
    const missing = missingKinds(await load({}));
    expect(missing).toEqual(expect.arrayContaining(['ConfigMap', 'CronJob', 'NetworkPolicy', 'RoleBinding', 'Pod']));
    expect(missing).not.toEqual(expect.arrayContaining(['Node']));
  });

  it('is known where an empty list, or the name of the file, says that a kind was asked for', async () => {
    const none = (kind: string) => stringify({ apiVersion: 'v1', kind, items: [], metadata: { resourceVersion: '' } });
    const snapshot = await load({
      'kubernetes/configmaps.yaml': none('List'),
      'kubernetes/cronjobs.batch.yaml': none('List'),
      'kubernetes/all-of-it.yaml': none('PodList'),
      'kubernetes/jobs,networkpolicies.networking.k8s.io.yaml': none('List'),
    });
    const missing = missingKinds(snapshot);
    for (const kind of ['ConfigMap', 'CronJob', 'Pod', 'Job', 'NetworkPolicy']) expect(missing).not.toContain(kind);
    expect(missing).toContain('StatefulSet');
  });

  it('is said by the record of a capture', () => {
    const capture = {
      takenAt: '2026-02-03T04:05:06Z',
      kinds: [
        { group: '', version: 'v1', kind: 'ConfigMap', plural: 'configmaps', outcome: 'read' },
        { group: 'batch', version: 'v1', kind: 'CronJob', plural: 'cronjobs', outcome: 'denied', reason: 'cronjobs.batch is forbidden' },
      ],
      files: [{ file: 'iam/account-summary.json', outcome: 'denied', reason: 'AccessDenied' }],
    };
    const { gaps, takenAt } = snapshotFromObjects({ ...parts, capture });
    expect(takenAt).toBe('2026-02-03T04:05:06Z');
    expect(gaps).toContainEqual({
      kind: 'kinds',
      what: 'CronJob.batch',
      why: 'reading it was denied: cronjobs.batch is forbidden',
      command: 'kubectl get -A -o yaml cronjobs.batch',
    });
    expect(gaps).toContainEqual(expect.objectContaining({ what: 'iam/account-summary.json', why: 'reading it was denied: AccessDenied' }));
    expect(gaps.find(({ what }) => what.includes('ConfigMap'))).toBeUndefined();
  });

  const definition = (group: string, kind: string, plural: string) => ({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: { group, names: { kind, plural }, scope: 'Namespaced', versions: [{ name: 'v1', served: true, storage: true }] },
  });

  it('is which custom kinds there are, where nothing names them', async () => {
    const bare = await load({});
    expect(missingKinds(bare)).toContain('CustomResourceDefinition');
    expect(bare.unknownKinds).toEqual([]);
    const none = stringify({ apiVersion: 'v1', kind: 'List', items: [], metadata: { resourceVersion: '' } });
    expect(missingKinds(await load({ 'kubernetes/customresourcedefinitions.yaml': none }))).not.toContain('CustomResourceDefinition');
    const kinds = [{ group: '', version: 'v1', kind: 'ConfigMap', plural: 'configmaps', outcome: 'read' }];
    expect(missingKinds(snapshotFromObjects({ ...parts, capture: { kinds } }))).not.toContain('CustomResourceDefinition');
  });

  it('is what exists of the custom kinds whose definitions it holds, unless a file is named like them', async () => {
    const definitions = [
      definition('external-secrets.io', 'SecretStore', 'secretstores'),
      definition('keda.sh', 'ScaledObject', 'scaledobjects'),
    ];
    const files = { 'kubernetes/definitions.yaml': definitions.map((one) => stringify(one)).join('---\n') };
    const bare = await load(files);
    expect(bare.unknownKinds).toEqual(['SecretStore.external-secrets.io', 'ScaledObject.keda.sh']);
    expect(missingKinds(bare)).toEqual(expect.arrayContaining(['SecretStore.external-secrets.io', 'ScaledObject.keda.sh']));
    expect(bare.gaps.find(({ kind }) => kind === 'kinds')?.command).toContain(
      ' secretstores.external-secrets.io scaledobjects.keda.sh; do kubectl get -A -o yaml $k > kubernetes/$k.yaml; done',
    );
    const none = stringify({ apiVersion: 'v1', kind: 'List', items: [], metadata: { resourceVersion: '' } });
    const store = { apiVersion: 'external-secrets.io/v1', kind: 'SecretStore', metadata: { name: 'aws', namespace: 'shop' } };
    const told = await load({ ...files, 'kubernetes/scaledobjects.keda.sh.yaml': none, 'kubernetes/stores.yaml': stringify(store) });
    expect(told.unknownKinds).toEqual([]);
  });

  it('is a custom kind that a capture was denied, and none that it read', () => {
    const of = (kind: string, plural: string, outcome: string) => ({ group: 'example.org', version: 'v1', kind, plural, outcome });
    const capture = { kinds: [of('Seen', 'seens', 'read'), of('Hidden', 'hiddens', 'denied')] };
    const { unknownKinds, gaps } = snapshotFromObjects({ ...parts, capture });
    expect(unknownKinds).toEqual(['Hidden.example.org']);
    expect(gaps.filter(({ what }) => what.includes('example.org'))).toEqual([
      {
        kind: 'kinds',
        what: 'Hidden.example.org',
        why: 'reading it was denied',
        command: 'kubectl get -A -o yaml hiddens.example.org',
      },
    ]);
  });

  it('is what EKS offers, where the list of add-ons is of another Kubernetes version', async () => {
    const versions = (clusterVersion: string) =>
      json({ addons: [{ addonName: 'vpc-cni', addonVersions: [{ addonVersion: 'v1', compatibilities: [{ clusterVersion }] }] }] });
    const other = await load({ 'eks/addon-versions.json': versions('1.28') });
    expect(other.addonVersions).toEqual([]);
    expect(gapsOf(other, 'eks/addon-versions.json')).toEqual(['file: it is of Kubernetes 1.28, and the cluster of 1.31']);
    expect((await load({ 'eks/addon-versions.json': versions('1.31') })).addonVersions).toHaveLength(1);
  });
});

describe('null', () => {
  it('is absent in what Kubernetes types, and kept in what a custom resource holds', () => {
    const deployment = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'd', namespace: 'shop', labels: null, creationTimestamp: null },
      spec: {
        replicas: null,
        template: { metadata: { creationTimestamp: null }, spec: { initContainers: null, containers: [{ name: 'c', env: null }] } },
      },
      status: null,
    };
    const custom = { apiVersion: 'example.org/v1', kind: 'Thing', metadata: { name: 't', annotations: null }, spec: { nothing: null } };
    const { objects } = snapshotFromObjects({ ...parts, objects: [deployment, custom] });
    expect(objects).toEqual([
      {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'd', namespace: 'shop' },
        spec: { template: { metadata: {}, spec: { containers: [{ name: 'c' }] } } },
      },
      { apiVersion: 'example.org/v1', kind: 'Thing', metadata: { name: 't' }, spec: { nothing: null } },
    ]);
  });
});

describe('a registered cluster', () => {
  it('is read without version, issuer and platform', () => {
    const cluster = {
      name: 'shop',
      arn: 'arn:aws:eks:eu-west-1:111122223333:cluster/shop',
      status: 'PENDING',
      connectorConfig: { activationId: 'x', provider: 'OTHER', roleArn: 'arn:aws:iam::111122223333:role/connector' },
      tags: {},
    };
    expect(snapshotFromObjects({ ...parts, cluster: { cluster } }).cluster).toMatchObject({ version: '', status: 'PENDING' });
  });
});
