import { describe, expect, test } from 'vitest';
import { type Answer, admitsPodIdentity, admitsWebIdentity } from '../../../src/trust/index.ts';
import {
  ACCOUNT,
  CLUSTER,
  document,
  EC2,
  ISSUER,
  irsa,
  OTHER_CLUSTER,
  OTHER_PROVIDER,
  ours,
  oursForCluster,
  PROVIDER,
  podIdentity,
  read,
} from '../fixtures/trust/example.ts';

function podIdentityAnswer(text: string, changes: object = {}): Answer {
  const request = {
    clusterArn: CLUSTER,
    clusterName: 'prod',
    accountId: ACCOUNT,
    namespace: 'shop',
    serviceAccount: 'pay',
    sessionTags: true,
  };
  return admitsPodIdentity(read(text), { ...request, ...changes });
}

function webIdentityAnswer(text: string, changes: object = {}): Answer {
  const request = { providerArn: PROVIDER, issuer: ISSUER, subject: 'system:serviceaccount:shop:pay', audience: 'sts.amazonaws.com' };
  return admitsWebIdentity(read(text), { ...request, ...changes });
}

const service = (...names: unknown[]): object => podIdentity({ Principal: { Service: names } });
const action = (value: unknown): object => podIdentity({ Action: value });
const denial = (changes: object): object => podIdentity({ Effect: 'Deny', ...changes });
const repeatAction =
  '{"Effect":"Allow","Principal":{"Service":"pods.eks.amazonaws.com"},"Action":"x","Action":["sts:AssumeRole","sts:TagSession"]}';

const podIdentityCases: Record<string, [statements: (object | string)[], answer: Answer]> = {
  'no statement': [[], 'no'],
  'an unscoped statement': [[podIdentity()], 'yes'],
  'the service among others': [[service('ec2.amazonaws.com', 'pods.eks.amazonaws.com')], 'yes'],
  'another service': [[service('eks.amazonaws.com')], 'no'],
  'every service': [[service('*')], 'yes'],
  'a service by a pattern': [[service('*.amazonaws.com')], 'undecidable'],
  'another service by a pattern': [[service('ec2.*')], 'no'],
  'the service in other letters': [[service('Pods.EKS.amazonaws.com')], 'undecidable'],
  'a service that is no string': [[service(7)], 'undecidable'],
  everybody: [[podIdentity({ Principal: '*' })], 'yes'],
  'everybody as an AWS principal': [[podIdentity({ Principal: { AWS: ['*'] } })], 'yes'],
  'an account': [[podIdentity({ Principal: { AWS: ACCOUNT } })], 'no'],
  'AWS principals that are no strings': [[podIdentity({ Principal: { AWS: [1] } })], 'undecidable'],
  'an identity provider and a canonical user': [[podIdentity({ Principal: { Federated: PROVIDER, CanonicalUser: 'x' } })], 'no'],
  'the service under another kind': [[podIdentity({ Principal: { Federated: 'pods.eks.amazonaws.com', CanonicalUser: '*' } })], 'no'],
  'a provider that is no string': [[podIdentity({ Principal: { Federated: [1], AWS: ACCOUNT } })], 'no'],
  'several kinds of principal at once': [
    [podIdentity({ Principal: { AWS: ACCOUNT, Federated: PROVIDER, Service: 'pods.eks.amazonaws.com' } })],
    'yes',
  ],
  'a principal that is a string': [[podIdentity({ Principal: 'pods.eks.amazonaws.com' })], 'undecidable'],
  'a principal that is a list': [[podIdentity({ Principal: ['*'] })], 'undecidable'],
  'no principal': [['{"Effect":"Allow","Action":"sts:*"}'], 'undecidable'],
  'a NotPrincipal': [['{"Effect":"Allow","NotPrincipal":{"AWS":"x"},"Action":"sts:*"}'], 'undecidable'],
  both: [['{"Effect":"Allow","Principal":"*","NotPrincipal":{"AWS":"x"},"Action":"sts:*"}'], 'undecidable'],
  'one action of two': [[action('sts:AssumeRole')], 'no'],
  'the other action of two': [[action(['sts:TagSession'])], 'no'],
  'each action in its own statement': [[action('sts:AssumeRole'), action('sts:TagSession')], 'yes'],
  'all of STS': [[action('sts:*')], 'yes'],
  'all of all': [[action('*')], 'yes'],
  'actions in other letters': [[action(['STS:assumerole', 'Sts:tagSESSION'])], 'yes'],
  'actions by patterns': [[action(['sts:AssumeRole*', 'sts:T?gSession'])], 'yes'],
  'an action that begins like it': [[action(['sts:AssumeRoleWithSAML', 'sts:TagSession'])], 'no'],
  'an action that is no string': [[action([7, 'sts:*'])], 'undecidable'],
  'no action': [['{"Effect":"Allow","Principal":"*"}'], 'undecidable'],
  'all actions but others': [['{"Effect":"Allow","Principal":"*","NotAction":"sts:AssumeRoleWithSAML"}'], 'yes'],
  'all actions but one of two': [['{"Effect":"Allow","Principal":"*","NotAction":["sts:tagsession"]}'], 'no'],
  'Action and NotAction': [['{"Effect":"Allow","Principal":"*","Action":"*","NotAction":"x"}'], 'undecidable'],
  'another principal decides, whatever its actions': [[{ ...EC2, Action: 7 }], 'no'],
  'other actions decide, whatever the condition': [
    [podIdentity({ Action: 'sts:AssumeRoleWithSAML', Condition: { What: { x: 'y' } } })],
    'no',
  ],
  'an element that trust policies do not have': [[podIdentity({ Resource: '*' })], 'undecidable'],
  'an element that trust policies do not have, for others': [[{ ...EC2, Resource: '*' }], 'no'],
  'an Effect in other letters': [[podIdentity({ Effect: 'allow' })], 'undecidable'],
  'no Effect, for others': [[{ ...EC2, Effect: undefined }], 'no'],
  'an unclear Effect beside a plain grant': [[podIdentity(), podIdentity({ Effect: 'deny' })], 'undecidable'],
  'two Effects': [['{"Effect":"Deny","Effect":"Allow","Principal":"*","Action":"sts:*"}'], 'undecidable'],
  'two Actions': [[repeatAction], 'undecidable'],
  'two NotActions': [['{"Effect":"Allow","Principal":"*","NotAction":"sts:*","NotAction":"x"}'], 'undecidable'],
  'two Principals': [['{"Effect":"Allow","Principal":"*","Principal":{"AWS":"x"},"Action":"sts:*"}'], 'undecidable'],
  'two Conditions': [
    ['{"Effect":"Allow","Principal":"*","Action":"sts:*","Condition":{"StringEquals":{"a:b":"1"}},"Condition":{}}'],
    'undecidable',
  ],
  'two Conditions of another principal': [
    ['{"Effect":"Allow","Principal":{"AWS":"x"},"Action":"sts:*","Condition":{"a":1},"Condition":{}}'],
    'no',
  ],
  'two Sids': [['{"Sid":"a","Sid":"b","Effect":"Allow","Principal":"*","Action":"sts:*"}'], 'yes'],
  'our statement': [[ours(0, 'shop', 'pay')], 'yes'],
  'our statement for several': [[ours(0, ['dev', 'shop'], ['api', 'pay'])], 'yes'],
  'our statement for another namespace': [[ours(0, 'shop-eu', 'pay')], 'no'],
  'our statement for another name': [[ours(0, 'shop', 'payment')], 'no'],
  'our statement for another cluster': [[ours(0, 'shop', 'pay', OTHER_CLUSTER)], 'no'],
  'our statement for the whole cluster': [[oursForCluster(0)], 'yes'],
  'a statement of the issuer': [[irsa('system:serviceaccount:shop:pay')], 'no'],
  'an undecidable statement beside a plain one': [[podIdentity({ Condition: { What: {} } }), podIdentity()], 'yes'],
  'an undecidable statement beside one of another': [[podIdentity({ Condition: { What: { x: 'y' } } }), EC2], 'undecidable'],
  // Deny
  'a Deny of everybody': [[podIdentity(), denial({ Principal: '*' })], 'no'],
  'a Deny of one action': [[podIdentity(), denial({ Action: 'sts:TagSession' })], 'no'],
  'a Deny of all other actions': [[podIdentity(), denial({ Action: undefined, NotAction: ['sts:AssumeRole', 'sts:TagSession'] })], 'yes'],
  'a Deny of another action': [[podIdentity(), denial({ Principal: '*', Action: 'sts:AssumeRoleWithWebIdentity' })], 'yes'],
  'a Deny of another principal': [[podIdentity(), denial({ Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` } })], 'yes'],
  'a Deny outside an organisation': [
    [podIdentity(), denial({ Principal: '*', Condition: { StringNotEquals: { 'aws:PrincipalOrgID': 'o-1' } } })],
    'no',
  ],
  'a Deny without MFA': [
    [podIdentity(), denial({ Principal: '*', Condition: { Bool: { 'aws:MultiFactorAuthPresent': 'false' } } })],
    'yes',
  ],
  'a Deny without MFA, if it exists': [
    [podIdentity(), denial({ Principal: '*', Condition: { BoolIfExists: { 'aws:MultiFactorAuthPresent': 'false' } } })],
    'no',
  ],
  'a Deny that cannot be decided': [[podIdentity(), denial({ Condition: { StringEquals: { 'aws:SourceOrgID': 'o-1' } } })], 'undecidable'],
  'a Deny that cannot be decided, and no grant': [[denial({ Condition: { StringEquals: { 'aws:SourceOrgID': 'o-1' } } })], 'no'],
  'a Deny over an undecidable grant': [[podIdentity({ Condition: { What: { x: 'y' } } }), denial({})], 'no'],
  'a Deny of a NotPrincipal': [[podIdentity(), '{"Effect":"Deny","NotPrincipal":{"AWS":"x"},"Action":"sts:*"}'], 'undecidable'],
};

describe('who is admitted by Pod Identity:', () => {
  test.each(Object.entries(podIdentityCases))('%s', (_, [statements, answer]) => {
    expect(podIdentityAnswer(document(...statements))).toBe(answer);
  });

  test('a single-object statement counts', () => {
    expect(podIdentityAnswer(`{"Statement":${JSON.stringify(podIdentity())}}`)).toBe('yes');
  });

  test('statements over session tags admit no association without them; those over the source do', () => {
    expect(podIdentityAnswer(document(ours(0, 'shop', 'pay')), { sessionTags: false })).toBe('no');
    expect(podIdentityAnswer(document(oursForCluster(0)), { sessionTags: false })).toBe('yes');
  });

  test('both actions are needed without session tags too', () => {
    expect(podIdentityAnswer(document(action('sts:AssumeRole')), { sessionTags: false })).toBe('no');
  });

  test('names that begin alike are not mistaken for each other', () => {
    const text = document(ours(0, 'shop', 'pay'));
    expect(podIdentityAnswer(text, { namespace: 'shop-eu' })).toBe('no');
    expect(podIdentityAnswer(text, { serviceAccount: 'payment' })).toBe('no');
    expect(podIdentityAnswer(text, { clusterArn: OTHER_CLUSTER, clusterName: 'prod-eu' })).toBe('no');
  });
});

const subject = 'system:serviceaccount:shop:pay';

const webIdentityCases: Record<string, [statements: (object | string)[], answer: Answer]> = {
  'a usual statement': [[irsa(subject)], 'yes'],
  'one of several subjects': [[irsa(['x', subject])], 'yes'],
  'another subject': [[irsa('system:serviceaccount:shop:payment')], 'no'],
  'no condition': [[irsa([], { Condition: undefined })], 'yes'],
  'no audience': [[irsa([], { Condition: { StringEquals: { [`${ISSUER}:sub`]: subject } } })], 'yes'],
  'several providers': [[irsa(subject, { Principal: { Federated: [OTHER_PROVIDER, PROVIDER] } })], 'yes'],
  'another provider': [[irsa(subject, { Principal: { Federated: OTHER_PROVIDER } })], 'no'],
  'the provider of another account': [[irsa(subject, { Principal: { Federated: PROVIDER.replace(ACCOUNT, '444455556666') } })], 'no'],
  'the provider in other letters': [[irsa(subject, { Principal: { Federated: PROVIDER.toLowerCase() } })], 'undecidable'],
  everybody: [[irsa(subject, { Principal: '*' })], 'yes'],
  'a service': [[irsa(subject, { Principal: { Service: [1] } })], 'no'],
  'actions by a pattern': [[irsa(subject, { Action: 'sts:AssumeRole*' })], 'yes'],
  'all of STS': [[irsa(subject, { Action: ['STS:*'] })], 'yes'],
  'another action': [[irsa(subject, { Action: 'sts:AssumeRole' })], 'no'],
  'a Deny of the issuer': [[irsa(subject), irsa(subject, { Effect: 'Deny' })], 'no'],
  'a Deny of another subject': [[irsa(subject), irsa('x', { Effect: 'Deny' })], 'yes'],
  'a Deny of addresses': [
    [irsa(subject), irsa(subject, { Effect: 'Deny', Condition: { IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } } })],
    'undecidable',
  ],
};

describe('who is admitted by a token:', () => {
  test.each(Object.entries(webIdentityCases))('%s', (_, [statements, answer]) => {
    expect(webIdentityAnswer(document(...statements))).toBe(answer);
  });

  test('the issuer may come with its scheme, and no other prefix is taken off', () => {
    expect(webIdentityAnswer(document(irsa(subject)), { issuer: `https://${ISSUER}` })).toBe('yes');
    expect(webIdentityAnswer(document(irsa(subject)), { issuer: `x-https://${ISSUER}` })).toBe('no');
  });
});
