import { afterEach, describe, expect, it } from 'vitest';
import { ACCOUNT, CLUSTER_ARN, ISSUER, irsaStatement, podIdentityStatement, REGION, roleArn, trust } from '../../support/twin-account.ts';
import { pod } from '../../support/twin-pods.ts';
import { BOTH, CLEAN, openWatched, running, type Watched } from '../../support/twin-watch.ts';

describe('the watch over widening', () => {
  let opened: Watched | undefined;
  const open = async (options: Parameters<typeof openWatched>[0] = {}): Promise<Watched> => {
    opened = await openWatched(options);
    return opened;
  };
  afterEach(async () => {
    await opened?.twin.close();
    opened = undefined;
  });
  const ours = (more: Record<string, unknown> = {}) => trust(irsaStatement('shop', 'cart'), podIdentityStatement('shop', 'cart', more));
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
    expect(watch.promises()).toEqual(CLEAN);
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
      ...CLEAN,
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
