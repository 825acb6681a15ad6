import type { KubernetesObject, OwnerReference } from '../kubernetes/gateway.ts';
import type { StaleRoleFact } from '../model/inventory.ts';
import { injectedRole } from './overrides.ts';
import { topController } from './pods.ts';
import { controllerOf, serviceAccountOf } from './workloads.ts';

/** A live pod whose role by IRSA is not the one that its service account's annotation names. */
export interface StalePod extends Omit<StaleRoleFact, 'subject' | 'pods'> {
  readonly name: string;
  readonly controller: OwnerReference | undefined;
}

/** What a service account's annotation names now: null for none, undefined where the service account is not known or not chosen. */
export type NamedRole = (namespace: string, serviceAccount: string) => string | null | undefined;

/** The pod, where it holds a role that its service account does not name; nothing of one that is over or on its way out. */
export function stalePod({ metadata, spec, status, ...pod }: KubernetesObject, namedRole: NamedRole): StalePod | undefined {
  if (metadata.deletionTimestamp !== undefined || status?.phase === 'Succeeded' || status?.phase === 'Failed') return undefined;
  const roleArn = injectedRole(spec);
  if (roleArn === undefined) return undefined;
  const { namespace = '', name } = metadata;
  const serviceAccount = serviceAccountOf(spec);
  const named = namedRole(namespace, serviceAccount);
  if (named === undefined || named === roleArn) return undefined;
  return { namespace, name, serviceAccount, roleArn, named, controller: controllerOf({ metadata, ...pod }) };
}

/**
 * Such pods by their topmost owners. Those of a template that has the webhook's pair itself (`ownPairs`, UIDs of controllers) are left
 * out: the annotation gave them nothing, and a restart takes nothing from them.
 */
export function staleRoles(
  pods: readonly StalePod[],
  above: ReadonlyMap<string, OwnerReference>,
  ownPairs: ReadonlySet<string>,
): StaleRoleFact[] {
  const facts = pods
    .filter(({ controller }) => controller === undefined || !ownPairs.has(controller.uid))
    .map(({ name, controller, ...pod }) => {
      const owner = topController(controller, above) ?? controller ?? { kind: 'Pod', name };
      return { ...pod, subject: `${owner.kind}/${pod.namespace}/${owner.name}` };
    });
  const groups = Map.groupBy(facts, ({ subject, serviceAccount, roleArn }) => `${subject} ${serviceAccount} ${roleArn}`);
  return [...groups.values()].map((group) => ({ ...(group[0] as (typeof facts)[number]), pods: group.length }));
}
