import { describe, expect, test } from 'vitest';
import { type RetireRequest, type RetireResult, retireIssuerSubjects } from '../../../src/trust/index.ts';
import {
  ACCOUNT,
  account,
  document,
  EC2,
  ISSUER,
  irsa,
  OTHER_ISSUER,
  OTHER_PROVIDER,
  ours,
  PROVIDER,
  podIdentity,
  read,
} from '../fixtures/trust/example.ts';

function retire(text: string, ids: string[], changes: Partial<RetireRequest> = {}): RetireResult {
  return retireIssuerSubjects(read(text), {
    issuer: `https://${ISSUER}`,
    accountId: ACCOUNT,
    partition: 'aws',
    serviceAccounts: ids.map(account),
    ...changes,
  });
}

const pay = 'system:serviceaccount:shop:pay';
const api = 'system:serviceaccount:shop:api';
const payment = 'system:serviceaccount:shop:payment';
const keep = ours(0, 'shop', ['api', 'pay']);
const under = (operator: string, subjects: unknown): object => irsa([], { Condition: { [operator]: { [`${ISSUER}:sub`]: subjects } } });

describe('what is taken out:', () => {
  const cases: Record<string, [before: (object | string)[], ids: string[], after: (object | string)[]]> = {
    'a statement of one subject': [[irsa(pay), keep], ['shop/pay'], [keep]],
    'a statement of a list of one': [[keep, irsa([pay])], ['shop/pay'], [keep]],
    'a statement whose every subject is listed': [
      [keep, irsa([pay, api]), EC2],
      ['shop/api', 'shop/pay', 'x/y'],
      [keep, EC2],
    ],
    'one subject of several': [[irsa([api, pay, payment]), keep], ['shop/pay'], [irsa([api, payment]), keep]],
    'the first subject': [[irsa([pay, api]), keep], ['shop/pay'], [irsa([api]), keep]],
    'the last subject': [[irsa([api, pay]), keep], ['shop/pay'], [irsa([api]), keep]],
    'a subject that occurs twice': [[irsa([pay, api, pay]), keep], ['shop/pay'], [irsa([api]), keep]],
    'subjects of several statements': [[irsa([api, pay]), irsa(pay), keep], ['shop/pay'], [irsa([api]), keep]],
    'a subject under ForAnyValue': [[under('ForAnyValue:StringEquals', pay), keep], ['shop/pay'], [keep]],
    'a subject under StringLike without a wildcard': [
      [under('stringlike', [pay, api]), keep],
      ['shop/pay'],
      [under('stringlike', [api]), keep],
    ],
    'a subject beside a wildcard that does not admit it': [
      [under('StringLike', [pay, 'system:serviceaccount:dev-*:*']), keep],
      ['shop/pay'],
      [under('StringLike', ['system:serviceaccount:dev-*:*']), keep],
    ],
    'a subject under a key in other letters': [
      [irsa([], { Condition: { StringEquals: { [`${ISSUER}:SUB`]: pay } } }), keep],
      ['shop/pay'],
      [keep],
    ],
    'a statement with other conditions, decided or not': [
      [irsa([], { Condition: { What: { x: 'y' }, StringEquals: { [`${ISSUER}:aud`]: 'x', [`${ISSUER}:sub`]: [pay, api] } } }), keep],
      ['shop/pay'],
      [irsa([], { Condition: { What: { x: 'y' }, StringEquals: { [`${ISSUER}:aud`]: 'x', [`${ISSUER}:sub`]: [api] } } }), keep],
    ],
    'a statement of several actions': [[irsa(pay, { Action: 'sts:*' }), keep], ['shop/pay'], [keep]],
    'a provider in a list of one': [[irsa(pay, { Principal: { Federated: [PROVIDER] } }), keep], ['shop/pay'], [keep]],
  };
  test.each(Object.entries(cases))('%s', (_, [before, ids, after]) => {
    expect(retire(document(...before), ids)).toEqual({ kind: 'changed', text: document(...after) });
  });

  test('single subjects, with the white space of the others', () => {
    const text = document(keep, irsa(['A', 'B', 'C'])).replace('["A","B","C"]', `[\n  "${api}",\n  "${pay}" ,\n  "x:\\u0041"\n]`);
    expect(retire(text, ['shop/pay'])).toEqual({ kind: 'changed', text: text.replace(`,\n  "${pay}"`, '') });
  });

  test('in a single object', () => {
    const text = `{"Statement": ${JSON.stringify(irsa([pay, api]))} }`;
    expect(retire(text, ['shop/pay'])).toEqual({ kind: 'changed', text: text.replace(`"${pay}",`, '') });
  });

  test('in another partition and account, with an issuer without a scheme', () => {
    const Principal = { Federated: PROVIDER.replace('arn:aws:iam::111122223333', 'arn:aws-cn:iam::444455556666') };
    const changes = { partition: 'aws-cn', accountId: '444455556666', issuer: ISSUER };
    expect(retire(document(irsa(pay, { Principal }), keep), ['shop/pay'], changes)).toEqual({ kind: 'changed', text: document(keep) });
    expect(retire(document(irsa(pay, { Principal }), keep), ['shop/pay'])).toEqual({ kind: 'unchanged' });
  });

  test('nothing the second time', () => {
    expect(retire(document(irsa([api]), keep), ['shop/pay'])).toEqual({ kind: 'unchanged' });
  });
});

describe('what stays as it is:', () => {
  const cases: Record<string, object | string> = {
    'subjects that begin alike': irsa([payment, 'system:serviceaccount:shop-eu:pay', 'system:serviceaccount:sho:pay']),
    'the subjects of another issuer': irsa(pay, { Principal: { Federated: OTHER_PROVIDER } }),
    'a wildcard that admits none of them': under('StringLike', 'system:serviceaccount:dev-*:*'),
    'a negation that admits none of them': under('StringNotEquals', [pay, api]),
    'a statement for another action': irsa(pay, { Action: 'sts:TagSession' }),
    'a Deny': irsa(pay, { Effect: 'Deny' }),
    'a statement that never holds for a token': irsa([], { Condition: { StringEquals: { 'aws:SourceAccount': ACCOUNT } } }),
    'a principal that is no provider': podIdentity({ Principal: '*', Action: 'sts:*' }),
    'a provider that is no string': irsa(pay, { Principal: { Federated: [1] } }),
    'an unclear Effect for another subject': irsa(payment, { Effect: 'allow' }),
    'the subject under the key of another issuer': irsa([], { Condition: { StringEquals: { [`${OTHER_ISSUER}:sub`]: pay } } }),
  };
  test.each(Object.entries(cases))('%s', (_, statement) => {
    expect(retire(document(statement, keep), ['shop/pay'])).toEqual({ kind: 'unchanged' });
    expect(retire(document(statement, irsa(pay)), ['shop/pay'])).toEqual({ kind: 'changed', text: document(statement) });
  });

  test('everything, for nobody', () => {
    expect(retire(document(irsa([], { Condition: undefined }), keep), [])).toEqual({ kind: 'unchanged' });
  });
});

describe('what is refused:', () => {
  const repeated = JSON.stringify(irsa(pay)).replace(`{"${ISSUER}:sub"`, `{"${ISSUER}:sub":"x","${ISSUER}:sub"`);
  // biome-ignore lint/suspicious/noTemplateCurlyInString: IAM's policy variables look like this
  const variable = '${aws:username}';
  const twice = { StringEquals: { [`${ISSUER}:sub`]: pay }, StringLike: { [`${ISSUER}:sub`]: 'system:*' } };
  const cases: Record<string, [statement: object | string, code: string, message: RegExp]> = {
    'a wildcard': [
      under('StringLike', 'system:serviceaccount:shop:*'),
      'wildcard-subject',
      /^statement 1 admits one of the service accounts by a wildcard$/,
    ],
    'a wildcard beside the subject': [under('StringLike', [pay, 'system:serviceaccount:*:p?y']), 'wildcard-subject', /by a wildcard/],
    'no subject': [
      irsa([], { Condition: { StringEquals: { [`${ISSUER}:aud`]: 'sts.amazonaws.com' } } }),
      'wildcard-subject',
      /^statement 1 names no subject: it admits every service account of the issuer$/,
    ],
    'no condition': [irsa([], { Condition: undefined, Sid: 'a' }), 'wildcard-subject', /^statement 1 \("a"\) names no subject/],
    'an operator that is no object': [irsa([], { Condition: { StringEquals: 'x' } }), 'wildcard-subject', /names no subject/],
    'a condition that is no object': [irsa([], { Condition: ['x'] }), 'wildcard-subject', /names no subject/],
    'a negation': [under('StringNotEquals', api), 'negated-subject', /^statement 1 names the subjects that it does not admit$/],
    'a negated pattern': [under('ForAnyValue:StringNotLike', 'dev-*'), 'negated-subject', /does not admit/],
    'another provider beside': [
      irsa(pay, { Principal: { Federated: [PROVIDER, OTHER_PROVIDER] } }),
      'several-providers',
      /^statement 1 trusts more than arn:aws:iam::111122223333:oidc-provider\//,
    ],
    'another principal beside': [irsa(pay, { Principal: { Federated: PROVIDER, AWS: 'x' } }), 'several-providers', /trusts more than/],
    'two conditions on the subject': [
      irsa([], { Condition: twice }),
      'undecidable',
      /^statement 1 has more than one condition on the subject$/,
    ],
    'letters that do not matter': [
      under('StringEqualsIgnoreCase', pay),
      'undecidable',
      /^statement 1 has a condition on the subject that podshift cannot narrow \(StringEqualsIgnoreCase\)$/,
    ],
    'a subject if it exists': [under('StringEqualsIfExists', pay), 'undecidable', /cannot narrow/],
    'all values': [under('ForAllValues:StringEquals', pay), 'undecidable', /cannot narrow \(ForAllValues:StringEquals\)/],
    'an operator nobody knows': [under('StringSimilar', pay), 'undecidable', /cannot narrow/],
    'a value that is no string': [under('StringEquals', [pay, 7]), 'undecidable', /cannot narrow/],
    'a variable': [under('StringLike', [variable, pay]), 'undecidable', /cannot narrow/],
    'a repeated key': [repeated, 'undecidable', /^statement 1 repeats a key or has no known Effect$/],
    'a repeated principal': [
      JSON.stringify(irsa(pay)).replace('"Principal"', '"Principal":"x","Principal"'),
      'undecidable',
      /repeats a key/,
    ],
    'an Effect that is neither': [irsa(pay, { Effect: 'allow' }), 'undecidable', /no known Effect/],
  };
  test.each(Object.entries(cases))('%s', (_, [statement, code, message]) => {
    const result = retire(document(statement, keep), ['shop/pay']);
    expect(result).toEqual({ kind: 'refused', problem: { code, message: expect.stringMatching(message) } });
  });

  test('to leave no statement', () => {
    const problem = { code: 'last-statement', message: 'no statement would be left, which IAM does not take' };
    expect(retire(document(irsa(pay)), ['shop/pay'])).toEqual({ kind: 'refused', problem });
    expect(retire(document(irsa(pay), irsa([api])), ['shop/pay', 'shop/api'])).toEqual({ kind: 'refused', problem });
    expect(retire(`{"Statement":${JSON.stringify(irsa(pay))}}`, ['shop/pay'])).toEqual({ kind: 'refused', problem });
    expect(retire(document(irsa(pay), irsa([api])), ['shop/pay'])).toEqual({ kind: 'changed', text: document(irsa([api])) });
  });

  test('to write a document that names a deleted role', () => {
    const dangling = { ...EC2, Principal: { AWS: 'AROAEXAMPLE' } };
    expect(retire(document(irsa(pay), dangling), ['shop/pay'])).toMatchObject({ kind: 'refused', problem: { code: 'dangling-principal' } });
    expect(retire(document(irsa(payment), dangling), ['shop/pay'])).toEqual({ kind: 'unchanged' });
  });
});
