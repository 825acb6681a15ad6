import { describe, expect, test } from 'vitest';
import { DEFAULT_SIZE_LIMIT, type Grant, trustPolicySize } from '../../../src/trust/index.ts';
import {
  admit,
  CLUSTER,
  changed,
  clusterGrant,
  document,
  EC2,
  grantTo,
  irsa,
  ours,
  podIdentity,
  refusal,
  SID,
} from '../fixtures/trust/example.ts';

describe('what is refused:', () => {
  const deny = (changes: object): object => ({ Sid: 'Guard', Effect: 'Deny', Principal: '*', Action: 'sts:AssumeRole', ...changes });
  const refused: Record<string, [statement: object | string, code: string, message: RegExp]> = {
    'a Deny of everybody': [deny({}), 'deny', /^statement 2 \("Guard"\) denies the role to EKS Pod Identity$/],
    'a Deny of tags': [deny({ Action: 'sts:TagSession' }), 'deny', /denies/],
    'a Deny of what is not listed': [deny({ Action: undefined, NotAction: 'sts:AssumeRoleWithWebIdentity' }), 'deny', /denies/],
    'a Deny outside the organisation': [deny({ Condition: { StringNotEquals: { 'aws:PrincipalOrgID': 'o-1' } } }), 'deny', /denies/],
    'a Deny outside an address': [deny({ Condition: { NotIpAddress: { 'aws:SourceIp': '10.0.0.0/8' } } }), 'deny', /denies/],
    'a Deny outside a network': [deny({ Condition: { StringNotEquals: { 'aws:SourceVpc': 'vpc-1' } } }), 'deny', /denies/],
    'a Deny without MFA, if it exists': [
      deny({ Condition: { BoolIfExists: { 'aws:MultiFactorAuthPresent': 'false' } } }),
      'deny',
      /denies/,
    ],
    'a Deny of this namespace': [deny({ Condition: { StringLike: { 'aws:RequestTag/kubernetes-namespace': 's*' } } }), 'deny', /denies/],
    'a Deny over an unknown operator': [
      deny({ Sid: undefined, Condition: { StringSimilar: { 'aws:SourceIp': 'x' } } }),
      'undecidable',
      /^it cannot be decided whether statement 2 denies the role to EKS Pod Identity, because of aws:SourceIp \(StringSimilar\)$/,
    ],
    'a Deny over an unknown key': [
      deny({ Sid: '', Condition: { StringEquals: { 'aws:UserAgent': 'x' } } }),
      'undecidable',
      /whether statement 2 denies/,
    ],
    'a Deny of some pods': [
      deny({ Condition: { StringLike: { 'aws:RequestTag/kubernetes-pod-name': 'x-*' } } }),
      'undecidable',
      /cannot be decided/,
    ],
    'an Effect that is neither': [deny({ Effect: 'deny' }), 'undecidable', /cannot be decided/],
    'a Deny of a NotPrincipal': [
      deny({ Principal: undefined, NotPrincipal: { AWS: 'x' } }),
      'not-principal',
      /^statement 2 \("Guard"\) has a NotPrincipal$/,
    ],
    'an Allow of a NotPrincipal': [
      deny({ Effect: 'Allow', Principal: undefined, NotPrincipal: { AWS: 'x' } }),
      'not-principal',
      /has a NotPrincipal/,
    ],
    'a deleted role': [
      { ...EC2, Principal: { AWS: ['x', 'AROAEXAMPLE0123456789'] } },
      'dangling-principal',
      /^statement 2 names AROAEXAMPLE0123456789, a deleted role or user; /,
    ],
    'a deleted user': [{ ...EC2, Effect: 'Deny', Principal: { AWS: 'AIDAEXAMPLE' } }, 'dangling-principal', /names AIDAEXAMPLE/],
    'our Sid over another shape': [
      { ...podIdentity({ Action: 'sts:AssumeRole' }), Sid: `${SID}0` },
      'foreign-sid',
      /^statement 2 \("Podshifteaa5a32575ca0"\) has the Sid of a podshift statement but does not say what podshift writes$/,
    ],
    'our Sid with another ending': [{ ...ours(0, 'a', 'b'), Sid: `${SID}x` }, 'foreign-sid', /has the Sid/],
    'our statement with one more condition': [
      { ...ours(0, 'a', 'b'), Condition: { ...(ours(0, 'a', 'b') as { Condition: object }).Condition, Bool: { x: 'true' } } },
      'foreign-sid',
      /has the Sid/,
    ],
  };
  test.each(Object.entries(refused))('%s', (_, [statement, code, message]) => {
    const problem = refusal(admit(document(EC2, statement), grantTo('shop/pay')));
    expect(problem.code).toBe(code);
    expect(problem.message).toMatch(message);
  });

  const harmless: Record<string, object> = {
    'a Deny of another action': deny({ Action: 'sts:AssumeRoleWithWebIdentity' }),
    'a Deny of another principal': deny({ Principal: { AWS: 'arn:aws:iam::111122223333:role/x' } }),
    'a Deny of another service, whatever its condition': deny({
      Principal: { Service: 'ec2.amazonaws.com' },
      Condition: { What: { x: 'y' } },
    }),
    'a Deny of another namespace': deny({ Condition: { StringEquals: { 'aws:RequestTag/kubernetes-namespace': 'shops' } } }),
    'a Deny with MFA alone': deny({ Condition: { Bool: { 'aws:MultiFactorAuthPresent': 'false' } } }),
    'a Deny of what no service does': deny({
      Condition: { Bool: { 'aws:PrincipalIsAWSService': 'false' }, StringNotEquals: { 'aws:PrincipalOrgID': 'o-1' } },
    }),
    'a role whose name looks like an id': { ...EC2, Principal: { AWS: ['xAROAEXAMPLE', 'AROAexample', 'AROA', 'AGPAEXAMPLE'] } },
    'principals that are no strings': { ...EC2, Principal: { AWS: [1, 'AROAEXAMPLE'] } },
    everybody: { ...EC2, Principal: '*' },
    "another product's Sid": { ...podIdentity({ Principal: { Service: 'x' } }), Sid: 'Podshift000000000000' },
  };
  test.each(Object.entries(harmless))('but not %s', (_, statement) => {
    expect(changed(document(EC2, statement), grantTo('shop/pay'))).toBe(document(EC2, statement, ours(0, 'shop', 'pay')));
  });

  test('a Deny that concerns one of several', () => {
    const text = document(deny({ Condition: { StringEquals: { 'aws:RequestTag/kubernetes-service-account': 'api' } } }));
    expect(refusal(admit(text, grantTo('shop/pay', 'shop/api'))).code).toBe('deny');
    expect(admit(text, grantTo('shop/pay', 'shop/web')).kind).toBe('changed');
  });

  test('a Deny of calls without tags matters to the whole cluster alone', () => {
    const text = document(deny({ Condition: { Null: { 'aws:RequestTag/kubernetes-namespace': 'true' } } }));
    expect(refusal(admit(text, clusterGrant('shop/pay'))).code).toBe('deny');
    expect(admit(text, grantTo('shop/pay')).kind).toBe('changed');
  });

  test('a deleted principal and a changed Sid do not matter where nothing is written', () => {
    const text = document(podIdentity(), { ...EC2, Principal: { AWS: 'AROAEXAMPLE' } }, { ...EC2, Sid: `${SID}0` });
    expect(admit(text, grantTo('shop/pay')).kind).toBe('unchanged');
  });

  const malformed: Record<string, [grant: Grant, message: RegExp]> = {
    'a cluster that is no ARN': [{ ...grantTo('shop/pay'), clusterArn: 'prod' }, /^"prod" is not the ARN of an EKS cluster$/],
    'the ARN of something else': [{ ...grantTo('shop/pay'), clusterArn: CLUSTER.replace('cluster/', 'nodegroup/') }, /is not the ARN/],
    'an ARN with more behind it': [{ ...grantTo('shop/pay'), clusterArn: `${CLUSTER}/x` }, /is not the ARN/],
    'an ARN with more before it': [{ ...grantTo('shop/pay'), clusterArn: `x${CLUSTER}` }, /is not the ARN/],
    'an ARN that would break the statement': [{ ...grantTo('shop/pay'), clusterArn: `${CLUSTER}"` }, /is not the ARN/],
    'another account': [
      { ...grantTo('shop/pay'), accountId: '444455556666' },
      /^the cluster arn:aws:eks:eu-west-1:111122223333:cluster\/prod is not in account 444455556666$/,
    ],
    'a namespace with a wildcard': [grantTo('shop/pay', 'sh*p/pay'), /^"sh\*p\/pay" is not a namespace and a service account name$/],
    'a name with capitals': [grantTo('shop/Pay'), /is not a namespace/],
    'a name with a quote': [grantTo('shop/p"y'), /is not a namespace/],
    'an empty name': [grantTo('shop/'), /is not a namespace/],
    'a namespace with a dot': [grantTo('shop.eu/pay'), /is not a namespace/],
    'a namespace that ends in a dash': [grantTo('shop-/pay'), /is not a namespace/],
    'a name that begins with a dash': [grantTo('shop/-pay'), /is not a namespace/],
    'a name with two dots in a row': [grantTo('shop/a..b'), /is not a namespace/],
    'a namespace of 64 characters': [grantTo(`${'n'.repeat(64)}/pay`), /is not a namespace/],
    'a name of 254 characters': [grantTo(`shop/${'n'.repeat(254)}`), /is not a namespace/],
  };
  test.each(Object.entries(malformed))('%s', (_, [grant, message]) => {
    const problem = refusal(admit(document(EC2), grant));
    expect(problem.code).toBe('invalid-request');
    expect(problem.message).toMatch(message);
  });

  test('but not the longest names that Kubernetes takes', () => {
    const id = `${'n'.repeat(63)}/${'a.b-c.0'}${'n'.repeat(246)}`;
    expect(admit(document(EC2), grantTo(id)).kind).toBe('changed');
    expect(admit(document(EC2), grantTo('0/1')).kind).toBe('changed');
  });
});

describe('the size limit:', () => {
  /** A document whose size after the grant is `size`. */
  function documentFor(size: number): string {
    const filled = (length: number): string => document({ ...EC2, Sid: 'x'.repeat(length) });
    return filled(size - trustPolicySize(changed(filled(0), grantTo('shop/pay'), 10_000)));
  }

  test.each([2040, 2041, 2042, 2043, 2044, 2045, 2046, 2047, 2048])('a document of %i characters is written', (size) => {
    expect(trustPolicySize(changed(documentFor(size), grantTo('shop/pay')))).toBe(size);
  });

  test.each([2049, 2050, 4096])('one of %i is refused, with both numbers', (size) => {
    expect(refusal(admit(documentFor(size), grantTo('shop/pay')))).toEqual({
      code: 'too-large',
      message: `the trust policy would have ${size} characters without white space; the limit is 2048`,
    });
  });

  test('white space does not count', () => {
    const printed = documentFor(2048).replace('"Statement":[', `"Statement":[${'\n'.repeat(3000)}`);
    expect(trustPolicySize(changed(printed, grantTo('shop/pay')))).toBe(2048);
  });

  test('a raised quota is heeded, and the default is that of IAM', () => {
    expect(DEFAULT_SIZE_LIMIT).toBe(2048);
    expect(admit(documentFor(4096), grantTo('shop/pay'), 4096).kind).toBe('changed');
    expect(refusal(admit(documentFor(4097), grantTo('shop/pay'), 4096)).message).toBe(
      'the trust policy would have 4097 characters without white space; the limit is 4096',
    );
  });

  test('a document over the limit that admits already is no write', () => {
    expect(admit(document(podIdentity({ Sid: 'x'.repeat(3000) })), grantTo('shop/pay')).kind).toBe('unchanged');
  });

  test('five usual statements of issuers leave no room', () => {
    const statements = Array.from({ length: 5 }, (_, index) => irsa(`system:serviceaccount:shop:pay-${index}`));
    expect(refusal(admit(document(...statements), grantTo('shop/pay'))).code).toBe('too-large');
    expect(admit(document(...statements.slice(0, 3)), grantTo('shop/pay')).kind).toBe('changed');
  });
});
