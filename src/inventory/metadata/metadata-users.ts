import type { KubernetesObject, ObjectMeta } from '../../kubernetes/gateway.ts';
import type { BindingFacts, IdentityPolicyFact, MetadataFacts, ServiceAccountShape } from '../../model/metadata.ts';

// biome-ignore lint/suspicious/noExplicitAny: a pod spec as the API gives it
type PodSpec = any;

/** The annotations of these keys that an object has. */
export function pickAnnotations(metadata: ObjectMeta | undefined, keys: ReadonlySet<string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(metadata?.annotations ?? {})
      .filter(([key]) => keys.has(key))
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

/** What a daemon sees of a template; live pods are added later. */
export function templateFacts(template: { metadata?: ObjectMeta; spec: PodSpec } | undefined, keys: ReadonlySet<string>): MetadataFacts {
  const spec = template?.spec;
  return {
    hostNetwork: spec?.hostNetwork === true,
    template: template === undefined ? null : pickAnnotations(template.metadata, keys),
    live: [],
    exposed: 0,
    fields: { serviceAccountName: spec?.serviceAccountName ?? null, serviceAccount: spec?.serviceAccount ?? null },
  };
}

/** Marks of tools that would take a copy for their own, and put it back or delete it. */
const TOOL_KEYS =
  /^(argocd\.argoproj\.io|meta\.helm\.sh|helm\.sh|kustomize\.toolkit\.fluxcd\.io|helm\.toolkit\.fluxcd\.io|aws\.cdk\.eks|olm\.owner|kubectl\.kubernetes\.io)(\/|\.|$)/;

/**
 * What a service account that is split off takes over. IRSA's annotations stay behind, and so do the marks of GitOps tools,
 * Helm and kubectl: the copy is not theirs, and a tool that finds its mark on it would delete it.
 */
export function shapeOf(object: KubernetesObject, prefix: string): ServiceAccountShape {
  const own = (key: string): boolean =>
    !TOOL_KEYS.test(key) && key !== 'app.kubernetes.io/managed-by' && !key.startsWith(`${prefix}/role-arn`);
  const byArgo = object.metadata.annotations?.['argocd.argoproj.io/tracking-id'] !== undefined;
  const kept = (values: Readonly<Record<string, string>> | undefined): Record<string, string> =>
    Object.fromEntries(
      Object.entries(values ?? {})
        .filter(([key]) => own(key) && key !== `${prefix}/audience` && !(byArgo && key === 'app.kubernetes.io/instance'))
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    );
  return {
    labels: kept(object.metadata.labels),
    annotations: kept(object.metadata.annotations),
    imagePullSecrets: object.imagePullSecrets ?? [],
    secrets: object.secrets ?? [],
    automountServiceAccountToken: object.automountServiceAccountToken ?? null,
  };
}

/** A binding's facts; undefined where it names no service account. A subject of a RoleBinding without a namespace is in the binding's. */
export function readBinding(object: KubernetesObject): BindingFacts | undefined {
  const names = (object.subjects ?? [])
    .filter((subject: { kind: string }) => subject.kind === 'ServiceAccount')
    .map((subject: { namespace?: string; name: string }) => `${subject.namespace ?? object.metadata.namespace ?? ''}/${subject.name}`);
  if (names.length === 0) return undefined;
  return {
    kind: object.kind as BindingFacts['kind'],
    namespace: object.metadata.namespace ?? null,
    name: object.metadata.name,
    serviceAccounts: [...new Set<string>(names)].sort(),
  };
}

/** Keys whose value is a service account's bare name, of the policy's own namespace (Kyverno, Cilium, Calico). */
const NAME_KEYS = new Set([
  'serviceAccountName',
  'io.cilium.k8s.policy.serviceaccount',
  'k8s:io.cilium.k8s.policy.serviceaccount',
  'names',
]);

/**
 * Service accounts that a policy names: by SPIFFE identity (Istio), by user name (Kyverno and others), or by bare name in the
 * policy's namespace (Cilium, Calico, Kyverno). Only those of `known` (`NAMESPACE/NAME`) are told.
 */
export function identityPolicies(object: KubernetesObject, known: ReadonlySet<string>): IdentityPolicyFact[] {
  const { namespace, name } = object.metadata;
  const found = new Set<string>();
  const look = (value: unknown, key: string): void => {
    if (Array.isArray(value)) for (const item of value) look(item, key);
    else if (typeof value === 'object' && value !== null) for (const [inner, item] of Object.entries(value)) look(item, inner);
    else if (typeof value === 'string') {
      for (const [, space, account] of value.matchAll(/(?:\/ns\/|system:serviceaccount:)([a-z0-9-]+)(?:\/sa\/|:)([a-z0-9.-]+)/g))
        found.add(`${space}/${account}`);
      if (NAME_KEYS.has(key) && namespace !== undefined) found.add(`${namespace}/${value}`);
      const bare = /^\{\{?(.*)\}\}?$/.test(value) ? undefined : /^([a-z0-9-]+)\/([a-z0-9.-]+)$/.exec(value);
      if (key === 'serviceAccounts' && bare) found.add(value);
    }
  };
  look(object.spec, '');
  const subject = namespace === undefined ? `${object.kind}/${name}` : `${object.kind}/${namespace}/${name}`;
  return [...found]
    .filter((id) => known.has(id))
    .sort()
    .map((serviceAccount) => ({ subject, serviceAccount }));
}
