import type { ClusterFacts } from '../../model/inventory.ts';
import type { KiamServerSettings, Kube2iamSettings, RoleBase } from '../../model/metadata.ts';
import { goRegexp } from '../go-regexp.ts';

/** What the pods of one template get from a daemon, by its own rules. */
export type MetadataAnswer =
  | { readonly kind: 'role'; readonly roleArn: string; readonly byDefault: boolean }
  /** Nothing: they ask for none, or what they ask for is no role. */
  | { readonly kind: 'none'; readonly why: string }
  /** They ask for a role, and their namespace does not permit it. */
  | { readonly kind: 'denied'; readonly roleArn: string; readonly why: string }
  /** They ask for a role, and podshift cannot tell whether they get it. */
  | { readonly kind: 'unclear'; readonly roleArn: string; readonly why: string };

type Annotations = Readonly<Record<string, string>>;

function prefixOf(base: RoleBase, cluster: Pick<ClusterFacts, 'partition' | 'accountId'>): string {
  if (base.kind === 'prefix') return base.prefix;
  // The account and partition of the instance profile, which is the nodes' and so the cluster's; its path is dropped.
  return base.kind === 'none' ? '' : `arn:${cluster.partition}:iam::${cluster.accountId}:role/`;
}

/** Where kube2iam takes a role's name from a pod or a namespace: as it is if it begins with `arn:` in any case, else after the base (iam/arn.go). */
export function kube2iamArn(role: string, base: RoleBase, cluster: Pick<ClusterFacts, 'partition' | 'accountId'>): string {
  return role.toLowerCase().startsWith('arn:') ? role : `${prefixOf(base, cluster)}${role}`;
}

/** kiam's way: `arn:` in lower case only, and one leading slash goes (pkg/aws/sts/arn_resolver.go). */
export function kiamArn(role: string, base: RoleBase, cluster: Pick<ClusterFacts, 'partition' | 'accountId'>): string {
  return role.startsWith('arn:') ? role : `${prefixOf(base, cluster)}${role.replace(/^\//, '')}`;
}

/** Whether a glob matches, `*` being the only wildcard and any text (github.com/ryanuber/go-glob, as kube2iam uses it). */
export function globMatches(pattern: string, subject: string): boolean {
  const parts = pattern.split('*');
  const [first, ...others] = parts as [string, ...string[]];
  const last = others.pop();
  if (last === undefined) return subject === pattern;
  if (!subject.startsWith(first)) return false;
  let rest = subject.slice(first.length);
  for (const part of others) {
    const at = rest.indexOf(part);
    if (at === -1) return false;
    rest = rest.slice(at + part.length);
  }
  return rest.endsWith(last);
}

/** The role of pods with these annotations in this namespace, as kube2iam resolves it (mapper/mapper.go). */
export function resolveKube2iam(
  settings: Kube2iamSettings,
  cluster: Pick<ClusterFacts, 'partition' | 'accountId'>,
  pod: Annotations,
  namespace: Annotations,
): MetadataAnswer {
  const asked = pod[settings.roleKey];
  if (asked === '') return { kind: 'none', why: 'its annotation is empty, which is not the default role but none' };
  if (asked === undefined) {
    if (settings.discoverDefaultRole) return { kind: 'none', why: "it has no annotation, and the default role is the nodes' own" };
    // A base without a default role makes the bare prefix the default: an answer of 200 without a role.
    if (settings.defaultRole === '') return { kind: 'none', why: 'it has no annotation, and there is no default role' };
    return { kind: 'role', roleArn: kube2iamArn(settings.defaultRole, settings.base, cluster), byDefault: true };
  }
  const roleArn = kube2iamArn(asked, settings.base, cluster);
  const isDefault = settings.defaultRole !== '' && kube2iamArn(settings.defaultRole, settings.base, cluster) === roleArn;
  if (!settings.namespaceRestrictions || isDefault) return { kind: 'role', roleArn, byDefault: false };
  return guardOfKube2iam(settings, cluster, roleArn, namespace);
}

function guardOfKube2iam(
  settings: Kube2iamSettings,
  cluster: Pick<ClusterFacts, 'partition' | 'accountId'>,
  roleArn: string,
  namespace: Annotations,
): MetadataAnswer {
  const text = namespace[settings.namespaceKey] ?? '';
  if (text === '') return { kind: 'denied', roleArn, why: `its namespace has no annotation ${settings.namespaceKey}` };
  const patterns = stringArray(text);
  if (patterns === undefined)
    return { kind: 'denied', roleArn, why: `the annotation ${settings.namespaceKey} of its namespace is no JSON array of strings` };
  let doubt = '';
  for (const pattern of patterns) {
    const full = kube2iamArn(pattern, settings.base, cluster);
    if (settings.restrictionFormat.toLowerCase() !== 'regexp') {
      if (globMatches(full, roleArn)) return { kind: 'role', roleArn, byDefault: false };
      continue;
    }
    const compiled = goRegexp(full);
    // kube2iam logs a pattern that does not compile and goes on with the next.
    if (compiled.kind === 'pattern' && compiled.matches(roleArn)) return { kind: 'role', roleArn, byDefault: false };
    if (compiled.kind !== 'pattern') doubt ||= `the pattern ${JSON.stringify(pattern)} of ${settings.namespaceKey}: ${compiled.reason}`;
  }
  if (doubt !== '') return { kind: 'unclear', roleArn, why: doubt };
  return { kind: 'denied', roleArn, why: `the annotation ${settings.namespaceKey} of its namespace does not name it` };
}

/** A JSON array of strings; undefined for any other text. */
export function stringArray(text: string): string[] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // JSON.parse throws SyntaxError alone: what is no JSON is no array.
    return undefined;
  }
  return Array.isArray(value) && value.every((item) => typeof item === 'string') ? value : undefined;
}

/** kiam's own keys (pkg/k8s/pod_cache.go, pkg/k8s/annotations.go). */
export const KIAM = {
  role: 'iam.amazonaws.com/role',
  sessionName: 'iam.amazonaws.com/session-name',
  externalId: 'iam.amazonaws.com/external-id',
  permitted: 'iam.amazonaws.com/permitted',
} as const;

/** The role of pods with these annotations in this namespace, as kiam's server resolves it (pkg/server/policy.go). */
export function resolveKiam(
  settings: KiamServerSettings,
  cluster: Pick<ClusterFacts, 'partition' | 'accountId'>,
  pod: Annotations,
  namespace: Annotations,
): MetadataAnswer {
  const asked = pod[KIAM.role] ?? '';
  if (asked === '') return { kind: 'none', why: 'it has no annotation, and kiam has no default role' };
  const roleArn = kiamArn(asked, settings.base, cluster);
  const expression = namespace[KIAM.permitted] ?? '';
  if (expression === '') return { kind: 'denied', roleArn, why: `its namespace has no annotation ${KIAM.permitted}` };
  // "^" and "$" are put around the text as it is: an alternation binds loosely (pkg/server/policy.go).
  const compiled = goRegexp(settings.strictRegexp ? `^${expression}$` : expression);
  if (compiled.kind !== 'pattern')
    return { kind: 'unclear', roleArn, why: `the regular expression of ${KIAM.permitted}: ${compiled.reason}` };
  const by = { 3: compiled.matches(asked), 4: compiled.matches(roleArn) };
  if (settings.version === null && by[3] !== by[4])
    return {
      kind: 'unclear',
      roleArn,
      why: `the annotation ${KIAM.permitted} permits it in one version of kiam and not in the other, and the image tells none`,
    };
  if (by[settings.version ?? 4]) return { kind: 'role', roleArn, byDefault: false };
  return {
    kind: 'denied',
    roleArn,
    why: `the annotation ${KIAM.permitted} of its namespace does not match ${settings.version === 3 ? asked : roleArn}`,
  };
}
