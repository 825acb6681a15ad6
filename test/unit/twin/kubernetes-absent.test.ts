import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { withoutNulls } from '../../../twin/kubernetes/absent.ts';
import { createTestCluster, node, serviceAccount, workload } from '../fixtures/twin-kubernetes-cluster.ts';

describe('null in an object', () => {
  it.each<[string, unknown, unknown]>([
    ['is absent as a member', { a: null, b: { c: null, d: 1 } }, { b: { d: 1 } }],
    [
      'is absent as a list',
      { spec: { initContainers: null, containers: [{ name: 'a', env: null }] } },
      { spec: { containers: [{ name: 'a' }] } },
    ],
    [
      'is an empty text in a map of texts',
      { labels: { a: null, b: 'c' }, data: { k: null } },
      { labels: { a: '', b: 'c' }, data: { k: '' } },
    ],
    ['is an empty object in a list', { containers: [null, { name: 'a' }] }, { containers: [{}, { name: 'a' }] }],
    ['is an empty text in a list of texts', { command: ['a', null] }, { command: ['a', ''] }],
  ])('%s', (_what, given, expected) => {
    expect(withoutNulls(given)).toEqual(expected);
  });

  it('changes nothing else, and makes no copy of what has none', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const read = withoutNulls(value);
        expect(JSON.stringify(withoutNulls(read))).toBe(JSON.stringify(read));
        if (!JSON.stringify(value).includes('null')) expect(read).toBe(value);
      }),
    );
  });

  it('in a snapshot is absent: controllers, kubelets and the webhook meet none', () => {
    const nulls = { initContainers: null, volumes: null, nodeSelector: null, tolerations: null, affinity: null, securityContext: null };
    const web = workload(
      'Deployment',
      'web',
      { replicas: 2, strategy: null, minReadySeconds: null },
      { serviceAccountName: 'app', ...nulls },
    );
    const annotations = { 'eks.amazonaws.com/role-arn': 'arn:aws:iam::111122223333:role/app' };
    const cluster = createTestCluster([node('n1'), serviceAccount('app', annotations), web]);
    const pods = cluster.pods('web-');
    expect(pods).toHaveLength(2);
    expect(pods[0]?.spec.containers[0].env.map(({ name }: { name: string }) => name)).toContain('AWS_ROLE_ARN');
    expect(JSON.stringify(pods)).not.toContain('null');
  });
});
