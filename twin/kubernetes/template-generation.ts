import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import type { Kind } from './kinds.ts';
import { equal, withMetadata } from './objects.ts';

/** Where apps/v1 keeps `spec.templateGeneration` of the versions before it. */
export const TEMPLATE_GENERATION = 'deprecated.daemonset.template.generation';

/**
 * A DaemonSet as the API server stores it: its annotation counts the changes of its template, whatever a client writes
 * there (k8s.io/kubernetes pkg/registry/apps/daemonset/strategy.go). Any other object is answered as it is.
 */
export function countTemplate(kind: Kind, before: KubernetesObject | undefined, object: KubernetesObject): KubernetesObject {
  if (kind.kind !== 'DaemonSet') {
    return object;
  }
  const count = before === undefined ? 1 : known(before) + (equal(before.spec.template, object.spec.template) ? 0 : 1);
  return withMetadata(object, { annotations: { ...object.metadata.annotations, [TEMPLATE_GENERATION]: String(count) } });
}

/** What a snapshot was taken without counts from its generation, which every change of a template raised too. */
function known({ metadata }: KubernetesObject): number {
  return Number(metadata.annotations?.[TEMPLATE_GENERATION] ?? metadata.generation ?? 1);
}
