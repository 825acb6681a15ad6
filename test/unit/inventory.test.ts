import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fewestCalls, generateCluster, measureInventory } from '../../bench/inventory.bench.ts';
import type { Association } from '../../src/aws/gateways.ts';
import { takeInventory } from '../../src/inventory/inventory.ts';
import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import { type MigrationOptions, migrationOptions } from '../../src/model/options.ts';
import { makePlan } from '../../src/plan/plan.ts';
import { type FakeWorld, fakeGateways, readWorld } from './fake-gateways.ts';

const root = join(import.meta.dirname, '..', '..');
const clock = { now: () => Date.UTC(2026, 0, 2, 3, 4, 5) };
const PREFIX = 'eks.amazonaws.com';

async function take(world: FakeWorld, options: Partial<MigrationOptions> = {}) {
  const gateways = fakeGateways(world);
  const inventory = await takeInventory(gateways.aws, gateways.kubernetes, { ...migrationOptions.parse({}), ...options }, clock);
  return { inventory, ...gateways };
}

/** One service account with a Deployment of two pods, as the bench generates it. */
function small(changes?: (world: FakeWorld) => void): FakeWorld {
  const world = generateCluster({ serviceAccounts: 1, pods: 2, roles: 1 });
  const kept = world.objects.filter(({ kind, metadata }) => kind !== 'Node' || /0-[0-3]\./.test(metadata.name));
  world.objects = JSON.parse(JSON.stringify(kept));
  changes?.(world);
  return world;
}

const find = (world: FakeWorld, kind: string): KubernetesObject => {
  const found = world.objects.find((object) => object.kind === kind);
  if (found === undefined) throw new Error(`no ${kind}`);
  return found;
};
// biome-ignore lint/suspicious/noExplicitAny: objects are edited as a user would
const edit = (object: KubernetesObject) => object as any;

const association = (id: string, changes: Partial<Association> = {}): Association => ({
  associationId: id,
  associationArn: `arn:aws:eks:eu-central-1:123456789012:podidentityassociation/big/${id}`,
  namespace: 'team-0',
  serviceAccount: 'app-0',
  ownerArn: undefined,
  roleArn: 'arn:aws:iam::123456789012:role/role-0',
  targetRoleArn: undefined,
  disableSessionTags: false,
  tags: {},
  createdAt: '2026-01-01T00:00:00Z',
  ...changes,
});

const addon = (addonName: string, changes: object = {}) => ({
  addonName,
  addonVersion: 'v1',
  status: 'ACTIVE',
  serviceAccountRoleArn: undefined,
  configurationValues: undefined,
  podIdentityAssociations: [],
  healthIssues: [],
  tags: {},
  ...changes,
});

const account = (namespace: string, name: string, metadata: object = {}): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: { name, namespace, uid: `sa-${name}`, resourceVersion: '3', ...metadata },
});

describe('takeInventory', () => {
  it('reads a service account with its workload and its role', async () => {
    const { inventory } = await take(small());
    expect(inventory).toMatchObject({
      version: 1,
      takenAt: '2026-01-02T03:04:05.000Z',
      annotationPrefix: PREFIX,
      cluster: { name: 'big', region: 'eu-central-1', accountId: '123456789012', partition: 'aws' },
      agent: { addon: null, daemonSet: null, defaultVersion: 'v1.3.8-eksbuild.2' },
      serviceAccounts: [{ namespace: 'team-0', name: 'app-0', uid: 'sa-0', resourceVersion: '1', addon: null, owners: [] }],
      workloads: [
        {
          kind: 'Deployment',
          name: 'app-0',
          serviceAccount: 'app-0',
          replicas: 2,
          livePods: 2,
          overrides: [],
          fargate: null,
          windows: false,
          controlledBy: null,
        },
      ],
      roles: [{ name: 'role-0', owners: [] }],
    });
    expect(inventory.workloads[0]?.nodeNames).toHaveLength(2);
    expect(inventory.workloads[0]?.candidateNodeNames).toEqual([]);
  });

  it('is plain JSON without values of environments', async () => {
    const { inventory } = await take(
      small((world) => {
        edit(find(world, 'Deployment')).spec.template.spec.containers[0].env.push({ name: 'AWS_SECRET_ACCESS_KEY', value: 'hunter2' });
      }),
    );
    expect(JSON.parse(JSON.stringify(inventory))).toEqual(inventory);
    expect(inventory.workloads[0]?.overrides).toEqual([{ kind: 'env', container: 'server', name: 'AWS_SECRET_ACCESS_KEY' }]);
    expect(JSON.stringify(inventory)).not.toMatch(/hunter2|value of setting/);
  });

  it('does not depend on the order of lists', async () => {
    const world = generateCluster({ serviceAccounts: 12, pods: 30, roles: 5 });
    const turned: FakeWorld = { ...world, objects: [...world.objects].reverse(), roles: [...world.roles].reverse() };
    const [first, second] = [await take(world), await take(turned)];
    expect(second.inventory).toEqual(first.inventory);
  });

  it('asks no more often than the page sizes demand', async () => {
    for (const size of [
      { serviceAccounts: 1, pods: 0, roles: 1 },
      { serviceAccounts: 501, pods: 1203, roles: 40 },
      { serviceAccounts: 10, pods: 20, roles: 1001 },
    ]) {
      const { calls, migrating } = await measureInventory(size);
      expect(calls).toBe(fewestCalls(size));
      expect(migrating).toBeGreaterThan(0);
    }
  });

  it('reads only what the options choose', async () => {
    const world = generateCluster({ serviceAccounts: 4, pods: 4, roles: 4 });
    const { inventory, log } = await take(world, { namespaces: ['team-1'] });
    expect(inventory.serviceAccounts.map(({ name }) => name)).toEqual(['app-1']);
    expect(inventory.workloads.map(({ name }) => name)).toEqual(['app-1']);
    expect(log.filter((operation) => operation.startsWith('GetRole'))).toEqual(['GetRole role-1']);
    expect((await take(world, { serviceAccounts: ['team-2/app-2'] })).inventory.serviceAccounts.map(({ name }) => name)).toEqual(['app-2']);
  });

  it('looks for the prefix that a self-hosted webhook has', async () => {
    const world = small((given) => {
      edit(find(given, 'ServiceAccount')).metadata.annotations = {
        'irsa.example.com/role-arn': 'arn:aws:iam::123456789012:role/role-0',
        other: 'x',
      };
    });
    expect((await take(world)).inventory.serviceAccounts).toEqual([]);
    const { inventory } = await take(world, { annotationPrefix: 'irsa.example.com' });
    expect(inventory.serviceAccounts[0]?.annotations).toEqual({ 'irsa.example.com/role-arn': 'arn:aws:iam::123456789012:role/role-0' });
  });

  it('takes a denied list of OIDC providers for none, and no other failure', async () => {
    expect((await take(small((world) => Object.assign(world, { oidcProviders: 'denied' })))).inventory.oidcProviders).toBeNull();
    await expect(take(small((world) => Object.assign(world, { oidcProviders: 'failing' })))).rejects.toMatchObject({
      name: 'ServiceUnavailable',
    });
  });

  it('reads the tags of roles in use, not of others, nor of service-linked ones', async () => {
    const world = small((given) => {
      const [first] = given.roles;
      if (first === undefined) throw new Error('no role');
      given.roles = [
        { ...first, tags: { 'aws:cloudformation:stack-name': 'stack' } },
        { ...first, roleName: 'unused', arn: 'arn:aws:iam::123456789012:role/unused' },
        { ...first, roleName: 'linked', arn: 'arn:aws:iam::123456789012:role/aws-service-role/x/linked', path: '/aws-service-role/x/' },
      ];
      given.objects.push(
        account('a', 'linked', { annotations: { [`${PREFIX}/role-arn`]: 'arn:aws:iam::123456789012:role/aws-service-role/x/linked' } }),
      );
    });
    const { inventory, log } = await take(world);
    expect(log.filter((operation) => operation.startsWith('GetRole'))).toEqual(['GetRole role-0']);
    expect(inventory.roles.map(({ name, owners }) => [name, owners.map(({ kind }) => kind)])).toEqual([
      ['linked', []],
      ['role-0', ['cloudformation']],
    ]);
  });

  it('keeps the trust policy of the list where the role goes away meanwhile', async () => {
    const { aws, kubernetes } = fakeGateways(small());
    const gone = { ...aws, iam: { ...aws.iam, getRole: async () => undefined } };
    const inventory = await takeInventory(gone, kubernetes, migrationOptions.parse({}), clock);
    expect(inventory.roles[0]?.trustPolicy).toContain('AssumeRoleWithWebIdentity');
  });
});

describe('associations in an inventory', () => {
  it('describes those that may concern a unit, and keeps those that do', async () => {
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
    expect(log.filter((operation) => operation === 'DescribePodIdentityAssociation')).toHaveLength(3);
    expect(
      inventory.associations.map(({ associationId, podshiftRun, targetRoleArn }) => [associationId, podshiftRun, targetRoleArn]),
    ).toEqual([
      ['a-1', null, null],
      ['a-2', 'r1', 'arn:x'],
    ]);
    expect(inventory.serviceAccounts.map(({ name }) => name)).toEqual(['done', 'app-0']);
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
    expect(inventory.agent).toEqual({
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

describe('live pods in an inventory', () => {
  const pod = (name: string, fields: { metadata?: object; spec?: object; status?: object } = {}): KubernetesObject => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'team-0', ...fields.metadata },
    spec: { serviceAccountName: 'app-0', containers: [{ name: 'c' }], ...fields.spec },
    status: { phase: 'Running', ...fields.status },
  });
  const controlled = (apiVersion: string, kind: string, name: string, uid = `u-${name}`) => ({
    ownerReferences: [{ apiVersion, kind, name, uid, controller: true }],
  });
  const owned = (kind: string, name: string, controller: object, fields: object = {}): KubernetesObject => ({
    apiVersion: kind === 'Job' ? 'batch/v1' : 'apps/v1',
    kind,
    metadata: { name, namespace: 'team-0', uid: `u-${name}`, ...controller },
    spec: { template: { spec: { serviceAccountName: 'app-0' } }, ...fields },
  });
  const workloads = async (...objects: KubernetesObject[]) => {
    const { inventory } = await take(small((world) => void world.objects.push(...objects)));
    return inventory.workloads.map(({ kind, name, livePods, controlledBy }) => [kind, name, livePods, controlledBy?.kind ?? null]);
  };

  it('are counted to the top of their chain', async () => {
    const cron: KubernetesObject = {
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      metadata: { name: 'cron', namespace: 'team-0', uid: 'u-cron' },
      spec: { jobTemplate: { spec: { template: { spec: { serviceAccountName: 'app-0' } } } } },
    };
    const rollout: KubernetesObject = {
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'Rollout',
      metadata: { name: 'ro', namespace: 'team-0', uid: 'u-ro' },
      spec: { replicas: 1, template: { spec: { serviceAccountName: 'app-0' } } },
    };
    expect(
      await workloads(
        cron,
        owned('Job', 'cron-1', controlled('batch/v1', 'CronJob', 'cron')),
        pod('cron-1-a', { metadata: controlled('batch/v1', 'Job', 'cron-1') }),
        rollout,
        owned('ReplicaSet', 'ro-1', controlled('argoproj.io/v1alpha1', 'Rollout', 'ro')),
        pod('ro-1-a', { metadata: controlled('apps/v1', 'ReplicaSet', 'ro-1') }),
        owned('Job', 'lone', {}),
        pod('lone-a', { metadata: controlled('batch/v1', 'Job', 'lone') }),
      ),
    ).toEqual([
      ['CronJob', 'cron', 1, null],
      ['Deployment', 'app-0', 2, null],
      ['Job', 'lone', 1, null],
      ['Rollout', 'ro', 1, null],
    ]);
  });

  it('show owners of kinds that are not known, and bare pods', async () => {
    expect(
      await workloads(
        pod('bare'),
        pod('clone-a', { metadata: controlled('apps.kruise.io/v1alpha1', 'CloneSet', 'clone') }),
        pod('clone-b', { metadata: controlled('apps.kruise.io/v1alpha1', 'CloneSet', 'clone') }),
        owned('StatefulSet', 'kafka', controlled('kafka.example.com/v1', 'Kafka', 'k')),
        pod('kafka-0', { metadata: controlled('apps/v1', 'StatefulSet', 'kafka') }),
        owned('Job', 'scaled', controlled('keda.sh/v1alpha1', 'ScaledJob', 's')),
        pod('scaled-a', { metadata: controlled('batch/v1', 'Job', 'scaled') }),
      ),
    ).toEqual([
      ['CloneSet', 'clone', 2, 'CloneSet'],
      ['Deployment', 'app-0', 2, null],
      ['Job', 'scaled', 1, 'ScaledJob'],
      ['Pod', 'bare', 1, null],
      ['StatefulSet', 'kafka', 1, 'Kafka'],
    ]);
  });

  it('do not count when they are over', async () => {
    expect(await workloads(pod('done', { status: { phase: 'Succeeded' } }), pod('failed', { status: { phase: 'Failed' } }))).toEqual([
      ['Deployment', 'app-0', 2, null],
    ]);
  });

  it('of a controller that is gone count only while they are not being deleted', async () => {
    const gone = controlled('apps/v1', 'ReplicaSet', 'gone');
    expect(
      await workloads(
        pod('a', { metadata: gone }),
        pod('b', { metadata: { ...controlled('apps/v1', 'DaemonSet', 'gone-too'), deletionTimestamp: '2026-01-01T00:00:00Z' } }),
      ),
    ).toEqual([
      ['Deployment', 'app-0', 2, null],
      ['ReplicaSet', 'gone', 1, 'ReplicaSet'],
    ]);
  });

  it('show what their template does not: nodes, other containers, and where they run', async () => {
    const world = small((given) => {
      const [first, second] = given.objects.filter(({ kind }) => kind === 'Pod');
      if (first === undefined || second === undefined) throw new Error('no pods');
      edit(first).spec.nodeName = 'fargate-ip-10-0-0-9';
      edit(first).spec.containers.push({ name: 'sidecar', env: [{ name: 'AWS_PROFILE', value: 'x' }] });
      edit(second).spec.containers.push({ name: 'sidecar', env: [{ name: 'AWS_PROFILE', value: 'x' }] });
      edit(second).spec.nodeName = 'win';
      given.objects.push({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'win', labels: { 'kubernetes.io/os': 'windows' } } });
    });
    const { inventory } = await take(world);
    expect(inventory.workloads[0]).toMatchObject({
      fargate: 'node fargate-ip-10-0-0-9',
      windows: true,
      nodeNames: ['fargate-ip-10-0-0-9', 'win'],
      overrides: [{ kind: 'env', container: 'sidecar', name: 'AWS_PROFILE' }],
    });
  });

  it('that are pending, or ask for Windows themselves, say so', async () => {
    const world = small((given) => {
      const [first, second] = given.objects.filter(({ kind }) => kind === 'Pod');
      edit(first as KubernetesObject).spec.nodeName = undefined;
      edit(second as KubernetesObject).spec.nodeName = undefined;
      edit(second as KubernetesObject).spec.nodeSelector = { 'kubernetes.io/os': 'windows' };
      edit(second as KubernetesObject).metadata.labels = { [`${PREFIX}/skip-pod-identity-webhook`]: '' };
    });
    const { inventory } = await take(world);
    expect(inventory.workloads[0]).toMatchObject({ livePods: 2, nodeNames: [], windows: true });
    expect(inventory.workloads[0]?.candidateNodeNames).toHaveLength(4);
  });

  it('without a service account of their own run as the default one', async () => {
    const { inventory } = await take(
      small((world) => {
        world.objects.push(
          account('team-0', 'default', { annotations: { [`${PREFIX}/role-arn`]: 'arn:aws:iam::123456789012:role/role-0' } }),
          pod('plain', { spec: { serviceAccountName: undefined } }),
        );
      }),
    );
    expect(inventory.workloads.map(({ kind, serviceAccount }) => [kind, serviceAccount])).toContainEqual(['Pod', 'default']);
  });
});

describe('configuration in an inventory', () => {
  const configMap = (name: string, data: object): KubernetesObject =>
    ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'team-0' }, data }) as KubernetesObject;
  const using = (world: FakeWorld, ...names: string[]) => {
    edit(find(world, 'Deployment')).spec.template.spec.containers[0].envFrom = names.map((name) => ({ configMapRef: { name } }));
  };

  it('reads the ConfigMaps that workloads use one by one while they are few', async () => {
    const world = small((given) => {
      using(given, 'env', 'gone');
      given.objects.push(configMap('env', { AWS_PROFILE: 'hunter2' }), configMap('unused', { AWS_PROFILE: 'x' }));
    });
    const { inventory, log } = await take(world);
    expect(log.filter((operation) => operation.includes('configmaps'))).toEqual([
      'get configmaps team-0/env',
      'get configmaps team-0/gone',
    ]);
    expect(inventory.workloads[0]?.overrides).toEqual([
      { kind: 'config-map', container: 'server', name: 'ConfigMap env, key AWS_PROFILE' },
    ]);
    expect(JSON.stringify(inventory)).not.toContain('hunter2');
  });

  it('reads them in one list where they are many', async () => {
    const names = Array.from({ length: 11 }, (_, index) => `env-${index}`);
    const world = small((given) => {
      using(given, ...names);
      given.objects.push(...names.map((name) => configMap(name, name === 'env-7' ? { AWS_ROLE_ARN: 'x' } : {})));
    });
    const { inventory, log } = await take(world);
    expect(log.filter((operation) => operation.includes('configmaps'))).toEqual(['list configmaps v1']);
    expect(inventory.workloads[0]?.overrides).toEqual([
      { kind: 'config-map', container: 'server', name: 'ConfigMap env-7, key AWS_ROLE_ARN' },
    ]);
  });

  it('reads none for a workload that keeps the webhook away', async () => {
    const world = small((given) => {
      using(given, 'env');
      edit(find(given, 'Deployment')).spec.template.metadata.labels = { [`${PREFIX}/skip-pod-identity-webhook`]: 'true' };
    });
    expect((await take(world)).log.filter((operation) => operation.includes('configmaps'))).toEqual([]);
  });
});

describe('what stands around workloads in an inventory', () => {
  it('has budgets, secret classes, secret stores and Fargate profiles', async () => {
    const world = small((given) => {
      given.fargateProfiles = [{ name: 'all', selectors: [{ namespace: 'team-0', labels: {} }] }];
      edit(find(given, 'Deployment')).spec.template.spec.volumes = [
        { name: 'a', csi: { driver: 'secrets-store.csi.k8s.io', volumeAttributes: { secretProviderClass: 'db' } } },
        { name: 'b', csi: { driver: 'secrets-store.csi.k8s.io' } },
        { name: 'c', csi: { driver: 'ebs.csi.aws.com' } },
      ];
      given.objects.push(
        {
          apiVersion: 'policy/v1',
          kind: 'PodDisruptionBudget',
          metadata: { name: 'b', namespace: 'team-0' },
          spec: { maxUnavailable: 0, selector: { matchLabels: { app: 'app-0' } } },
        },
        { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name: 'b', namespace: 'other' }, spec: { maxUnavailable: 0 } },
        {
          apiVersion: 'secrets-store.csi.x-k8s.io/v1',
          kind: 'SecretProviderClass',
          metadata: { name: 'db', namespace: 'team-0' },
          spec: { provider: 'aws' },
        },
        {
          apiVersion: 'external-secrets.io/v1beta1',
          kind: 'SecretStore',
          metadata: { name: 's', namespace: 'team-0' },
          spec: { provider: { aws: { auth: { jwt: { serviceAccountRef: { name: 'app-0' } } } } } },
        },
        {
          apiVersion: 'external-secrets.io/v1',
          kind: 'ClusterSecretStore',
          metadata: { name: 'unrelated' },
          spec: { provider: { aws: { auth: { jwt: { serviceAccountRef: { name: 'nobody' } } } } } },
        },
      );
    });
    const { inventory, log } = await take(world);
    expect(inventory.workloads[0]).toMatchObject({ blockingBudgets: ['b'], secretProviderClasses: ['db'], fargate: 'profile all' });
    expect(inventory.indirectUsers).toEqual([{ subject: 'SecretStore/team-0/s', namespace: 'team-0', serviceAccount: 'app-0' }]);
    expect(log).toContain('list secretstores v1beta1');
    expect(log).not.toContain('list clustersecretstores v1beta1');
  });

  it('lists kube2iam and kiam pods of the chosen namespaces, once for their owner', async () => {
    const annotations = { 'iam.amazonaws.com/role': 'legacy' };
    const world = small((given) => {
      edit(find(given, 'Deployment')).spec.template.metadata.annotations = annotations;
      for (const pod of given.objects.filter(({ kind }) => kind === 'Pod')) edit(pod).metadata.annotations = annotations;
      given.objects.push({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'bare', namespace: 'legacy', annotations },
        spec: { containers: [] },
      });
    });
    expect((await take(world)).inventory.legacy).toEqual([
      { subject: 'Deployment/team-0/app-0', kind: 'annotation', name: 'legacy' },
      { subject: 'Pod/legacy/bare', kind: 'annotation', name: 'legacy' },
    ]);
    expect((await take(world, { namespaces: ['legacy'] })).inventory.legacy.map(({ subject }) => subject)).toEqual(['Pod/legacy/bare']);
  });

  it('reads items of a list that name neither their kind nor their version', async () => {
    const gateways = fakeGateways(small());
    const stripped = {
      ...gateways.kubernetes,
      list: async (resource: Parameters<typeof gateways.kubernetes.list>[0]) =>
        (await gateways.kubernetes.list(resource)).map(
          ({ kind: _kind, apiVersion: _version, ...rest }) => rest as unknown as KubernetesObject,
        ),
    };
    const inventory = await takeInventory(gateways.aws, stripped, migrationOptions.parse({}), clock);
    expect(inventory).toEqual((await take(small())).inventory);
  });
});

async function decisions(folder: string) {
  const { aws, kubernetes } = fakeGateways(readWorld(folder));
  const options = migrationOptions.parse({});
  const plan = makePlan(await takeInventory(aws, kubernetes, options, clock), options, clock);
  return {
    plan,
    units: Object.fromEntries(
      plan.units.map(({ id, decision, findings }) => [
        id,
        [decision, ...findings.filter((code) => plan.findings.some((found) => found.code === code && found.severity === 'blocker'))].join(
          ' ',
        ),
      ]),
    ),
  };
}

describe('the example that ships with the project', () => {
  it('has a canary, units that migrate, and units that are held', async () => {
    const { plan } = await decisions(join(root, 'examples', 'shop'));
    expect(plan.agent.action).toBe('install');
    expect(plan.units.some(({ decision }) => decision === 'migrate')).toBe(true);
    expect(plan.units.some(({ decision }) => decision === 'hold')).toBe(true);
    expect(plan.units.filter(({ wave }) => wave === 0)).toHaveLength(1);
    for (const { trustBefore, trustAfter, waves } of plan.roles) expect(trustBefore === trustAfter).toBe(waves.length === 0);
  });
});

const boutique = join(root, '..', 'shared', 'snapshots', 'boutique');

describe.runIf(existsSync(boutique))('the boutique snapshot', () => {
  it('migrates what can be migrated, and holds the rest', async () => {
    const { plan, units } = await decisions(boutique);
    expect(units).toEqual({
      'batch/ingest': 'hold PS308',
      'batch/winsvc': 'hold PS309',
      'boutique/adservice': 'hold PS301',
      'boutique/cartservice': 'migrate',
      'boutique/checkoutservice': 'migrate',
      'boutique/currencyservice': 'hold PS104',
      'boutique/emailservice': 'migrate',
      'boutique/paymentservice': 'migrate',
      'boutique/productcatalogservice': 'migrate',
      'boutique/recommendationservice': 'hold PS103',
      'boutique/reports': 'migrate',
      'boutique/shippingservice': 'migrate',
      'external-dns/external-dns': 'migrate',
      'kube-system/aws-load-balancer-controller': 'migrate',
      'kube-system/aws-node': 'hold PS603',
      'kube-system/ebs-csi-controller-sa': 'hold PS603',
      'kube-system/s3-csi-driver-sa': 'hold PS603',
    });
    expect(plan.agent).toMatchObject({ action: 'install', addonVersion: 'v1.3.4-eksbuild.1' });
    expect(plan.agent.nodeNames).toHaveLength(6);
    expect(plan.units.find(({ id }) => id === 'boutique/cartservice')?.wave).toBe(0);
    expect(plan.units.find(({ id }) => id === 'kube-system/aws-load-balancer-controller')?.wave).toBe(plan.waves - 1);
    expect(plan.units.find(({ id }) => id === 'external-dns/external-dns')).toMatchObject({
      removeAnnotations: [],
      findings: ['PS318', 'PS501'],
    });
    expect(plan.units.find(({ id }) => id === 'boutique/emailservice')?.removeAnnotations).toEqual(['eks.amazonaws.com/role-arn']);
    expect(plan.units.find(({ id }) => id === 'boutique/reports')?.workloads).toMatchObject([{ kind: 'CronJob', restart: 'none' }]);
    expect(plan.findings.filter(({ code }) => code === 'PS601')).toHaveLength(7);
  });
});
