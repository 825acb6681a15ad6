import type { ObjectMeta } from '../../kubernetes/gateway.ts';
import type { OwnerKind } from '../../model/owner.ts';

/** A mark that a tool leaves on what it owns; each is documented at `source`. */
export interface OwnerMark {
  readonly kind: OwnerKind;
  readonly on: 'labels' | 'annotations';
  /** The whole key, or with a `*` at its end what keys begin with. */
  readonly key: string;
  /** The owner's name is the value, the part of it before a colon, or it is not told. */
  readonly name: 'value' | 'before-colon' | 'none';
  readonly source: string;
}

/** What each tool writes on its objects. The first mark of a kind that tells a name gives it. */
// biome-ignore format: a table, one row a line
export const OWNER_MARKS: readonly OwnerMark[] = [
  { kind: 'argo-cd', on: 'labels', key: 'argocd.argoproj.io/instance', name: 'value', source: 'https://argo-cd.readthedocs.io/en/stable/user-guide/resource_tracking/' },
  { kind: 'argo-cd', on: 'annotations', key: 'argocd.argoproj.io/tracking-id', name: 'before-colon', source: 'https://argo-cd.readthedocs.io/en/stable/user-guide/resource_tracking/' },
  { kind: 'flux', on: 'labels', key: 'kustomize.toolkit.fluxcd.io/name', name: 'value', source: 'https://fluxcd.io/flux/components/kustomize/kustomizations/' },
  { kind: 'flux', on: 'labels', key: 'helm.toolkit.fluxcd.io/name', name: 'value', source: 'https://fluxcd.io/flux/components/helm/helmreleases/' },
  { kind: 'helm', on: 'annotations', key: 'meta.helm.sh/release-name', name: 'value', source: 'https://helm.sh/docs/topics/release_adoption' },
  { kind: 'cloudformation', on: 'labels', key: 'aws.cdk.eks/prune-*', name: 'none', source: 'https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.aws_eks-readme.html' },
  { kind: 'pulumi', on: 'annotations', key: 'pulumi.com/*', name: 'none', source: 'https://www.pulumi.com/registry/packages/kubernetes/' },
  { kind: 'kapp', on: 'labels', key: 'kapp.k14s.io/app', name: 'none', source: 'https://carvel.dev/kapp/docs/latest/apply/' },
  { kind: 'kapp', on: 'annotations', key: 'kapp.k14s.io/identity', name: 'none', source: 'https://carvel.dev/kapp/docs/latest/diff/' },
  { kind: 'kluctl', on: 'labels', key: 'kluctl.io/*', name: 'none', source: 'https://kluctl.io/docs/kluctl/deployments/deployment-yml/' },
  { kind: 'kluctl', on: 'annotations', key: 'kluctl.io/*', name: 'none', source: 'https://kluctl.io/docs/kluctl/deployments/annotations/all-resources/' },
  { kind: 'config-sync', on: 'annotations', key: 'configmanagement.gke.io/managed', name: 'none', source: 'https://cloud.google.com/kubernetes-engine/enterprise/config-sync/docs/reference/configsync-reference' },
  { kind: 'config-sync', on: 'annotations', key: 'configsync.gke.io/*', name: 'none', source: 'https://cloud.google.com/kubernetes-engine/enterprise/config-sync/docs/reference/configsync-reference' },
  { kind: 'crossplane', on: 'labels', key: 'crossplane.io/composite', name: 'value', source: 'https://docs.crossplane.io/latest/composition/composite-resources/' },
  { kind: 'fleet', on: 'annotations', key: 'objectset.rio.cattle.io/id', name: 'value', source: 'https://fleet.rancher.io/' },
  { kind: 'fleet', on: 'labels', key: 'objectset.rio.cattle.io/hash', name: 'none', source: 'https://fleet.rancher.io/' },
  { kind: 'spinnaker', on: 'annotations', key: 'moniker.spinnaker.io/application', name: 'value', source: 'https://spinnaker.io/docs/reference/providers/kubernetes-v2/' },
  { kind: 'operator', on: 'labels', key: 'olm.owner', name: 'value', source: 'https://olm.operatorframework.io/' },
];

/** `app.kubernetes.io/managed-by` values of tools; any other one names an operator. */
export const MANAGED_BY: Readonly<Record<string, OwnerKind>> = {
  Helm: 'helm',
  eksctl: 'eksctl',
  terraform: 'terraform',
  Terraform: 'terraform',
  pulumi: 'pulumi',
  spinnaker: 'spinnaker',
  'configmanagement.gke.io': 'config-sync',
};

/** Managed-by values that nobody reconciles: the object was made by hand or by a template tool. */
export const NOBODY: ReadonlySet<string> = new Set(['', 'kubectl', 'kustomize', 'EKS', 'eks', 'podshift']);

/** The owners that an object's labels and annotations name, each kind with its name or an empty one. */
export function markedOwners({ labels = {}, annotations = {} }: ObjectMeta): Map<OwnerKind, string> {
  const owners = new Map<OwnerKind, string>();
  for (const { kind, on, key, name } of OWNER_MARKS) {
    const found = markIn(on === 'labels' ? labels : annotations, key);
    if (found !== undefined) owners.set(kind, owners.get(kind) || nameIn(found, name));
  }
  return owners;
}

function markIn(values: Readonly<Record<string, string>>, key: string): string | undefined {
  if (!key.endsWith('*')) return values[key];
  const found = Object.keys(values).find((one) => one.startsWith(key.slice(0, -1)));
  return found === undefined ? undefined : values[found];
}

function nameIn(value: string, name: OwnerMark['name']): string {
  if (name === 'none') return '';
  return name === 'value' ? value : (value.split(':')[0] as string);
}

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/** Argo CD's own label where it tracks by label, as it does by default before version 3. Charts set it as well. */
const INSTANCE = 'app.kubernetes.io/instance';

/**
 * The Argo CD application that tracks an object by the common label: it writes the label into what it applies, so it stands in the
 * manifest that was applied last. Helm, which sets the same label, applies nothing in that way.
 */
export function trackedByLabel({ labels = {}, annotations = {} }: ObjectMeta): string | undefined {
  const instance = labels[INSTANCE];
  if (instance === undefined || annotations['meta.helm.sh/release-name'] !== undefined) return undefined;
  return lastApplied(annotations)?.metadata?.labels?.[INSTANCE] === instance ? instance : undefined;
}

/** What `kubectl apply`, or a tool that works as it, has applied last; undefined where there is none, or it is no JSON. */
function lastApplied(annotations: Readonly<Record<string, string>>): { readonly metadata?: Partial<ObjectMeta> } | undefined {
  const text = annotations[LAST_APPLIED];
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) ?? undefined;
  } catch {
    return undefined;
  }
}
