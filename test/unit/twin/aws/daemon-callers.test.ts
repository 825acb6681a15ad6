import { describe, expect, it } from 'vitest';
import { createVirtualClock } from '../../../../twin/clock.ts';
import { snapshotFromObjects } from '../../../../twin/snapshot.ts';
import { startTwin } from '../../../../twin/twin.ts';
import { irsaStatement, role, roleArn, START, shopParts, trust } from '../../../support/twin-account.ts';
import { pod } from '../../../support/twin-pods.ts';

const trusting = (name: string) => trust({ Effect: 'Allow', Principal: { AWS: roleArn(name) }, Action: 'sts:AssumeRole' });
const EC2 = trust({ Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' });
const READY = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };

/** Who a pod that asks for the role `reader` is, where kube2iam runs so and `reader` trusts this role. */
async function readerOf(daemon: Parameters<typeof pod>[0], trusted: string, more: Parameters<typeof shopParts>[0] = {}): Promise<string> {
  const made = pod(daemon);
  const kube2iam = {
    ...made,
    metadata: { ...made.metadata, namespace: 'kube-system' },
    spec: {
      ...made.spec,
      hostNetwork: true,
      containers: made.spec.containers.map((one: object) => ({
        ...one,
        name: 'kube2iam',
        image: 'jtblin/kube2iam:0.11.1',
        args: ['--iptables', '--host-interface=eni+', '--host-ip=$(HOST_IP)'],
      })),
    },
    status: READY,
  };
  const app = pod({ name: 'app', serviceAccount: 'other' });
  const asking = { ...app, metadata: { ...app.metadata, annotations: { 'iam.amazonaws.com/role': roleArn('reader') } }, status: READY };
  const account = {
    RoleDetailList: [
      role('node', EC2),
      role('other-node', EC2),
      role('kube2iam', trust(irsaStatement('kube-system', 'kube2iam'))),
      role('reader', trusting(trusted)),
    ],
  };
  const parts = shopParts({ account, ...more });
  const snapshot = snapshotFromObjects({
    ...parts,
    objects: [
      ...parts.objects,
      { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'kube2iam', namespace: 'kube-system' } },
      kube2iam,
      asking,
    ],
  });
  const twin = await startTwin({ snapshot, clock: createVirtualClock(START) });
  try {
    const found = twin.kubernetes.object('Pod', 'shop', 'app');
    const { roleArn: arn, error } = twin.identities.callerIdentity(found as never, 'app');
    return error === '' ? (arn.split('/').at(-1) as string) : error;
  } finally {
    await twin.close();
  }
}

describe('kube2iam asks STS', () => {
  const node = { name: 'kube2iam-1', serviceAccount: 'kube2iam' } as const;

  it('as its node', async () => {
    expect(await readerOf(node, 'node')).toBe('reader');
    expect(await readerOf(node, 'kube2iam')).toContain('AccessDenied');
  });

  it('as a role of its own where it has one', async () => {
    expect(await readerOf({ ...node, mode: 'irsa' }, 'kube2iam')).toBe('reader');
    expect(await readerOf({ ...node, mode: 'irsa' }, 'node')).toContain('AccessDenied');
  });

  it('with keys that it was given, whoever they are of', async () => {
    const env = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'].map((name) => ({
      name,
      valueFrom: { secretKeyRef: { name: 'keys', key: name } },
    }));
    expect(await readerOf({ ...node, env }, 'somebody')).toBe('reader');
  });

  it.each<[string, Parameters<typeof shopParts>[0]]>([
    ['an access entry', { accessEntries: [{ principalArn: roleArn('other-node'), type: 'EC2_LINUX' }] }],
    ['a node group', { nodegroups: [{ nodegroupName: 'a', nodeRole: roleArn('other-node') }] }],
  ])('as the node of this cluster, by %s', async (_how, more) => {
    expect(await readerOf(node, 'other-node', more)).toBe('reader');
    expect(await readerOf(node, 'node', more)).toContain('AccessDenied');
  });
});
