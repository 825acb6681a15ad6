import type { ObjectMeta } from '../kubernetes/gateway.ts';
import type { OwnerFact } from '../model/inventory.ts';

/** Field managers of server-side and client-side appliers that put back what others change. Exact names. */
const MANAGERS: Readonly<Record<string, OwnerFact['kind']>> = {
  'argocd-controller': 'argo-cd',
  'argocd-application-controller': 'argo-cd',
  'kustomize-controller': 'flux',
  'helm-controller': 'flux',
  helm: 'helm',
  Terraform: 'terraform',
  HashiCorp: 'terraform',
};

/** `app.kubernetes.io/managed-by` values that name no operator. */
const MANAGED_BY: Readonly<Record<string, OwnerFact['kind']>> = {
  Helm: 'helm',
  eksctl: 'eksctl',
  terraform: 'terraform',
  Terraform: 'terraform',
};

/** Managed-by values that nobody reconciles: the object was made by hand or by a template tool. */
const NOBODY = new Set(['', 'kubectl', 'kustomize', 'EKS', 'eks', 'podshift']);

/**
 * Who owns a Kubernetes object beyond the cluster, by the marks that each tool documents: Argo CD's instance label and
 * tracking id, Flux's name labels, Helm's release annotations, CDK's prune labels (CloudFormation), eksctl's and other
 * managed-by labels, OLM's owner label, owner references, and the field managers of `managedFields`.
 */
export function objectOwners(metadata: ObjectMeta): OwnerFact[] {
  const labels = metadata.labels ?? {};
  const annotations = metadata.annotations ?? {};
  const owners = new Map<OwnerFact['kind'], string>();
  const add = (kind: OwnerFact['kind'], name: string) => owners.set(kind, owners.get(kind) || name);

  const argo = labels['argocd.argoproj.io/instance'] ?? annotations['argocd.argoproj.io/tracking-id']?.split(':')[0];
  if (argo !== undefined) add('argo-cd', argo);
  const flux = labels['kustomize.toolkit.fluxcd.io/name'] ?? labels['helm.toolkit.fluxcd.io/name'];
  if (flux !== undefined) add('flux', flux);
  const release = annotations['meta.helm.sh/release-name'];
  if (release !== undefined) add('helm', release);
  if (Object.keys(labels).some((key) => key.startsWith('aws.cdk.eks/prune-'))) add('cloudformation', '');
  const managedBy = labels['app.kubernetes.io/managed-by'];
  if (managedBy !== undefined && !NOBODY.has(managedBy)) {
    const known = MANAGED_BY[managedBy];
    add(known ?? 'operator', known === undefined ? managedBy : '');
  }
  const olm = labels['olm.owner'];
  if (olm !== undefined) add('operator', olm);
  const controller = metadata.ownerReferences?.[0];
  if (controller !== undefined) add('operator', `${controller.kind} ${controller.name}`);
  for (const { manager } of metadata.managedFields ?? []) {
    const kind = manager === undefined ? undefined : MANAGERS[manager];
    if (kind !== undefined) add(kind, '');
    else if (manager?.endsWith('-operator')) add('operator', manager);
  }
  return sorted(owners);
}

/** Whether EKS's add-on manager applies this object (its server-side apply manager is `eks`). */
export function isAppliedByEks(metadata: ObjectMeta): boolean {
  return (metadata.managedFields ?? []).some(({ manager }) => manager === 'eks');
}

const TERRAFORM_KEYS = new Set(['terraform', 'managedby', 'managed-by', 'managed_by', 'provisioner', 'createdby', 'created-by', 'iac']);

/**
 * Who owns an IAM role, by its tags: CloudFormation's own, eksctl's, and the tags that people set with Terraform (it sets
 * none itself).
 */
export function roleOwners(tags: Readonly<Record<string, string>>): OwnerFact[] {
  const owners = new Map<OwnerFact['kind'], string>();
  const stack = tags['aws:cloudformation:stack-name'];
  if (stack !== undefined) owners.set('cloudformation', stack);
  const eksctl = tags['alpha.eksctl.io/cluster-name'];
  if (eksctl !== undefined) owners.set('eksctl', eksctl);
  for (const [key, value] of Object.entries(tags)) {
    if (!TERRAFORM_KEYS.has(key.toLowerCase())) continue;
    if (/terraform|opentofu/i.test(value) || (key.toLowerCase() === 'terraform' && value.toLowerCase() !== 'false'))
      owners.set('terraform', '');
  }
  return sorted(owners);
}

function sorted(owners: ReadonlyMap<OwnerFact['kind'], string>): OwnerFact[] {
  return [...owners].map(([kind, name]) => ({ kind, name })).sort((a, b) => (a.kind < b.kind ? -1 : 1));
}
