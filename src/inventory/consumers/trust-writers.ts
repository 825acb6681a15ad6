import type { KubernetesObject } from '../../kubernetes/gateway.ts';
import type { TrustWriterFact } from '../../model/inventory.ts';
import { valuesAt } from './fields.ts';
import { subjectOf } from './find.ts';
import { isRecord } from './names.ts';

/** A kind of custom resource whose controller writes the trust policy of a role as a whole. */
export interface TrustWriterKind {
  readonly component: string;
  readonly group: string;
  readonly kind: string;
  /** Fields with the role's ARN or name, the surest first; the object's own name where none is set and `named` says so. */
  readonly role: readonly string[];
  readonly named: boolean;
  /** The field that holds the document; null where it has none that takes a statement of Pod Identity. */
  readonly document: string | null;
  /** What keeps it from writing, for this object. */
  readonly isQuiet: (object: KubernetesObject) => boolean;
  readonly source: string;
}

const isObserved = ({ spec }: KubernetesObject): boolean => JSON.stringify(spec?.managementPolicies) === '["Observe"]';
const isReadOnly = ({ metadata }: KubernetesObject): boolean => metadata.annotations?.['services.k8s.aws/read-only'] === 'true';
const never = (): boolean => false;

const CROSSPLANE = { component: 'Crossplane', kind: 'Role', named: true } as const;
const ARN_OR_NAME = ['status.atProvider.arn', 'metadata.annotations.crossplane.io/external-name'];

/** Controllers that put a trust policy back as they know it, with the kind whose objects say for which role. */
// biome-ignore format: a table, one row a line
export const TRUST_WRITERS: readonly TrustWriterKind[] = [
  { component: 'ACK IAM controller', group: 'iam.services.k8s.aws', kind: 'Role', role: ['status.ackResourceMetadata.arn', 'spec.name'], named: false, document: 'spec.assumeRolePolicyDocument', isQuiet: isReadOnly, source: 'aws-controllers-k8s/iam-controller, apis/v1alpha1/role.go' },
  { ...CROSSPLANE, group: 'iam.aws.upbound.io', role: ARN_OR_NAME, document: 'spec.forProvider.assumeRolePolicy', isQuiet: isObserved, source: 'crossplane-contrib/provider-upjet-aws issue 1207' },
  { ...CROSSPLANE, group: 'iam.aws.m.upbound.io', role: ARN_OR_NAME, document: 'spec.forProvider.assumeRolePolicy', isQuiet: isObserved, source: 'crossplane-contrib/provider-upjet-aws issue 1207' },
  { ...CROSSPLANE, group: 'iam.aws.crossplane.io', role: ARN_OR_NAME, document: 'spec.forProvider.assumeRolePolicyDocument', isQuiet: isObserved, source: 'crossplane-contrib/provider-aws, apis/iam/v1beta1/role_types.go' },
  { component: 'iam-manager', group: 'iammanager.keikoproj.io', kind: 'Iamrole', role: ['status.roleARN', 'status.roleName', 'spec.RoleName'], named: false, document: null, isQuiet: never, source: 'keikoproj/iam-manager, api/v1alpha1/iamrole_types.go' },
  { component: 'AWS IAM Operator', group: 'aws-iam.redradrat.xyz', kind: 'Role', role: ['status.arn'], named: true, document: 'spec.assumeRolePolicy', isQuiet: never, source: 'redradrat/aws-iam-operator, README.md' },
];

/** The plugin by which Kubeflow's profile controller writes a trust policy of one statement (kubeflow/dashboard, components/profile-controller/controllers/plugin_iam.go). */
const KUBEFLOW_PLUGIN = 'AwsIamForServiceAccount';

/** The roles whose whole trust policies a custom resource has its controller write. */
export function trustWritersIn(object: KubernetesObject): TrustWriterFact[] {
  const [group] = object.apiVersion.split('/') as [string];
  if (group === 'kubeflow.org' && object.kind === 'Profile') return profileRoles(object);
  const row = TRUST_WRITERS.find((one) => one.group === group && one.kind === object.kind);
  if (row === undefined || row.isQuiet(object)) return [];
  const role =
    row.role.map((field) => textAt(object, field)).find((text) => text !== undefined) ?? (row.named ? object.metadata.name : undefined);
  return role === undefined ? [] : [{ subject: subjectOf(object), component: row.component, role, document: row.document }];
}

function profileRoles(object: KubernetesObject): TrustWriterFact[] {
  const plugins: unknown[] = Array.isArray(object.spec?.plugins) ? object.spec.plugins : [];
  return plugins.flatMap((plugin) => {
    const spec = isRecord(plugin) && plugin.kind === KUBEFLOW_PLUGIN && isRecord(plugin.spec) ? plugin.spec : {};
    return typeof spec.awsIamRole === 'string' && spec.annotateOnly !== true
      ? [{ subject: subjectOf(object), component: 'Kubeflow profile controller', role: spec.awsIamRole, document: null }]
      : [];
  });
}

/** Text at a field; a key of annotations may hold dots. */
function textAt(object: KubernetesObject, field: string): string | undefined {
  const annotation = /^metadata\.annotations\.(.+)$/.exec(field)?.[1];
  const value = annotation === undefined ? valuesAt(object, field)[0]?.value : object.metadata.annotations?.[annotation];
  return typeof value === 'string' && value !== '' ? value : undefined;
}
