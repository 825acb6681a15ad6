import { describe, expect, test } from 'vitest';
import {
  ACCOUNT,
  admit,
  CLUSTER,
  changed,
  clusterGrant,
  document,
  EC2,
  grantTo,
  ISSUER,
  irsa,
  OTHER_CLUSTER,
  OTHER_PROVIDER,
  ours,
  oursForCluster,
  PROVIDER,
  podIdentity,
  refusal,
  SID,
} from '../fixtures/trust/example.ts';

const one = JSON.stringify(ours(0, 'shop', 'pay'));
const ec2 = JSON.stringify(EC2);

describe('where our statement goes:', () => {
  const cases: Record<string, [before: string, after: string]> = {
    'behind the last statement of a compact list': [
      `{"Version":"2012-10-17","Statement":[${ec2}]}`,
      `{"Version":"2012-10-17","Statement":[${ec2},${one}]}`,
    ],
    'into an empty list': ['{"Version":"2012-10-17","Statement":[]}', `{"Version":"2012-10-17","Statement":[${one}]}`],
    'into an empty list with room': ['{"Version":"2012-10-17","Statement":[ \n ]}', `{"Version":"2012-10-17","Statement":[${one} \n ]}`],
    'beside a single object, which becomes a list': [
      `{"Version":"2012-10-17","Statement": ${ec2} }`,
      `{"Version":"2012-10-17","Statement": [${ec2},${one}] }`,
    ],
    'on its own line in a printed list of one': [
      `{"Version":"2012-10-17","Statement":[\n    ${ec2}\n  ]}`,
      `{"Version":"2012-10-17","Statement":[\n    ${ec2},\n    ${one}\n  ]}`,
    ],
    'separated as the others are': [
      `{"Version":"2012-10-17","Statement": [${ec2} ,\t${ec2}]}`,
      `{"Version":"2012-10-17","Statement": [${ec2} ,\t${ec2} ,\t${one}]}`,
    ],
    'before what follows the list': [
      `{"Statement":[${ec2}],"Id":"x","Version":"2012-10-17"}\n`,
      `{"Statement":[${ec2},${one}],"Id":"x","Version":"2012-10-17"}\n`,
    ],
  };
  test.each(Object.entries(cases))('%s', (_, [before, after]) => {
    expect(changed(before, grantTo('shop/pay'))).toBe(after);
  });

  test('all that is not ours stays byte for byte: order, escapes, repeated keys, white space', () => {
    const foreign = [
      '{ "Sid" : "", "Sid":"b", "Effect":"Allow","Principal":{"AWS":["arn:aws:iam::111122223333:role\\/a"]} , "Action":"sts:AssumeRole" }',
      '{"Effect":"Allow","Principal":{"Federated":"x"},"Action":"sts:AssumeRoleWithSAML","Condition":{"A":{"k":"1","k":"2"}}}',
      ec2,
      ec2,
    ];
    const before = `{"Version":"2012-10-17","Statement":[${foreign.join(' , ')}]}`;
    expect(changed(before, grantTo('shop/pay'))).toBe(before.replace(/\]\}$/, ` , ${one}]}`));
  });
});

describe('which statements are written:', () => {
  const cases: Record<string, [ids: string[], statements: object[]]> = {
    'one service account': [['shop/pay'], [ours(0, 'shop', 'pay')]],
    'the same one twice': [['shop/pay', 'shop/pay'], [ours(0, 'shop', 'pay')]],
    'two of one namespace, sorted': [['shop/pay', 'shop/api'], [ours(0, 'shop', ['api', 'pay'])]],
    'one name of two namespaces': [['shop/pay', 'dev/pay'], [ours(0, ['dev', 'shop'], 'pay')]],
    'a full product': [['b/y', 'a/x', 'b/x', 'a/y'], [ours(0, ['a', 'b'], ['x', 'y'])]],
    'no full product: one statement each': [
      ['a/x', 'b/y'],
      [ours(0, 'a', 'x'), ours(1, 'b', 'y')],
    ],
    'three of a product of four': [
      ['a/x', 'a/y', 'b/x'],
      [ours(0, 'a', ['x', 'y']), ours(1, 'b', 'x')],
    ],
    'grouped by name where that needs fewer': [
      ['a/x', 'a/y', 'b/y', 'b/z', 'a/w', 'b/w'].sort(),
      [ours(0, 'a', ['w', 'x', 'y']), ours(1, 'b', ['w', 'y', 'z'])],
    ],
  };
  test.each(Object.entries(cases))('%s', (_, [ids, statements]) => {
    expect(JSON.parse(changed(document(EC2), grantTo(...ids))).Statement).toEqual([EC2, ...statements]);
    expect(changed(document(EC2), grantTo(...ids.toReversed()))).toBe(changed(document(EC2), grantTo(...ids)));
  });

  test('the whole cluster, by source ARN and account', () => {
    expect(JSON.parse(changed(document(EC2), clusterGrant('shop/pay'))).Statement).toEqual([EC2, oursForCluster(0)]);
  });

  test('in every partition the same, with the ARN as it is', () => {
    for (const partition of ['aws-cn', 'aws-us-gov', 'aws-iso-b', 'aws-eusc']) {
      const clusterArn = CLUSTER.replace('arn:aws:', `arn:${partition}:`);
      const [statement] = JSON.parse(changed(document(), { ...grantTo('shop/pay'), clusterArn })).Statement;
      expect(statement.Condition.StringEquals['aws:RequestTag/eks-cluster-arn']).toBe(clusterArn);
      expect(statement.Principal).toEqual({ Service: 'pods.eks.amazonaws.com' });
      expect(statement.Sid).toMatch(/^Podshift[0-9a-f]{12}0$/);
      expect(statement.Sid.slice(0, -1)).not.toBe(SID);
    }
  });
});

describe('only what is missing is added:', () => {
  test('a second grant is no write', () => {
    for (const grant of [grantTo('shop/pay'), grantTo('a/x', 'b/y', 'a/y'), clusterGrant('shop/pay')]) {
      expect(admit(changed(document(EC2), grant), grant).kind).toBe('unchanged');
    }
  });

  test('a later grant extends our statement in its place', () => {
    const after = changed(document(ours(0, 'shop', 'pay'), EC2), grantTo('shop/api'));
    expect(after).toBe(document(ours(0, 'shop', ['api', 'pay']), EC2));
  });

  test('a later grant that fits no product gets a statement of its own', () => {
    const after = changed(document(ours(0, 'shop', 'pay'), EC2), grantTo('dev/api'));
    expect(after).toBe(document(ours(0, 'dev', 'api'), EC2, ours(1, 'shop', 'pay')));
  });

  test('statements that a later grant completes to a product become one', () => {
    const after = changed(document(ours(0, 'a', ['x', 'y']), EC2, ours(1, 'b', 'x')), grantTo('b/y'));
    expect(after).toBe(document(ours(0, ['a', 'b'], ['x', 'y']), EC2));
  });

  test('our statement is known by its meaning, whatever printed it', () => {
    const statement = JSON.parse(JSON.stringify(ours(0, ['shop'], ['pay', 'api'])));
    const reordered = Object.fromEntries(Object.entries(statement).reverse());
    const printed = JSON.stringify(
      {
        Version: '2012-10-17',
        Statement: [{ ...reordered, Action: ['sts:TagSession', 'sts:AssumeRole'], Principal: { Service: ['pods.eks.amazonaws.com'] } }],
      },
      null,
      2,
    );
    expect(admit(printed, grantTo('shop/api')).kind).toBe('unchanged');
    expect(JSON.parse(changed(printed, grantTo('shop/web'))).Statement).toEqual([ours(0, 'shop', ['api', 'pay', 'web'])]);
  });

  test('statements of other clusters are foreign', () => {
    const other = ours(0, 'shop', 'pay', OTHER_CLUSTER, 'Podshift0123456789ab');
    expect(changed(document(other), grantTo('shop/pay'))).toBe(document(other, ours(0, 'shop', 'pay')));
  });

  test('what a foreign scoped statement admits is not written again', () => {
    const foreign = { ...ours(0, 'shop', 'pay'), Sid: 'AllowEksPodIdentity' };
    expect(admit(document(foreign), grantTo('shop/pay'))).toEqual({ kind: 'unchanged', warnings: [] });
    expect(changed(document(foreign), grantTo('shop/pay', 'shop/api'))).toBe(document(foreign, ours(0, 'shop', 'api')));
  });

  test('nobody to admit is no write', () => {
    expect(admit(document(EC2), grantTo())).toEqual({ kind: 'unchanged', warnings: [] });
    expect(admit(document(EC2), clusterGrant())).toEqual({ kind: 'unchanged', warnings: [] });
  });

  test('a cluster grant stands beside the scoped ones, and needs no later ones', () => {
    const both = changed(document(ours(0, 'shop', 'pay')), clusterGrant('shop/pay', 'dev/api'));
    expect(both).toBe(document(ours(0, 'shop', 'pay'), oursForCluster(1)));
    expect(admit(both, grantTo('x/y')).kind).toBe('unchanged');
  });

  test('a cluster grant comes after the scoped ones and after what is foreign', () => {
    const foreignDeny = podIdentity({ Effect: 'Deny', Principal: { AWS: 'x' } });
    expect(changed(document(ours(0, 'shop', 'pay'), foreignDeny), clusterGrant('shop/pay'))).toBe(
      document(ours(0, 'shop', 'pay'), foreignDeny, oursForCluster(1)),
    );
  });

  test('a cluster grant is needed where session tags alone admit', () => {
    expect(admit(document(ours(0, 'shop', 'pay')), clusterGrant('shop/pay')).kind).toBe('changed');
  });

  test('a statement that names the service by a wildcard is not relied on', () => {
    for (const Principal of ['*', { AWS: '*' }, { Service: '*' }]) {
      expect(changed(document(podIdentity({ Principal })), grantTo('shop/pay'))).toBe(
        document(podIdentity({ Principal }), ours(0, 'shop', 'pay')),
      );
    }
  });

  test('a statement that cannot be decided is not relied on, and stays', () => {
    const strange = podIdentity({ Condition: { StringSimilar: { 'aws:SourceAccount': ACCOUNT } } });
    expect(changed(document(strange), grantTo('shop/pay'))).toBe(document(strange, ours(0, 'shop', 'pay')));
  });

  test('an unclear Effect is not relied on', () => {
    const text = document('{"Effect":"Deny","Effect":"Allow","Principal":{"Service":"pods.eks.amazonaws.com"},"Action":"sts:*"}');
    expect(refusal(admit(text, grantTo('shop/pay'))).code).toBe('undecidable');
  });
});

test('a statement of two clusters, of which one migrates, stays', () => {
  const shared = irsa([], {
    Principal: { Federated: [PROVIDER, OTHER_PROVIDER] },
    Condition: { StringLike: { [`${ISSUER}:sub`]: 'system:serviceaccount:*:*' } },
  });
  expect(changed(document(shared), grantTo('shop/pay'))).toBe(document(shared, ours(0, 'shop', 'pay')));
});
