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
  ours,
  oursForCluster,
  podIdentity,
} from '../fixtures/trust/example.ts';

const one = JSON.stringify(ours(0, 'shop', 'pay'));
const ec2 = JSON.stringify(EC2);

describe('warnings:', () => {
  const scopedBy = (operator: string, cluster: object, namespace: string, name: string): object =>
    podIdentity({
      Condition: {
        [operator]: { ...cluster, 'aws:RequestTag/kubernetes-namespace': namespace, 'aws:RequestTag/kubernetes-service-account': name },
      },
    });

  test('none for a foreign statement that is as narrow as ours, by the ARN of the cluster or by its name', () => {
    for (const cluster of [
      { 'aws:SourceArn': CLUSTER },
      { 'aws:RequestTag/eks-cluster-arn': CLUSTER },
      { 'aws:RequestTag/eks-cluster-name': 'prod' },
    ]) {
      expect(admit(document(scopedBy('StringEquals', cluster, 'shop', 'pay')), grantTo('shop/pay'))).toEqual({
        kind: 'unchanged',
        warnings: [],
      });
    }
  });

  test('for a pattern over the names of clusters, namespaces or service accounts', () => {
    const like = (cluster: string, namespace: string, name: string): string =>
      document(scopedBy('StringLike', { 'aws:RequestTag/eks-cluster-name': cluster }, namespace, name));
    for (const text of [
      like('pro*', 'shop', 'pay'),
      like('*', 'shop', 'pay'),
      like('prod', 'sh*', 'pay'),
      like('prod', 'shop', 'pay*'),
      like('prod', '*', 'pay'),
      like('prod', 'shop', '*'),
    ]) {
      expect(admit(text, grantTo('shop/pay'))).toMatchObject({ kind: 'unchanged', warnings: [{ code: 'already-admitted-unscoped' }] });
    }
  });

  const unscoped: Record<string, object> = {
    'no condition at all': podIdentity(),
    'the account alone': podIdentity({ Condition: { StringEquals: { 'aws:SourceAccount': ACCOUNT } } }),
    'the cluster alone': podIdentity({ Condition: { ArnEquals: { 'aws:SourceArn': CLUSTER } } }),
    'cluster and namespace': podIdentity({
      Condition: { StringEquals: { 'aws:SourceArn': CLUSTER, 'aws:RequestTag/kubernetes-namespace': 'shop' } },
    }),
    'cluster and name': podIdentity({
      Condition: { StringEquals: { 'aws:SourceArn': CLUSTER, 'aws:RequestTag/kubernetes-service-account': 'pay' } },
    }),
    'namespace and name': podIdentity({
      Condition: { StringEquals: { 'aws:RequestTag/kubernetes-namespace': 'shop', 'aws:RequestTag/kubernetes-service-account': 'pay' } },
    }),
    'service accounts by wildcards': podIdentity({
      Condition: {
        StringLike: {
          'aws:SourceArn': CLUSTER,
          'aws:RequestTag/kubernetes-namespace': '*',
          'aws:RequestTag/kubernetes-service-account': 'pay',
        },
      },
    }),
  };
  test.each(Object.entries(unscoped))('already admitted, and more: %s', (_, statement) => {
    const result = admit(document(statement), grantTo('shop/pay'));
    expect(result).toEqual({
      kind: 'unchanged',
      warnings: [
        {
          code: 'already-admitted-unscoped',
          message: 'the trust policy admits shop/pay already, by a statement that admits more: other service accounts or other clusters',
        },
      ],
    });
  });

  test('what is admitted unscoped is told beside what is written', () => {
    const foreign = podIdentity({ Condition: { StringEquals: { 'aws:RequestTag/kubernetes-namespace': 'shop' } } });
    const result = admit(document(foreign), grantTo('shop/pay', 'dev/api'));
    expect(result).toMatchObject({
      kind: 'changed',
      text: document(foreign, ours(0, 'dev', 'api')),
      warnings: [{ code: 'already-admitted-unscoped' }],
    });
  });

  test('the whole cluster, at the first grant and at the second', () => {
    const first = admit(document(EC2), clusterGrant('shop/pay'));
    const warnings = [
      { code: 'cluster-scope', message: `every service account of ${CLUSTER} that is associated with the role can assume it` },
    ];
    expect(first).toMatchObject({ kind: 'changed', warnings });
    expect(admit(changed(document(EC2), clusterGrant('shop/pay')), clusterGrant('shop/pay'))).toEqual({ kind: 'unchanged', warnings });
  });

  test('the whole cluster by a foreign statement, scoped to it or not', () => {
    const foreign = podIdentity({ Condition: { ArnEquals: { 'aws:SourceArn': CLUSTER } } });
    expect(admit(document(foreign), clusterGrant('shop/pay'))).toEqual({ kind: 'unchanged', warnings: [] });
    expect(admit(document(podIdentity()), clusterGrant('shop/pay'))).toMatchObject({
      kind: 'unchanged',
      warnings: [{ code: 'already-admitted-unscoped' }],
    });
  });

  test('a service account of our cluster grant', () => {
    expect(admit(document(oursForCluster(0)), grantTo('shop/pay'))).toMatchObject({
      kind: 'unchanged',
      warnings: [{ code: 'already-admitted-unscoped' }],
    });
  });

  test('a document of 2008, named or not, keeps its Version', () => {
    for (const version of ['"Version":"2008-10-17",', '']) {
      const result = admit(`{${version}"Statement":[${ec2}]}`, grantTo('shop/pay'));
      expect(result).toEqual({
        kind: 'changed',
        text: `{${version}"Statement":[${ec2},${one}]}`,
        warnings: [
          { code: 'version-2008', message: 'the trust policy is of Version 2008-10-17 and stays so: policy variables do not work in it' },
        ],
      });
    }
  });

  test('none for a plain grant', () => {
    expect(admit(document(EC2), grantTo('shop/pay'))).toMatchObject({ kind: 'changed', warnings: [] });
  });
});
