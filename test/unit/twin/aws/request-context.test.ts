import { describe, expect, it } from 'vitest';
import { createAwsHalf } from '../../../../twin/aws/aws-half.ts';
import { podIdentityContext, roleContext, webIdentityContext } from '../../../../twin/aws/request-context.ts';
import { compileTrust, isAllowed } from '../../../../twin/aws/trust-evaluation.ts';
import { createVirtualClock } from '../../../../twin/clock.ts';
import { snapshotFromObjects } from '../../../../twin/snapshot.ts';
import { ACCOUNT, CLUSTER_ARN, DELAYS, ISSUER, role, roleArn, START, shopParts, trust } from '../../../support/twin-account.ts';

const tagged = role('caller', trust({ Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' }), {
  Tags: [{ Key: 'Team', Value: 'shop' }],
});
const { state } = createAwsHalf({
  snapshot: snapshotFromObjects(shopParts({ account: { RoleDetailList: [tagged] } })),
  clock: createVirtualClock(START),
  delays: DELAYS,
  rateLimits: {},
});
const tags = { 'kubernetes-namespace': 'shop', 'kubernetes-service-account': 'cart' };
const claims = { issuer: `https://${ISSUER}`, subject: 'system:serviceaccount:shop:cart', audience: 'sts.amazonaws.com', provider: 'arn' };

const CALLS = {
  'Pod Identity': podIdentityContext(state, START, tags, 'eks-shop-cart-0'),
  'Pod Identity without tags': podIdentityContext(state, START, undefined),
  IRSA: webIdentityContext(state, START, claims, { sessionName: 'session', durationSeconds: 900 }),
  role: roleContext(state, START, roleArn('caller'), { sessionName: 'session', externalId: 'x' }),
};

/** Whether a condition holds for each kind of call. */
const CONDITIONS: readonly [string, object, Partial<Record<keyof typeof CALLS, boolean>>][] = [
  ['the region', { StringEquals: { 'aws:RequestedRegion': 'eu-west-1' } }, { 'Pod Identity': true, IRSA: true, role: true }],
  ['TLS', { Bool: { 'aws:SecureTransport': 'true' } }, { 'Pod Identity': true, IRSA: true, role: true }],
  ['a time', { DateGreaterThan: { 'aws:CurrentTime': '2026-01-01T00:00:00Z' } }, { 'Pod Identity': true, IRSA: true, role: true }],
  ['seconds', { NumericLessThan: { 'aws:EpochTime': '1500000000' } }, { 'Pod Identity': false, IRSA: false, role: false }],
  ['a service', { Bool: { 'aws:PrincipalIsAWSService': 'true' } }, { 'Pod Identity': true, IRSA: false, role: false }],
  [
    'the service by its name',
    { StringEquals: { 'aws:PrincipalServiceName': 'pods.eks.amazonaws.com' } },
    { 'Pod Identity': true, IRSA: false },
  ],
  [
    'the service by its names',
    { 'ForAnyValue:StringEquals': { 'aws:PrincipalServiceNamesList': 'pods.eks.amazonaws.com' } },
    { 'Pod Identity': true, IRSA: false },
  ],
  [
    'the cluster',
    { ArnEquals: { 'aws:SourceArn': CLUSTER_ARN } },
    { 'Pod Identity': true, 'Pod Identity without tags': true, IRSA: false },
  ],
  ['the account', { StringEquals: { 'aws:SourceAccount': ACCOUNT } }, { 'Pod Identity': true, IRSA: false, role: false }],
  ['an organisation', { StringEquals: { 'aws:SourceOrgId': 'o-1' } }, { 'Pod Identity': false }],
  [
    'a tag',
    { StringEquals: { 'aws:RequestTag/kubernetes-namespace': 'shop' } },
    { 'Pod Identity': true, 'Pod Identity without tags': false, IRSA: false },
  ],
  ['no tags', { Null: { 'aws:TagKeys': 'true' } }, { 'Pod Identity': false, 'Pod Identity without tags': true, IRSA: true, role: true }],
  ['the session', { StringLike: { 'sts:RoleSessionName': 'eks-*' } }, { 'Pod Identity': true, IRSA: false, role: false }],
  ['a short session', { NumericLessThan: { 'sts:DurationSeconds': '3600' } }, { 'Pod Identity': false, IRSA: true }],
  ['the provider', { StringEquals: { 'aws:FederatedProvider': 'arn' } }, { 'Pod Identity': false, IRSA: true, role: false }],
  ['the subject', { StringEquals: { [`${ISSUER}:sub`]: claims.subject } }, { 'Pod Identity': false, IRSA: true }],
  ['an address', { IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } }, { 'Pod Identity': false, IRSA: true, role: true }],
  ['a principal', { ArnEquals: { 'aws:PrincipalArn': roleArn('caller') } }, { 'Pod Identity': false, IRSA: false, role: true }],
  ['its type', { StringEquals: { 'aws:PrincipalType': 'AssumedRole' } }, { role: true, IRSA: false }],
  ['its tag, in any case', { StringEquals: { 'aws:PrincipalTag/team': 'shop' } }, { role: true, 'Pod Identity': false }],
  ['a second factor', { Bool: { 'aws:MultiFactorAuthPresent': 'true' } }, { role: false, IRSA: false }],
  ['an external id', { StringEquals: { 'sts:ExternalId': 'x' } }, { role: true, 'Pod Identity': false }],
];

describe('the condition keys that STS fills in', () => {
  it.each(CONDITIONS)('know %s', (_what, condition, answers) => {
    const document = compileTrust(trust({ Effect: 'Allow', Principal: '*', Action: '*', Condition: condition }));
    const found = Object.keys(answers).map((call) => {
      const context = CALLS[call as keyof typeof CALLS];
      return [call, isAllowed(document, { action: 'sts:AssumeRole', caller: { type: 'AWS', name: 'arn' }, context })];
    });
    expect(Object.fromEntries(found)).toEqual(answers);
  });
});
