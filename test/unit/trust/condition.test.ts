import { describe, expect, test } from 'vitest';
import { type Answer, admitsPodIdentity, admitsWebIdentity } from '../../../src/trust/index.ts';
import { ACCOUNT, CLUSTER, ISSUER, OTHER_ISSUER, PROVIDER, podIdentity, read } from '../fixtures/trust/example.ts';

const SUB = `${ISSUER}:sub`;
const AUD = `${ISSUER}:aud`;

/** Asks for shop/pay by Pod Identity. */
function byPodIdentity(condition: unknown, sessionTags = true, version: string | null = '2012-10-17'): Answer {
  const policy = read({ ...(version === null ? {} : { Version: version }), Statement: podIdentity({ Condition: condition }) });
  return admitsPodIdentity(policy, {
    clusterArn: CLUSTER,
    clusterName: 'prod',
    accountId: ACCOUNT,
    namespace: 'shop',
    serviceAccount: 'pay',
    sessionTags,
  });
}

/** Asks for shop/pay by its token. */
function byWebIdentity(condition: unknown): Answer {
  const statement = { Effect: 'Allow', Principal: { Federated: PROVIDER }, Action: 'sts:AssumeRoleWithWebIdentity', Condition: condition };
  return admitsWebIdentity(read({ Version: '2012-10-17', Statement: statement }), {
    providerArn: PROVIDER,
    issuer: `https://${ISSUER}`,
    subject: 'system:serviceaccount:shop:pay',
    audience: 'sts.amazonaws.com',
  });
}

const NS = 'aws:RequestTag/kubernetes-namespace';
const ARN = 'aws:SourceArn';

const conditions: Record<string, [condition: unknown, answer: Answer]> = {
  // shapes
  'no operator at all': [{}, 'yes'],
  'an operator without keys': [{ StringEquals: {} }, 'yes'],
  'a condition that is a list': [[], 'undecidable'],
  'a condition that is null': [null, 'undecidable'],
  'an operator over a list': [{ StringEquals: [] }, 'undecidable'],
  'every operator and every key must hold': [{ StringEquals: { [NS]: 'shop', 'aws:SourceAccount': '1' }, StringLike: { [NS]: '*' } }, 'no'],
  'a no decides over what is not understood': [{ Unheard: { [NS]: 'shop' }, StringEquals: { [NS]: 'shops' } }, 'no'],
  'a yes does not': [{ Unheard: { [NS]: 'shop' }, StringEquals: { [NS]: 'shop' } }, 'undecidable'],
  'operators and keys in other letters': [{ sTRINGeQUALS: { 'AWS:requesttag/KUBERNETES-namespace': 'shop' } }, 'yes'],
  'the same operator twice but for its letters': [{ StringEquals: { [NS]: 'shop' }, stringequals: { [NS]: 'shop' } }, 'undecidable'],
  'the same key twice but for its letters': [{ StringEquals: { [NS]: 'shops', [NS.toLowerCase()]: 'shop' } }, 'undecidable'],
  // values
  'a number': [{ StringEquals: { 'aws:SourceAccount': 111122223333 } }, 'yes'],
  'another number': [{ StringEquals: { 'aws:SourceAccount': 111122223334 } }, 'no'],
  'a number that JSON readers round': [{ StringEquals: { 'aws:SourceAccount': 1.5 } }, 'undecidable'],
  'a boolean': [{ Bool: { 'aws:PrincipalIsAWSService': true } }, 'yes'],
  'a list with the value': [{ StringEquals: { [NS]: ['a', 'shop'] } }, 'yes'],
  'a list without it': [{ StringEquals: { [NS]: ['a', 'b'] } }, 'no'],
  'an empty list': [{ StringEquals: { [NS]: [] } }, 'undecidable'],
  'a value that is an object': [{ StringEquals: { [NS]: { a: 1 } } }, 'undecidable'],
  'a value that is null': [{ StringNotEquals: { [NS]: null } }, 'undecidable'],
  'a list with null in it': [{ StringEquals: { [NS]: ['shop', null] } }, 'undecidable'],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: IAM's policy variables look like this
  'a policy variable': [{ StringEquals: { [NS]: '${aws:PrincipalTag/team}' } }, 'undecidable'],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: IAM's policy variables look like this
  'a policy variable beside the value': [{ StringEquals: { [NS]: ['${aws:PrincipalTag/team}', 'shop'] } }, 'yes'],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: IAM's policy variables look like this
  'a policy variable that must not be it': [{ StringNotEquals: { [NS]: '${aws:PrincipalTag/team}' } }, 'undecidable'],
  // strings
  'StringEquals, not a glob': [{ StringEquals: { [NS]: 'sh*' } }, 'no'],
  'StringEquals, a prefix': [{ StringEquals: { [NS]: 'sho' } }, 'no'],
  'StringEquals, other letters': [{ StringEquals: { [NS]: 'Shop' } }, 'no'],
  'StringNotEquals, the value': [{ StringNotEquals: { [NS]: 'shop' } }, 'no'],
  'StringNotEquals, the value among others': [{ StringNotEquals: { [NS]: ['a', 'shop'] } }, 'no'],
  'StringNotEquals, another': [{ StringNotEquals: { [NS]: ['a', 'b'] } }, 'yes'],
  StringEqualsIgnoreCase: [{ StringEqualsIgnoreCase: { [NS]: 'SHOP' } }, 'yes'],
  'StringEqualsIgnoreCase, another': [{ StringEqualsIgnoreCase: { [NS]: 'SHOPS' } }, 'no'],
  StringNotEqualsIgnoreCase: [{ StringNotEqualsIgnoreCase: { [NS]: 'SHOP' } }, 'no'],
  'StringLike, star': [{ StringLike: { [NS]: 's*p' } }, 'yes'],
  'StringLike, star for nothing': [{ StringLike: { [NS]: 'shop*' } }, 'yes'],
  'StringLike, two stars': [{ StringLike: { [NS]: '*h**p' } }, 'yes'],
  'StringLike, a star that must go back': [{ StringLike: { 'aws:RequestTag/eks-cluster-arn': 'arn:*prod' } }, 'yes'],
  'StringLike, a star that goes back in vain': [{ StringLike: { [NS]: '*o*a' } }, 'no'],
  'StringLike, question mark': [{ StringLike: { [NS]: 'sh?p' } }, 'yes'],
  'StringLike, question mark for nothing': [{ StringLike: { [NS]: 'shop?' } }, 'no'],
  'StringLike, the whole string': [{ StringLike: { [NS]: 'sho' } }, 'no'],
  'StringLike, other letters': [{ StringLike: { [NS]: 'S*' } }, 'no'],
  'StringLike, no pattern at all': [{ StringLike: { [NS]: '' } }, 'no'],
  'StringLike crosses colons and slashes': [{ StringLike: { [ARN]: 'arn:*/prod' } }, 'yes'],
  StringNotLike: [{ StringNotLike: { [NS]: 's*' } }, 'no'],
  'StringNotLike, another': [{ StringNotLike: { [NS]: 't*' } }, 'yes'],
  // ARNs
  ArnEquals: [{ ArnEquals: { [ARN]: CLUSTER } }, 'yes'],
  'ArnEquals is ArnLike': [{ ArnEquals: { [ARN]: 'arn:aws:eks:*:111122223333:cluster/*' } }, 'yes'],
  'ArnLike, a star in a part': [{ ArnLike: { [ARN]: 'arn:*:eks:eu-*:*:cluster/p?od' } }, 'yes'],
  'ArnLike, a star does not cross a colon': [{ ArnLike: { [ARN]: 'arn:aws:eks:*:cluster/prod:x' } }, 'no'],
  'ArnLike, another cluster': [{ ArnLike: { [ARN]: `${CLUSTER}-eu` } }, 'no'],
  'ArnLike, an association': [{ ArnLike: { [ARN]: `arn:aws:eks:*:${ACCOUNT}:podidentityassociation/prod/*` } }, 'no'],
  'ArnLike, no ARN': [{ ArnLike: { [ARN]: '*' } }, 'undecidable'],
  'ArnLike over what is no ARN': [{ ArnLike: { [NS]: CLUSTER } }, 'undecidable'],
  ArnNotEquals: [{ ArnNotEquals: { [ARN]: CLUSTER } }, 'no'],
  'ArnNotLike, another': [{ ArnNotLike: { [ARN]: 'arn:aws:eks:*:*:cluster/dev' } }, 'yes'],
  // other operators
  Bool: [{ Bool: { 'aws:PrincipalIsAWSService': 'TRUE' } }, 'yes'],
  'Bool, false': [{ Bool: { 'aws:PrincipalIsAWSService': 'false' } }, 'no'],
  'Bool, neither': [{ Bool: { 'aws:PrincipalIsAWSService': 'yes' } }, 'undecidable'],
  'Null, a key that is there': [{ Null: { [NS]: 'true' } }, 'no'],
  'Null, a key that is there and may be': [{ Null: { [NS]: 'false' } }, 'yes'],
  'Null, as a boolean': [{ Null: { [NS]: false } }, 'yes'],
  'Null, an absent key': [{ Null: { 'aws:SourceIp': true } }, 'yes'],
  'Null, an absent key that must be there': [{ Null: { 'aws:SourceIp': 'False' } }, 'no'],
  'Null, a key that is there with some value': [{ Null: { 'sts:RoleSessionName': 'false' } }, 'yes'],
  'Null, a key nobody knows of': [{ Null: { 'sts:ExternalId': 'false' } }, 'undecidable'],
  'Null, neither true nor false': [{ Null: { [NS]: 'maybe' } }, 'undecidable'],
  'Null has no IfExists': [{ NullIfExists: { 'aws:SourceIp': 'false' } }, 'undecidable'],
  'IpAddress, absent': [{ IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } }, 'no'],
  'NotIpAddress, absent': [{ NotIpAddress: { 'aws:SourceIp': '10.0.0.0/8' } }, 'yes'],
  'IpAddress over what is no address': [{ IpAddress: { [NS]: 'shop' } }, 'undecidable'],
  'NumericEquals over a number': [{ NumericEquals: { 'aws:SourceAccount': ACCOUNT } }, 'undecidable'],
  'NumericLessThan, absent': [{ NumericLessThan: { 'aws:MultiFactorAuthAge': 3600 } }, 'no'],
  'NumericLessThanEquals, absent': [{ NumericLessThanEquals: { 'aws:MultiFactorAuthAge': 3600 } }, 'no'],
  'NumericGreaterThan, absent': [{ NumericGreaterThan: { 'aws:MultiFactorAuthAge': 3600 } }, 'no'],
  'NumericGreaterThanEquals, absent': [{ NumericGreaterThanEquals: { 'aws:MultiFactorAuthAge': 3600 } }, 'no'],
  'NumericGreaterThanIfExists, absent': [{ NumericGreaterThanIfExists: { 'aws:MultiFactorAuthAge': 3600 } }, 'yes'],
  'NumericNotEquals, absent': [{ NumericNotEquals: { 'aws:MultiFactorAuthAge': 1 } }, 'yes'],
  'NumericEquals, absent': [{ NumericEquals: { 'aws:MultiFactorAuthAge': 1 } }, 'no'],
  'a date': [{ DateGreaterThan: { 'aws:CurrentTime': '2020-01-01T00:00:00Z' } }, 'undecidable'],
  'DateLessThan, absent': [{ DateLessThan: { 'aws:SourceIp': '2020-01-01T00:00:00Z' } }, 'no'],
  'DateLessThanEquals, absent': [{ DateLessThanEquals: { 'aws:SourceIp': '2020-01-01T00:00:00Z' } }, 'no'],
  'DateGreaterThan, absent': [{ DateGreaterThan: { 'aws:SourceIp': '2020-01-01T00:00:00Z' } }, 'no'],
  'DateGreaterThanEquals, absent': [{ DateGreaterThanEquals: { 'aws:SourceIp': '2020-01-01T00:00:00Z' } }, 'no'],
  'DateEquals, absent': [{ DateEquals: { 'aws:SourceIp': '2020-01-01T00:00:00Z' } }, 'no'],
  'DateNotEquals, absent': [{ DateNotEquals: { 'aws:SourceIp': '2020-01-01T00:00:00Z' } }, 'yes'],
  'BinaryEquals, absent': [{ BinaryEquals: { 'aws:SourceIp': 'QmluYXJ5' } }, 'no'],
  'an operator nobody knows, over an absent key': [{ StringSimilar: { 'aws:SourceIp': 'x' } }, 'undecidable'],
  'the name of an operator in a longer one': [{ XStringEquals: { [NS]: 'shop' } }, 'undecidable'],
  // absence
  'StringEquals, absent': [{ StringEquals: { 'aws:PrincipalOrgID': 'o-1' } }, 'no'],
  'StringNotEquals, absent': [{ StringNotEquals: { 'aws:PrincipalOrgID': 'o-1' } }, 'yes'],
  'StringLike, absent, any value': [{ StringLike: { 'aws:SourceVpc': '*' } }, 'no'],
  'StringEqualsIfExists, absent': [{ StringEqualsIfExists: { 'aws:SourceVpce': 'vpce-1' } }, 'yes'],
  'StringNotEqualsIfExists, absent': [{ stringnotequalsifexists: { 'aws:SourceVpc': 'vpc-1' } }, 'yes'],
  'StringEqualsIfExists, there': [{ StringEqualsIfExists: { [NS]: 'other' } }, 'no'],
  'BoolIfExists, absent': [{ BoolIfExists: { 'aws:MultiFactorAuthPresent': 'true' } }, 'yes'],
  'Bool, absent': [{ Bool: { 'aws:MultiFactorAuthPresent': 'true' } }, 'no'],
  'ArnNotLike, absent': [{ ArnNotLike: { 'aws:FederatedProvider': PROVIDER } }, 'yes'],
  // sets
  'ForAnyValue over one value': [{ 'ForAnyValue:StringEquals': { [NS]: ['shop', 'a'] } }, 'yes'],
  'ForAnyValue over one other value': [{ 'ForAnyValue:StringEquals': { [NS]: 'a' } }, 'no'],
  'ForAnyValue, one of the tags': [{ 'foranyvalue:stringequals': { 'aws:TagKeys': 'kubernetes-namespace' } }, 'yes'],
  'ForAnyValue, none of the tags': [{ 'ForAnyValue:StringEquals': { 'aws:TagKeys': 'team' } }, 'no'],
  'ForAnyValue, negated': [{ 'ForAnyValue:StringNotEquals': { 'aws:TagKeys': 'kubernetes-namespace' } }, 'yes'],
  'ForAnyValue, absent': [{ 'ForAnyValue:StringLike': { 'aws:PrincipalOrgPaths': 'o-1/*' } }, 'no'],
  'ForAnyValue, negated and absent': [{ 'ForAnyValue:StringNotLike': { 'aws:PrincipalOrgPaths': 'o-1/*' } }, 'no'],
  'ForAnyValue with IfExists, absent': [{ 'ForAnyValue:StringLikeIfExists': { 'aws:PrincipalOrgPaths': 'o-1/*' } }, 'yes'],
  'ForAllValues, all the tags': [{ 'ForAllValues:StringLike': { 'aws:TagKeys': ['eks-*', 'kubernetes-*'] } }, 'yes'],
  'ForAllValues, some of the tags': [{ 'ForAllValues:StringLike': { 'aws:TagKeys': 'eks-*' } }, 'no'],
  'ForAllValues, transitive tags': [{ 'ForAllValues:StringLike': { 'sts:TransitiveTagKeys': ['*-*'] } }, 'yes'],
  'ForAllValues, absent': [{ 'ForAllValues:StringEquals': { 'aws:PrincipalOrgPaths': 'o-1/*' } }, 'yes'],
  'no set over several values': [{ StringEquals: { 'aws:TagKeys': 'kubernetes-namespace' } }, 'undecidable'],
  'a set that nobody knows': [{ 'ForSomeValues:StringEquals': { [NS]: 'shop' } }, 'undecidable'],
};

describe('a condition on a call of Pod Identity:', () => {
  test.each(Object.entries(conditions))('%s', (_, [condition, answer]) => {
    expect(byPodIdentity(condition)).toBe(answer);
  });

  test('in a document of 2008, named or not, there are no variables', () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: IAM's policy variables look like this
    const condition = { StringEquals: { [NS]: '${aws:PrincipalTag/team}' } };
    expect(byPodIdentity(condition, true, '2008-10-17')).toBe('no');
    expect(byPodIdentity(condition, true, null)).toBe('no');
  });
});

const podIdentityKeys: Record<string, [condition: object, withTags: Answer, withoutTags: Answer]> = {
  'the cluster ARN as the source': [{ ArnEquals: { [ARN]: CLUSTER } }, 'yes', 'yes'],
  'the account': [{ StringEquals: { 'aws:SourceAccount': ACCOUNT } }, 'yes', 'yes'],
  'the cluster ARN as a tag': [{ StringEquals: { 'aws:RequestTag/eks-cluster-arn': CLUSTER } }, 'yes', 'no'],
  'the cluster name': [{ StringEquals: { 'aws:RequestTag/eks-cluster-name': 'prod' } }, 'yes', 'no'],
  'the namespace': [{ StringEquals: { [NS]: 'shop' } }, 'yes', 'no'],
  'the service account': [{ StringEquals: { 'aws:RequestTag/kubernetes-service-account': 'pay' } }, 'yes', 'no'],
  'some pod name': [{ StringLike: { 'aws:RequestTag/kubernetes-pod-name': '*' } }, 'yes', 'no'],
  'some pod UID': [{ StringLike: { 'aws:RequestTag/kubernetes-pod-uid': ['x', '**'] } }, 'yes', 'no'],
  'no pod name': [{ StringNotLike: { 'aws:RequestTag/kubernetes-pod-name': '*' } }, 'no', 'yes'],
  'a certain pod name': [{ StringLike: { 'aws:RequestTag/kubernetes-pod-name': 'pay-*' } }, 'undecidable', 'no'],
  'a pod name of a star': [{ StringEquals: { 'aws:RequestTag/kubernetes-pod-name': '*' } }, 'undecidable', 'no'],
  'any tag but one': [{ StringNotEquals: { [NS]: 'dev' } }, 'yes', 'yes'],
  'a tag of another name': [{ StringLike: { 'aws:RequestTag/team': '*' } }, 'no', 'no'],
  'some tags': [{ 'ForAnyValue:StringLike': { 'aws:TagKeys': '*' } }, 'yes', 'no'],
  'transitive tags': [{ Null: { 'sts:TransitiveTagKeys': 'true' } }, 'no', 'yes'],
  'a tag of the principal': [{ Null: { 'aws:PrincipalTag/kubernetes-namespace': 'true' } }, 'yes', 'yes'],
  'the service by its name': [{ StringEquals: { 'aws:PrincipalServiceName': 'pods.eks.amazonaws.com' } }, 'yes', 'yes'],
  'a certain session name': [{ StringLike: { 'sts:RoleSessionName': 'eks-*' } }, 'undecidable', 'undecidable'],
  'some session name': [{ StringLike: { 'sts:RoleSessionName': '*' } }, 'yes', 'yes'],
  'an organisation of the source, if any': [{ StringLike: { 'aws:SourceOrgID': '*' } }, 'undecidable', 'undecidable'],
  'a session name by a pattern': [{ StringLike: { 'sts:RoleSessionName': '*x' } }, 'undecidable', 'undecidable'],
  'another session name by a pattern': [{ StringLike: { 'sts:RoleSessionName': '**?' } }, 'undecidable', 'undecidable'],
  'the organisation of the source': [{ StringEquals: { 'aws:SourceOrgID': 'o-1' } }, 'undecidable', 'undecidable'],
  'an external id, if any': [{ StringEqualsIfExists: { 'sts:ExternalId': 'x' } }, 'undecidable', 'undecidable'],
  'a claim of a token': [{ StringEquals: { [SUB]: 'system:serviceaccount:shop:pay' } }, 'no', 'no'],
  'the audience of a token': [{ StringEquals: { [AUD]: 'sts.amazonaws.com' } }, 'no', 'no'],
  'the methods of a token': [{ Null: { 'cognito-identity.amazonaws.com:amr': 'true' } }, 'yes', 'yes'],
  'a key that ends like a claim': [{ Null: { 'example.com:subject': 'true' } }, 'undecidable', 'undecidable'],
  ...Object.fromEntries(
    [
      'FederatedProvider',
      'MultiFactorAuthAge',
      'MultiFactorAuthPresent',
      'PrincipalOrgID',
      'PrincipalOrgPaths',
      'SourceIp',
      'SourceVpc',
      'SourceVpce',
      'VpcSourceIp',
    ].map((key) => [`aws:${key} is never there`, [{ Null: { [`aws:${key}`]: 'true' } }, 'yes', 'yes'] as [object, Answer, Answer]]),
  ),
};

describe('what Pod Identity tells of itself, with session tags and without:', () => {
  test.each(Object.entries(podIdentityKeys))('%s', (_, [condition, withTags, withoutTags]) => {
    expect([byPodIdentity(condition, true), byPodIdentity(condition, false)]).toEqual([withTags, withoutTags]);
  });

  test('the tags are the six that EKS sends', () => {
    const six = [
      'eks-cluster-arn',
      'eks-cluster-name',
      'kubernetes-namespace',
      'kubernetes-service-account',
      'kubernetes-pod-name',
      'kubernetes-pod-uid',
    ];
    expect(byPodIdentity({ 'ForAllValues:StringEquals': { 'aws:TagKeys': six } })).toBe('yes');
    for (const left of six) {
      expect(byPodIdentity({ 'ForAllValues:StringEquals': { 'aws:TagKeys': six.filter((key) => key !== left) } })).toBe('no');
    }
  });
});

const webIdentityKeys: Record<string, [condition: object, answer: Answer]> = {
  'the subject': [{ StringEquals: { [SUB]: 'system:serviceaccount:shop:pay' } }, 'yes'],
  'the subject under a key in other letters': [{ StringEquals: { [SUB.toUpperCase()]: 'system:serviceaccount:shop:pay' } }, 'yes'],
  'a subject that it begins': [{ StringEquals: { [SUB]: 'system:serviceaccount:shop:payment' } }, 'no'],
  'a subject that begins it': [{ StringEquals: { [SUB]: 'system:serviceaccount:shop:pa' } }, 'no'],
  'a subject of another namespace': [{ StringLike: { [SUB]: 'system:serviceaccount:shop-eu:*' } }, 'no'],
  'a wildcard over names': [{ StringLike: { [SUB]: 'system:serviceaccount:shop:*' } }, 'yes'],
  'a wildcard over all': [{ StringLike: { [SUB]: 'system:serviceaccount:*:*' } }, 'yes'],
  'any of several subjects': [{ 'ForAnyValue:StringEquals': { [SUB]: ['x', 'system:serviceaccount:shop:pay'] } }, 'yes'],
  'the subject of another issuer': [{ StringEquals: { [`${OTHER_ISSUER}:sub`]: 'system:serviceaccount:shop:pay' } }, 'no'],
  'not a subject of another issuer': [{ StringNotEquals: { [`${OTHER_ISSUER}:sub`]: 'x' } }, 'yes'],
  'the audience': [{ StringEquals: { [AUD]: 'sts.amazonaws.com' } }, 'yes'],
  'the audience in a list': [{ StringEquals: { [AUD]: ['sts.amazonaws.com', 'x'] } }, 'yes'],
  'another audience': [{ StringEquals: { [AUD]: 'vault' } }, 'no'],
  'methods of this issuer': [{ Null: { [`${ISSUER}:amr`]: 'true' } }, 'undecidable'],
  'the provider': [{ StringEquals: { 'aws:FederatedProvider': PROVIDER } }, 'yes'],
  'no service': [{ Bool: { 'aws:PrincipalIsAWSService': 'false' } }, 'yes'],
  'an address': [{ NotIpAddress: { 'aws:SourceIp': '10.0.0.0/8' } }, 'undecidable'],
  'some session name': [{ StringLike: { 'sts:RoleSessionName': '*' } }, 'yes'],
  'no request tag': [{ Null: { 'aws:RequestTag/team': 'true' } }, 'yes'],
  'no tag of the principal': [{ Null: { 'aws:PrincipalTag/team': 'true' } }, 'yes'],
  ...Object.fromEntries(
    [
      'aws:MultiFactorAuthAge',
      'aws:MultiFactorAuthPresent',
      'aws:PrincipalOrgID',
      'aws:PrincipalOrgPaths',
      'aws:PrincipalServiceName',
      'aws:SourceAccount',
      'aws:SourceArn',
      'aws:SourceOrgID',
      'aws:SourceOrgPaths',
      'aws:TagKeys',
      'sts:TransitiveTagKeys',
    ].map((key) => [`${key} is never there`, [{ Null: { [key]: 'true' } }, 'yes'] as [object, Answer]]),
  ),
};

describe('what a token tells:', () => {
  test.each(Object.entries(webIdentityKeys))('%s', (_, [condition, answer]) => {
    expect(byWebIdentity(condition)).toBe(answer);
  });
});
