import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import { apiVersionOf, type Kind, type KindRegistry } from './kinds.ts';
import { openApi } from './openapi.ts';

const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];

/** Kinds that are only asked, never kept. */
const REVIEWS: Readonly<Record<string, readonly { name: string; kind: string }[]>> = {
  'authorization.k8s.io/v1': [
    { name: 'selfsubjectaccessreviews', kind: 'SelfSubjectAccessReview' },
    { name: 'selfsubjectrulesreviews', kind: 'SelfSubjectRulesReview' },
  ],
  'authentication.k8s.io/v1': [{ name: 'selfsubjectreviews', kind: 'SelfSubjectReview' }],
};

/** The answer to a discovery path, as a JSON value or as text; undefined where nothing is served. */
export function discover(
  path: string,
  kinds: KindRegistry,
  kubernetesVersion: string,
  definitionOf: (kind: Kind) => KubernetesObject | undefined,
): unknown {
  switch (path) {
    case '/version': {
      const [major = '1', minor = '30'] = kubernetesVersion.split('.');
      return { major, minor, gitVersion: `v${major}.${minor}.0-eks-twin`, platform: 'linux/amd64' };
    }
    case '/healthz':
    case '/livez':
    case '/readyz':
      return 'ok';
    case '/api':
      return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] };
    case '/apis':
      return { kind: 'APIGroupList', apiVersion: 'v1', groups: groups(kinds) };
    default:
      break;
  }
  const [, root, first = '', second] = path.split('/');
  if (root === 'openapi') {
    return openApi(path, kinds, definitionOf);
  }
  if (root === 'api' && second === undefined) {
    return resourceList(first, kinds);
  }
  if (root === 'apis') {
    return second === undefined ? groupNamed(first, kinds) : resourceList(`${first}/${second}`, kinds);
  }
  return undefined;
}

interface Group {
  readonly kind?: string;
  readonly apiVersion?: string;
  readonly name: string;
  readonly versions: readonly { readonly groupVersion: string; readonly version: string }[];
  readonly preferredVersion: { readonly groupVersion: string; readonly version: string } | undefined;
}

function groups(kinds: KindRegistry): Group[] {
  const versions = new Map<string, Set<string>>();
  for (const kind of kinds.all().filter((entry) => entry.group !== '')) {
    const known = versions.get(kind.group) ?? new Set();
    kind.versions.forEach((version) => void known.add(version));
    versions.set(kind.group, known);
  }
  for (const groupVersion of Object.keys(REVIEWS)) {
    const [group = '', version = ''] = groupVersion.split('/');
    versions.set(group, (versions.get(group) ?? new Set()).add(version));
  }
  return [...versions].map(([name, known]) => {
    const list = [...known].map((version) => ({ groupVersion: `${name}/${version}`, version }));
    return { name, versions: list, preferredVersion: list[0] };
  });
}

function groupNamed(name: string, kinds: KindRegistry): Group | undefined {
  const group = groups(kinds).find((entry) => entry.name === name);
  return group === undefined ? undefined : { kind: 'APIGroup', apiVersion: 'v1', ...group };
}

function resourceList(groupVersion: string, kinds: KindRegistry): unknown {
  const served = kinds.all().filter((kind) => kind.versions.some((version) => apiVersionOf(kind.group, version) === groupVersion));
  const reviews = REVIEWS[groupVersion] ?? [];
  if (served.length === 0 && reviews.length === 0) {
    return undefined;
  }
  const asked = reviews.map(({ name, kind }) => ({ name, singularName: kind.toLowerCase(), namespaced: false, kind, verbs: ['create'] }));
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources: [...served.flatMap(resources), ...asked] };
}

function resources(kind: Kind): unknown[] {
  const { plural, singular, namespaced, shortNames, categories } = kind;
  const own = {
    name: plural,
    singularName: singular,
    namespaced,
    kind: kind.kind,
    verbs: VERBS,
    ...(shortNames.length === 0 ? {} : { shortNames }),
    ...(categories.length === 0 ? {} : { categories }),
  };
  const sub = (name: string, verbs: string[], more: object = {}): unknown => ({
    name: `${plural}/${name}`,
    singularName: '',
    namespaced,
    kind: kind.kind,
    verbs,
    ...more,
  });
  return [
    own,
    ...(kind.statusSubresource ? [sub('status', ['get', 'patch', 'update'])] : []),
    ...(SCALABLE.has(kind.kind) ? [sub('scale', ['get', 'patch', 'update'], { group: 'autoscaling', version: 'v1', kind: 'Scale' })] : []),
    ...(kind.kind === 'ServiceAccount' && kind.group === ''
      ? [sub('token', ['create'], { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' })]
      : []),
    ...(kind.kind === 'Pod'
      ? [sub('eviction', ['create'], { group: 'policy', version: 'v1', kind: 'Eviction' }), sub('log', ['get'])]
      : []),
  ];
}

/** Kinds with the `scale` subresource. */
export const SCALABLE: ReadonlySet<string> = new Set(['Deployment', 'StatefulSet', 'ReplicaSet', 'ReplicationController', 'Rollout']);
