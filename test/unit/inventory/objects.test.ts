import { describe, expect, it } from 'vitest';
import { blockingBudgets } from '../../../src/inventory/budgets.ts';
import { consumersIn } from '../../../src/inventory/consumers/find.ts';
import { irsaProviderClasses, legacyFacts } from '../../../src/inventory/indirect.ts';
import { draftWorkload, fargateProfile } from '../../../src/inventory/workloads.ts';
import type { KubernetesObject, ObjectMeta } from '../../../src/kubernetes/gateway.ts';

import { object, PREFIX } from '../fixtures/inventory-worlds.ts';

describe('workloads', () => {
  const world = { prefix: PREFIX, profiles: [], podKeys: new Set<string>() };
  const facts = (given: KubernetesObject) => draftWorkload(given, 'api', world).facts;

  it.each<[string, KubernetesObject, object]>([
    ['a Deployment', object('Deployment', { spec: {} }), { replicas: 1, strategy: 'RollingUpdate', surge: true, paused: false }],
    [
      'a Deployment without surge',
      object('Deployment', { spec: { replicas: 3, strategy: { rollingUpdate: { maxSurge: 0 } } } }),
      { replicas: 3, surge: false },
    ],
    [
      'a paused Deployment with Recreate',
      object('Deployment', { spec: { paused: true, strategy: { type: 'Recreate' } } }),
      { paused: true, strategy: 'Recreate', surge: false },
    ],
    [
      'a StatefulSet',
      object('StatefulSet', { spec: { replicas: 0 } }),
      { replicas: 0, strategy: 'RollingUpdate', partition: 0, surge: false },
    ],
    [
      'a StatefulSet with a partition',
      object('StatefulSet', { spec: { updateStrategy: { rollingUpdate: { partition: 2 } } } }),
      { partition: 2 },
    ],
    [
      'a StatefulSet with OnDelete',
      object('StatefulSet', { spec: { updateStrategy: { type: 'OnDelete', rollingUpdate: { partition: 2 } } } }),
      { strategy: 'OnDelete', partition: 0 },
    ],
    [
      'a DaemonSet',
      object('DaemonSet', { spec: { updateStrategy: { rollingUpdate: { maxSurge: '10%' } } } }),
      { replicas: null, surge: true },
    ],
    ['a Job', object('Job', { spec: { parallelism: 4 } }), { replicas: 4, idle: null }],
    [
      'a Job that has ended',
      object('Job', { spec: {}, status: { conditions: [{ type: 'Failed', status: 'True' }] } }),
      { idle: 'finished' },
    ],
    [
      'a suspended Job',
      object('Job', { spec: { suspend: true }, status: { conditions: [{ type: 'Complete', status: 'False' }] } }),
      { idle: 'suspended' },
    ],
    [
      'a CronJob',
      object('CronJob', { spec: { jobTemplate: { spec: { template: { spec: { os: { name: 'windows' } } } } } } }),
      { replicas: null, idle: null, windows: true },
    ],
    ['a Rollout', object('Rollout', { spec: { paused: true } }), { paused: true, surge: true, strategy: '' }],
    ['a Pod', object('Pod', { spec: { tolerations: [{ operator: 'Exists' }] } }), { replicas: 1, tolerations: [{ operator: 'Exists' }] }],
  ])('reads %s', (_, given, expected) => {
    expect(facts(given)).toMatchObject(expected);
  });

  it('names a controller of a kind that is not known', () => {
    const owner = (apiVersion: string, kind: string) =>
      object('StatefulSet', { spec: {} }, { ownerReferences: [{ apiVersion, kind, name: 'o', uid: 'u', controller: true }] });
    expect(facts(owner('monitoring.coreos.com/v1', 'Prometheus')).controlledBy).toEqual({
      apiVersion: 'monitoring.coreos.com/v1',
      kind: 'Prometheus',
      name: 'o',
    });
    expect(facts(owner('apps/v1', 'Deployment')).controlledBy).toBeNull();
    expect(facts(owner('apps.kruise.io/v1beta1', 'StatefulSet')).controlledBy).not.toBeNull();
    expect(facts(owner('v1', 'ReplicationController')).controlledBy).toBeNull();
  });

  it('matches Fargate profiles by namespace and labels, wildcards and all', () => {
    const profile = (namespace: string, labels = {}) => [{ name: 'p', selectors: [{ namespace, labels }] }];
    expect(fargateProfile('batch', {}, profile('batch'))).toBe('profile p');
    expect(fargateProfile('batch-1', {}, profile('batch'))).toBeNull();
    expect(fargateProfile('batch-1', {}, profile('batch-?'))).toBe('profile p');
    expect(fargateProfile('any', { tier: 'web-a' }, profile('*', { 'ti*': 'web-*' }))).toBe('profile p');
    expect(fargateProfile('any', { tier: 'api' }, profile('*', { tier: 'web.*' }))).toBeNull();
    expect(fargateProfile('any', {}, profile('*', { tier: 'web' }))).toBeNull();
  });
});

describe('budgets', () => {
  const budget = (spec: object, status?: object) =>
    blockingBudgets([object('PodDisruptionBudget', { spec, ...(status === undefined ? {} : { status }) })]);

  it.each<[string, object, object | undefined, number]>([
    ['a status without disruptions', {}, { disruptionsAllowed: 0 }, 1],
    ['a status with some', { maxUnavailable: 0 }, { disruptionsAllowed: 1 }, 0],
    ['no status, and none unavailable', { maxUnavailable: 0 }, undefined, 1],
    ['no status, and none unavailable in percent', { maxUnavailable: '0%' }, {}, 1],
    ['no status, and all available', { minAvailable: '100%' }, undefined, 1],
    ['no status, and some available', { minAvailable: 1 }, undefined, 0],
  ])('%s', (_, spec, status, blocking) => {
    expect(budget(spec, status)).toHaveLength(blocking);
  });

  it('selects by labels and expressions', () => {
    const [found] = budget({
      maxUnavailable: 0,
      selector: { matchLabels: { app: 'x' }, matchExpressions: [{ key: 'tier', operator: 'Exists' }] },
    });
    expect(found?.selects({ app: 'x', tier: 'a' })).toBe(true);
    expect(found?.selects({ app: 'x' })).toBe(false);
    expect(found?.selects({ app: 'y', tier: 'a' })).toBe(false);
    expect(
      blockingBudgets([
        { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name: 'x' }, status: { disruptionsAllowed: 0 } },
      ])[0]?.selects({}),
    ).toBe(true);
    expect(blockingBudgets([{ apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name: 'x' } }])).toEqual([]);
  });
});

describe('indirect users', () => {
  const store = (kind: string, auth: object, metadata: Partial<ObjectMeta> = {}) => ({
    ...object(kind, { spec: { provider: { aws: { auth } } } }, metadata),
    apiVersion: 'external-secrets.io/v1',
  });
  const jwt = (reference: object) => ({ jwt: { serviceAccountRef: reference } });

  const BY_JWT = { needs: 'token', component: 'External Secrets', at: 'spec.provider.aws.auth.jwt.serviceAccountRef' };

  it('reads the service accounts that secret stores name', () => {
    const { namespace: _, ...clusterWide } = store('ClusterSecretStore', jwt({ name: 'sa', namespace: 'ops' })).metadata;
    expect(
      [
        store('SecretStore', jwt({ name: 'api', namespace: 'ignored' })),
        { ...store('ClusterSecretStore', jwt({ name: 'sa', namespace: 'ops' })), metadata: clusterWide },
        { ...store('ClusterSecretStore', jwt({ name: 'any' })), metadata: clusterWide },
        store('SecretStore', {}),
        object('SecretStore', { spec: { provider: { vault: {} } } }),
      ].flatMap(consumersIn),
    ).toEqual([
      { subject: 'SecretStore/shop/x', namespace: 'shop', serviceAccount: 'api', ...BY_JWT },
      { subject: 'ClusterSecretStore/x', namespace: 'ops', serviceAccount: 'sa', ...BY_JWT },
      { subject: 'ClusterSecretStore/x', namespace: '*', serviceAccount: 'any', ...BY_JWT },
    ]);
  });

  it('reads which SecretProviderClasses use IRSA', () => {
    const provider = (name: string, spec: object) => object('SecretProviderClass', { spec }, { name });
    const found = irsaProviderClasses([
      provider('irsa', { provider: 'aws', parameters: {} }),
      provider('none', { provider: 'aws' }),
      provider('explicit', { provider: 'aws', parameters: { usePodIdentity: 'false' } }),
      provider('new', { provider: 'aws', parameters: { usePodIdentity: 'true' } }),
      provider('vault', { provider: 'vault' }),
    ]);
    expect([...found]).toEqual(['shop/irsa', 'shop/none', 'shop/explicit']);
  });

  it('sees kube2iam and kiam by annotation and image', () => {
    const template = (annotations: object, image?: string) => ({
      spec: { template: { metadata: { annotations }, spec: { containers: [image === undefined ? {} : { image }] } } },
    });
    expect(legacyFacts(object('Deployment', template({ 'iam.amazonaws.com/role': 'r' })), new Set())).toEqual([
      { subject: 'Deployment/shop/x', kind: 'annotation', name: 'r' },
    ]);
    expect(legacyFacts(object('Deployment', template({ 'iam.amazonaws.com/role': '' })), new Set())).toEqual([]);
    expect(legacyFacts(object('DaemonSet', template({}, 'quay.io/uswitch/kiam:v4.2')), new Set())).toEqual([
      { subject: 'DaemonSet/shop/x', kind: 'daemon', name: 'kiam' },
    ]);
    expect(legacyFacts(object('DaemonSet', template({}, 'jtblin/kube2iam@sha256:00')), new Set())).toEqual([
      { subject: 'DaemonSet/shop/x', kind: 'daemon', name: 'kube2iam' },
    ]);
    expect(legacyFacts(object('DaemonSet', template({}, 'example.com/not-kiam:1')), new Set())).toEqual([]);
    expect(legacyFacts(object('DaemonSet', { spec: {} }), new Set())).toEqual([]);
  });
});
