import { describe, expect, it } from 'vitest';
import { takeInventory } from '../../../src/inventory/inventory.ts';
import type { KubernetesObject } from '../../../src/kubernetes/gateway.ts';
import { migrationOptions } from '../../../src/model/options.ts';
import { fakeGateways } from '../fixtures/fake-gateways.ts';
import { account, addon, association, clock, edit, find, PREFIX, small, take } from '../fixtures/inventory-worlds.ts';

describe('associations in an inventory', () => {
  it('describes those that may concern a unit, and keeps those that do; others that are chosen may have been left behind', async () => {
    const { inventory, log } = await take(
      small((world) => {
        world.objects.push(account('ops', 'done'), account('ops', 'theirs'), account('ops', 'owned'));
        world.associations = [
          association('a-1'),
          association('a-2', { namespace: 'ops', serviceAccount: 'done', tags: { 'podshift/run': 'r1' }, targetRoleArn: 'arn:x' }),
          association('a-3', { namespace: 'ops', serviceAccount: 'theirs' }),
          association('a-4', {
            namespace: 'ops',
            serviceAccount: 'owned',
            ownerArn: 'arn:aws:eks:eu-central-1:123456789012:addon/big/vpc-cni/x',
          }),
          association('a-5', { namespace: 'ops', serviceAccount: 'not-there' }),
        ];
      }),
    );
    expect(log.filter((operation) => operation === 'DescribePodIdentityAssociation')).toHaveLength(5);
    expect(
      inventory.associations.map(({ associationId, podshiftRun, targetRoleArn }) => [associationId, podshiftRun, targetRoleArn]),
    ).toEqual([
      ['a-1', null, null],
      ['a-2', 'r1', 'arn:x'],
      ['a-4', null, null],
    ]);
    expect(inventory.otherAssociations?.map(({ associationId }) => associationId)).toEqual(['a-3', 'a-5']);
    expect(inventory.serviceAccounts.map(({ name }) => name)).toEqual(['done', 'owned', 'app-0']);
  });

  it('reads the role of an association whose annotation is gone', async () => {
    const { inventory } = await take(
      small((world) => {
        edit(find(world, 'ServiceAccount')).metadata.annotations = {};
        world.associations = [association('a-1', { tags: { 'podshift/run': 'r1' } })];
      }),
    );
    expect(inventory.roles.map(({ name }) => name)).toEqual(['role-0']);
    expect(inventory.workloads.map(({ name }) => name)).toEqual(['app-0']);
  });

  it('leaves out an association that goes away meanwhile', async () => {
    const { aws, kubernetes } = fakeGateways(
      small((world) => Object.assign(world, { associations: [association('a-1', { ownerArn: undefined })] })),
    );
    const gone = { ...aws, eks: { ...aws.eks, describeAssociation: async () => undefined } };
    expect((await takeInventory(gone, kubernetes, migrationOptions.parse({}), clock)).associations).toEqual([]);
  });
});

describe('add-ons in an inventory', () => {
  const role = 'arn:aws:iam::123456789012:role/role-0';
  const annotations = { [`${PREFIX}/role-arn`]: role };

  it('knows the service accounts of the add-ons that take a role', async () => {
    const { inventory } = await take(
      small((world) => {
        world.addons = [
          addon('vpc-cni', { serviceAccountRoleArn: role }),
          addon('coredns'),
          addon('custom', { serviceAccountRoleArn: `${role}-custom` }),
        ];
        world.objects.push(
          account('kube-system', 'aws-node'),
          account('ops', 'custom-sa', { annotations: { [`${PREFIX}/role-arn`]: `${role}-custom` }, managedFields: [{ manager: 'eks' }] }),
          account('ops', 'shares-the-role', { annotations }),
          account('ops', 'owned', { annotations }),
        );
        world.associations = [
          association('a-1', {
            namespace: 'ops',
            serviceAccount: 'owned',
            ownerArn: 'arn:aws:eks:eu-central-1:123456789012:addon/big/other/uuid',
          }),
        ];
      }),
    );
    expect(inventory.serviceAccounts.map(({ name, addon: of }) => [name, of])).toEqual([
      ['aws-node', 'vpc-cni'],
      ['custom-sa', 'custom'],
      ['owned', 'other'],
      ['shares-the-role', null],
      ['app-0', null],
    ]);
    expect(inventory.addons.map(({ name }) => name)).toEqual(['coredns', 'custom', 'vpc-cni']);
  });

  it.each<[string, object, Parameters<typeof account>[2], string | null]>([
    [
      'carries its role in its namespace',
      { serviceAccountRoleArn: `${role}-own` },
      { annotations: { [`${PREFIX}/role-arn`]: `${role}-own` } },
      'tracer',
    ],
    [
      'carries its role in its namespace, and is of a Helm release',
      { serviceAccountRoleArn: `${role}-own` },
      { annotations: { [`${PREFIX}/role-arn`]: `${role}-own`, 'meta.helm.sh/release-name': 'x' } },
      null,
    ],
    [
      'carries its role in another namespace',
      { serviceAccountRoleArn: `${role}-own`, namespace: 'trace' },
      { annotations: { [`${PREFIX}/role-arn`]: `${role}-own` } },
      null,
    ],
    [
      'is named by JSON of its configuration',
      { configurationValues: '{"agent":{"serviceAccount":{"name":"sa"}}}' },
      { annotations },
      'tracer',
    ],
    ['is named by YAML of its configuration', { configurationValues: 'serviceAccount:\n  name: sa\n' }, { annotations }, 'tracer'],
    ['is named by configuration and has no role', { configurationValues: 'serviceAccount:\n  name: sa\n' }, {}, undefined as never],
    [
      'is labelled as managed by EKS with its name',
      {},
      { annotations, labels: { 'app.kubernetes.io/managed-by': 'EKS', 'app.kubernetes.io/name': 'tracer' } },
      'tracer',
    ],
    [
      'is labelled as managed by EKS, and no add-on is near',
      { namespace: 'trace' },
      { annotations, labels: { 'app.kubernetes.io/managed-by': 'EKS' } },
      null,
    ],
    [
      'is labelled as managed by EKS, and one add-on is near',
      {},
      { annotations, labels: { 'app.kubernetes.io/managed-by': 'EKS' } },
      'tracer',
    ],
    [
      'is labelled as managed by Helm',
      {},
      { annotations, labels: { 'app.kubernetes.io/managed-by': 'Helm', 'app.kubernetes.io/name': 'tracer' } },
      null,
    ],
  ])('knows whose service account it is that %s, in a version without Pod Identity', async (_, changes, metadata, expected) => {
    const { inventory } = await take(
      small((world) => {
        world.addons = [addon('tracer', { namespace: 'kube-system', ...changes })];
        world.objects.push(account('kube-system', 'sa', metadata));
      }),
    );
    expect(inventory.serviceAccounts.find(({ name }) => name === 'sa')?.addon).toBe(expected);
    if (expected === 'tracer') expect(inventory.addons[0]).toMatchObject({ podIdentity: [], upgradeTo: null });
  });

  it('takes a self-managed CNI for an ordinary service account', async () => {
    const { inventory } = await take(small((world) => void world.objects.push(account('kube-system', 'aws-node', { annotations }))));
    expect(inventory.serviceAccounts[0]).toMatchObject({ name: 'aws-node', addon: null });
  });

  it('leaves out an add-on that goes away meanwhile', async () => {
    const { aws, kubernetes } = fakeGateways(small((world) => Object.assign(world, { addons: [addon('coredns')] })));
    const gone = { ...aws, eks: { ...aws.eks, describeAddon: async () => undefined } };
    expect((await takeInventory(gone, kubernetes, migrationOptions.parse({}), clock)).addons).toEqual([]);
  });
});

describe('the agent in an inventory', () => {
  const set = (name: string, metadata: object = {}): KubernetesObject => ({
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name, namespace: 'kube-system', uid: `ds-${name}`, ...metadata },
    spec: { template: { spec: {} } },
    status: { desiredNumberScheduled: 4, numberReady: 3 },
  });
  const agentPod = (owner: string, nodeName: string | undefined, ready = 'True'): KubernetesObject => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `${owner}-${nodeName}`,
      namespace: 'kube-system',
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'DaemonSet', name: owner, uid: 'u', controller: true }],
    },
    spec: nodeName === undefined ? {} : { nodeName },
    status: { conditions: [{ type: 'Ready', status: ready }] },
  });

  it('is read with the nodes that it is ready on', async () => {
    const world = small((given) => {
      const nodes = given.objects.filter(({ kind }) => kind === 'Node').map(({ metadata }) => metadata.name);
      given.addons = [addon('eks-pod-identity-agent', { status: 'ACTIVE', addonVersion: 'v9' })];
      given.objects.push(
        set('eks-pod-identity-agent'),
        agentPod('eks-pod-identity-agent', nodes[0]),
        agentPod('eks-pod-identity-agent', nodes[1], 'False'),
        agentPod('eks-pod-identity-agent', undefined),
        agentPod('eks-pod-identity-agent-of-others', nodes[2]),
      );
    });
    const { inventory, log } = await take(world);
    expect(inventory.agent).toMatchObject({
      addon: { version: 'v9', status: 'ACTIVE' },
      daemonSet: { namespace: 'kube-system', name: 'eks-pod-identity-agent', desired: 4, ready: 3 },
      defaultVersion: null,
    });
    expect(inventory.nodes.map(({ agentReady }) => agentReady)).toEqual([true, false, false, false]);
    expect(inventory.addons).toEqual([]);
    expect(log).not.toContain('DescribeAddonVersions');
  });

  it('counts every DaemonSet that carries its name label', async () => {
    const labels = { 'app.kubernetes.io/name': 'eks-pod-identity-agent' };
    const { inventory } = await take(
      small((world) => void world.objects.push(set('release-a', { labels }), { ...set('release-b', { labels }), status: {} })),
    );
    expect(inventory.agent.daemonSet).toMatchObject({ desired: 4, ready: 3 });
  });

  it('is built in where Auto Mode runs every node', async () => {
    const world = small((given) => {
      given.cluster = { ...given.cluster, autoMode: true };
      for (const node of given.objects.filter(({ kind }) => kind === 'Node'))
        edit(node).metadata.labels['eks.amazonaws.com/compute-type'] = 'auto';
    });
    expect((await take(world)).inventory.agent.defaultVersion).toBeNull();
    world.objects.push({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'own' } });
    expect((await take(world)).inventory.agent.defaultVersion).toBe('v1.3.8-eksbuild.2');
    world.defaultAddonVersion = undefined;
    expect((await take(world)).inventory.agent.defaultVersion).toBeNull();
  });
});
