import type { ObjectMeta } from '../../kubernetes/gateway.ts';
import type { OwnerFact } from '../../model/inventory.ts';
import type { OwnerKind } from '../../model/owner.ts';
import { isByHand, managersOfAnnotation, toolOf } from './managers.ts';
import { MANAGED_BY, markedOwners, NOBODY, trackedByLabel } from './marks.ts';

/**
 * Who owns a Kubernetes object beyond the cluster, by the marks that each tool documents (marks.ts), `app.kubernetes.io/managed-by`,
 * owner references, and the field managers of `managedFields`.
 */
export function objectOwners(metadata: ObjectMeta): OwnerFact[] {
  const owners = markedOwners(metadata);
  const add = (kind: OwnerKind, name: string) => owners.set(kind, owners.get(kind) || name);
  const application = trackedByLabel(metadata);
  if (application !== undefined && ![...owners.keys()].some((kind) => kind !== 'helm')) add('argo-cd', application);
  const managedBy = metadata.labels?.['app.kubernetes.io/managed-by'];
  if (managedBy !== undefined && !NOBODY.has(managedBy)) {
    const known = MANAGED_BY[managedBy];
    add(known ?? 'operator', known === undefined ? managedBy : '');
  }
  const controller = metadata.ownerReferences?.[0];
  if (controller !== undefined) add('operator', `${controller.kind} ${controller.name}`);
  for (const { manager = '' } of metadata.managedFields ?? []) {
    const kind = toolOf(manager);
    if (kind === undefined || (kind === 'operator' && !manager.endsWith('-operator'))) continue;
    add(kind, kind === 'operator' ? manager : '');
  }
  return sorted(owners);
}

/**
 * Who owns one annotation of an object. Where the API server's record says who set it, that decides: a tool owns it, or people set it by
 * hand and nobody puts it back. Where the record was not taken along, or names `kubectl apply` or somebody unknown, the marks of the
 * object decide. The record's tools come first, then what else claims the object.
 */
export function annotationOwners(metadata: ObjectMeta, key: string): OwnerFact[] {
  const all = objectOwners(metadata);
  const managers = managersOfAnnotation(metadata, key);
  if (isByHand(managers)) return [];
  const tools = managers.flatMap((manager) => {
    const kind = toolOf(manager);
    return kind === undefined ? [] : [{ kind, name: kind === 'operator' ? manager : '' }];
  });
  if (tools.length === 0) return all;
  const named = tools.map(({ kind, name }) => all.find((owner) => owner.kind === kind) ?? { kind, name });
  return sorted(new Map(named.map(({ kind, name }) => [kind, name])));
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
  const owners = new Map<OwnerKind, string>();
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

function sorted(owners: ReadonlyMap<OwnerKind, string>): OwnerFact[] {
  return [...owners].map(([kind, name]) => ({ kind, name })).sort((a, b) => (a.kind < b.kind ? -1 : 1));
}
