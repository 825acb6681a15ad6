import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import type { AwsChange } from '../aws/records.ts';
import type { ObjectChange } from '../contracts.ts';
import { type Baseline, comparable, objectKey, WORKLOAD_KINDS } from './baseline.ts';
import { differences } from './differences.ts';

const FOLLOWED = new Set<string>(['ServiceAccount', 'RoleBinding', 'ClusterRoleBinding', ...WORKLOAD_KINDS]);

/** Lets the baseline follow a change of the cluster that somebody else made: only what they changed, and nothing of what podshift did before. */
export function followObject(baseline: Baseline, { before, after }: ObjectChange): void {
  const object = (after ?? before) as KubernetesObject;
  if (!FOLLOWED.has(object.kind)) return;
  const key = objectKey(object);
  const known = baseline.objects.get(key);
  if (after === undefined) baseline.objects.delete(key);
  else if (before === undefined || known === undefined) baseline.objects.set(key, after);
  else {
    const next = structuredClone(known);
    for (const path of differences(before, after)) put(next, path, at(after, path));
    baseline.objects.set(key, next);
  }
}

/** The same for a change of the account. */
export function followAws(baseline: Baseline, change: AwsChange): void {
  switch (change.kind) {
    case 'trust-stored':
      baseline.trust.set(change.role.name, change.after.text);
      return;
    case 'role-created':
      baseline.trust.set(change.role.name, change.role.versions[0]?.document.text ?? '');
      return;
    case 'role-deleted':
      baseline.trust.delete(change.role.name);
      return;
    case 'association-created':
    case 'association-updated':
      baseline.associations.set(change.association.associationId, comparable(change.association));
      return;
    case 'association-deleted':
      baseline.associations.delete(change.association.associationId);
      return;
    case 'addon':
      if (change.after === undefined) baseline.addons.delete(change.addonName);
      else baseline.addons.set(change.addonName, comparable(change.after));
      return;
    case 'trust-visible':
      return;
  }
}

/** podshift's own statements begin so (design: trust policies). */
const OWN = /^Podshift[0-9a-f]{12}/;

/**
 * Whether two trust documents are the same. Byte for byte, unless podshift's statements were in the one that somebody else
 * wrote: then without them.
 */
export function isSameTrust(wanted: string, found: string): boolean {
  if (wanted === found) return true;
  const [left, right] = [foreignPart(wanted), foreignPart(found)];
  return wanted.includes('"Podshift') && left !== undefined && left === right && !found.includes('"Podshift');
}

/** A document without podshift's statements, for comparison; undefined where it is none. */
export function foreignPart(text: string): string | undefined {
  try {
    const document = JSON.parse(text) as Record<string, unknown>;
    const { Statement } = document;
    const statements = (Array.isArray(Statement) ? Statement : [Statement]) as { Sid?: unknown }[];
    return JSON.stringify({ ...document, Statement: statements.filter(({ Sid }) => typeof Sid !== 'string' || !OWN.test(Sid)) });
  } catch {
    return undefined;
  }
}

function at(object: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], object);
}

function put(object: unknown, path: readonly string[], value: unknown): void {
  const [key, ...rest] = path;
  if (key === undefined) return;
  const holder = object as Record<string, unknown>;
  if (rest.length > 0) {
    if (typeof holder[key] !== 'object' || holder[key] === null) holder[key] = {};
    put(holder[key], rest, value);
  } else if (value === undefined) delete holder[key];
  else holder[key] = structuredClone(value);
}
