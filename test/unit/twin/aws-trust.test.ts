import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AwsError } from '../../../twin/aws/errors.ts';
import { compileTrust, isAllowed, namesService, type TrustRequest } from '../../../twin/aws/trust-evaluation.ts';
import { validateTrust } from '../../../twin/aws/trust-validation.ts';

const variable = (key: string): string => ['$', '{', key, '}'].join('');
const service = (name: string): TrustRequest['caller'] => ({ type: 'Service', name });
const pods = service('pods.eks.amazonaws.com');
const statement = (more: Record<string, unknown> = {}) => ({
  Effect: 'Allow',
  Principal: { Service: 'pods.eks.amazonaws.com' },
  Action: 'sts:AssumeRole',
  ...more,
});
const document = (statements: unknown, more: Record<string, unknown> = {}) =>
  compileTrust(JSON.stringify({ Version: '2012-10-17', Statement: statements, ...more }));
const asks = (more: Partial<TrustRequest> = {}): TrustRequest => ({ action: 'sts:AssumeRole', caller: pods, context: {}, ...more });
const context = {
  'aws:sourceaccount': '111122223333',
  'aws:sourcearn': 'arn:aws:eks:eu-west-1:111122223333:cluster/shop',
  'aws:requesttag/kubernetes-namespace': 'shop',
};

describe('the twin reads a trust document', () => {
  it.each<[string, unknown, Partial<TrustRequest>, boolean]>([
    ['a service that is named', statement(), {}, true],
    ['a service that is not named', statement(), { caller: service('ec2.amazonaws.com') }, false],
    ['one service of several', statement({ Principal: { Service: ['ec2.amazonaws.com', 'pods.eks.amazonaws.com'] } }), {}, true],
    ['everyone by a star', statement({ Principal: '*' }), {}, true],
    ['everyone by AWS star', statement({ Principal: { AWS: '*' } }), {}, true],
    [
      'an account by its number',
      statement({ Principal: { AWS: '111122223333' } }),
      { caller: { type: 'AWS', name: 'arn:aws:iam::111122223333:role/x' } },
      true,
    ],
    [
      'an account by its root',
      statement({ Principal: { AWS: 'arn:aws:iam::111122223333:root' } }),
      { caller: { type: 'AWS', name: 'arn:aws:iam::111122223333:user/x' } },
      true,
    ],
    [
      'another account',
      statement({ Principal: { AWS: 'arn:aws:iam::444455556666:root' } }),
      { caller: { type: 'AWS', name: 'arn:aws:iam::111122223333:user/x' } },
      false,
    ],
    [
      'a deleted role by its id',
      statement({ Principal: { AWS: 'AROAEXAMPLE' } }),
      { caller: { type: 'AWS', name: 'arn:aws:iam::111122223333:role/x' } },
      false,
    ],
    ['all but one by NotPrincipal', statement({ Principal: undefined, NotPrincipal: { Service: 'ec2.amazonaws.com' } }), {}, true],
    [
      'the one that NotPrincipal names',
      statement({ Principal: undefined, NotPrincipal: { Service: 'pods.eks.amazonaws.com' } }),
      {},
      false,
    ],
    ['an action in another case', statement({ Action: 'STS:assumerole' }), {}, true],
    ['an action by a pattern', statement({ Action: 'sts:Assume*' }), { action: 'sts:AssumeRoleWithWebIdentity' }, true],
    ['an action that is not there', statement(), { action: 'sts:TagSession' }, false],
    ['all actions but one by NotAction', statement({ Action: undefined, NotAction: 'sts:TagSession' }), {}, true],
    ['a Deny over an Allow', [statement(), statement({ Effect: 'Deny' })], {}, false],
    ['a Deny of something else', [statement(), statement({ Effect: 'Deny', Action: 'sts:TagSession' })], {}, true],
    ['no statement at all', [], {}, false],
  ])('%s', (_what, statements, request, allowed) => {
    expect(isAllowed(document(statements), asks(request))).toBe(allowed);
  });

  it.each<[string, Record<string, unknown>, boolean]>([
    ['a key in another case', { StringEquals: { 'AWS:sourceaccount': '111122223333' } }, true],
    ['an operator in another case', { stringequals: { 'aws:SourceAccount': '111122223333' } }, true],
    ['one value of several', { StringEquals: { 'aws:RequestTag/kubernetes-namespace': ['mail', 'shop'] } }, true],
    ['another value', { StringEquals: { 'aws:RequestTag/kubernetes-namespace': 'mail' } }, false],
    [
      'two keys, of which one differs',
      { StringEquals: { 'aws:SourceAccount': '111122223333', 'aws:RequestTag/kubernetes-namespace': 'mail' } },
      false,
    ],
    ['a star in StringLike', { StringLike: { 'aws:RequestTag/kubernetes-namespace': 'sh*' } }, true],
    ['a star in StringEquals is a star', { StringEquals: { 'aws:RequestTag/kubernetes-namespace': 'sh*' } }, false],
    ['a question mark', { StringLike: { 'aws:RequestTag/kubernetes-namespace': 's?op' } }, true],
    ['an ARN pattern', { ArnLike: { 'aws:SourceArn': 'arn:aws:eks:*:111122223333:cluster/*' } }, true],
    ['a star of an ARN pattern that would reach over a colon', { ArnLike: { 'aws:SourceArn': 'arn:aws:eks:*:cluster/shop' } }, false],
    ['ArnEquals takes patterns as well', { ArnEquals: { 'aws:SourceArn': 'arn:aws:eks:*:*:cluster/shop' } }, true],
    ['a key that was not sent', { StringEquals: { 'aws:SourceOrgId': 'o-1' } }, false],
    ['a key that was not sent, if it exists', { StringEqualsIfExists: { 'aws:SourceOrgId': 'o-1' } }, true],
    ['a negated operator over a key that was not sent', { StringNotEquals: { 'aws:SourceOrgId': 'o-1' } }, true],
    ['a negated operator over an equal value', { StringNotEquals: { 'aws:SourceAccount': '111122223333' } }, false],
    ['Null true over a key that was not sent', { Null: { 'aws:SourceOrgId': 'true' } }, true],
    ['Null true over a key that was sent', { Null: { 'aws:SourceAccount': 'true' } }, false],
    ['all values of a key that was not sent', { 'ForAllValues:StringEquals': { 'aws:TagKeys': 'x' } }, true],
    ['any value of a key that was not sent', { 'ForAnyValue:StringEquals': { 'aws:TagKeys': 'x' } }, false],
    ['an operator that nobody knows', { StringResembles: { 'aws:SourceAccount': '111122223333' } }, false],
    ['a variable', { StringEquals: { 'aws:SourceAccount': variable('aws:SourceAccount') } }, true],
    ['a variable without a value', { StringEquals: { 'aws:SourceAccount': variable('aws:SourceOrgId') } }, false],
  ])('goes by a condition with %s', (_what, Condition, allowed) => {
    expect(isAllowed(document(statement({ Condition })), asks({ context }))).toBe(allowed);
  });

  it('takes a variable as text in a document of 2008', () => {
    const old = document(statement({ Condition: { StringEquals: { 'aws:SourceAccount': variable('aws:SourceAccount') } } }), {
      Version: '2008-10-17',
    });
    expect(isAllowed(old, asks({ context }))).toBe(false);
  });

  it('lets an operator that nobody knows deny', () => {
    const denied = document([statement(), statement({ Effect: 'Deny', Condition: { StringResembles: { 'aws:SourceAccount': 'x' } } })]);
    expect(isAllowed(denied, asks({ context }))).toBe(false);
  });

  it('admits nobody by what is no document', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => !isAllowed(compileTrust(text), asks({ context }))));
  });

  it('sees which actions a service is named with, conditions aside', () => {
    const half = document(statement({ Condition: { StringEquals: { 'aws:SourceAccount': 'x' } } }));
    expect(namesService(half, 'pods.eks.amazonaws.com', 'sts:AssumeRole')).toBe(true);
    expect(namesService(half, 'pods.eks.amazonaws.com', 'sts:TagSession')).toBe(false);
  });
});

describe('the twin checks a trust document as IAM does', () => {
  const check = (text: string): AwsError | undefined => {
    try {
      validateTrust(text, { accountId: '111122223333', principalExists: (arn) => arn.endsWith('/known'), sizeLimit: 2048 });
      return undefined;
    } catch (error) {
      if (error instanceof AwsError) return error;
      throw error;
    }
  };
  const text = (statements: unknown, more: Record<string, unknown> = {}) =>
    JSON.stringify({ Version: '2012-10-17', Statement: statements, ...more });

  it.each<[string, string]>([
    ['one statement as an object', text(statement())],
    ['version 2008', text([statement()], { Version: '2008-10-17' })],
    [
      'no version, an Id and a Sid with spaces',
      JSON.stringify({ Id: 'x', Statement: [statement({ Sid: 'with spaces' }), statement({ Sid: '' }), statement({ Sid: '' })] }),
    ],
    ['a role of this account that exists', text(statement({ Principal: { AWS: 'arn:aws:iam::111122223333:role/known' } }))],
    ['a role of another account', text(statement({ Principal: { AWS: 'arn:aws:iam::444455556666:role/x' } }))],
    [
      'conditions with a number and a boolean',
      text(statement({ Condition: { Bool: { 'aws:SecureTransport': true }, NumericLessThan: { 'sts:DurationSeconds': 3600 } } })),
    ],
    ['characters up to U+00FF', text(statement({ Sid: 'ÿ' }))],
  ])('takes %s', (_what, policy) => {
    expect(check(policy)).toBeUndefined();
  });

  it.each<[string, string, string, string]>([
    ['text that is no JSON', '{', 'MalformedPolicyDocument', 'This policy contains invalid Json'],
    [
      'a character beyond U+00FF',
      text(statement({ Sid: 'Ā' })),
      'MalformedPolicyDocument',
      'The policy contains characters outside of U+0020 to U+00FF.',
    ],
    [
      'a version that IAM does not have',
      text(statement(), { Version: '2020-01-01' }),
      'MalformedPolicyDocument',
      'The policy must contain a valid version string',
    ],
    ['no statement', text([]), 'MalformedPolicyDocument', 'Syntax errors in policy.'],
    ['a Resource', text(statement({ Resource: '*' })), 'MalformedPolicyDocument', 'Has prohibited field Resource'],
    ['no principal', text(statement({ Principal: undefined })), 'MalformedPolicyDocument', 'Missing required field Principal'],
    ['no action', text(statement({ Action: undefined })), 'MalformedPolicyDocument', 'Missing required field Action'],
    [
      'an action of another service',
      text(statement({ Action: 's3:GetObject' })),
      'MalformedPolicyDocument',
      'AssumeRole policy may only specify STS AssumeRole actions.',
    ],
    ['an effect that is none', text(statement({ Effect: 'Maybe' })), 'MalformedPolicyDocument', 'Invalid effect: Maybe'],
    [
      'a deleted role',
      text(statement({ Principal: { AWS: 'AROAEXAMPLEGONE' } })),
      'MalformedPolicyDocument',
      'Invalid principal in policy: "AWS":"AROAEXAMPLEGONE"',
    ],
    [
      'a role of this account that does not exist',
      text(statement({ Principal: { AWS: 'arn:aws:iam::111122223333:role/absent' } })),
      'MalformedPolicyDocument',
      'Invalid principal in policy: "AWS":"arn:aws:iam::111122223333:role/absent"',
    ],
    [
      'an operator that IAM does not know',
      text(statement({ Condition: { StringResembles: { 'a:b': 'c' } } })),
      'MalformedPolicyDocument',
      'Invalid Condition type : StringResembles',
    ],
    [
      '2,049 characters',
      text(statement({ Sid: 'x'.repeat(2049 - text(statement({ Sid: '' })).length) })),
      'LimitExceeded',
      'Cannot exceed quota for ACLSizePerRole: 2048',
    ],
  ])('refuses %s', (_what, policy, code, message) => {
    expect(check(policy)).toMatchObject({ code, message });
  });

  it('counts no white space', () => {
    const full = text(statement({ Sid: 'x'.repeat(2048 - text(statement({ Sid: '' })).length) }));
    expect(check(JSON.stringify(JSON.parse(full), undefined, 4))).toBeUndefined();
  });
});
