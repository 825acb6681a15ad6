import { readFile } from 'node:fs/promises';
import { parseAllDocuments } from 'yaml';
import type { Needed } from './page.ts';
import { VERBS_WITHOUT_REQUEST } from './reasons.ts';

/** The ClusterRoles of infra/cluster-access, one a file. */
export const CLUSTER_ROLES = ['reading', 'migrating', 'splitting', 'retiring'] as const;
export type ClusterRoleName = (typeof CLUSTER_ROLES)[number];

const RETIRING: ReadonlySet<string> = new Set(['removeRules', 'stopDaemon', 'proveRules', 'restoreDaemon']);
/** What the way back of a split asks for in a function that takes every unit back. */
const OF_SPLITS = /bindings\.rbac\.authorization\.k8s\.io$|^(create|delete) serviceaccounts$/;

/** Whether a function changes nothing in account and cluster, so that it comes there as the role that only reads. */
export function onlyReads({ aws, kubernetes }: Needed): boolean {
  const reaches = [...aws].filter((action) => /^(eks|iam|cloudtrail):/.test(action));
  return (
    reaches.length > 0 &&
    reaches.every((action) => /:(Get|List|Describe|Lookup)/.test(action)) &&
    [...kubernetes].every((asked) => /^(get|list) /.test(asked))
  );
}

/** The verbs that each ClusterRole has to allow, by what the functions ask for: `patch deployments.apps`. */
export function clusterRolesOf(functions: ReadonlyMap<string, Needed>): ReadonlyMap<ClusterRoleName, ReadonlySet<string>> {
  const roles = new Map<ClusterRoleName, Set<string>>(CLUSTER_ROLES.map((name) => [name, new Set()]));
  for (const [key, needed] of functions) for (const asked of needed.kubernetes) roles.get(roleOf(key, needed, asked))?.add(asked);
  for (const asked of VERBS_WITHOUT_REQUEST) roles.get('migrating')?.add(asked);
  return roles;
}

function roleOf(key: string, needed: Needed, asked: string): ClusterRoleName {
  if (onlyReads(needed)) return 'reading';
  if (RETIRING.has(key)) return 'retiring';
  return key === 'splitServiceAccount' || OF_SPLITS.test(asked) ? 'splitting' : 'migrating';
}

/** A rule of RBAC. */
export interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
}

/** An object of a file of infra/cluster-access. */
export interface AccessObject {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly rules: readonly Rule[];
  readonly roleRef: { readonly kind: string; readonly name: string };
  readonly subjects: readonly { readonly kind: string; readonly name: string }[];
}

/** The objects of a file of infra/cluster-access. */
export async function accessObjects(file: string): Promise<readonly AccessObject[]> {
  const text = await readFile(new URL(`../../infra/cluster-access/${file}`, import.meta.url), 'utf8');
  return parseAllDocuments(text).map((document) => document.toJS());
}

/** `patch deployments.apps` for each verb on each resource. */
export function allowedBy(rules: readonly Rule[]): string[] {
  return rules.flatMap(({ apiGroups, resources, verbs }) =>
    resources.flatMap((resource) => verbs.map((verb) => `${verb} ${[resource, ...apiGroups].filter((part) => part !== '').join('.')}`)),
  );
}
