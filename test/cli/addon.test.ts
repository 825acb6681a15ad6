import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CNI_VERSION, type World, walkThrough } from '../support/walk-through.ts';
import { podshift } from './spawn.ts';

let world: World;
beforeAll(async () => {
  world = await walkThrough('self-managed');
});
afterAll(() => world.remove());

const permissions = (...args: string[]) => podshift('addon', 'permissions', ...args, '--snapshot', world.folder);
const ROLE = 'AmazonEKSPodIdentityAmazonVPCCNIRole';

describe('addon permissions', () => {
  it('prints what a version needs: its service account, the policy that EKS recommends, a scoped trust policy', async () => {
    const { code, stdout } = await permissions('vpc-cni', '--version', CNI_VERSION, '-o', 'json');
    expect(code).toBe(0);
    const answer = JSON.parse(stdout);
    expect(answer).toMatchObject({
      kind: 'AddonPermissions',
      addonName: 'vpc-cni',
      addonVersion: CNI_VERSION,
      isDefaultVersion: true,
      requiresIamPermissions: true,
      roles: [
        {
          namespace: 'kube-system',
          serviceAccount: 'aws-node',
          roleName: ROLE,
          managedPolicies: ['arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy'],
        },
      ],
    });
    expect(JSON.parse(answer.roles[0].trustPolicy).Statement).toMatchObject([
      {
        Principal: { Service: 'pods.eks.amazonaws.com' },
        Action: ['sts:AssumeRole', 'sts:TagSession'],
        Condition: {
          StringEquals: {
            'aws:SourceAccount': '444455556666',
            'aws:RequestTag/eks-cluster-arn': 'arn:aws:eks:eu-central-1:444455556666:cluster/shop',
            'aws:RequestTag/kubernetes-namespace': 'kube-system',
            'aws:RequestTag/kubernetes-service-account': 'aws-node',
          },
        },
      },
    ]);
  });

  it('says it in words, of the default version too', async () => {
    const [named, usual] = await Promise.all([permissions('vpc-cni', `--version=${CNI_VERSION}`), permissions('vpc-cni')]);
    expect(named.stdout).toBe(usual.stdout);
    expect(named.stdout).toContain('service account  kube-system/aws-node');
    expect(named.stdout).toContain(`role             ${ROLE}`);
    expect(named.stdout).toContain('policy           arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy');
  });

  it('makes the role with --create-role, and only with --approve', async () => {
    const [asked, made] = await Promise.all([
      permissions('vpc-cni', '--create-role'),
      permissions('vpc-cni', '--create-role', '--approve'),
    ]);
    expect([asked.code, made.code]).toEqual([0, 0]);
    expect(asked.stderr).toContain(`would create the role ${ROLE}; nothing was changed; run again with --approve`);
    expect(made.stderr).toContain(`created arn:aws:iam::444455556666:role/${ROLE}`);
  });

  it.each([
    ['an add-on that does not exist', ['vpc-cna'], 'EKS has no add-on vpc-cna for Kubernetes 1.30'],
    [
      'a version that does not exist',
      ['vpc-cni', '--version', 'v9.9.9-eksbuild.1'],
      `EKS has no version v9.9.9-eksbuild.1 of the add-on vpc-cni for Kubernetes 1.30; it has ${CNI_VERSION}`,
    ],
  ])('names %s, and ends with 2', async (_, args, message) => {
    const { code, stdout, stderr } = await permissions(...args, '--create-role', '--approve');
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr.replaceAll(/\s+/g, ' ')).toContain(message);
  });

  it('says of an add-on without permissions that it needs none', async () => {
    const { code, stdout } = await permissions('coredns', '--create-role', '--approve');
    expect([code, stdout]).toEqual([0, 'add-on coredns v1.12.1-eksbuild.2 (default): it needs no permissions of IAM\n']);
  });
});
