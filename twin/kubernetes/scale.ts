import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import type { Kind } from './kinds.ts';
import { modified } from './status.ts';

/** The `Scale` of a workload. */
export function scaleOf(object: KubernetesObject): KubernetesObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const labels: Record<string, string> = object.spec.selector?.matchLabels ?? {};
  const selector = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
  return {
    apiVersion: 'autoscaling/v1',
    kind: 'Scale',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp } as KubernetesObject['metadata'],
    spec: { replicas: object.spec.replicas ?? 1 },
    status: { replicas: object.status?.replicas ?? 0, selector: selector.join(',') },
  };
}

/** The workload scaled as a `Scale` says. Throws 409 where the scale was read from an older version. */
export function applyScale(before: KubernetesObject, scale: unknown): KubernetesObject {
  const { metadata, spec } = scale as { metadata?: { resourceVersion?: string }; spec?: { replicas?: number } };
  if (metadata?.resourceVersion !== undefined && metadata.resourceVersion !== before.metadata.resourceVersion) {
    throw modified({ group: '', plural: before.kind.toLowerCase() } as Kind, before.metadata.name);
  }
  return { ...before, spec: { ...before.spec, replicas: spec?.replicas ?? 0 } };
}
