import { describe, expect, it } from 'vitest';
import { TRUST_FIELD } from '../../../../src/plan/changes.ts';
import { type PageWrite, writeOf } from '../../../../src/report/page/facts.ts';

const write = (kind: PageWrite['kind'], object: string, state: PageWrite['state'] = 'applied', key: string = kind): PageWrite => ({
  key,
  kind,
  object,
  unitId: null,
  state,
  at: '2026-03-02T10:00:00.000Z',
});

/** Writes by what the journal names, as the page has them. */
const by = (...writes: PageWrite[]) => Map.groupBy(writes, ({ object }) => object);

describe('the write that carried a planned change out', () => {
  it.each([
    ['Role/arn:aws:iam::1:role/a', TRUST_FIELD, write('trust', 'arn:aws:iam::1:role/a')],
    ['PodIdentityAssociation/shop/cart', 'roleArn', write('association', 'ServiceAccount/shop/cart')],
    ['Addon/vpc-cni', 'podIdentityAssociations', write('addon', 'Addon/vpc-cni')],
    ['Addon/eks-pod-identity-agent', 'addonVersion', write('addon', 'eks-pod-identity-agent')],
    ['Deployment/shop/cart', 'restart', write('restart', 'Deployment/shop/cart')],
    ['ReplicaSet/shop/cart', 'restart', write('eviction', 'ReplicaSet/shop/cart')],
    ['RoleBinding/shop/reader', 'subjects', write('binding', 'RoleBinding/shop/reader')],
    ['ServiceAccount/shop/cart-1', '', write('service-account', 'ServiceAccount/shop/cart-1')],
    ['Deployment/shop/cart', 'template.spec.serviceAccountName', write('template', 'Deployment/shop/cart')],
    ['Deployment/shop/cart', 'template.metadata.annotations.iam.amazonaws.com/role', write('annotations', 'Deployment/shop/cart')],
    ['ServiceAccount/shop/cart', 'metadata.annotations.eks.amazonaws.com/role-arn', write('annotations', 'ServiceAccount/shop/cart')],
    ['DaemonSet/kube-system/kube2iam', 'spec.replicas', write('daemon', 'DaemonSet/kube-system/kube2iam')],
  ] as const)('of %s, field "%s"', (object, field, own) => {
    const other = write('probe-pod', own.object);
    expect(writeOf({ object, field }, by(other, own))).toBe(own);
    expect(writeOf({ object, field }, by(other))).toBeUndefined();
    expect(writeOf({ object, field }, new Map())).toBeUndefined();
  });

  it('is the one that took effect where another was only begun', () => {
    const [begun, done] = [write('addon', 'Addon/a', 'intended', 'one'), write('addon', 'Addon/a', 'applied', 'two')];
    expect(writeOf({ object: 'Addon/a', field: 'podIdentityAssociations' }, by(done, begun))).toBe(done);
    expect(writeOf({ object: 'Addon/a', field: 'podIdentityAssociations' }, by(begun))).toBe(begun);
  });
});
