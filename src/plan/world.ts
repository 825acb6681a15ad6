import type { AddonFacts, AssociationFacts, IndirectUserFact, Inventory, RoleFacts, WorkloadFacts } from '../model/inventory.ts';
import type { MigrationOptions } from '../model/options.ts';
import { type AgentSituation, agentSituation, hybridNodesServed } from './agent.ts';
import { type MetadataSystem, metadataSystems } from './metadata/system.ts';
import { type TokenRoles, tokenRoles } from './token-roles.ts';

/** The inventory with the look-ups that every check needs. */
export interface World {
  readonly inventory: Inventory;
  readonly options: MigrationOptions;
  readonly agent: AgentSituation;
  readonly workloadsOf: ReadonlyMap<string, readonly WorkloadFacts[]>;
  readonly associationOf: ReadonlyMap<string, AssociationFacts>;
  readonly roleOf: ReadonlyMap<string, RoleFacts>;
  readonly addonOf: ReadonlyMap<string | null, AddonFacts>;
  /** Ready nodes that Pod Identity can serve. */
  readonly usableNodes: ReadonlySet<string>;
  /** Those among them that need no configuration of their own. */
  readonly anyNodes: readonly string[];
  /** Hybrid nodes on which no agent is ready, and none will be. */
  readonly hybridNodes: ReadonlySet<string>;
  /** Who uses a service account's token without running as it, by the service account's name. */
  readonly usersOf: ReadonlyMap<string, readonly IndirectUserFact[]>;
  /** Roles that trust the cluster's OIDC provider; undefined where it has none. */
  readonly tokenRoles: TokenRoles | undefined;
  /** kube2iam and kiam, as far as they answer; at most one can be migrated from. */
  readonly systems: readonly MetadataSystem[];
}

/** The look-ups over an inventory. */
export function createWorld(inventory: Inventory, options: MigrationOptions): World {
  const served = hybridNodesServed(inventory, options);
  const ready = inventory.nodes.filter((node) => node.ready);
  return {
    inventory,
    options,
    agent: agentSituation(inventory, options),
    workloadsOf: Map.groupBy(inventory.workloads, (workload) => `${workload.namespace}/${workload.serviceAccount}`),
    associationOf: new Map(
      inventory.associations.map((association) => [`${association.namespace}/${association.serviceAccount}`, association]),
    ),
    roleOf: new Map(inventory.roles.map((role) => [role.arn, role])),
    addonOf: new Map<string | null, AddonFacts>(inventory.addons.map((addon) => [addon.name, addon])),
    usableNodes: new Set(ready.filter((node) => ['linux', 'auto', 'hybrid'].includes(node.class)).map(({ name }) => name)),
    anyNodes: ready.filter((node) => ['linux', 'auto'].includes(node.class)).map(({ name }) => name),
    hybridNodes: new Set(inventory.nodes.filter((node) => node.class === 'hybrid' && !served.has(node.name)).map(({ name }) => name)),
    usersOf: Map.groupBy(inventory.indirectUsers, (user) => user.serviceAccount),
    tokenRoles: tokenRoles(inventory),
    systems: metadataSystems(inventory),
  };
}

/** `NAMESPACE/NAME`. */
export function idOf(facts: { readonly namespace: string; readonly name: string }): string {
  return `${facts.namespace}/${facts.name}`;
}

/** The subject of a finding about a workload. */
export function workloadSubject(workload: WorkloadFacts): string {
  return `${workload.kind}/${workload.namespace}/${workload.name}`;
}

/** The role that a service account's annotation names; undefined where it has none. */
export function annotatedRole(annotations: Readonly<Record<string, string>>, { inventory }: World): string | undefined {
  return annotations[`${inventory.annotationPrefix}/role-arn`];
}

/** Whether a workload's pods or template name a role to a daemon. */
export function asksDaemon({ metadata }: WorkloadFacts, { systems }: World): boolean {
  return [metadata?.template, ...(metadata?.live ?? [])].some((annotations) =>
    systems.some(({ roleKey }) => (annotations?.[roleKey] ?? '') !== ''),
  );
}
