import { describe, expect, it } from 'vitest';
import { type Answer, admitsPodIdentity, admitsRole, admitsWebIdentity, parseTrustPolicy } from '../../../src/trust/index.ts';

const PROVIDER = 'arn:aws:iam::111122223333:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/A';
const NODE = 'arn:aws:iam::111122223333:role/node';
const POD = {
  clusterArn: 'arn:aws:eks:eu-west-1:111122223333:cluster/shop',
  clusterName: 'shop',
  accountId: '111122223333',
  namespace: 'shop',
  serviceAccount: 'orders',
  sessionTags: true,
};
const WEB = {
  providerArn: PROVIDER,
  issuer: PROVIDER.split('oidc-provider/')[1] as string,
  subject: 'system:serviceaccount:shop:orders',
  audience: 'sts.amazonaws.com',
};

/** What a document says whose Allow for all three ways has this condition, by way. */
function answers(condition: object, role: object = {}, region: object = { region: 'eu-west-1' }): Answer[] {
  const parsed = parseTrustPolicy(
    JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Principal: { Service: 'pods.eks.amazonaws.com' },
          Action: ['sts:AssumeRole', 'sts:TagSession'],
          Condition: condition,
        },
        { Effect: 'Allow', Principal: { Federated: PROVIDER }, Action: 'sts:AssumeRoleWithWebIdentity', Condition: condition },
        { Effect: 'Allow', Principal: { AWS: NODE }, Action: 'sts:AssumeRole', Condition: condition },
      ],
    }),
  );
  if (!parsed.ok) throw new Error(parsed.problem);
  const { policy } = parsed;
  return [
    admitsPodIdentity(policy, POD),
    admitsWebIdentity(policy, { ...WEB, ...region }),
    admitsRole(policy, { principalArn: NODE, ...role }),
  ];
}

describe('conditions that the facts decide', () => {
  it.each<[string, object, [Answer, Answer, Answer]]>([
    ['TLS is asked for', { Bool: { 'aws:SecureTransport': 'true' } }, ['yes', 'yes', 'yes']],
    ['TLS is refused', { Bool: { 'aws:SecureTransport': 'false' } }, ['no', 'no', 'no']],
    ['no service forwards the call', { Bool: { 'aws:ViaAWSService': 'false' } }, ['yes', 'yes', 'yes']],
    ["the cluster's region", { StringEquals: { 'aws:RequestedRegion': 'eu-west-1' } }, ['yes', 'yes', 'undecidable']],
    ['another region', { StringEquals: { 'aws:RequestedRegion': 'us-east-1' } }, ['no', 'no', 'undecidable']],
    ['any but another region', { StringNotEquals: { 'aws:RequestedRegion': 'us-east-1' } }, ['yes', 'yes', 'undecidable']],
    ['an organisation', { StringEquals: { 'aws:PrincipalOrgID': 'o-1' } }, ['no', 'no', 'undecidable']],
    ['an organisation, if there is one', { StringEqualsIfExists: { 'aws:PrincipalOrgID': 'o-1' } }, ['yes', 'yes', 'undecidable']],
    ['a tag of the principal', { StringEquals: { 'aws:PrincipalTag/team': 'shop' } }, ['no', 'no', 'undecidable']],
    ['a time', { DateGreaterThan: { 'aws:CurrentTime': '2020-01-01T00:00:00Z' } }, ['undecidable', 'undecidable', 'undecidable']],
  ])('%s', (_, condition, expected) => {
    expect(answers(condition)).toEqual(expected);
  });

  it("are the caller's tags, where they were read", () => {
    const team = (value: string) => ({ StringEquals: { 'aws:PrincipalTag/Team': value } });
    expect(answers(team('shop'), { principalTags: { team: 'shop' } })[2]).toBe('yes');
    expect(answers(team('other'), { principalTags: { team: 'shop' } })[2]).toBe('no');
    expect(answers(team('shop'), { principalTags: {} })[2]).toBe('no');
  });

  it('are not the region of a token that may be exchanged anywhere', () => {
    expect(answers({ StringEquals: { 'aws:RequestedRegion': 'eu-west-1' } }, {}, {})[1]).toBe('undecidable');
  });

  it('are told of a Deny as of an Allow', () => {
    const parsed = parseTrustPolicy(
      JSON.stringify({
        Version: '2012-10-17',
        Statement: [
          { Effect: 'Allow', Principal: { Federated: PROVIDER }, Action: 'sts:AssumeRoleWithWebIdentity' },
          { Effect: 'Deny', Principal: '*', Action: '*', Condition: { Bool: { 'aws:SecureTransport': 'false' } } },
        ],
      }),
    );
    expect(parsed.ok && admitsWebIdentity(parsed.policy, WEB)).toBe('yes');
  });
});
