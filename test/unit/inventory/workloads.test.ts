import { describe, expect, it } from 'vitest';
import { takeInventory } from '../../../src/inventory/inventory.ts';
import type { KubernetesObject } from '../../../src/kubernetes/gateway.ts';
import { migrationOptions } from '../../../src/model/options.ts';
import { type FakeWorld, fakeGateways } from '../fixtures/fake-gateways.ts';
import { account, clock, edit, find, PREFIX, small, take } from '../fixtures/inventory-worlds.ts';

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
  it.each([
    ['CREATE_FAILED', null],
    ['CREATING', 'profile all'],
    ['ACTIVE', 'profile all'],
    ['DELETE_FAILED', 'profile all'],
  ])('has no pods on a Fargate profile that could not be made: %s', async (status, fargate) => {
    const { inventory } = await take(
      small((given) => {
        given.fargateProfiles = [{ name: 'all', status, selectors: [{ namespace: 'team-0', labels: {} }] }];
      }),
    );
    expect(inventory.workloads[0]?.fargate).toBe(fargate);
  });

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
    expect(inventory.indirectUsers).toEqual([
      {
        subject: 'SecretStore/team-0/s',
        namespace: 'team-0',
        serviceAccount: 'app-0',
        needs: 'token',
        component: 'External Secrets',
        at: 'spec.provider.aws.auth.jwt.serviceAccountRef',
      },
    ]);
    // In the version that the cluster's discovery names, and each kind once.
    expect(log.filter((operation) => operation.startsWith('list secretstores'))).toEqual(['list secretstores v1beta1']);
    expect(log.filter((operation) => operation === 'discover')).toHaveLength(1);
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
