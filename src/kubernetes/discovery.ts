import type { Resource, ServedResources } from './gateway.ts';

/** Asks for both forms: the one answer with all groups where the server knows it (Kubernetes 1.27 and later), the old list otherwise. */
export const DISCOVERY_TYPES = [
  'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList',
  'application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList',
  'application/json',
].join(',');

interface GroupDiscovery {
  readonly metadata?: { readonly name?: string };
  readonly versions?: readonly {
    readonly version: string;
    readonly freshness?: string;
    readonly resources?: readonly {
      readonly resource: string;
      readonly responseKind?: { readonly kind?: string };
      readonly scope?: string;
      readonly verbs?: readonly string[];
    }[];
  }[];
}

interface ResourceListItem {
  readonly name: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly verbs?: readonly string[];
}

/** A group of the old list with its preferred version. */
export interface GroupVersion {
  readonly group: string;
  readonly version: string;
}

/** What `/apis` said: everything at once, or the groups that have to be asked one by one. */
export type GroupAnswer =
  | { readonly kind: 'all'; readonly served: ServedResources }
  | { readonly kind: 'groups'; readonly groups: readonly GroupVersion[] };

/** Reads the answer of `/apis` in either form (k8s.io/api, apidiscovery/v2 and meta/v1 APIGroupList). */
export function readGroups(answer: unknown): GroupAnswer {
  const { kind, items, groups } = answer as {
    kind?: string;
    items?: readonly GroupDiscovery[];
    groups?: readonly { name: string; preferredVersion?: { version?: string }; versions?: readonly { version: string }[] }[];
  };
  if (kind !== 'APIGroupDiscoveryList') {
    const found = (groups ?? []).map(({ name, preferredVersion, versions }) => ({
      group: name,
      version: preferredVersion?.version ?? versions?.[0]?.version ?? '',
    }));
    return { kind: 'groups', groups: found };
  }
  const read = (items ?? []).map(({ metadata, versions = [] }) => {
    const group = metadata?.name ?? '';
    // The first version is the preferred one.
    const [preferred] = versions;
    const resources = (preferred?.resources ?? [])
      .filter(({ verbs = [] }) => verbs.includes('list'))
      .map(({ resource, responseKind, scope }) => ({
        group,
        version: preferred?.version ?? '',
        plural: resource,
        kind: responseKind?.kind ?? '',
        namespaced: scope === 'Namespaced',
      }));
    return { group, stale: preferred?.freshness === 'Stale', resources };
  });
  return {
    kind: 'all',
    served: inOrder(
      read.flatMap(({ resources }) => resources),
      read.filter(({ stale }) => stale).map(({ group }) => group),
    ),
  };
}

/** The kinds of one `APIResourceList` that can be listed. */
export function readResources({ group, version }: GroupVersion, answer: unknown): Resource[] {
  const { resources = [] } = answer as { resources?: readonly ResourceListItem[] };
  return resources
    .filter(({ name, verbs = [] }) => !name.includes('/') && verbs.includes('list'))
    .map(({ name, kind, namespaced }) => ({ group, version, plural: name, kind, namespaced }));
}

/** Both lists in an order that does not depend on the server's. */
export function inOrder(resources: readonly Resource[], unanswered: readonly string[]): ServedResources {
  const key = ({ group, plural }: Resource): string => `${group}/${plural}`;
  return { resources: [...resources].sort((a, b) => (key(a) < key(b) ? -1 : 1)), unanswered: [...unanswered].sort() };
}
