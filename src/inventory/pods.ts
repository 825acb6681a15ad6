import type { KubernetesObject, OwnerReference } from '../kubernetes/gateway.ts';
import type { OverrideFact } from '../model/inventory.ts';
import { injectionOf, isOnNewWay } from '../verification/injection.ts';
import { endsByItself } from '../verification/pods.ts';
import { type PodShape, type Sidecar, sidecarsOf } from './mesh/sidecars.ts';
import { pickAnnotations } from './metadata/metadata-users.ts';
import type { Family } from './network.ts';
import { wantsWindows } from './nodes.ts';
import { findOverrides, skipsWebhook } from './overrides.ts';
import { controllerOf, isKnown, serviceAccountOf } from './workloads.ts';

/** A live pod, reduced to what its workload's facts need. */
export interface LivePod {
  readonly namespace: string;
  readonly name: string;
  readonly serviceAccount: string;
  readonly nodeName: string | undefined;
  readonly controller: OwnerReference | undefined;
  readonly terminating: boolean;
  readonly windows: boolean;
  readonly overrides: readonly OverrideFact[];
  /** Some container has no credentials ahead of instance metadata. */
  readonly exposed: boolean;
  /** Some container that the webhook gives credentials has none by Pod Identity. */
  readonly old: boolean;
  /** By its restart policy, and of no Job. */
  readonly endsByItself: boolean;
  readonly sidecars: readonly Sidecar[];
  /** The annotations that kube2iam or kiam read. */
  readonly metadata: Readonly<Record<string, string>>;
  /** The pod itself where no known controller stands above it: then it is its own template. */
  readonly object: KubernetesObject | undefined;
}

/** A live pod; undefined for one that is over: it holds no credentials and nobody restarts it. */
export function readLivePod(
  pod: KubernetesObject,
  { prefix, podKeys, family }: { readonly prefix: string; readonly podKeys: ReadonlySet<string>; readonly family: Family },
): LivePod | undefined {
  const phase = pod.status?.phase;
  if (phase === 'Succeeded' || phase === 'Failed') return undefined;
  const controller = controllerOf(pod);
  const skipped = skipsWebhook(pod.metadata.labels);
  return {
    namespace: pod.metadata.namespace ?? '',
    name: pod.metadata.name,
    serviceAccount: serviceAccountOf(pod.spec),
    nodeName: pod.spec?.nodeName,
    controller,
    terminating: pod.metadata.deletionTimestamp !== undefined,
    windows: wantsWindows(pod.spec),
    overrides: skipped ? [] : findOverrides(pod.spec, pod.metadata.annotations ?? {}, { prefix, live: true }).overrides,
    exposed: (pod.spec?.containers ?? []).some(isExposed),
    old: !skipped && injectionOf(pod, prefix).length > 0 && !isOnNewWay(pod, prefix),
    endsByItself: endsByItself(pod),
    sidecars: sidecarsOf(shapeOf(pod), family, 'pod'),
    metadata: pickAnnotations(pod.metadata, podKeys),
    object: controller !== undefined && isKnown(controller) ? undefined : pod,
  };
}

function shapeOf({ spec, metadata: { labels = {}, annotations = {} } }: KubernetesObject): PodShape {
  return { spec, labels, annotations, namespaceLabels: {} };
}

/** Variables that the webhook injects, for Pod Identity and for IRSA: SDKs heed them ahead of instance metadata. */
const INJECTED = new Set(['AWS_CONTAINER_CREDENTIALS_FULL_URI', 'AWS_WEB_IDENTITY_TOKEN_FILE']);

function isExposed({ env = [] }: { readonly env?: readonly { readonly name: string }[] }): boolean {
  return !env.some(({ name }) => INJECTED.has(name));
}

/**
 * The topmost controller of a pod that podshift reads itself (Pod → ReplicaSet → Deployment, Job → CronJob, …); undefined
 * where its own controller is missing or of another kind. `above` has the controllers of ReplicaSets and Jobs, by UID.
 */
export function topController(
  controller: OwnerReference | undefined,
  above: ReadonlyMap<string, OwnerReference>,
): OwnerReference | undefined {
  if (controller === undefined || !isKnown(controller)) return undefined;
  const next = above.get(controller.uid);
  return next !== undefined && isKnown(next) ? next : controller;
}

/** Whether a pod is ready now. */
export function isReady(pod: KubernetesObject): boolean {
  return (pod.status?.conditions ?? []).some(
    (condition: { type: string; status: string }) => condition.type === 'Ready' && condition.status === 'True',
  );
}
