import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import { loadSnapshot, type Snapshot } from '../../twin/snapshot.ts';

type Marks = { readonly labels?: Readonly<Record<string, string>>; readonly annotations?: Readonly<Record<string, string>> };

/** Marks as the tools set them (src/inventory/owners/marks.ts has the source of each). */
const ACCOUNTS: Readonly<Record<string, Marks>> = {
  'shop/covers': { annotations: { 'argocd.argoproj.io/tracking-id': 'covers:/ServiceAccount:shop/covers' } },
  'shop/storefront': {
    labels: { 'kustomize.toolkit.fluxcd.io/name': 'storefront', 'kustomize.toolkit.fluxcd.io/namespace': 'flux-system' },
  },
  'kube-system/log-shipper': {
    labels: { 'app.kubernetes.io/managed-by': 'Helm', 'helm.sh/chart': 'aws-for-fluent-bit-0.1.32' },
    annotations: { 'meta.helm.sh/release-name': 'logs', 'meta.helm.sh/release-namespace': 'kube-system' },
  },
};

const ROLES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'shop-media': { ManagedBy: 'Terraform' },
  // A role of eksctl's has the tags of its stack too.
  'shop-storefront': {
    'aws:cloudformation:stack-name': 'eksctl-shop-addon-iamserviceaccount-shop-storefront',
    'alpha.eksctl.io/cluster-name': 'shop',
  },
  'shop-log-shipper': { 'aws:cloudformation:stack-name': 'shop-logging' },
};

/** The example cluster as it would be where Argo CD, Flux, Helm, Terraform, eksctl and CloudFormation had made parts of it. */
export async function ownedShop(): Promise<Snapshot> {
  const snapshot = await loadSnapshot('examples/shop');
  return {
    ...snapshot,
    objects: snapshot.objects.map((object) => (object.kind === 'ServiceAccount' ? marked(object) : object)),
    roles: snapshot.roles.map((role) => {
      const tags = Object.entries(ROLES[role.RoleName] ?? {}).map(([Key, Value]) => ({ Key, Value }));
      return { ...role, Tags: [...(role.Tags ?? []), ...tags] };
    }),
  };
}

function marked(object: KubernetesObject): KubernetesObject {
  const { metadata } = object;
  const { labels, annotations } = ACCOUNTS[`${metadata.namespace}/${metadata.name}`] ?? {};
  return {
    ...object,
    metadata: { ...metadata, labels: { ...metadata.labels, ...labels }, annotations: { ...metadata.annotations, ...annotations } },
  };
}
