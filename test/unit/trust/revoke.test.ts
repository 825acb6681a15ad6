import { describe, expect, test } from 'vitest';
import { admitServiceAccounts, type Grant, revokeServiceAccounts } from '../../../src/trust/index.ts';
import {
  account,
  CLUSTER,
  clusterGrant,
  document,
  EC2,
  grantTo,
  OTHER_CLUSTER,
  ours,
  oursForCluster,
  podIdentity,
  read,
  SID,
} from '../fixtures/trust/example.ts';

function revoke(text: string, ...ids: string[]): { text: string; changed: boolean } {
  return revokeServiceAccounts(read(text), { clusterArn: CLUSTER, serviceAccounts: ids.map(account) });
}

function revokeAll(text: string, clusterArn = CLUSTER): { text: string; changed: boolean } {
  return revokeServiceAccounts(read(text), { clusterArn, serviceAccounts: 'all' });
}

function granted(text: string, grant: Grant): string {
  const result = admitServiceAccounts(read(text), { ...grant, sizeLimit: 100_000 });
  if (result.kind !== 'changed') throw new Error(JSON.stringify(result));
  return result.text;
}

const ec2 = JSON.stringify(EC2);

describe('revoking all that was granted gives the text back:', () => {
  const originals: Record<string, string> = {
    'a compact list': document(EC2, podIdentity({ Principal: { AWS: 'x' } })),
    'a list of one': document(EC2),
    'an empty list': '{"Statement":[ ]}',
    'a printed list': JSON.stringify(JSON.parse(document(EC2, EC2)), null, 4),
    'a list in Python style': `{"Version": "2012-10-17", "Statement": [${ec2}, ${ec2}]}`,
    'a list with uneven white space': `{"Statement":[\n ${ec2}\t,${ec2} ,  ${ec2}\n\n]}`,
  };
  const grants: Record<string, Grant> = {
    'one service account': grantTo('shop/pay'),
    'service accounts in several statements': grantTo('shop/pay', 'dev/api', 'test/web', 'test/api'),
    'the whole cluster': clusterGrant('shop/pay'),
  };
  for (const [what, original] of Object.entries(originals)) {
    test.each(Object.entries(grants))(`${what}, %s`, (_, grant) => {
      expect(revokeAll(granted(original, grant))).toEqual({ text: original, changed: true });
    });
  }

  test('by name too, and one grant after the other', () => {
    const first = granted(document(EC2), grantTo('shop/pay'));
    const second = granted(first, grantTo('dev/api', 'shop/web'));
    expect(revoke(second, 'dev/api', 'shop/web')).toEqual({ text: first, changed: true });
    expect(revoke(first, 'shop/pay')).toEqual({ text: document(EC2), changed: true });
  });

  test('a single object stays the list of one that it became', () => {
    const single = `{"Version":"2012-10-17","Statement":${ec2}}`;
    expect(revokeAll(granted(single, grantTo('shop/pay')))).toEqual({ text: document(EC2), changed: true });
  });
});

describe('what is revoked, and what stays:', () => {
  test('one of several service accounts', () => {
    expect(revoke(document(EC2, ours(0, 'shop', ['api', 'pay', 'web'])), 'shop/pay')).toEqual({
      text: document(EC2, ours(0, 'shop', ['api', 'web'])),
      changed: true,
    });
  });

  test('one of a product, which takes two statements then', () => {
    const before = document(ours(0, ['a', 'b'], ['x', 'y']), EC2);
    expect(revoke(before, 'a/y')).toEqual({ text: document(ours(0, 'a', 'x'), EC2, ours(1, 'b', ['x', 'y'])), changed: true });
  });

  test('our first statement, with a foreign one behind it', () => {
    expect(revoke(document(ours(0, 'a', 'x'), EC2, ours(1, 'b', 'y')), 'a/x')).toEqual({
      text: document(ours(0, 'b', 'y'), EC2),
      changed: true,
    });
    expect(revokeAll(document(ours(0, 'a', 'x'), EC2))).toEqual({ text: document(EC2), changed: true });
    expect(revokeAll(document(EC2, ours(0, 'a', 'x'), EC2))).toEqual({ text: document(EC2, EC2), changed: true });
  });

  test('nothing where none of them is admitted', () => {
    const text = ` ${document(EC2, ours(0, 'shop', 'pay'))}`;
    expect(revoke(text, 'shop/payment', 'shop-eu/pay')).toEqual({ text, changed: false });
    expect(revoke(text)).toEqual({ text, changed: false });
    expect(revokeAll(document(EC2))).toEqual({ text: document(EC2), changed: false });
  });

  test('foreign statements, other clusters and strange statements with our Sid', () => {
    const foreign = [
      { ...ours(0, 'shop', 'pay'), Sid: 'AllowEksPodIdentity' },
      { ...ours(0, 'shop', 'pay', OTHER_CLUSTER) },
      { ...podIdentity(), Sid: `${SID}0` },
      { ...ours(0, 'shop', 'pay'), Effect: 'Deny' },
      JSON.stringify(ours(0, 'shop', 'pay')).replace('{"Sid"', '{"Sid":"x","Sid"'),
    ];
    expect(revokeAll(document(...foreign)).changed).toBe(false);
    expect(revoke(document(...foreign), 'shop/pay').changed).toBe(false);
  });

  test('a statement for the whole cluster, which goes with all alone', () => {
    const before = document(EC2, ours(0, 'shop', ['api', 'pay']), oursForCluster(1));
    expect(revoke(before, 'shop/pay')).toEqual({ text: document(EC2, ours(0, 'shop', 'api'), oursForCluster(1)), changed: true });
    expect(revoke(document(EC2, oursForCluster(0)), 'shop/pay').changed).toBe(false);
    expect(revokeAll(before)).toEqual({ text: document(EC2), changed: true });
  });

  test('a document of nothing but ours is left with an empty list', () => {
    expect(revokeAll(document(ours(0, 'shop', 'pay')))).toEqual({ text: document(), changed: true });
    expect(revokeAll(`{"Statement":${JSON.stringify(ours(0, 'shop', 'pay'))}}`)).toEqual({ text: '{"Statement":[]}', changed: true });
  });

  test('a single object that is ours is written anew in its place', () => {
    const single = `{"Statement": ${JSON.stringify(ours(0, 'shop', ['api', 'pay']))} }`;
    expect(revoke(single, 'shop/pay')).toEqual({ text: `{"Statement": ${JSON.stringify(ours(0, 'shop', 'api'))} }`, changed: true });
  });

  test('all of it, where the cluster ARN is malformed', () => {
    const text = document(ours(0, 'shop', 'pay'));
    expect(revokeAll(text, 'prod')).toEqual({ text, changed: false });
    expect(revokeServiceAccounts(read(text), { clusterArn: 'prod', serviceAccounts: [account('shop/pay')] })).toEqual({
      text,
      changed: false,
    });
  });
});

describe('what is taken for ours:', () => {
  const statement = ours(0, ['a', 'b'], ['x', 'y']) as { Condition: { StringEquals: Record<string, unknown> } };
  const withEquals = (changes: object): object => ({
    ...statement,
    Condition: { StringEquals: { ...statement.Condition.StringEquals, ...changes } },
  });
  const lookalikes: Record<string, object | string> = {
    'another Effect': { ...statement, Effect: 'Deny' },
    'an Effect in a list': { ...statement, Effect: ['Allow'] },
    'another principal beside': { ...statement, Principal: { Service: ['pods.eks.amazonaws.com', 'ec2.amazonaws.com'] } },
    'a principal in a list': { ...statement, Principal: [{ Service: 'pods.eks.amazonaws.com' }] },
    'more actions': { ...statement, Action: ['sts:AssumeRole', 'sts:SetSourceIdentity', 'sts:TagSession'] },
    'fewer actions': { ...statement, Action: 'sts:AssumeRole' },
    'no condition': { ...statement, Condition: undefined },
    'a condition in a list': { ...statement, Condition: [statement.Condition] },
    'a StringEquals in a list': { ...statement, Condition: { StringEquals: [statement.Condition.StringEquals] } },
    'another account': withEquals({ 'aws:SourceAccount': '444455556666' }),
    'an account that is a number': withEquals({ 'aws:SourceAccount': 111122223333 }),
    'another cluster': withEquals({ 'aws:RequestTag/eks-cluster-arn': OTHER_CLUSTER }),
    'a cluster that is no string': withEquals({ 'aws:RequestTag/eks-cluster-arn': [CLUSTER] }),
    'a namespace that is a number': withEquals({ 'aws:RequestTag/kubernetes-namespace': 7 }),
    'no namespace at all': withEquals({ 'aws:RequestTag/kubernetes-namespace': [] }),
    'a namespace with a wildcard': withEquals({ 'aws:RequestTag/kubernetes-namespace': ['a*'] }),
    'a namespace with a wildcard beside a plain one': withEquals({ 'aws:RequestTag/kubernetes-namespace': ['a', 'a*'] }),
    'a name with a comma': withEquals({ 'aws:RequestTag/kubernetes-service-account': 'x,y' }),
    'no names at all': withEquals({ 'aws:RequestTag/kubernetes-service-account': [] }),
    'one more key': withEquals({ 'aws:SourceOrgID': 'o-1' }),
    'an operator beside': { ...statement, Condition: { ...statement.Condition, ArnEquals: { 'aws:SourceArn': CLUSTER } } },
    'an index that is none': { ...statement, Sid: `${SID}` },
    'an index with more behind': { ...statement, Sid: `${SID}0a` },
    'something before the Sid': { ...statement, Sid: `x${SID}0` },
    'a Sid of 13 digits': { ...statement, Sid: `${SID}a0` },
    'an element more': { ...statement, Resource: '*' },
    'the Sid of another cluster': { ...statement, Sid: 'Podshift0123456789ab0' },
    'a whole cluster by another key': {
      ...oursForCluster(0),
      Condition: { StringEquals: { 'aws:SourceAccount': '111122223333' }, ArnEquals: { 'aws:PrincipalArn': CLUSTER } },
    },
  };
  test.each(Object.entries(lookalikes))('not %s', (_, lookalike) => {
    expect(revokeAll(document(EC2, lookalike)).changed).toBe(false);
  });

  test('whatever the order of keys and lists, the white space, and lists of one', () => {
    const printed = JSON.stringify(
      {
        Statement: [
          {
            Condition: {
              StringEquals: {
                'aws:SourceAccount': ['111122223333'],
                'aws:RequestTag/kubernetes-service-account': ['y', 'x', 'y'],
                'aws:RequestTag/kubernetes-namespace': ['a'],
                'aws:RequestTag/eks-cluster-arn': CLUSTER,
              },
            },
            Principal: { Service: ['pods.eks.amazonaws.com'] },
            Action: ['sts:TagSession', 'sts:AssumeRole'],
            Effect: 'Allow',
            Sid: `${SID}17`,
          },
          EC2,
        ],
      },
      null,
      2,
    );
    expect(revokeAll(printed).changed).toBe(false);
    const plainAccount = printed.replace(/\[\s*"111122223333"\s*\]/, '"111122223333"');
    expect(JSON.parse(revokeAll(plainAccount).text)).toEqual({ Statement: [EC2] });
  });
});

test('the statements of every cluster are known by its own Sid, however many clusters there are', () => {
  const clusters = Array.from({ length: 1200 }, (_, index) => `${CLUSTER}-${index}`);
  const granted = clusters.map((clusterArn) => {
    const result = admitServiceAccounts(read(document(EC2)), { ...grantTo('shop/pay'), clusterArn });
    return result.kind === 'changed' ? result.text : '';
  });
  expect(new Set(granted.map((text) => JSON.parse(text).Statement[1].Sid)).size).toBe(clusters.length);
  for (const [index, clusterArn] of clusters.entries()) {
    expect(revokeAll(granted[index] as string, clusterArn)).toEqual({ text: document(EC2), changed: true });
    expect(revokeAll(granted[index] as string)).toEqual({ text: granted[index], changed: false });
  }
});
