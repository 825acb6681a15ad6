import { describe, expect, it } from 'vitest';
import type { RoleWithTags } from '../../../src/aws/gateways.ts';
import { identityController } from '../../../src/inventory/controllers.ts';
import type { FakeWorld } from '../fixtures/fake-gateways.ts';
import { edit, object, small, take } from '../fixtures/inventory-worlds.ts';

const ARN = 'arn:aws:iam::123456789012:role';
const WORKER = { arn: 'arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy', document: '' };

const machine = (
  name: string,
  policies: NonNullable<RoleWithTags['policies']> = [WORKER],
  service = 'ec2.amazonaws.com',
  path = '/',
): RoleWithTags => ({
  roleName: name,
  arn: `${ARN}${path}${name}`,
  path,
  trustPolicy: JSON.stringify({ Statement: [{ Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' }] }),
  tags: {},
  policies,
});
const awsAuth = (text: unknown) =>
  edit({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'aws-auth', namespace: 'kube-system' }, data: { mapRoles: text } });

const rolesOf = async (changes: (world: FakeWorld) => void) => {
  const { inventory, log } = await take(small(changes));
  return { roles: inventory.platform?.nodeRoles ?? [], workloads: inventory.workloads, log };
};

describe('the roles of nodes', () => {
  it('are those of access entries that machines run as', async () => {
    const { roles, log } = await rolesOf((world) => {
      world.cluster = { ...world.cluster, authenticationMode: 'API' };
      world.roles.push(machine('mine'), machine('other-cluster'), machine('person', [WORKER], 'lambda.amazonaws.com'));
      world.accessEntries = [`${ARN}/mine`, `${ARN}/person`];
    });
    expect(roles).toEqual([{ arn: `${ARN}/mine`, agent: 'yes', nodeNames: null }]);
    expect(log).not.toContain('get configmaps kube-system/aws-auth');
    expect(log).not.toContain('ListNodegroups');
  });

  const boundary = (statement: object) => ({
    arn: `arn:aws:iam::123456789012:policy/limits`,
    document: JSON.stringify({ Statement: [statement] }),
  });
  it.each([
    [
      'refuses',
      boundary({ Effect: 'Allow', Action: ['ec2:*', 'eks:*'] }),
      { agent: 'no', boundary: 'arn:aws:iam::123456789012:policy/limits' },
    ],
    ['denies', boundary({ Effect: 'Deny', NotAction: 'ec2:*' }), { agent: 'no', boundary: 'arn:aws:iam::123456789012:policy/limits' }],
    ['lets in', boundary({ Effect: 'Allow', Action: 'eks-auth:*' }), { agent: 'yes' }],
    ['was not read and', { arn: 'arn:aws:iam::123456789012:policy/limits', document: '' }, { agent: 'unknown' }],
    ["of AWS's own", { arn: 'arn:aws:iam::aws:policy/PowerUserAccess', document: '' }, { agent: 'yes' }],
  ])('are limited by their boundary: one that %s decides with them', async (_what, limits, expected) => {
    const { roles } = await rolesOf((world) => {
      world.cluster = { ...world.cluster, authenticationMode: 'API' };
      world.roles.push({ ...machine('mine'), boundary: limits });
      world.accessEntries = [`${ARN}/mine`];
    });
    expect(roles).toEqual([{ arn: `${ARN}/mine`, nodeNames: null, ...expected }]);
  });

  it('are those of aws-auth, whose ARNs have no path', async () => {
    const { roles, log } = await rolesOf((world) => {
      world.cluster = { ...world.cluster, authenticationMode: undefined };
      world.roles.push(machine('deep', [], 'ec2.amazonaws.com', '/team/'), machine('other-cluster'));
      world.objects.push(awsAuth(`- rolearn: ${ARN}/deep\n  groups: [system:nodes]\n- nothing: here\n- text`));
    });
    expect(roles).toEqual([{ arn: `${ARN}/team/deep`, agent: 'no', nodeNames: null }]);
    expect(log).not.toContain('ListAccessEntries');
  });

  it('are those of hybrid nodes as well', async () => {
    const { roles } = await rolesOf((world) => {
      world.roles.push(machine('hybrid', [], 'ssm.amazonaws.com'));
      world.accessEntries = [`${ARN}/hybrid`];
    });
    expect(roles.map(({ arn }) => arn)).toEqual([`${ARN}/hybrid`]);
  });

  it.each<[string, (world: FakeWorld) => void]>([
    ['access entries may not be read', (world) => (world.accessEntries = 'denied')],
    ['neither names one', (world) => world.objects.push(awsAuth('no: list'))],
    ['aws-auth is no YAML', (world) => world.objects.push(awsAuth('- [a'))],
    ['aws-auth is empty', (world) => world.objects.push(awsAuth(undefined))],
  ])('are guessed by their policies where %s', async (_, change) => {
    const { roles } = await rolesOf((world) => {
      const { policies: _, ...unread } = machine('unread');
      world.cluster = { ...world.cluster, authenticationMode: 'API_AND_CONFIG_MAP' };
      world.roles.push(machine('node'), machine('vm', []), unread);
      change(world);
    });
    expect(roles).toEqual([{ arn: `${ARN}/node`, agent: 'yes', nodeNames: null }]);
  });

  it('are told apart by node where they differ: by node groups, and by node classes of Karpenter', async () => {
    const { roles, workloads, log } = await rolesOf((world) => {
      const nodes = world.objects.filter(({ kind }) => kind === 'Node').map(edit);
      const labels = [
        { 'eks.amazonaws.com/nodegroup': 'good' },
        { 'eks.amazonaws.com/nodegroup': 'bad' },
        { 'karpenter.k8s.aws/ec2nodeclass': 'by-role' },
        { 'karpenter.k8s.aws/ec2nodeclass': 'by-profile' },
      ];
      for (const [index, node] of nodes.entries()) Object.assign(node.metadata.labels, labels[index]);
      const nodeClass = (name: string, fields: object) =>
        edit({ ...object('EC2NodeClass', fields, { name }), apiVersion: 'karpenter.k8s.aws/v1' });
      world.objects.push(
        nodeClass('by-role', { spec: { role: 'lacks' } }),
        nodeClass('by-profile', { status: { instanceProfile: 'profile-1' } }),
        nodeClass('unknown', {}),
      );
      world.roles.push(machine('works'), { ...machine('lacks', []), instanceProfiles: ['profile-1'] });
      world.accessEntries = [`${ARN}/works`, `${ARN}/lacks`];
      world.nodegroups = [
        { name: 'good', nodeRoleArn: `${ARN}/works` },
        { name: 'bad', nodeRoleArn: `${ARN}/lacks` },
      ];
    });
    expect(roles.map(({ arn, agent, nodeNames }) => [arn, agent, nodeNames?.length])).toEqual([
      [`${ARN}/lacks`, 'no', 3],
      [`${ARN}/works`, 'yes', 1],
    ]);
    expect(workloads[0]?.unservedNodes).toEqual(roles[0]?.nodeNames);
    expect(log).toContain('ListNodegroups');
  });

  it('are not asked of nodes that say nothing', async () => {
    const { roles, workloads, log } = await rolesOf((world) => {
      world.roles.push(machine('works'), machine('lacks', []));
      world.accessEntries = [`${ARN}/works`, `${ARN}/lacks`];
    });
    expect(roles.map(({ nodeNames }) => nodeNames)).toEqual([[], []]);
    expect(workloads[0]?.unservedNodes).toBeUndefined();
    expect(log).not.toContain('ListNodegroups');
  });
});

describe('a controller of identities', () => {
  it.each([
    ['public.ecr.aws/aws-controllers-k8s/eks-controller:1.4', 'manages'],
    ['xpkg.upbound.io/upbound/provider-aws-eks:v1', 'manages'],
    ['ghcr.io/restatedev/pod-identity-operator:1', 'manages'],
    ['example.com/pod-identity-reloader@sha256:00', 'manages'],
    ['quay.io/giantswarm/irsa-operator:0.9', 'manages'],
    ['docker.io/udhos/eks-auto-pod-id-assoc:1.2', 'by-annotation'],
    ['nginx:1', undefined],
  ])('is known by its image: %s', (image, expected) => {
    expect(identityController({ containers: [{ image }] })).toBe(expected);
  });

  it('is nothing without containers', () => {
    expect(identityController(undefined)).toBeUndefined();
  });
});
