import { describe, expect, it } from 'vitest';
import { takeInventory } from '../../../../src/inventory/inventory.ts';
import type { KubernetesObject } from '../../../../src/kubernetes/gateway.ts';
import { type ErrorName, PodshiftError } from '../../../../src/model/errors.ts';
import { migrationOptions } from '../../../../src/model/options.ts';
import { type FakeWorld, fakeGateways } from '../../fixtures/fake-gateways.ts';
import { clock, find, small, take } from '../../fixtures/inventory-worlds.ts';

const custom = (apiVersion: string, kind: string, name: string, spec: object, namespace = 'team-0'): KubernetesObject => ({
  apiVersion,
  kind,
  metadata: { name, namespace },
  spec,
});
const withObjects = (...objects: KubernetesObject[]): FakeWorld => small((world) => void world.objects.push(...objects));
const role = (name: string): string => `arn:aws:iam::123456789012:role/${name}`;

describe('the pass over custom resources', () => {
  it('keeps what names a service account that has a role, whatever the kind', async () => {
    const { inventory } = await take(
      withObjects(
        custom('example.com/v1', 'Thing', 'a', { serviceAccountName: 'app-0' }),
        custom('example.com/v1', 'Thing', 'b', { serviceAccountName: 'nobody' }),
        custom('example.com/v1', 'Thing', 'c', { serviceAccountName: 'app-0' }, 'elsewhere'),
      ),
    );
    expect(inventory.indirectUsers.map(({ subject, needs }) => [subject, needs])).toEqual([['Thing/team-0/a', 'unknown']]);
  });

  it('names a custom resource that speaks of web identity and of no service account', async () => {
    const { inventory } = await take(
      withObjects(custom('aws.upbound.io/v1beta1', 'ProviderConfig', 'default', { credentials: { source: 'WebIdentity' } })),
    );
    expect(inventory.customResources).toEqual({
      unread: [],
      webIdentity: [{ subject: 'ProviderConfig/team-0/default', at: 'spec.credentials.source' }],
    });
  });

  it.each<[ErrorName, boolean]>([
    ['KubernetesForbidden', true],
    ['ServiceUnavailable', true],
    ['Throttled', false],
  ])('where a kind cannot be listed by %s', async (name, isUnread) => {
    const gateways = fakeGateways(withObjects(custom('example.com/v1', 'Thing', 'a', { serviceAccountName: 'app-0' })));
    const { list } = gateways.kubernetes;
    const failing = {
      ...gateways.kubernetes,
      list: async (...[resource, options]: Parameters<typeof list>) => {
        if (resource.kind === 'Thing') throw new PodshiftError(name, 'no');
        return list(resource, options);
      },
    };
    const taken = takeInventory(gateways.aws, failing, migrationOptions.parse({}), clock);
    if (isUnread) expect((await taken).customResources?.unread).toEqual(['things.example.com']);
    else await expect(taken).rejects.toMatchObject({ name });
  });

  it.each<[string, () => Promise<never>, string[] | undefined]>([
    ['refused', () => Promise.reject(new PodshiftError('KubernetesForbidden', 'no')), ['*']],
    ['failing', () => Promise.reject(new PodshiftError('ClusterUnreachable', 'no')), undefined],
  ])('where discovery is %s', async (_, discover, unread) => {
    const gateways = fakeGateways(small());
    const taken = takeInventory(gateways.aws, { ...gateways.kubernetes, discover }, migrationOptions.parse({}), clock);
    if (unread === undefined) await expect(taken).rejects.toMatchObject({ name: 'ClusterUnreachable' });
    else expect((await taken).customResources?.unread).toEqual(unread);
  });

  it('names the groups whose own server does not answer', async () => {
    const gateways = fakeGateways(small());
    const discover = async () => ({ resources: [], unanswered: ['example.com'] });
    const inventory = await takeInventory(gateways.aws, { ...gateways.kubernetes, discover }, migrationOptions.parse({}), clock);
    expect(inventory.customResources?.unread).toEqual(['*.example.com']);
  });
});

describe('KEDA', () => {
  const authentication = (podIdentity: object, kind = 'TriggerAuthentication') =>
    custom('keda.sh/v1alpha1', kind, 'aws', { podIdentity: { provider: 'aws', ...podIdentity } });
  const scaled = (target: object, trigger: object = {}) =>
    custom('keda.sh/v1alpha1', 'ScaledObject', 'scaler', {
      scaleTargetRef: target,
      triggers: [{ type: 'cron' }, { authenticationRef: { name: 'aws' }, ...trigger }],
    });
  const needs = async (...objects: KubernetesObject[]) =>
    (await take(withObjects(...objects))).inventory.indirectUsers.map(({ subject, needs: need, at }) => `${subject} ${need} ${at}`);
  const FOUND = ['ScaledObject/team-0/scaler annotation TriggerAuthentication/team-0/aws'];

  it.each<[string, KubernetesObject[], string[]]>([
    ['the identity of the workload', [authentication({ identityOwner: 'workload' }), scaled({ name: 'app-0' })], FOUND],
    ['the provider aws-eks', [authentication({ provider: 'aws-eks' }), scaled({ kind: 'Deployment', name: 'app-0' })], FOUND],
    ['its own identity', [authentication({ identityOwner: 'keda' }), scaled({ name: 'app-0' })], []],
    ['its own identity by default', [authentication({}), scaled({ name: 'app-0' })], []],
    [
      'its own identity for one trigger',
      [authentication({ provider: 'aws-eks' }), scaled({ name: 'app-0' }, { metadata: { identityOwner: 'operator' } })],
      [],
    ],
    ['another workload', [authentication({ identityOwner: 'workload' }), scaled({ kind: 'StatefulSet', name: 'app-0' })], []],
    [
      'nothing, as there is no target',
      [authentication({ identityOwner: 'workload' }), custom('keda.sh/v1alpha1', 'ScaledObject', 's', {})],
      [],
    ],
    [
      'the identity of the workload, by an authentication of the whole cluster',
      [
        { ...authentication({ identityOwner: 'workload' }, 'ClusterTriggerAuthentication'), metadata: { name: 'aws' } },
        scaled({ name: 'app-0' }, { authenticationRef: { name: 'aws', kind: 'ClusterTriggerAuthentication' } }),
      ],
      ['ScaledObject/team-0/scaler annotation ClusterTriggerAuthentication/aws'],
    ],
    [
      'the identity of a Job’s pods for a secret',
      [
        custom('keda.sh/v1alpha1', 'TriggerAuthentication', 'aws', {
          awsSecretManager: { podIdentity: { provider: 'aws', identityOwner: 'workload' } },
        }),
        custom('keda.sh/v1alpha1', 'ScaledJob', 'job', {
          jobTargetRef: { template: { spec: { serviceAccountName: 'app-0' } } },
          triggers: [{ authenticationRef: { name: 'aws' } }],
        }),
      ],
      [
        'ScaledJob/team-0/job annotation TriggerAuthentication/team-0/aws',
        'ScaledJob/team-0/job pods spec.jobTargetRef.template.spec.serviceAccountName',
      ],
    ],
    [
      'the default service account of a Job’s pods',
      [
        authentication({ identityOwner: 'workload' }),
        custom('keda.sh/v1alpha1', 'ScaledJob', 'job', { triggers: [{ authenticationRef: { name: 'aws' } }] }),
      ],
      [],
    ],
  ])('scales by %s', async (_, objects, expected) => {
    expect(await needs(...objects)).toEqual(expected);
  });
});

describe('roles of the account', () => {
  it('that trust this one by name are known, though its permissions say "*" or are not read', async () => {
    const trusting = JSON.stringify({ Statement: [{ Principal: { AWS: role('role-0') }, Action: 'sts:AssumeRole', Effect: 'Allow' }] });
    const world = small((given) => {
      given.roles.push({
        ...(given.roles[0] as (typeof given.roles)[number]),
        roleName: 'deployer',
        arn: role('deployer'),
        trustPolicy: trusting,
      });
    });
    const { inventory } = await take(world);
    expect(inventory.roles.find(({ name }) => name === 'role-0')?.chained).toEqual([{ arn: role('deployer'), trustPolicy: trusting }]);
  });

  it('that trust the cluster’s issuer are known, though nobody is annotated with them', async () => {
    const world = small((given) => {
      const [first] = given.roles as [(typeof given.roles)[number]];
      given.roles.push(
        { ...first, roleName: 'second', arn: role('second') },
        { ...first, roleName: 'ec2', arn: role('ec2'), trustPolicy: '{}' },
      );
    });
    expect((await take(world)).inventory.trusting?.map(({ arn }) => arn)).toEqual([role('second')]);
    expect((await take({ ...world, cluster: { ...world.cluster, oidcIssuer: undefined } })).inventory.trusting).toEqual([]);
  });
});

describe('a daemon', () => {
  it('is asked by the pods that a custom resource starts', async () => {
    const template = { metadata: { annotations: { 'iam.amazonaws.com/role': 'etl' } } };
    const world = withObjects(custom('argoproj.io/v1alpha1', 'WorkflowTemplate', 'etl', { templates: [template] }));
    world.objects.push({
      ...find(world, 'Deployment'),
      kind: 'DaemonSet',
      metadata: { name: 'kube2iam', namespace: 'kube-system' },
      spec: {
        template: { spec: { containers: [{ image: 'jtblin/kube2iam:0.11.2', args: ['--iptables=true', '--host-ip=$(HOST_IP)'] }] } },
      },
    });
    const { inventory } = await take(world);
    expect(inventory.legacy).toContainEqual({ subject: 'WorkflowTemplate/team-0/etl', kind: 'annotation', name: 'etl' });
  });
});
