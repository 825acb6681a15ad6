import type { FargateProfile } from '../aws/gateways.ts';
import type { KubernetesObject, OwnerReference } from '../kubernetes/gateway.ts';
import type { ImageFact, WorkloadFacts } from '../model/inventory.ts';
import type { Sidecar } from './mesh/sidecars.ts';
import { templateFacts } from './metadata/metadata-users.ts';
import { fits, type Node, wantsWindows } from './nodes.ts';
import { type ConfigMapUse, findOverrides, skipsEveryContainer, skipsWebhook } from './overrides.ts';
import { objectOwners } from './owners/owners.ts';
import { rollerOf } from './owners/rollers.ts';

// biome-ignore lint/suspicious/noExplicitAny: a pod spec as the API gives it
type PodSpec = any;

/** A workload while the inventory is taken: its facts, and what later objects add to them. */
export interface Draft {
  readonly facts: Mutable<WorkloadFacts>;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** The proxies that its live pods have; undefined while none is known to run. */
  sidecars?: Sidecar[];
  /** The template's spec; a bare pod's own. */
  readonly spec: PodSpec;
  readonly configMaps: ConfigMapUse[];
  /** CSI volumes of the Secrets Store driver, by SecretProviderClass. */
  readonly classes: readonly string[];
  readonly nodes: Set<string>;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Controllers whose objects have a template that podshift knows how to treat; anything else that owns pods is unknown. */
const KNOWN = new Set([
  'apps/Deployment',
  'apps/StatefulSet',
  'apps/DaemonSet',
  'apps/ReplicaSet',
  'batch/Job',
  'batch/CronJob',
  'argoproj.io/Rollout',
  '/ReplicationController',
]);

/** Whether an owner is of a kind that podshift reads itself. */
export function isKnown(owner: OwnerReference): boolean {
  return KNOWN.has(`${groupOf(owner.apiVersion)}/${owner.kind}`);
}

function groupOf(apiVersion: string): string {
  return apiVersion.includes('/') ? (apiVersion.split('/')[0] as string) : '';
}

/** The controller among an object's owners. */
export function controllerOf(object: KubernetesObject): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find((owner) => owner.controller === true);
}

/** The pod template of a workload; undefined where it keeps none (a Rollout with `workloadRef`). A pod is its own template. */
export function templateOf(object: KubernetesObject): { metadata?: KubernetesObject['metadata']; spec: PodSpec } | undefined {
  if (object.kind === 'Pod') return { metadata: object.metadata, spec: object.spec };
  const spec = object.spec;
  return object.kind === 'CronJob' ? spec?.jobTemplate?.spec?.template : spec?.template;
}

/** The service account that pods of this spec run as. */
export function serviceAccountOf(spec: PodSpec): string {
  return spec?.serviceAccountName || spec?.serviceAccount || 'default';
}

/** What a draft depends on besides its object. */
export interface DraftWorld {
  readonly prefix: string;
  readonly profiles: readonly FargateProfile[];
  readonly podKeys: ReadonlySet<string>;
}

/** A workload's draft from its own object; `serviceAccount` is the one that its pods use. */
export function draftWorkload(object: KubernetesObject, serviceAccount: string, world: DraftWorld): Draft {
  const template = templateOf(object);
  const spec = template?.spec;
  const labels = template?.metadata?.labels ?? {};
  const annotations = template?.metadata?.annotations ?? {};
  const namespace = object.metadata.namespace ?? '';
  const owner = controllerOf(object);
  const roller = rollerOf(object.metadata);
  const found = findOverrides(spec, annotations, { prefix: world.prefix, live: object.kind === 'Pod' });
  return {
    facts: {
      apiVersion: object.apiVersion,
      kind: object.kind,
      namespace,
      name: object.metadata.name,
      serviceAccount,
      replicas: replicasOf(object),
      livePods: 0,
      nodeNames: [],
      candidateNodeNames: [],
      paused: (object.kind === 'Deployment' || object.kind === 'Rollout') && object.spec?.paused === true,
      idle: idleOf(object),
      ...strategyOf(object),
      controlledBy: owner === undefined || isKnown(owner) ? null : { apiVersion: owner.apiVersion, kind: owner.kind, name: owner.name },
      owners: objectOwners({ ...object.metadata, ownerReferences: [] }),
      ...(roller === undefined ? {} : { rolledBy: roller }),
      windows: wantsWindows(spec),
      fargate: fargateProfile(namespace, labels, world.profiles),
      skipsWebhook: skipsWebhook(labels),
      overrides: found.overrides,
      ...(skipsEveryContainer(spec, annotations, world.prefix) ? { skipsContainers: true } : {}),
      images: imagesOf(spec),
      blockingBudgets: [],
      tolerations: spec?.tolerations ?? [],
      secretProviderClasses: [],
      ...(world.podKeys.size === 0 ? {} : { metadata: templateFacts(template, world.podKeys) }),
    },
    labels,
    annotations,
    spec,
    configMaps: found.configMaps,
    classes: (spec?.volumes ?? []).flatMap((volume: PodSpec) =>
      volume.csi?.driver === 'secrets-store.csi.k8s.io' ? [volume.csi.volumeAttributes?.secretProviderClass ?? ''] : [],
    ),
    nodes: new Set(),
  };
}

/** A stand-in for a controller of an unknown kind: nothing is known of it but its name. */
export function draftUnknown(owner: OwnerReference, pod: KubernetesObject, serviceAccount: string, world: DraftWorld): Draft {
  const draft = draftWorkload(pod, serviceAccount, world);
  Object.assign(draft.facts, { apiVersion: owner.apiVersion, kind: owner.kind, name: owner.name, replicas: null, owners: [] });
  // The pod is no template: what made it is not known.
  if (draft.facts.metadata !== undefined) draft.facts.metadata = { ...draft.facts.metadata, template: null };
  draft.facts.controlledBy = { apiVersion: owner.apiVersion, kind: owner.kind, name: owner.name };
  return draft;
}

function imagesOf(spec: PodSpec): ImageFact[] {
  const containers: { name: string; image?: string }[] = [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])];
  return containers.flatMap(({ name, image }) => (image ? [{ container: name, image }] : []));
}

function replicasOf(object: KubernetesObject): number | null {
  if (object.kind === 'Pod') return 1;
  if (object.kind === 'DaemonSet' || object.kind === 'CronJob') return null;
  // Absent means 1 for every kind that has the field (apps/v1 defaults).
  return object.spec?.[object.kind === 'Job' ? 'parallelism' : 'replicas'] ?? 1;
}

function idleOf(object: KubernetesObject): WorkloadFacts['idle'] {
  if (object.kind !== 'Job' && object.kind !== 'CronJob') return null;
  const conditions: { type: string; status: string }[] = object.status?.conditions ?? [];
  if (object.kind === 'Job' && conditions.some(({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True'))
    return 'finished';
  return object.spec?.suspend === true ? 'suspended' : null;
}

function strategyOf(object: KubernetesObject): Pick<WorkloadFacts, 'strategy' | 'partition' | 'surge'> {
  const spec = object.spec;
  if (object.kind === 'Deployment') {
    const surge = spec?.strategy?.rollingUpdate?.maxSurge ?? '25%';
    const recreate = spec?.strategy?.type === 'Recreate';
    // A share is rounded up, so any but 0 starts at least one pod ahead.
    return { strategy: recreate ? 'Recreate' : 'RollingUpdate', partition: 0, surge: !recreate && Number.parseInt(String(surge), 10) > 0 };
  }
  if (object.kind === 'StatefulSet' || object.kind === 'DaemonSet') {
    const strategy = spec?.updateStrategy?.type === 'OnDelete' ? 'OnDelete' : 'RollingUpdate';
    const surge = Number.parseInt(String(spec?.updateStrategy?.rollingUpdate?.maxSurge ?? 0), 10) > 0;
    return { strategy, partition: strategy === 'OnDelete' ? 0 : (spec?.updateStrategy?.rollingUpdate?.partition ?? 0), surge };
  }
  return { strategy: '', partition: 0, surge: object.kind === 'Rollout' };
}

/** The first Fargate profile whose selectors take a pod of this namespace with these labels (`*` and `?` are wildcards). */
export function fargateProfile(
  namespace: string,
  labels: Readonly<Record<string, string>>,
  profiles: readonly FargateProfile[],
): string | null {
  const matches = (pattern: string, value: string) =>
    new RegExp(
      `^${pattern
        .replace(/[.+^${}()|[\]\\]/g, '\\$&')
        .replace(/\*/g, '.*')
        .replace(/\?/g, '.')}$`,
    ).test(value);
  const taken = profiles.find((profile) =>
    profile.selectors.some(
      (selector) =>
        matches(selector.namespace, namespace) &&
        Object.entries(selector.labels).every(([key, value]) =>
          Object.entries(labels).some(([k, v]) => matches(key, k) && matches(value, v)),
        ),
    ),
  );
  return taken === undefined ? null : `profile ${taken.name}`;
}

/** Up to five ready Linux nodes that could run pods of this spec. */
export function candidateNodes(spec: PodSpec, nodes: readonly Node[]): string[] {
  const found: string[] = [];
  for (const node of nodes) {
    if (found.length === 5) break;
    if (node.ready && (node.class === 'linux' || node.class === 'auto') && fits(spec, node)) found.push(node.name);
  }
  return found;
}
