import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import { RESOURCES } from '../../src/kubernetes/resources.ts';

/** A kind that the twin's API server serves. */
export interface Kind {
  /** Empty for the core group. */
  readonly group: string;
  /** Served versions; the first is preferred. */
  readonly versions: readonly string[];
  readonly plural: string;
  readonly singular: string;
  readonly kind: string;
  readonly shortNames: readonly string[];
  /** Groups of kinds that are asked for at once, such as `all`. */
  readonly categories: readonly string[];
  readonly namespaced: boolean;
  /** Whether it is a custom resource: no strategic merge patch, no defaults, no rules beyond metadata. */
  readonly custom: boolean;
  /** Whether `status` is written by its own subresource alone. */
  readonly statusSubresource: boolean;
}

/** `PLURAL.GROUP`, or `PLURAL` in the core group: what Kubernetes calls a kind in its messages. */
export function qualifiedName(kind: Pick<Kind, 'group' | 'plural'>): string {
  return kind.group === '' ? kind.plural : `${kind.plural}.${kind.group}`;
}

/** The group of an `apiVersion`; empty for `v1`. */
export function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf('/');
  return slash === -1 ? '' : apiVersion.slice(0, slash);
}

/** `GROUP/VERSION`, or the version alone in the core group. */
export function apiVersionOf(group: string, version: string): string {
  return group === '' ? version : `${group}/${version}`;
}

// PLURAL KIND, `*` for cluster-scoped, then short names.
const BUILT_IN: Readonly<Record<string, readonly string[]>> = {
  '/v1': [
    'namespaces Namespace* ns',
    'nodes Node* no',
    'pods Pod po',
    'services Service svc',
    'serviceaccounts ServiceAccount sa',
    'configmaps ConfigMap cm',
    'secrets Secret',
    'events Event ev',
    'endpoints Endpoints ep',
    'limitranges LimitRange limits',
    'resourcequotas ResourceQuota quota',
    'persistentvolumes PersistentVolume* pv',
    'persistentvolumeclaims PersistentVolumeClaim pvc',
    'podtemplates PodTemplate',
    'replicationcontrollers ReplicationController rc',
  ],
  'apps/v1': [
    'deployments Deployment deploy',
    'statefulsets StatefulSet sts',
    'daemonsets DaemonSet ds',
    'replicasets ReplicaSet rs',
    'controllerrevisions ControllerRevision',
  ],
  'batch/v1': ['jobs Job', 'cronjobs CronJob cj'],
  'policy/v1': ['poddisruptionbudgets PodDisruptionBudget pdb'],
  'rbac.authorization.k8s.io/v1': [
    'roles Role',
    'rolebindings RoleBinding',
    'clusterroles ClusterRole*',
    'clusterrolebindings ClusterRoleBinding*',
  ],
  'autoscaling/v2': ['horizontalpodautoscalers HorizontalPodAutoscaler hpa'],
  'networking.k8s.io/v1': ['ingresses Ingress ing', 'ingressclasses IngressClass*', 'networkpolicies NetworkPolicy netpol'],
  'storage.k8s.io/v1': [
    'storageclasses StorageClass* sc',
    'csidrivers CSIDriver*',
    'csinodes CSINode*',
    'volumeattachments VolumeAttachment*',
  ],
  'scheduling.k8s.io/v1': ['priorityclasses PriorityClass* pc'],
  'coordination.k8s.io/v1': ['leases Lease'],
  'discovery.k8s.io/v1': ['endpointslices EndpointSlice'],
  'admissionregistration.k8s.io/v1': [
    'mutatingwebhookconfigurations MutatingWebhookConfiguration*',
    'validatingwebhookconfigurations ValidatingWebhookConfiguration*',
  ],
  'apiextensions.k8s.io/v1': ['customresourcedefinitions CustomResourceDefinition* crd crds'],
  'apiregistration.k8s.io/v1': ['apiservices APIService*'],
};

/** Groups of Kubernetes' own whose kinds the twin does not serve as built-in ones. */
const OTHER_GROUPS = [
  'extensions',
  'authentication.k8s.io',
  'authorization.k8s.io',
  'certificates.k8s.io',
  'events.k8s.io',
  'flowcontrol.apiserver.k8s.io',
  'internal.apiserver.k8s.io',
  'node.k8s.io',
  'resource.k8s.io',
  'storagemigration.k8s.io',
];
const BUILT_IN_GROUPS: ReadonlySet<string> = new Set([...Object.keys(BUILT_IN).map((key) => key.split('/')[0] as string), ...OTHER_GROUPS]);

/** Whether an `apiVersion` is of Kubernetes itself, and not of a custom resource. */
export function isBuiltInGroup(apiVersion: string): boolean {
  return BUILT_IN_GROUPS.has(groupOf(apiVersion));
}

/** What `kubectl get all` asks for (k8s.io/kubernetes pkg/registry, Categories of each storage). */
const IN_ALL = new Set([
  'pods',
  'replicationcontrollers',
  'services',
  'daemonsets',
  'deployments',
  'replicasets',
  'statefulsets',
  'horizontalpodautoscalers',
  'jobs',
  'cronjobs',
]);

const WITHOUT_STATUS = new Set([
  'Role',
  'RoleBinding',
  'ClusterRole',
  'ClusterRoleBinding',
  'ConfigMap',
  'Secret',
  'ServiceAccount',
  'Event',
  'Lease',
]);

function builtInKinds(): Kind[] {
  return Object.entries(BUILT_IN).flatMap(([apiVersion, rows]) => {
    const slash = apiVersion.indexOf('/');
    return rows.map((row) => {
      const [plural = '', name = '', ...shortNames] = row.split(' ');
      const kind = name.replace('*', '');
      return {
        group: apiVersion.slice(0, slash),
        versions: [apiVersion.slice(slash + 1)],
        plural,
        singular: kind.toLowerCase(),
        kind,
        shortNames,
        categories: IN_ALL.has(plural) ? ['all'] : [],
        namespaced: !name.endsWith('*'),
        custom: false,
        statusSubresource: !WITHOUT_STATUS.has(kind),
      };
    });
  });
}

/** The kinds of one twin: the built-in ones, those that CustomResourceDefinitions declare, and those of the snapshot's objects. */
export class KindRegistry {
  readonly #byKind = new Map<string, Kind>();
  readonly #byPlural = new Map<string, Kind>();

  constructor() {
    for (const kind of builtInKinds()) {
      this.#add(kind);
    }
  }

  /** All kinds, in the order they were learned. */
  all(): Kind[] {
    return [...this.#byKind.values()];
  }

  byKind(group: string, kind: string): Kind | undefined {
    return this.#byKind.get(`${group}/${kind}`);
  }

  /** Undefined where the version is not served. */
  byPlural(group: string, version: string, plural: string): Kind | undefined {
    const kind = this.#byPlural.get(`${group}/${plural}`);
    return kind?.versions.includes(version) === true ? kind : undefined;
  }

  /** Kinds of that name in any group, built-in ones first. */
  named(name: string): Kind[] {
    return this.all().filter((kind) => kind.kind === name);
  }

  of(object: Pick<KubernetesObject, 'apiVersion' | 'kind'>): Kind | undefined {
    return this.byKind(groupOf(object.apiVersion), object.kind);
  }

  /** Learns the kind that a CustomResourceDefinition declares. */
  learnDefinition(definition: KubernetesObject): void {
    const { spec } = definition;
    const versions = ((spec?.versions ?? []) as { name: string; served?: boolean; storage?: boolean; subresources?: { status?: object } }[])
      .filter((version) => version.served !== false)
      .sort((left, right) => Number(right.storage ?? false) - Number(left.storage ?? false));
    if (typeof spec?.group !== 'string' || typeof spec.names?.kind !== 'string' || versions.length === 0) {
      return;
    }
    this.#add({
      group: spec.group,
      versions: versions.map((version) => version.name),
      plural: spec.names.plural ?? pluralOf(spec.names.kind),
      singular: spec.names.singular ?? spec.names.kind.toLowerCase(),
      kind: spec.names.kind,
      shortNames: spec.names.shortNames ?? [],
      categories: spec.names.categories ?? [],
      namespaced: spec.scope !== 'Cluster',
      custom: true,
      statusSubresource: versions.some((version) => version.subresources?.status !== undefined),
    });
  }

  /** Learns a kind that the cluster was seen to have. */
  learnServed({
    group,
    version,
    kind,
    plural,
    namespaced,
  }: {
    group: string;
    version: string;
    kind: string;
    plural?: string | undefined;
    namespaced?: boolean | undefined;
  }): void {
    const known = this.byKind(group, kind);
    if (known !== undefined) {
      if (!known.versions.includes(version)) this.#add({ ...known, versions: [...known.versions, version] });
      return;
    }
    this.#add({
      group,
      versions: [version],
      plural: plural ?? pluralOf(kind),
      singular: kind.toLowerCase(),
      kind,
      shortNames: [],
      categories: [],
      namespaced: namespaced ?? true,
      custom: true,
      statusSubresource: true,
    });
  }

  /** Learns an object's kind and version where no definition named them. */
  learnObject(object: KubernetesObject): void {
    const group = groupOf(object.apiVersion);
    const version = group === '' ? object.apiVersion : object.apiVersion.slice(group.length + 1);
    const known = this.byKind(group, object.kind);
    if (known !== undefined) {
      if (!known.versions.includes(version)) {
        this.#add({ ...known, versions: [...known.versions, version] });
      }
      return;
    }
    const named = Object.values(RESOURCES).find((resource) => resource.group === group && resource.kind === object.kind);
    this.#add({
      group,
      versions: [version],
      plural: named?.plural ?? pluralOf(object.kind),
      singular: object.kind.toLowerCase(),
      kind: object.kind,
      shortNames: [],
      categories: [],
      namespaced: object.metadata.namespace !== undefined,
      custom: true,
      statusSubresource: true,
    });
  }

  #add(kind: Kind): void {
    this.#byKind.set(`${kind.group}/${kind.kind}`, kind);
    this.#byPlural.set(`${kind.group}/${kind.plural}`, kind);
  }
}

function pluralOf(kind: string): string {
  const name = kind.toLowerCase();
  if (/(s|x|ch|sh)$/.test(name)) {
    return `${name}es`;
  }
  return /[^aeiou]y$/.test(name) ? `${name.slice(0, -1)}ies` : `${name}s`;
}
