import type { KubernetesObject, ObjectMeta, OwnerReference } from '../../src/kubernetes/gateway.ts';

/** Kubernetes' timestamps: RFC 3339 in UTC, whole seconds. */
export function timestamp(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;
}

/** Equality of JSON values; shared parts cost nothing. */
export function equal(left: unknown, right: unknown): boolean {
  if (left === right) {
    return true;
  }
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) {
    return false;
  }
  if (Array.isArray(left) || Array.isArray(right)) {
    return (
      Array.isArray(left) && Array.isArray(right) && left.length === right.length && left.every((item, index) => equal(item, right[index]))
    );
  }
  const before = left as Record<string, unknown>;
  const after = right as Record<string, unknown>;
  const keys = Object.keys(before);
  return keys.length === Object.keys(after).length && keys.every((key) => Object.hasOwn(after, key) && equal(before[key], after[key]));
}

/** JSON with sorted keys: the same text for the same value. */
export function canonical(value: unknown): string {
  if (typeof value !== 'object' || value === null) {
    return JSON.stringify(value) ?? 'null';
  }
  if (Array.isArray(value)) {
    return `[${value.map(canonical).join(',')}]`;
  }
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  entries.sort(([left], [right]) => (left < right ? -1 : 1));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`).join(',')}}`;
}

/** The object with some of its metadata replaced; a field given as undefined is dropped. */
export function withMetadata(
  object: KubernetesObject,
  changes: { readonly [field in keyof ObjectMeta]?: ObjectMeta[field] | undefined },
): KubernetesObject {
  const metadata: Record<string, unknown> = { ...object.metadata };
  for (const [field, value] of Object.entries(changes)) {
    if (value === undefined) {
      delete metadata[field];
    } else {
      metadata[field] = value;
    }
  }
  return { ...object, metadata: metadata as unknown as ObjectMeta };
}

/** The owner that manages an object, if one does. */
export function controllerOf(object: KubernetesObject): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find((owner) => owner.controller === true);
}

/** What a controller puts on what it makes. */
export function ownedBy(owner: KubernetesObject): OwnerReference[] {
  return [
    {
      apiVersion: owner.apiVersion,
      kind: owner.kind,
      name: owner.metadata.name,
      uid: owner.metadata.uid ?? '',
      controller: true,
      blockOwnerDeletion: true,
    } as OwnerReference,
  ];
}

/** A condition of an object's status. */
export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
  readonly lastTransitionTime?: string;
  readonly lastUpdateTime?: string;
}

/** The condition of that type. */
export function condition(object: KubernetesObject, type: string): Condition | undefined {
  return (object.status?.conditions as Condition[] | undefined)?.find((entry) => entry.type === type);
}

/** `conditions` with one set; its transition time moves only when its status does, and nothing moves when it says the same. */
export function setCondition(conditions: readonly Condition[] | undefined, next: Condition, now: string, updateTime = false): Condition[] {
  const list = [...(conditions ?? [])];
  const index = list.findIndex((entry) => entry.type === next.type);
  const before = list[index];
  if (before !== undefined && before.status === next.status && before.reason === next.reason && before.message === next.message) {
    return list;
  }
  const lastTransitionTime = before?.status === next.status ? (before.lastTransitionTime ?? now) : now;
  const entry = { ...next, ...(updateTime ? { lastUpdateTime: now } : {}), lastTransitionTime };
  if (index === -1) {
    list.push(entry);
  } else {
    list[index] = entry;
  }
  return list;
}

/** Whether a pod is ready and not on its way out. */
export function isReady(pod: KubernetesObject): boolean {
  return condition(pod, 'Ready')?.status === 'True';
}

/** Whether a pod still counts for its controller: not finished, not being deleted. */
export function isActive(pod: KubernetesObject): boolean {
  return pod.metadata.deletionTimestamp === undefined && !isFinished(pod);
}

/** Whether a pod ran to its end. */
export function isFinished(pod: KubernetesObject): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
}

/** When a ready pod has been ready for `minReadySeconds`: milliseconds since the epoch; undefined where it is not ready. */
export function availableAt(pod: KubernetesObject, minReadySeconds: number): number | undefined {
  const ready = condition(pod, 'Ready');
  if (ready?.status !== 'True') {
    return undefined;
  }
  return minReadySeconds === 0 ? 0 : Date.parse(ready.lastTransitionTime ?? '') + minReadySeconds * 1000;
}

/** Kubernetes' int-or-percent, of `total`. */
export function scaled(value: number | string | undefined, total: number, round: 'up' | 'down'): number {
  if (typeof value === 'string' && value.endsWith('%')) {
    const share = (Number.parseInt(value, 10) * total) / 100;
    return round === 'up' ? Math.ceil(share) : Math.floor(share);
  }
  const count = Number(value ?? 0);
  return Number.isFinite(count) ? count : 0;
}
