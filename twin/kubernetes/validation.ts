import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import type { Kind } from './kinds.ts';
import { equal } from './objects.ts';
import { validatePodSpecs } from './pod-validation.ts';
import { matchesSelector } from './selectors.ts';
import { invalid } from './status.ts';

/** Fields of `spec` that may not change, by kind. From k8s.io/kubernetes pkg/apis/{apps,batch}/validation */
const IMMUTABLE: Readonly<Record<string, readonly string[]>> = {
  Deployment: ['selector'],
  ReplicaSet: ['selector'],
  DaemonSet: ['selector'],
  Job: ['selector', 'template', 'completionMode'],
};

const STATEFUL_SET_MUTABLE = new Set([
  'replicas',
  'ordinals',
  'template',
  'updateStrategy',
  'revisionHistoryLimit',
  'persistentVolumeClaimRetentionPolicy',
  'minReadySeconds',
]);

const NAME = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/;
const RBAC_KINDS = new Set(['Role', 'ClusterRole', 'RoleBinding', 'ClusterRoleBinding']);

/** Throws the 422 of a new object that no API server would take. */
export function validateCreate(kind: Kind, object: KubernetesObject): void {
  const { name } = object.metadata;
  if (!RBAC_KINDS.has(kind.kind) && (!NAME.test(name) || name.length > 253)) {
    throw invalid(
      kind,
      name,
      'metadata.name',
      `Invalid value: ${JSON.stringify(name)}: a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character`,
    );
  }
  if (kind.kind === 'Pod' && !(Array.isArray(object.spec?.containers) && object.spec.containers.length > 0)) {
    throw invalid(kind, name, 'spec.containers', 'Required value');
  }
  if (kind.kind === 'ClusterRoleBinding') {
    validateSubjects(kind, object);
  }
  validatePodSpecs(kind, object);
  validateSelector(kind, object);
}

/** A service account is named with its namespace: nothing stands in for it over a whole cluster (k8s.io/kubernetes pkg/apis/rbac/validation). */
function validateSubjects(kind: Kind, { metadata, subjects = [] }: KubernetesObject): void {
  for (const [index, subject] of (subjects as readonly { kind?: string; namespace?: string }[]).entries()) {
    if (subject.kind === 'ServiceAccount' && (subject.namespace ?? '') === '') {
      throw invalid(kind, metadata.name, `subjects[${index}].namespace`, 'Required value');
    }
  }
}

/** Throws the 422 of an update of a built-in object that changes what may not change. */
export function validateUpdate(kind: Kind, before: KubernetesObject, after: KubernetesObject): void {
  const { name } = before.metadata;
  if (kind.custom) {
    return;
  }
  for (const field of IMMUTABLE[kind.kind] ?? []) {
    if (!equal(before.spec?.[field], after.spec?.[field])) {
      throw invalid(kind, name, `spec.${field}`, 'Invalid value: field is immutable');
    }
  }
  if (kind.kind === 'StatefulSet' && changed(before.spec, after.spec).some((field) => !STATEFUL_SET_MUTABLE.has(field))) {
    throw invalid(
      kind,
      name,
      'spec',
      `Forbidden: updates to statefulset spec for fields other than ${[...STATEFUL_SET_MUTABLE].map((field) => `'${field}'`).join(', ')} are forbidden`,
    );
  }
  if (kind.kind === 'Pod') {
    validatePodUpdate(kind, before, after);
  }
  if ((kind.kind === 'RoleBinding' || kind.kind === 'ClusterRoleBinding') && !equal(before.roleRef, after.roleRef)) {
    throw invalid(kind, name, 'roleRef', 'Invalid value: cannot change roleRef');
  }
  if (kind.kind !== 'Pod' && after.spec !== before.spec && !equal(before.spec, after.spec)) validatePodSpecs(kind, after);
  validateSelector(kind, after);
}

/** The pods of a workload must be chosen by its own selector. */
function validateSelector(kind: Kind, object: KubernetesObject): void {
  if (kind.group !== 'apps' || kind.kind === 'ControllerRevision') {
    return;
  }
  const { selector, template } = object.spec ?? {};
  if (selector === undefined) {
    throw invalid(kind, object.metadata.name, 'spec.selector', 'Required value');
  }
  if (!matchesSelector(selector, template?.metadata?.labels)) {
    throw invalid(
      kind,
      object.metadata.name,
      'spec.template.metadata.labels',
      `Invalid value: ${JSON.stringify(template?.metadata?.labels ?? {})}: \`selector\` does not match template \`labels\``,
    );
  }
}

function validatePodUpdate(kind: Kind, before: KubernetesObject, after: KubernetesObject): void {
  const frozen = (pod: KubernetesObject): unknown => {
    const { activeDeadlineSeconds: _deadline, tolerations: _tolerations, ephemeralContainers: _ephemeral, ...spec } = pod.spec;
    const withoutImage = (containers: readonly { image?: string }[] | undefined): unknown =>
      containers?.map(({ image: _image, ...rest }) => rest);
    return { ...spec, containers: withoutImage(spec.containers), initContainers: withoutImage(spec.initContainers) };
  };
  if (before.spec !== after.spec && !equal(frozen(before), frozen(after))) {
    throw invalid(
      kind,
      before.metadata.name,
      'spec',
      'Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
    );
  }
}

function changed(before: Record<string, unknown>, after: Record<string, unknown>): string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((field) => !equal(before[field], after[field]));
}
