import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import { TEMPLATE_GENERATION } from '../kubernetes/template-generation.ts';

/** Metadata that only a server sets, or that changes with every write. */
const SERVER_SET = new Set(['resourceVersion', 'managedFields', 'generation', 'uid', 'creationTimestamp', 'selfLink']);

/**
 * Paths at which two objects differ, each as its keys, apart from status and what only a server sets. An empty object and
 * an absent one are the same.
 */
export function differences(before: KubernetesObject, after: KubernetesObject): string[][] {
  const found: string[][] = [];
  walk(strip(before), strip(after), [], found);
  return found;
}

function strip(object: KubernetesObject): unknown {
  const { status: _status, metadata, ...rest } = object;
  // The API server counts a DaemonSet's templates in an annotation.
  const { [TEMPLATE_GENERATION]: _count, ...annotations } = metadata.annotations ?? {};
  return { ...rest, metadata: { ...Object.fromEntries(Object.entries(metadata).filter(([key]) => !SERVER_SET.has(key))), annotations } };
}

function walk(left: unknown, right: unknown, path: string[], found: string[][]): void {
  if (left === right || (isEmpty(left) && isEmpty(right))) return;
  const [a, b] = [asObject(left), asObject(right)];
  // An absent object is walked as an empty one, so that a key under it is named and not the whole.
  if ((a === undefined && left !== undefined) || (b === undefined && right !== undefined)) {
    if (JSON.stringify(left) !== JSON.stringify(right)) found.push(path);
    return;
  }
  for (const key of new Set([...Object.keys(a ?? {}), ...Object.keys(b ?? {})])) walk(a?.[key], b?.[key], [...path, key], found);
}

function asObject(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || (typeof value === 'object' && !Array.isArray(value) && Object.keys(value).length === 0);
}
