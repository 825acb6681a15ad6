import { describe, expect, it } from 'vitest';
import { TRUST_WRITERS, trustWritersIn } from '../../../../src/inventory/consumers/trust-writers.ts';
import type { KubernetesObject } from '../../../../src/kubernetes/gateway.ts';

const ARN = 'arn:aws:iam::444455556666:role/team';
const object = (apiVersion: string, kind: string, fields: object, metadata: object = {}): KubernetesObject => ({
  apiVersion,
  kind,
  metadata: { name: 'team', namespace: 'a', ...metadata },
  ...fields,
});
const plugin = (spec: object, kind = 'AwsIamForServiceAccount') =>
  object('kubeflow.org/v1', 'Profile', { spec: { plugins: [{ kind, spec }] } }, { namespace: undefined });

describe('who writes whole trust policies', () => {
  it.each<[string, KubernetesObject, string[]]>([
    ["Kubeflow's plugin", plugin({ awsIamRole: ARN }), [ARN]],
    ["Kubeflow's plugin that annotates only", plugin({ awsIamRole: ARN, annotateOnly: true }), []],
    ['another plugin of Kubeflow', plugin({ awsIamRole: ARN }, 'WorkloadIdentity'), []],
    ['a Profile without plugins', object('kubeflow.org/v1', 'Profile', { spec: {} }), []],
    [
      'ACK by its ARN',
      object('iam.services.k8s.aws/v1alpha1', 'Role', { spec: { name: 'x' }, status: { ackResourceMetadata: { arn: ARN } } }),
      [ARN],
    ],
    ['ACK by its name', object('iam.services.k8s.aws/v1alpha1', 'Role', { spec: { name: 'team' } }), ['team']],
    [
      'ACK that only reads',
      object(
        'iam.services.k8s.aws/v1alpha1',
        'Role',
        { spec: { name: 'team' } },
        { annotations: { 'services.k8s.aws/read-only': 'true' } },
      ),
      [],
    ],
    ['Crossplane by its ARN', object('iam.aws.upbound.io/v1beta1', 'Role', { status: { atProvider: { arn: ARN } } }), [ARN]],
    [
      'Crossplane by its external name',
      object('iam.aws.crossplane.io/v1beta1', 'Role', {}, { annotations: { 'crossplane.io/external-name': 'ext' } }),
      ['ext'],
    ],
    ['Crossplane by its own name', object('iam.aws.m.upbound.io/v1beta1', 'Role', {}), ['team']],
    ['Crossplane that observes', object('iam.aws.upbound.io/v1beta1', 'Role', { spec: { managementPolicies: ['Observe'] } }), []],
    ['iam-manager', object('iammanager.keikoproj.io/v1alpha1', 'Iamrole', { status: { roleName: 'k8s-a' } }), ['k8s-a']],
    ['iam-manager before it made one', object('iammanager.keikoproj.io/v1alpha1', 'Iamrole', { spec: {} }), []],
    ['a Role of RBAC', object('rbac.authorization.k8s.io/v1', 'Role', { status: { arn: ARN } }), []],
  ])('is %s', (_, one, roles) => {
    expect(trustWritersIn(one).map(({ role }) => role)).toEqual(roles);
  });

  it.each(TRUST_WRITERS)('has a source for $group', ({ source }) => {
    expect(source).toMatch(/^[\w.-]+\/[\w.-]+( issue \d+|, \S+)$/);
  });
});
