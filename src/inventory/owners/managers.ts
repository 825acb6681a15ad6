import type { ObjectMeta } from '../../kubernetes/gateway.ts';
import type { OwnerKind } from '../../model/owner.ts';

/**
 * Field managers of tools that put back what others change, as their names begin; a `$` ends a whole name. The names are those that the
 * tools pass to the API server, or that it makes of their user agents.
 */
const MANAGERS: readonly (readonly [pattern: RegExp, kind: OwnerKind])[] = [
  [/^argocd-(controller|application-controller|server)$/, 'argo-cd'],
  [/^(kustomize-controller|helm-controller|flux|flux-operator)$/, 'flux'],
  [/^helm$/, 'helm'],
  [/^(Terraform|HashiCorp|terraform-provider-.*)$/, 'terraform'],
  [/^eksctl$/, 'eksctl'],
  [/^pulumi(-|$)/, 'pulumi'],
  [/^kapp(-controller)?$/, 'kapp'],
  [/^kluctl(-|$)/, 'kluctl'],
  [/^(configsync|config-sync.*|reconciler-manager)$/, 'config-sync'],
  [/^(apiextensions\.crossplane\.io\/|crossplane|provider-kubernetes)/, 'crossplane'],
  [/^fleet-?agent$/, 'fleet'],
];

/** What people and scripts write with: nothing of it puts a field back. */
const BY_HAND =
  /^(kubectl-(annotate|edit|patch|label|create|replace|set)|Mozilla|OpenAPI-Generator|k9s|Lens|lens|node-fetch|python-requests|curl|podshift)$/;

/** What `kubectl apply` calls itself, and tools that work through it: whose manifest it was, only the object's marks tell. */
const APPLIED = /^kubectl(-client-side-apply|-apply)?$/;

/** The tool behind a field manager's name; an operator's where the name says so; undefined for any other. */
export function toolOf(manager: string): OwnerKind | undefined {
  const known = MANAGERS.find(([pattern]) => pattern.test(manager))?.[1];
  if (known !== undefined) return known;
  return /(-operator|-controller|-controller-manager|^manager)$/.test(manager) ? 'operator' : undefined;
}

/** The managers that set an annotation, by the API server's own record; empty where it was not taken along. */
export function managersOfAnnotation({ managedFields = [] }: ObjectMeta, key: string): string[] {
  return managedFields.flatMap(({ manager, fieldsV1 }) => {
    const fields = fieldsV1?.['f:metadata']?.['f:annotations'];
    return manager !== undefined && fields?.[`f:${key}`] !== undefined ? [manager] : [];
  });
}

/** Whether these managers are people's alone, so that nobody puts back what they have set. */
export function isByHand(managers: readonly string[]): boolean {
  return managers.length > 0 && managers.every((manager) => BY_HAND.test(manager) && !APPLIED.test(manager));
}
