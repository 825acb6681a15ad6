import { afterEach, describe, expect, it } from 'vitest';
import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import type { ObjectChange } from '../../twin/contracts.ts';
import { Watch } from '../../twin/watch.ts';
import {
  ACCOUNT,
  CLUSTER_ARN,
  ISSUER,
  irsaStatement,
  podIdentityStatement,
  REGION,
  role,
  roleArn,
  shopParts,
  startTwinAccount,
  trust,
} from '../support/twin-account.ts';
import { agentPod, deployment, pod } from '../support/twin-pods.ts';

const IRSA = trust(irsaStatement('shop', 'cart'));
const BOTH = trust(irsaStatement('shop', 'cart'), podIdentityStatement('shop', 'cart'));
const running = (name: string, mode: 'irsa' | 'pod-identity' | 'none', serviceAccount = 'cart') =>
  pod({ name, serviceAccount, mode, deployment: serviceAccount });

describe('the watch over the promises', () => {
  let account: Awaited<ReturnType<typeof startTwinAccount>> | undefined;
  /** The shop with one running IRSA pod of `cart`, an agent, and the watch begun. */
  const open = async (options: { trust?: string; pods?: readonly KubernetesObject[] } = {}) => {
    account = await startTwinAccount({
      parts: {
        account: {
          RoleDetailList: [
            role('cart', options.trust ?? IRSA),
            role('mail', trust(irsaStatement('shop', 'mail'))),
            role('free', trust({ Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' })),
          ],
        },
        objects: [...shopParts().objects, ...deployment('cart', 'cart'), ...deployment('other', 'other')],
      },
    });
    const twin = account;
    for (const one of [agentPod('node-1'), ...(options.pods ?? [running('cart-a', 'irsa')])]) twin.cluster.apply(one);
    const watch = new Watch({ ...twin, kubernetes: twin.cluster, clock: twin.clock });
    const write = (name: string, text: string, by: 'request' | 'system' = 'request') => {
      const found = twin.state.role(name);
      if (found === undefined) throw new Error(`no role ${name}`);
      twin.state.writeTrust(found, text, by);
    };
    const associate = (serviceAccount: string, name: string) =>
      twin.state.createAssociation({ namespace: 'shop', serviceAccount, roleArn: roleArn(name) }, 'request');
    const edit = (kind: string, name: string, change: (object: KubernetesObject) => unknown, by: ObjectChange['by'] = 'request') => {
      const object = twin.cluster.object(kind, 'shop', name);
      if (object === undefined) throw new Error(`no ${kind} ${name}`);
      twin.cluster.put(change(structuredClone(object)) as KubernetesObject, by);
    };
    return { twin, watch, write, associate, edit };
  };
  afterEach(async () => {
    await account?.close();
    account = undefined;
  });
  const clean = { credentialGapSeconds: 0, widenedPrincipals: [], foreignWrites: 0 };
  const ours = (more: Record<string, unknown> = {}) => trust(irsaStatement('shop', 'cart'), podIdentityStatement('shop', 'cart', more));
  const restart = (object: KubernetesObject) => ({
    ...object,
    spec: {
      ...object.spec,
      template: {
        ...object.spec.template,
        metadata: { ...object.spec.template.metadata, annotations: { 'kubectl.kubernetes.io/restartedAt': '2026-03-02T09:00:00Z' } },
      },
    },
  });
  const annotate = (annotations: Record<string, string>) => (object: KubernetesObject) => ({
    ...object,
    metadata: { ...object.metadata, annotations },
  });

  it('has nothing to say of a right migration', async () => {
    const { twin, watch, write, associate, edit } = await open();
    write('cart', BOTH);
    await twin.clock.advance(8_000);
    associate('cart', 'cart');
    await twin.clock.advance(6_000);
    const probe = {
      ...running('probe', 'pod-identity'),
      metadata: { ...pod({ name: 'probe', serviceAccount: 'cart' }).metadata, labels: { 'app.kubernetes.io/managed-by': 'podshift' } },
    };
    twin.cluster.put(probe, 'request');
    twin.cluster.take('Pod', 'shop', 'probe', 'request');
    edit('Deployment', 'cart', restart);
    twin.cluster.apply(running('cart-b', 'pod-identity'));
    await twin.clock.advance(5_000);
    twin.cluster.remove('Pod', 'shop', 'cart-a');
    edit('ServiceAccount', 'cart', annotate({}));
    await twin.clock.advance(3_600_000);
    expect(watch.promises()).toEqual(clean);
    expect(watch.compareWithBaseline().map((line) => line.split(':')[0])).toEqual([
      'Role/cart',
      'ServiceAccount/shop/cart',
      'Deployment/shop/cart',
      'Association',
    ]);
  });

  describe('continuity', () => {
    it('counts the seconds in which a running pod cannot obtain its role', async () => {
      const { twin, watch, write } = await open();
      write('cart', trust(podIdentityStatement('shop', 'cart')));
      await twin.clock.advance(10_000);
      expect(watch.promises().credentialGapSeconds).toBe(2);
      write('cart', BOTH);
      await twin.clock.advance(60_000);
      expect(watch.promises().credentialGapSeconds).toBe(10);
      expect(watch.gaps).toMatchObject([
        { pod: 'shop/cart-a', container: 'app', roleArn: roleArn('cart'), reason: expect.stringContaining('AccessDenied') },
      ]);
    });

    it('counts a new pod that comes up with the wrong identity, not one that is starting', async () => {
      const { twin, watch } = await open();
      twin.cluster.apply({ ...running('cart-b', 'none'), status: { phase: 'Pending' } });
      await twin.clock.advance(30_000);
      expect(watch.promises().credentialGapSeconds).toBe(0);
      twin.cluster.apply(running('cart-b', 'none'));
      await twin.clock.advance(4_000);
      twin.cluster.remove('Pod', 'shop', 'cart-b');
      await twin.clock.advance(4_000);
      expect(watch.promises().credentialGapSeconds).toBe(4);
      expect(watch.gaps[0]?.reason).toContain('by instance-metadata');
    });

    it('counts a pod by Pod Identity from the moment the cache runs out, after its association is gone', async () => {
      const { twin, watch, write, associate } = await open();
      write('cart', BOTH);
      await twin.clock.advance(8_000);
      const association = associate('cart', 'cart');
      twin.cluster.apply(running('cart-b', 'pod-identity'));
      twin.cluster.remove('Pod', 'shop', 'cart-a');
      await twin.clock.advance(1_000);
      twin.state.deleteAssociation(association, 'request');
      await twin.clock.advance(3 * 3_600_000 - 1_000);
      expect(watch.promises().credentialGapSeconds).toBe(0);
      await twin.clock.advance(7_000);
      expect(watch.promises().credentialGapSeconds).toBe(7);
    });

    it('counts pods whose agent goes away before they have credentials, and ends with its return', async () => {
      const { twin, watch, write, associate } = await open();
      write('cart', BOTH);
      await twin.clock.advance(8_000);
      associate('cart', 'cart');
      twin.cluster.apply(agentPod('node-1', false));
      twin.cluster.apply(running('cart-b', 'pod-identity'));
      await twin.clock.advance(3_000);
      twin.cluster.apply(agentPod('node-1'));
      await twin.clock.advance(3_000);
      expect(watch.promises().credentialGapSeconds).toBe(3);
    });

    it('does not hold a pod to what no pod of its workload had', async () => {
      const { twin, watch } = await open({ pods: [running('other-a', 'none', 'other'), running('cart-a', 'irsa')] });
      twin.cluster.apply(running('other-b', 'none', 'other'));
      await twin.clock.advance(60_000);
      expect(watch.promises()).toEqual(clean);
    });
  });

  describe('widening', () => {
    const podsOf = (serviceAccount: string, cluster = CLUSTER_ARN) =>
      `pods.eks.amazonaws.com for system:serviceaccount:${serviceAccount} of ${cluster}`;
    const other = `another cluster (arn:aws:eks:${REGION}:${ACCOUNT}:cluster/podshift-other)`;
    const equals = (values: Record<string, unknown>) => ({ Condition: { StringEquals: values } });
    const scope = {
      'aws:SourceAccount': ACCOUNT,
      'aws:RequestTag/eks-cluster-arn': CLUSTER_ARN,
      'aws:RequestTag/kubernetes-namespace': 'shop',
      'aws:RequestTag/kubernetes-service-account': 'cart',
    };
    it.each<[string, string, string]>([
      [
        'another service account of the namespace',
        ours(equals({ ...scope, 'aws:RequestTag/kubernetes-service-account': ['cart', 'other'] })),
        podsOf('shop:other'),
      ],
      [
        'a service account that is not there yet',
        ours(equals({ ...scope, 'aws:RequestTag/kubernetes-service-account': ['cart', 'future'] })),
        podsOf('shop:future'),
      ],
      [
        'the same name in another namespace',
        ours(equals({ ...scope, 'aws:RequestTag/kubernetes-namespace': ['shop', 'elsewhere'] })),
        podsOf('elsewhere:cart'),
      ],
      [
        'any service account of the namespace',
        ours(equals({ ...scope, 'aws:RequestTag/kubernetes-service-account': undefined })),
        podsOf('shop:podshift-stranger'),
      ],
      [
        'a pattern',
        ours({
          Condition: {
            StringEquals: { ...scope, 'aws:RequestTag/kubernetes-service-account': undefined },
            StringLike: { 'aws:RequestTag/kubernetes-service-account': 'cart*' },
          },
        }),
        podsOf('shop:cartpodshift-any'),
      ],
      ['another cluster', ours(equals({ ...scope, 'aws:RequestTag/eks-cluster-arn': undefined })), podsOf('shop:cart', other)],
      ['no condition at all', ours({ Condition: undefined }), podsOf('shop:mail')],
      [
        'another service',
        trust(irsaStatement('shop', 'cart'), { Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' }),
        'lambda.amazonaws.com',
      ],
      [
        'an account',
        trust(irsaStatement('shop', 'cart'), {
          Effect: 'Allow',
          Principal: { AWS: '444455556666' },
          Action: 'sts:AssumeRole',
          ...equals({ 'sts:ExternalId': 'x' }),
        }),
        'arn:aws:iam::444455556666:root',
      ],
      [
        'everyone',
        trust(irsaStatement('shop', 'cart'), { Effect: 'Allow', Principal: '*', Action: 'sts:*' }),
        'arn:aws:iam::999999999999:role/podshift-stranger',
      ],
      [
        'another subject of the issuer',
        trust(irsaStatement('shop', 'cart'), irsaStatement('shop', 'other')),
        `arn:aws:iam::${ACCOUNT}:oidc-provider/${ISSUER} system:serviceaccount:shop:other`,
      ],
      [
        'every subject of the issuer',
        trust({ ...irsaStatement('shop', 'cart'), Condition: undefined }),
        `arn:aws:iam::${ACCOUNT}:oidc-provider/${ISSUER} system:serviceaccount:shop:mail`,
      ],
    ])('sees a trust policy that comes to admit %s', async (_what, text, principal) => {
      const { watch, write } = await open();
      write('cart', text);
      expect(watch.promises().widenedPrincipals).toContain(`${roleArn('cart')}: ${principal}`);
    });

    it('sees a Deny that is taken away', async () => {
      const deny = {
        Effect: 'Deny',
        Principal: '*',
        Action: 'sts:AssumeRoleWithWebIdentity',
        Condition: { StringEquals: { [`${ISSUER}:sub`]: 'system:serviceaccount:shop:other' } },
      };
      const open_ = { ...irsaStatement('shop', 'x'), Condition: { StringLike: { [`${ISSUER}:sub`]: 'system:serviceaccount:shop:*' } } };
      const { watch, write } = await open({ trust: trust(open_, deny) });
      write('cart', trust(open_));
      expect(watch.promises().widenedPrincipals).toEqual([
        `${roleArn('cart')}: arn:aws:iam::${ACCOUNT}:oidc-provider/${ISSUER} system:serviceaccount:shop:other`,
      ]);
    });

    it.each<[string, string]>([
      ['our own statement', BOTH],
      ['the same document in other words', JSON.stringify({ Statement: [irsaStatement('shop', 'cart')], Version: '2012-10-17' })],
      ['a document that admits fewer', trust(podIdentityStatement('shop', 'cart'))],
    ])('has nothing against %s', async (_what, text) => {
      const { watch, write } = await open();
      write('cart', text);
      expect(watch.promises().widenedPrincipals).toEqual([]);
    });

    it('does not blame a migration for what others write, and goes on from there', async () => {
      const { watch, write } = await open();
      write('cart', ours({ Condition: undefined }), 'system');
      write('cart', `${ours({ Condition: undefined })} `);
      expect(watch.promises()).toEqual(clean);
    });

    it('admits no service account whose annotation gave it nothing', async () => {
      const { watch, write } = await open({ trust: trust(irsaStatement('shop', 'someone-else')), pods: [] });
      write('cart', trust(irsaStatement('shop', 'someone-else'), podIdentityStatement('shop', 'cart')));
      expect(watch.promises().widenedPrincipals).toEqual([`${roleArn('cart')}: ${podsOf('shop:cart')}`]);
    });

    it('sees an association that gives a role to whom it was not given', async () => {
      const { watch, associate } = await open({ trust: BOTH });
      associate('other', 'cart');
      expect(watch.promises()).toEqual({
        ...clean,
        widenedPrincipals: [`${roleArn('cart')}: association of system:serviceaccount:shop:other`],
        foreignWrites: 1,
      });
    });

    it('sees a pod that holds a role that no pod of its workload had', async () => {
      const { twin, watch } = await open({
        trust: trust({ ...irsaStatement('shop', 'x'), Condition: undefined }),
        pods: [running('other-a', 'none', 'other'), running('cart-a', 'irsa')],
      });
      twin.cluster.apply(pod({ name: 'other-b', serviceAccount: 'other', mode: 'irsa', roleArn: roleArn('cart'), deployment: 'other' }));
      expect(watch.promises().widenedPrincipals).toEqual([`${roleArn('cart')}: pod shop/other-b container app`]);
    });
  });

  describe('writes', () => {
    type Opened = Awaited<ReturnType<typeof open>>;
    it.each<[string, (opened: Opened) => void, string]>([
      [
        'another field of a bound service account',
        ({ edit }) => edit('ServiceAccount', 'cart', (object) => ({ ...object, imagePullSecrets: [{ name: 'x' }] })),
        'ServiceAccount/shop/cart',
      ],
      [
        'another annotation of it',
        ({ edit }) => edit('ServiceAccount', 'cart', annotate({ 'eks.amazonaws.com/role-arn': roleArn('cart'), a: 'b' })),
        'ServiceAccount/shop/cart',
      ],
      [
        'a role annotation that was not there',
        ({ edit }) => edit('ServiceAccount', 'cart', annotate({ 'eks.amazonaws.com/role-arn': roleArn('mail') })),
        'ServiceAccount/shop/cart',
      ],
      [
        'a service account that is not bound',
        ({ edit }) => edit('ServiceAccount', 'other', annotate({ a: 'b' })),
        'ServiceAccount/shop/other',
      ],
      ['a restart of a workload of another service account', ({ edit }) => edit('Deployment', 'other', restart), 'Deployment/shop/other'],
      [
        'more than the restart',
        ({ edit }) =>
          edit('Deployment', 'cart', (object) => ({ ...restart(object), metadata: { ...object.metadata, labels: { a: 'b' } } })),
        'Deployment/shop/cart',
      ],
      ['a restart of what a restart does nothing for', ({ edit }) => edit('ReplicaSet', 'cart-1', restart), 'ReplicaSet/shop/cart-1'],
      ['the removal of a workload', ({ twin }) => twin.cluster.take('Deployment', 'shop', 'cart', 'request'), 'Deployment/shop/cart'],
      [
        'a pod that is no probe',
        ({ twin }) => twin.cluster.put(pod({ name: 'x', serviceAccount: 'cart', phase: 'Pending' }), 'request'),
        'Pod/shop/x',
      ],
      [
        'the removal of a pod of another service account',
        ({ twin }) => twin.cluster.take('Pod', 'kube-system', 'agent-node-1', 'request'),
        'Pod/kube-system/agent-node-1',
      ],
      [
        'a ConfigMap',
        ({ twin }) => twin.cluster.put({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x', namespace: 'shop' } }, 'request'),
        'ConfigMap/shop/x',
      ],
      [
        'the trust policy of a role that nobody is bound to',
        ({ write }) =>
          write('free', trust({ Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole', Sid: 'x' })),
        'Role/free',
      ],
      [
        'an add-on',
        ({ twin }) => twin.state.emit({ kind: 'addon', by: 'request', addonName: 'vpc-cni', before: undefined, after: undefined }),
        'Addon/vpc-cni',
      ],
    ])('counts %s', async (_what, act, object) => {
      const opened = await open();
      act(opened);
      expect(opened.watch.foreignWrites.map((one) => one.object)).toEqual([object]);
      expect(opened.watch.promises().foreignWrites).toBe(1);
    });

    it('counts none of what the cluster does by itself', async () => {
      const { watch, edit, twin } = await open();
      edit('Deployment', 'other', restart, 'system');
      twin.cluster.remove('ServiceAccount', 'shop', 'other');
      expect(watch.promises().foreignWrites).toBe(0);
    });

    it('takes annotations that go and come back as they were, and evictions of bound pods', async () => {
      const { watch, edit, twin } = await open();
      edit('ServiceAccount', 'cart', annotate({}));
      edit('ServiceAccount', 'cart', annotate({ 'eks.amazonaws.com/role-arn': roleArn('cart') }));
      twin.cluster.take('Pod', 'shop', 'cart-a', 'request');
      expect(watch.promises()).toEqual(clean);
      expect(watch.compareWithBaseline()).toEqual([]);
    });

    it('takes the agent, its going again, and our own associations', async () => {
      const { twin, watch, write, associate } = await open();
      write('cart', BOTH);
      await twin.clock.advance(8_000);
      twin.state.deleteAssociation(associate('cart', 'cart'), 'request');
      twin.addons.create({ addonName: 'eks-pod-identity-agent' }, 'request');
      await twin.clock.advance(30_000);
      expect(watch.compareWithBaseline().map((line) => line.split(':')[0])).toEqual([
        'Role/cart',
        'DaemonSet/kube-system/eks-pod-identity-agent',
        'Addon',
      ]);
      twin.addons.delete('eks-pod-identity-agent', false, 'request');
      await twin.clock.advance(30_000);
      write('cart', IRSA);
      expect(watch.promises()).toEqual(clean);
      expect(watch.compareWithBaseline()).toEqual([]);
    });

    it('tells of a probe pod that was left', async () => {
      const { twin, watch } = await open();
      twin.cluster.put(
        { ...pod({ name: 'probe', serviceAccount: 'cart', labels: { 'app.kubernetes.io/managed-by': 'podshift' }, phase: 'Pending' }) },
        'request',
      );
      expect(watch.compareWithBaseline()).toEqual(['Pod/shop/probe: probe pod left']);
    });
  });
});
