import { describe, expect, it } from 'vitest';
import { blockingBudgets } from '../../src/inventory/budgets.ts';
import { irsaProviderClasses, legacyFacts, secretStoreUsers } from '../../src/inventory/indirect.ts';
import { fits, matchesExpressions, readNode, wantsWindows } from '../../src/inventory/nodes.ts';
import { configMapOverrides, findOverrides, skipsWebhook } from '../../src/inventory/overrides.ts';
import { isAppliedByEks, objectOwners, roleOwners } from '../../src/inventory/owners.ts';
import { candidateNodes, draftWorkload, fargateProfile } from '../../src/inventory/workloads.ts';
import type { KubernetesObject, ObjectMeta } from '../../src/kubernetes/gateway.ts';

const PREFIX = 'eks.amazonaws.com';

const object = (kind: string, fields: object = {}, metadata: Partial<ObjectMeta> = {}): KubernetesObject => ({
  apiVersion: 'apps/v1',
  kind,
  metadata: { name: 'x', namespace: 'shop', ...metadata },
  ...fields,
});

describe('overrides', () => {
  const container = (fields: object) => ({ containers: [{ name: 'c', ...fields }] });
  const overridesOf = (spec: object, annotations = {}, live = false) =>
    findOverrides(spec, annotations, { prefix: PREFIX, live }).overrides.map(
      ({ kind, container: name, name: what }) => `${kind} ${name} ${what}`,
    );

  it.each<[string, object, string[]]>([
    ['nothing', {}, []],
    ['a variable that does not matter', container({ env: [{ name: 'AWS_REGION', value: 'eu-central-1' }] }), []],
    ['the role', container({ env: [{ name: 'AWS_ROLE_ARN', value: 'x' }] }), ['env c AWS_ROLE_ARN']],
    [
      'static keys from a Secret',
      container({ env: [{ name: 'AWS_ACCESS_KEY_ID', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }] }),
      ['env c AWS_ACCESS_KEY_ID'],
    ],
    ['a profile', container({ env: [{ name: 'AWS_PROFILE', value: 'x' }] }), ['env c AWS_PROFILE']],
    ['a configuration file', container({ env: [{ name: 'AWS_CONFIG_FILE', value: 'x' }] }), ['env c AWS_CONFIG_FILE']],
    [
      'container credentials by hand',
      container({ env: [{ name: 'AWS_CONTAINER_CREDENTIALS_FULL_URI', value: 'x' }] }),
      ['env c AWS_CONTAINER_CREDENTIALS_FULL_URI'],
    ],
    ['a session name', container({ env: [{ name: 'AWS_ROLE_SESSION_NAME', value: 'x' }] }), ['session-name c AWS_ROLE_SESSION_NAME']],
    [
      'the provider in a variable',
      container({ env: [{ name: 'OPTS', value: '-Dp=WebIdentityTokenCredentialsProvider' }] }),
      ['web-identity c variable OPTS'],
    ],
    ['the provider in arguments', container({ args: ['--auth=web-identity'] }), ['web-identity c args']],
    [
      'the token path in the command',
      container({ command: ['sh', '-c', 'cat /var/run/secrets/eks.amazonaws.com/serviceaccount/token'] }),
      ['web-identity c command'],
    ],
    ['a Secret as environment', container({ envFrom: [{ secretRef: { name: 's' } }] }), ['secret-env c s']],
    ['a mounted profile', container({ volumeMounts: [{ name: 'v', mountPath: '/root/.aws' }] }), ['profile-mount c /root/.aws']],
    [
      'a mounted credentials file',
      container({ volumeMounts: [{ name: 'v', mountPath: '/root/.aws/credentials' }] }),
      ['profile-mount c /root/.aws/credentials'],
    ],
    ['a mount that only looks like one', container({ volumeMounts: [{ name: 'v', mountPath: '/data/.awsome' }] }), []],
    [
      'a token for STS',
      {
        ...container({ volumeMounts: [{ name: 'v', mountPath: '/token' }] }),
        volumes: [{ name: 'v', projected: { sources: [{ serviceAccountToken: { audience: 'sts.amazonaws.com' } }] } }],
      },
      ['token c v'],
    ],
    [
      'a token for STS that nothing mounts',
      { ...container({}), volumes: [{ name: 'v', projected: { sources: [{ serviceAccountToken: { audience: 'sts.amazonaws.com' } }] } }] },
      [],
    ],
    [
      'a token for others',
      {
        ...container({ volumeMounts: [{ name: 'v', mountPath: '/token' }] }),
        volumes: [{ name: 'v', projected: { sources: [{ serviceAccountToken: { audience: 'vault' } }] } }],
      },
      [],
    ],
    ['an init container', { initContainers: [{ name: 'i', env: [{ name: 'AWS_PROFILE', value: 'x' }] }] }, ['env i AWS_PROFILE']],
  ])('sees %s', (_, spec, expected) => {
    expect(overridesOf(spec)).toEqual(expected);
  });

  it('leaves out containers that the webhook skips', () => {
    const spec = { initContainers: [{ name: 'i', args: ['web-identity'] }], containers: [{ name: 'c', env: [{ name: 'AWS_PROFILE' }] }] };
    expect(overridesOf(spec, { [`${PREFIX}/skip-containers`]: 'c, other' })).toEqual(['web-identity i args']);
    expect(overridesOf(spec, { [`${PREFIX}/skip-containers`]: 'c,i' })).toEqual([]);
    expect(overridesOf(spec, { 'example.com/skip-containers': 'c,i' })).toHaveLength(2);
  });

  it.each([
    ['aws-iam-token', 'AWS_ROLE_ARN', 'AWS_WEB_IDENTITY_TOKEN_FILE', 'sts.amazonaws.com'],
    ['eks-pod-identity-token', 'AWS_CONTAINER_CREDENTIALS_FULL_URI', 'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE', 'pods.eks.amazonaws.com'],
  ])('does not take what the webhook injected for the hand of a user (%s)', (volume, first, second, audience) => {
    const spec = {
      containers: [
        { name: 'c', env: [{ name: first }, { name: second }, { name: 'AWS_PROFILE' }], volumeMounts: [{ name: volume, mountPath: '/x' }] },
      ],
      volumes: [{ name: volume, projected: { sources: [{ serviceAccountToken: { audience } }] } }],
    };
    expect(overridesOf(spec, {}, true)).toEqual(['env c AWS_PROFILE']);
    expect(overridesOf(spec).length).toBeGreaterThanOrEqual(3);
  });

  it('keeps no value', () => {
    const spec = container({
      env: [
        { name: 'AWS_SECRET_ACCESS_KEY', value: 'hunter2' },
        { name: 'A', value: 'hunter2 web-identity' },
      ],
      args: ['hunter2 web_identity'],
    });
    expect(JSON.stringify(findOverrides(spec, {}, { prefix: PREFIX, live: false }))).not.toContain('hunter2');
  });

  it('lists the ConfigMaps that containers use, but not the cluster certificate', () => {
    const spec = {
      containers: [
        {
          name: 'c',
          envFrom: [{ configMapRef: { name: 'env' }, prefix: 'AWS_' }, { configMapRef: { name: 'plain' } }],
          env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'one', key: 'k' } } }],
          volumeMounts: ['files', 'projected', 'certificate', 'empty'].map((name) => ({ name, mountPath: `/${name}` })),
        },
      ],
      volumes: [
        { name: 'files', configMap: { name: 'files' } },
        { name: 'projected', projected: { sources: [{ configMap: { name: 'part' } }, { secret: { name: 's' } }] } },
        { name: 'certificate', projected: { sources: [{ configMap: { name: 'kube-root-ca.crt' } }] } },
        { name: 'empty', emptyDir: {} },
      ],
    };
    const { configMaps } = findOverrides(spec, {}, { prefix: PREFIX, live: false });
    expect(configMaps.map(({ configMap, as, prefix, key }) => [configMap, as, prefix, key])).toEqual([
      ['one', 'value', '', 'k'],
      ['env', 'environment', 'AWS_', null],
      ['plain', 'environment', '', null],
      ['files', 'files', '', null],
      ['part', 'files', '', null],
    ]);
  });

  it('reads what a ConfigMap brings, by key', () => {
    const map = object('ConfigMap', {
      data: {
        ROLE_ARN: 'secret value',
        ROLE_SESSION_NAME: 's',
        PROFILE: 'x',
        'core-site.xml': 'a WebIdentityTokenCredentialsProvider b',
        other: 'x',
      },
    });
    const found = (use: object) =>
      configMapOverrides({ container: 'c', configMap: 'm', as: 'environment', prefix: '', key: null, ...use } as never, map).map(
        ({ kind, name }) => `${kind}: ${name}`,
      );
    expect(found({ prefix: 'AWS_' })).toEqual([
      'config-map: ConfigMap m, key ROLE_ARN',
      'session-name: ConfigMap m, key ROLE_SESSION_NAME',
      'config-map: ConfigMap m, key PROFILE',
      'web-identity: ConfigMap m, key core-site.xml',
    ]);
    expect(found({})).toEqual(['web-identity: ConfigMap m, key core-site.xml']);
    expect(found({ as: 'files', prefix: 'AWS_' })).toEqual(['web-identity: ConfigMap m, key core-site.xml']);
    expect(found({ as: 'value', key: 'other' })).toEqual([]);
    expect(configMapOverrides({ container: 'c', configMap: 'm', as: 'files', prefix: '', key: null }, object('ConfigMap'))).toEqual([]);
  });

  it('knows the label that keeps the webhook away, whatever its value', () => {
    expect(skipsWebhook({ [`${PREFIX}/skip-pod-identity-webhook`]: '' }, PREFIX)).toBe(true);
    expect(skipsWebhook({ a: 'b' }, PREFIX)).toBe(false);
    expect(skipsWebhook(undefined, PREFIX)).toBe(false);
  });
});

describe('owners', () => {
  it.each<[string, Partial<ObjectMeta>, [string, string][]]>([
    ['nobody', {}, []],
    ["Argo CD's label", { labels: { 'argocd.argoproj.io/instance': 'shop' } }, [['argo-cd', 'shop']]],
    ["Argo CD's tracking id", { annotations: { 'argocd.argoproj.io/tracking-id': 'shop:apps/Deployment:shop/x' } }, [['argo-cd', 'shop']]],
    ["Flux's Kustomization", { labels: { 'kustomize.toolkit.fluxcd.io/name': 'apps' } }, [['flux', 'apps']]],
    ["Flux's HelmRelease", { labels: { 'helm.toolkit.fluxcd.io/name': 'apps' } }, [['flux', 'apps']]],
    [
      "Helm's release",
      { annotations: { 'meta.helm.sh/release-name': 'r' }, labels: { 'app.kubernetes.io/managed-by': 'Helm' } },
      [['helm', 'r']],
    ],
    ["Helm's label alone", { labels: { 'app.kubernetes.io/managed-by': 'Helm' } }, [['helm', '']]],
    ["CDK's prune label", { labels: { 'aws.cdk.eks/prune-c8': '' } }, [['cloudformation', '']]],
    ['eksctl', { labels: { 'app.kubernetes.io/managed-by': 'eksctl' } }, [['eksctl', '']]],
    ['an operator by its label', { labels: { 'app.kubernetes.io/managed-by': 'tempo-operator' } }, [['operator', 'tempo-operator']]],
    ['kubectl', { labels: { 'app.kubernetes.io/managed-by': 'kubectl' } }, []],
    ['OLM', { labels: { 'olm.owner': 'ack' } }, [['operator', 'ack']]],
    ['an owner reference', { ownerReferences: [{ apiVersion: 'a/v1', kind: 'Kafka', name: 'k', uid: 'u' }] }, [['operator', 'Kafka k']]],
    ['Terraform by its field manager', { managedFields: [{ manager: 'Terraform' }] }, [['terraform', '']]],
    ['an operator by its field manager', { managedFields: [{ manager: 'ack-operator' }, {}] }, [['operator', 'ack-operator']]],
    ['kubectl by its field manager', { managedFields: [{ manager: 'kubectl-client-side-apply' }] }, []],
    [
      'two, in order of kind',
      { annotations: { 'meta.helm.sh/release-name': 'r' }, managedFields: [{ manager: 'helm' }, { manager: 'argocd-controller' }] },
      [
        ['argo-cd', ''],
        ['helm', 'r'],
      ],
    ],
  ])('sees %s', (_, metadata, expected) => {
    expect(objectOwners({ name: 'x', ...metadata }).map(({ kind, name }) => [kind, name])).toEqual(expected);
  });

  it.each<[string, Record<string, string>, [string, string][]]>([
    ['no tags', {}, []],
    ['CloudFormation', { 'aws:cloudformation:stack-name': 's' }, [['cloudformation', 's']]],
    [
      'eksctl',
      { 'alpha.eksctl.io/cluster-name': 'c', 'aws:cloudformation:stack-name': 's' },
      [
        ['cloudformation', 's'],
        ['eksctl', 'c'],
      ],
    ],
    ['Terraform by its manager', { ManagedBy: 'Terraform' }, [['terraform', '']]],
    ['OpenTofu', { provisioner: 'opentofu' }, [['terraform', '']]],
    ['Terraform by its name', { terraform: 'true' }, [['terraform', '']]],
    ['not Terraform', { terraform: 'false' }, []],
    ['another manager', { 'managed-by': 'hand', team: 'terraform' }, []],
  ])('reads tags: %s', (_, tags, expected) => {
    expect(roleOwners(tags).map(({ kind, name }) => [kind, name])).toEqual(expected);
  });

  it("knows EKS's own field manager", () => {
    expect(isAppliedByEks({ name: 'x', managedFields: [{ manager: 'eks' }] })).toBe(true);
    expect(isAppliedByEks({ name: 'x', managedFields: [{ manager: 'eksctl' }] })).toBe(false);
    expect(isAppliedByEks({ name: 'x' })).toBe(false);
  });
});

describe('nodes', () => {
  const node = (labels: Record<string, string>, status: object = {}, name = 'n', spec: object = {}) =>
    object('Node', { spec, status }, { name, labels });

  it.each([
    ['linux', node({ 'kubernetes.io/os': 'linux' })],
    ['linux', node({})],
    ['windows', node({ 'kubernetes.io/os': 'windows' })],
    ['windows', node({ 'beta.kubernetes.io/os': 'windows' })],
    ['windows', node({}, { nodeInfo: { operatingSystem: 'windows' } })],
    ['fargate', node({ 'eks.amazonaws.com/compute-type': 'fargate' })],
    ['fargate', node({}, {}, 'fargate-ip-10-0-0-1')],
    ['auto', node({ 'eks.amazonaws.com/compute-type': 'auto' })],
    ['hybrid', node({ 'eks.amazonaws.com/compute-type': 'hybrid' })],
    ['virtual', node({ type: 'virtual-kubelet' })],
    ['linux', { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n' } }],
  ])('is of class %s', (expected, given) => {
    expect(readNode(given).class).toBe(expected);
  });

  it('is ready by its condition', () => {
    expect(readNode(node({}, { conditions: [{ type: 'Ready', status: 'True' }] })).ready).toBe(true);
    expect(
      readNode(
        node(
          {},
          {
            conditions: [
              { type: 'Ready', status: 'Unknown' },
              { type: 'DiskPressure', status: 'True' },
            ],
          },
        ),
      ).ready,
    ).toBe(false);
  });

  const affinity = (...matchExpressions: object[]) => ({
    affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions }] } } },
  });
  const tainted = readNode(
    node({ zone: 'a' }, {}, 'n', {
      taints: [
        { key: 'team', value: 'x', effect: 'NoSchedule' },
        { key: 'soft', effect: 'PreferNoSchedule' },
      ],
    }),
  );
  const plain = readNode(node({ zone: 'a' }));

  it.each<[string, object | undefined, typeof plain, boolean]>([
    ['any pod fits a plain node', undefined, plain, true],
    ['a node selector must match', { nodeSelector: { zone: 'b' } }, plain, false],
    ['a node selector that matches fits', { nodeSelector: { zone: 'a' } }, plain, true],
    ['required affinity must match', affinity({ key: 'zone', operator: 'In', values: ['b'] }), plain, false],
    ['required affinity that matches fits', affinity({ key: 'zone', operator: 'In', values: ['a'] }), plain, true],
    ['a taint keeps pods away', {}, tainted, false],
    ['a toleration of all lets them in', { tolerations: [{ operator: 'Exists' }] }, tainted, true],
    ['a toleration of the key lets them in', { tolerations: [{ key: 'team', operator: 'Exists', effect: 'NoSchedule' }] }, tainted, true],
    ['a toleration of the value lets them in', { tolerations: [{ key: 'team', value: 'x', effect: '' }] }, tainted, true],
    ['a toleration of another value does not', { tolerations: [{ key: 'team', value: 'y' }] }, tainted, false],
    [
      'a toleration of another effect does not',
      { tolerations: [{ key: 'team', operator: 'Exists', effect: 'NoExecute' }] },
      tainted,
      false,
    ],
    ['a toleration without a value is none of a value', { tolerations: [{ key: 'team' }] }, tainted, false],
  ])('%s', (_, spec, given, expected) => {
    expect(fits(spec, given)).toBe(expected);
  });

  it('compares taints and tolerations without values', () => {
    const given = readNode(node({}, {}, 'n', { taints: [{ key: 'gpu', effect: 'NoSchedule' }] }));
    expect(fits({ tolerations: [{ key: 'gpu' }] }, given)).toBe(true);
  });

  it.each<[string, boolean, object]>([
    ['In', true, { key: 'a', operator: 'In', values: ['1'] }],
    ['In without the key', false, { key: 'b', operator: 'In', values: ['1'] }],
    ['NotIn', false, { key: 'a', operator: 'NotIn', values: ['1'] }],
    ['NotIn without the key', true, { key: 'b', operator: 'NotIn', values: ['1'] }],
    ['Exists', true, { key: 'a', operator: 'Exists' }],
    ['DoesNotExist', true, { key: 'b', operator: 'DoesNotExist' }],
    ['DoesNotExist of what exists', false, { key: 'a', operator: 'DoesNotExist' }],
    ['an operator that is not known', false, { key: 'a', operator: 'Gt', values: ['0'] }],
  ])('expression %s is %s', (_, expected, expression) => {
    expect(matchesExpressions([expression], { a: '1' })).toBe(expected);
  });

  it.each<[boolean, object | undefined]>([
    [false, undefined],
    [false, { nodeSelector: { 'kubernetes.io/os': 'linux' } }],
    [true, { nodeSelector: { 'kubernetes.io/os': 'windows' } }],
    [true, { nodeSelector: { 'beta.kubernetes.io/os': 'windows' } }],
    [true, { os: { name: 'windows' } }],
    [true, affinity({ key: 'kubernetes.io/os', operator: 'In', values: ['windows'] })],
    [false, affinity({ key: 'kubernetes.io/os', operator: 'NotIn', values: ['windows'] })],
    [false, { affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{}] } } } }],
  ])('Windows is %s for %j', (expected, spec) => {
    expect(wantsWindows(spec)).toBe(expected);
  });

  it('offers at most five ready Linux nodes', () => {
    const ready = { conditions: [{ type: 'Ready', status: 'True' }] };
    const nodes = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => readNode(node({}, ready, name)));
    expect(
      candidateNodes({}, [readNode(node({}, {}, 'not-ready')), readNode(node({ 'kubernetes.io/os': 'windows' }, ready, 'win')), ...nodes]),
    ).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(candidateNodes({ nodeSelector: { x: 'y' } }, nodes)).toEqual([]);
  });
});

describe('workloads', () => {
  const world = { prefix: PREFIX, profiles: [] };
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
  const store = (kind: string, auth: object, metadata: Partial<ObjectMeta> = {}) =>
    object(kind, { spec: { provider: { aws: { auth } } } }, metadata);
  const jwt = (reference: object) => ({ jwt: { serviceAccountRef: reference } });

  it('reads the service accounts that secret stores name', () => {
    const { namespace: _, ...clusterWide } = store('ClusterSecretStore', jwt({ name: 'sa', namespace: 'ops' })).metadata;
    expect(
      secretStoreUsers([
        store('SecretStore', jwt({ name: 'api', namespace: 'ignored' })),
        { ...store('ClusterSecretStore', jwt({ name: 'sa', namespace: 'ops' })), metadata: clusterWide },
        { ...store('ClusterSecretStore', jwt({ name: 'any' })), metadata: clusterWide },
        store('SecretStore', {}),
        object('SecretStore', { spec: { provider: { vault: {} } } }),
      ]),
    ).toEqual([
      { subject: 'SecretStore/shop/x', namespace: 'shop', serviceAccount: 'api' },
      { subject: 'ClusterSecretStore/x', namespace: 'ops', serviceAccount: 'sa' },
      { subject: 'ClusterSecretStore/x', namespace: '*', serviceAccount: 'any' },
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
    expect(legacyFacts(object('Deployment', template({ 'iam.amazonaws.com/role': 'r' })))).toEqual([
      { subject: 'Deployment/shop/x', kind: 'annotation', name: 'r' },
    ]);
    expect(legacyFacts(object('Deployment', template({ 'iam.amazonaws.com/role': '' })))).toEqual([]);
    expect(legacyFacts(object('DaemonSet', template({}, 'quay.io/uswitch/kiam:v4.2')))).toEqual([
      { subject: 'DaemonSet/shop/x', kind: 'daemon', name: 'kiam' },
    ]);
    expect(legacyFacts(object('DaemonSet', template({}, 'jtblin/kube2iam@sha256:00')))).toEqual([
      { subject: 'DaemonSet/shop/x', kind: 'daemon', name: 'kube2iam' },
    ]);
    expect(legacyFacts(object('DaemonSet', template({}, 'example.com/not-kiam:1')))).toEqual([]);
    expect(legacyFacts(object('DaemonSet', { spec: {} }))).toEqual([]);
  });
});
