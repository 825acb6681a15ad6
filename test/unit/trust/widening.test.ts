import { describe, expect, test } from 'vitest';
import { type Grant, widening } from '../../../src/trust/index.ts';
import {
  CLUSTER,
  clusterGrant,
  document,
  EC2,
  grantTo,
  ISSUER,
  irsa,
  OTHER_CLUSTER,
  ours,
  oursForCluster,
  PROVIDER,
  podIdentity,
  read,
  SID,
} from '../fixtures/trust/example.ts';

/** The Sid of our statements of the other cluster: `printf %s OTHER_CLUSTER | sha256sum`. */
const OTHER_SID = 'Podshifta133574c0251';

function grown(before: string, after: string, allowed: Grant = grantTo()): string[] {
  return widening(read(before), read(after), allowed);
}

const pay = 'system:serviceaccount:shop:pay';
const api = 'system:serviceaccount:shop:api';
const deny = { Sid: 'Guard', Effect: 'Deny', Principal: '*', Action: 'sts:AssumeRole' };

describe('what is a widening:', () => {
  const admitted = (id: string, cluster = CLUSTER): string => `pods.eks.amazonaws.com: ${cluster}, ${id}`;
  const cases: Record<string, [before: string, after: string, grown: string[], allowed?: Grant]> = {
    'a service account that was not asked for': [document(EC2), document(EC2, ours(0, 'shop', 'pay')), [admitted('shop/pay')]],
    'one beside what was asked for': [
      document(EC2),
      document(EC2, ours(0, 'shop', ['api', 'pay'])),
      [admitted('shop/api')],
      grantTo('shop/pay'),
    ],
    'a name that begins like it': [
      document(EC2),
      document(EC2, ours(0, 'shop', 'payment')),
      [admitted('shop/payment')],
      grantTo('shop/pay'),
    ],
    'the rest of a product': [
      document(EC2),
      document(EC2, ours(0, ['a', 'b'], ['x', 'y'])),
      [admitted('a/y'), admitted('b/x')],
      grantTo('a/x', 'b/y'),
    ],
    'a grant asked for another account': [
      document(EC2),
      document(EC2, ours(0, 'shop', 'pay')),
      [admitted('shop/pay')],
      { ...grantTo('shop/pay'), accountId: '444455556666' },
    ],
    'the whole cluster': [document(EC2), document(EC2, oursForCluster(0)), [admitted('every service account')], grantTo('shop/pay')],
    'the whole cluster, asked for in another account': [
      document(EC2),
      document(EC2, oursForCluster(0)),
      [admitted('every service account')],
      { ...clusterGrant('shop/pay'), accountId: '444455556666' },
    ],
    'our statement of another cluster': [
      document(EC2),
      document(EC2, ours(0, 'shop', ['api', 'pay'], OTHER_CLUSTER, OTHER_SID)),
      [admitted('shop/api', OTHER_CLUSTER), admitted('shop/pay', OTHER_CLUSTER)],
      grantTo('shop/pay', 'shop/api'),
    ],
    'our statement, asked for a malformed cluster': [
      document(),
      document(oursForCluster(0)),
      [admitted('every service account')],
      { ...clusterGrant('shop/pay'), clusterArn: 'prod' },
    ],
    'our statement without its account': [
      document(EC2),
      document(EC2, { ...podIdentity({ Condition: { ArnEquals: { 'aws:SourceArn': CLUSTER } } }), Sid: `${SID}0` }),
      [`pods.eks.amazonaws.com: statement 2 ("${SID}0") was added or changed`],
      clusterGrant('shop/pay'),
    ],
    'a foreign statement': [
      document(EC2),
      document(EC2, podIdentity()),
      ['pods.eks.amazonaws.com: statement 2 was added or changed'],
      grantTo('shop/pay'),
    ],
    'a foreign statement with several principals': [
      document(),
      document({ ...EC2, Sid: 'x', Principal: { AWS: ['a', 'b'], Federated: 'c' } }),
      [
        'a: statement 1 ("x") was added or changed',
        'b: statement 1 ("x") was added or changed',
        'c: statement 1 ("x") was added or changed',
      ],
    ],
    'a foreign statement for everybody': [document(), document({ ...EC2, Principal: '*' }), ['*: statement 1 was added or changed']],
    'a foreign statement for a strange principal': [
      document(),
      document({ ...EC2, Principal: { AWS: [7] } }),
      ['*: statement 1 was added or changed'],
    ],
    'a foreign statement without a principal': [document(), document('{"Effect":"Allow"}'), ['*: statement 1 was added or changed']],
    'a Deny that is added, since it is not ours': [document(), document(deny), ['*: statement 1 ("Guard") was added or changed']],
    'a Deny that is taken out': [document(deny, EC2), document(EC2), ['*: statement 1 ("Guard"), which denies, was taken out or changed']],
    'a Deny that is taken out at the end': [
      document(EC2, deny),
      document(EC2),
      ['*: statement 2 ("Guard"), which denies, was taken out or changed'],
    ],
    'a statement of unclear Effect that is taken out': [
      document({ ...EC2, Effect: 'deny' }),
      document(),
      ['*: statement 1, which denies, was taken out or changed'],
    ],
    'a Deny of fewer values': [
      document(irsa([api, pay], { Effect: 'Deny' })),
      document(irsa([pay], { Effect: 'Deny' })),
      [`${PROVIDER}: statement 1 was added or changed`, '*: statement 1, which denies, was taken out or changed'],
    ],
    'statements in another order': [document(EC2, deny), document(deny, EC2), ['ec2.amazonaws.com: statement 2 was added or changed']],
    'a statement twice': [document(EC2), document(EC2, EC2), ['ec2.amazonaws.com: statement 2 was added or changed']],
    'one more subject': [document(irsa([pay])), document(irsa([pay, api])), [`${PROVIDER}: statement 1 was added or changed`]],
    'another subject': [document(irsa(pay)), document(irsa(api)), [`${PROVIDER}: statement 1 was added or changed`]],
    'no subject left': [document(irsa([pay])), document(irsa([])), [`${PROVIDER}: statement 1 was added or changed`]],
    'a subject that is no string': [
      document(irsa([pay])),
      document(irsa(pay)).replace(`"${pay}"`, '7'),
      [`${PROVIDER}: statement 1 was added or changed`],
    ],
    'a subject that was no string': [
      document(irsa(pay)).replace(`"${pay}"`, '7'),
      document(irsa(pay)),
      [`${PROVIDER}: statement 1 was added or changed`],
    ],
    'one condition less': [
      document(irsa(pay)),
      document(irsa([], { Condition: { StringEquals: { [`${ISSUER}:sub`]: pay } } })),
      [`${PROVIDER}: statement 1 was added or changed`],
    ],
    'no condition left': [
      document(irsa(pay)),
      document(irsa(pay, { Condition: undefined })),
      [`${PROVIDER}: statement 1 was added or changed`],
    ],
    'a condition that was none': [
      document(irsa(pay, { Condition: 'x' })),
      document(irsa(pay)),
      [`${PROVIDER}: statement 1 was added or changed`],
    ],
    'an operator less': [
      document(irsa([], { Condition: { StringLike: { a: 'x' }, Bool: { b: 'true' } } })),
      document(irsa([], { Condition: { StringLike: { a: 'x' } } })),
      [`${PROVIDER}: statement 1 was added or changed`],
    ],
    'an operator over a string': [
      document(irsa([], { Condition: { StringLike: 'x' } })),
      document(irsa([], { Condition: { StringLike: { a: 'x' } } })),
      [`${PROVIDER}: statement 1 was added or changed`],
    ],
    'an operator that became a string': [
      document(irsa([], { Condition: { StringLike: { a: 'x' } } })),
      document(irsa([], { Condition: { StringLike: 'x' } })),
      [`${PROVIDER}: statement 1 was added or changed`],
    ],
    'fewer values under a negation': [
      document(irsa([], { Condition: { StringNotEquals: { a: ['x', 'y'] } } })),
      document(irsa([], { Condition: { StringNotEquals: { a: ['x'] } } })),
      [`${PROVIDER}: statement 1 was added or changed`],
    ],
    'fewer values of a Null': [
      document(irsa([], { Condition: { XStringLike: { a: ['x', 'y'] } } })),
      document(irsa([], { Condition: { XStringLike: { a: ['x'] } } })),
      [`${PROVIDER}: statement 1 was added or changed`],
    ],
    'fewer values under an operator with more to its name': [
      document(irsa([], { Condition: { StringLikeIfExists: { a: ['x', 'y'] } } })),
      document(irsa([], { Condition: { StringLikeIfExists: { a: ['x'] } } })),
      [`${PROVIDER}: statement 1 was added or changed`],
    ],
    'fewer subjects of another principal': [
      document(irsa([api, pay])),
      document(irsa(pay, { Principal: '*' })),
      ['*: statement 1 was added or changed'],
    ],
    'fewer values under one operator, more under another': [
      document(irsa([], { Condition: { StringLike: { a: ['x', 'y'] }, StringEquals: { b: ['x'] } } })),
      document(irsa([], { Condition: { StringLike: { a: ['x'] }, StringEquals: { b: ['x', 'y'] } } })),
      [`${PROVIDER}: statement 1 was added or changed`],
    ],
    'fewer values under one key, more under another': [
      document(irsa([], { Condition: { StringLike: { a: ['x', 'y'], b: ['x'] } } })),
      document(irsa([], { Condition: { StringLike: { a: ['x'], b: ['x', 'y'] } } })),
      [`${PROVIDER}: statement 1 was added or changed`],
    ],
    'a condition more, since nothing of ours adds one': [
      document(irsa([], { Condition: { StringLike: { a: 'x' } } })),
      document(irsa([], { Condition: { StringLike: { a: 'x', b: 'y' } } })),
      [`${PROVIDER}: statement 1 was added or changed`],
    ],
    'an operator more, since nothing of ours adds one': [
      document(irsa([], { Condition: { StringLike: { a: 'x' } } })),
      document(irsa([], { Condition: { StringLike: { a: 'x' }, Bool: { b: 'true' } } })),
      [`${PROVIDER}: statement 1 was added or changed`],
    ],
    'a strange principal beside another': [
      document(),
      document({ ...EC2, Principal: { AWS: [7], Service: 'ec2.amazonaws.com' } }),
      ['*: statement 1 was added or changed', 'ec2.amazonaws.com: statement 1 was added or changed'],
    ],
    'a statement whose Sid only ends like ours': [
      document(),
      document(ours(0, 'shop', 'pay', CLUSTER, `x${SID}`)),
      [`pods.eks.amazonaws.com: statement 1 ("x${SID}0") was added or changed`],
      grantTo('shop/pay'),
    ],
    'one more action': [
      document(EC2),
      document({ ...EC2, Action: ['sts:AssumeRole', 'sts:TagSession'] }),
      ['ec2.amazonaws.com: statement 1 was added or changed'],
    ],
    'a repeated key in what was there': [
      document(JSON.stringify(irsa([api, pay])).replace('"Effect"', '"Effect":"Allow","Effect"')),
      document(irsa([pay])),
      [`${PROVIDER}: statement 1 was added or changed`, '*: statement 1, which denies, was taken out or changed'],
    ],
    'a repeated condition in what was there': [
      document(JSON.stringify(irsa([api, pay])).replace('"Condition"', '"Condition":{"Bool":{"x":"true"}},"Condition"')),
      document(irsa([pay])),
      [`${PROVIDER}: statement 1 was added or changed`],
    ],
    'a repeated key in what is there': [
      document(irsa([api, pay])),
      document(JSON.stringify(irsa([pay])).replace('"Condition"', '"Condition":{},"Condition"')),
      [`${PROVIDER}: statement 1 was added or changed`],
    ],
    'a Version that gives variables a meaning': [
      '{"Statement":[]}',
      '{"Version":"2012-10-17","Statement":[]}',
      ['*: the Version was changed from 2008-10-17 to 2012-10-17'],
    ],
  };
  test.each(Object.entries(cases))('%s', (_, [before, after, expected, allowed]) => {
    expect(grown(before, after, allowed)).toEqual(expected);
  });
});
