import { createHash } from 'node:crypto';
import { podSpec } from '../defaults.ts';
import { canonical } from '../objects.ts';
import type { PodTemplate } from '../world.ts';

const keys = new WeakMap<object, string>();

/** The label that tells a Deployment's revisions apart. */
export const POD_TEMPLATE_HASH = 'pod-template-hash';
/** Argo Rollouts' own. */
export const ROLLOUTS_POD_TEMPLATE_HASH = 'rollouts-pod-template-hash';

/** A text that is the same for templates that say the same, whatever their revision label and what the API server fills in. */
export function templateKey(template: PodTemplate): string {
  let key = keys.get(template);
  if (key === undefined) {
    const { [POD_TEMPLATE_HASH]: _own, [ROLLOUTS_POD_TEMPLATE_HASH]: _argo, ...labels } = template.metadata?.labels ?? {};
    const { labels: _labels, creationTimestamp: _created, ...metadata } = (template.metadata ?? {}) as Record<string, unknown>;
    key = canonical({ metadata: withoutEmpty(metadata), labels, spec: podSpec(template.spec) });
    keys.set(template, key);
  }
  return key;
}

/** A revision's hash, in the alphabet of Kubernetes' own. */
export function templateHash(template: PodTemplate): string {
  const digest = createHash('sha256').update(templateKey(template)).digest();
  const alphabet = 'bcdfghjklmnpqrstvwxz2456789';
  return [...digest.subarray(0, 10)].map((byte) => alphabet[byte % alphabet.length]).join('');
}

/** An empty map of annotations says the same as none. */
function withoutEmpty(metadata: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(metadata).filter(([, value]) => value !== null && !(typeof value === 'object' && Object.keys(value).length === 0)),
  );
}
