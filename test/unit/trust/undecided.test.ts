import { describe, expect, it } from 'vitest';
import { parseTrustPolicy, type TrustPolicy, undecidedPodIdentity, undecidedRole, undecidedWebIdentity } from '../../../src/trust/index.ts';

const issuer = 'oidc.eks.eu-central-1.amazonaws.com/id/0A1B';
const providerArn = `arn:aws:iam::444455556666:oidc-provider/${issuer}`;
const request = { providerArn, issuer, subject: 'system:serviceaccount:shop:api', audience: 'sts.amazonaws.com' };
const allow = { Effect: 'Allow', Principal: { Federated: providerArn }, Action: 'sts:AssumeRoleWithWebIdentity' };

function policy(...statements: object[]): TrustPolicy {
  const parsed = parseTrustPolicy(JSON.stringify({ Version: '2012-10-17', Statement: statements }));
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.policy;
}

describe('what keeps a trust policy from being decided', () => {
  it.each<[string, object[], object[]]>([
    ['nothing', [allow], []],
    [
      'a condition key',
      [{ ...allow, Condition: { IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } } }],
      [{ statement: 'statement 1', parts: ['aws:SourceIp (IpAddress)'] }],
    ],
    [
      'the keys that are not decided alone, of the statement by its Sid',
      [
        { ...allow, Action: 'sts:Other' },
        {
          ...allow,
          Sid: 'Office',
          Condition: { StringEquals: { [`${issuer}:aud`]: 'sts.amazonaws.com' }, IpAddress: { 'aws:VpcSourceIp': 'x' }, Odd: { k: 'v' } },
        },
      ],
      [{ statement: 'statement 2 ("Office")', parts: ['aws:VpcSourceIp (IpAddress)', 'k (Odd)'] }],
    ],
    [
      'a condition that is none, by its element',
      [{ ...allow, Condition: { StringEquals: 'x' } }],
      [{ statement: 'statement 1', parts: ['Condition'] }],
    ],
    [
      'a Deny',
      [allow, { ...allow, Effect: 'Deny', Condition: { IpAddress: { 'aws:SourceIp': 'x' } } }],
      [{ statement: 'statement 2', parts: ['aws:SourceIp (IpAddress)'] }],
    ],
    [
      'a NotPrincipal',
      [{ Effect: 'Allow', NotPrincipal: { AWS: 'x' }, Action: '*' }],
      [{ statement: 'statement 1', parts: ['NotPrincipal'] }],
    ],
    ['a Principal', [{ ...allow, Principal: 'somebody' }], [{ statement: 'statement 1', parts: ['Principal'] }]],
    ['an Effect', [{ ...allow, Effect: 'allow' }], [{ statement: 'statement 1', parts: ['Effect'] }]],
    ['an element that no statement has', [{ ...allow, Resource: '*' }], [{ statement: 'statement 1', parts: ['Resource'] }]],
    [
      'a statement that says no anyway',
      [{ ...allow, Condition: { StringEquals: { [`${issuer}:sub`]: 'x' }, IpAddress: { 'aws:SourceIp': 'x' } } }],
      [],
    ],
  ])('is %s', (_, statements, expected) => {
    expect(undecidedWebIdentity(policy(...statements), request)).toEqual(expected);
  });

  it('is told of Pod Identity and of roles as well', () => {
    const Condition = { NoSuchOperator: { 'aws:SourceAccount': '1' } };
    const pods = {
      Effect: 'Allow',
      Principal: { Service: 'pods.eks.amazonaws.com' },
      Action: ['sts:AssumeRole', 'sts:TagSession'],
      Condition,
    };
    const clusterArn = 'arn:aws:eks:eu-central-1:444455556666:cluster/pier';
    const call = {
      clusterArn,
      clusterName: 'pier',
      accountId: '444455556666',
      namespace: 'shop',
      serviceAccount: 'api',
      sessionTags: true,
    };
    const parts = ['aws:SourceAccount (NoSuchOperator)'];
    expect(undecidedPodIdentity(policy(pods), call)).toEqual([{ statement: 'statement 1', parts }]);
    const principalArn = 'arn:aws:iam::444455556666:role/node';
    expect(undecidedRole(policy({ ...pods, Principal: { AWS: principalArn } }), { principalArn })).toEqual([
      { statement: 'statement 1', parts },
    ]);
  });
});
