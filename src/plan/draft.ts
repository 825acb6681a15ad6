import type { Finding, FindingCode } from '../model/findings.ts';
import { finding } from '../model/findings.ts';
import type { AssociationFacts, IndirectUserFact, Inventory, RoleFacts, ServiceAccountFacts, WorkloadFacts } from '../model/inventory.ts';
import type { MigrationOptions } from '../model/options.ts';
import type { Mechanism, MetadataPlan, WorkloadPlan } from '../model/plan.ts';
import { hybridNodesServed } from './agent.ts';
import { type MetadataSystem, metadataSystems } from './metadata-system.ts';

/** The inventory with the look-ups that every check needs. */
export interface World {
  readonly inventory: Inventory;
  readonly options: MigrationOptions;
  readonly workloadsOf: ReadonlyMap<string, readonly WorkloadFacts[]>;
  readonly associationOf: ReadonlyMap<string, AssociationFacts>;
  readonly roleOf: ReadonlyMap<string, RoleFacts>;
  /** Ready nodes that Pod Identity can serve. */
  readonly usableNodes: ReadonlySet<string>;
  /** Those among them that need no configuration of their own. */
  readonly anyNodes: readonly string[];
  /** Hybrid nodes on which no agent is ready, and none will be. */
  readonly hybridNodes: ReadonlySet<string>;
  /** Who uses a service account's token without running as it, by the service account's name. */
  readonly usersOf: ReadonlyMap<string, readonly IndirectUserFact[]>;
  /** kube2iam and kiam, as far as they answer; at most one can be migrated from. */
  readonly systems: readonly MetadataSystem[];
  /** Whether a workload's pods or template name a role to a daemon. */
  asksDaemon(workload: WorkloadFacts): boolean;
}

/** What the daemon's part of a unit is while it is decided. */
export interface MetadataDraft extends MetadataPlan {
  /** The roles that the daemon may take, ahead of the pods' role; null where the account does not tell. */
  readonly callers: readonly string[] | null;
}

/** A unit while it is decided: checks add findings, and any blocker among them holds it. */
export interface UnitDraft {
  readonly id: string;
  readonly mechanism: Mechanism;
  /** Of a unit of kube2iam or kiam. */
  metadata: MetadataDraft | undefined;
  readonly facts: ServiceAccountFacts;
  readonly roleArn: string;
  readonly workloads: readonly WorkloadFacts[];
  readonly association: AssociationFacts | undefined;
  readonly findings: Finding[];
  role: RoleFacts | undefined;
  /** The association passes no session tags, so only a statement for the whole cluster can admit it. */
  sessionTagsOff: boolean;
  /** Association and trust policy are right as they are. */
  settled: boolean;
  plans: readonly WorkloadPlan[];
  removeAnnotations: readonly string[];
}

/** `NAMESPACE/NAME`. */
export function idOf(facts: { readonly namespace: string; readonly name: string }): string {
  return `${facts.namespace}/${facts.name}`;
}

/** The look-ups over an inventory. */
export function createWorld(inventory: Inventory, options: MigrationOptions): World {
  const systems = metadataSystems(inventory);
  const served = hybridNodesServed(inventory, options);
  return {
    systems,
    asksDaemon: ({ metadata }) =>
      [metadata?.template, ...(metadata?.live ?? [])].some((annotations) =>
        systems.some(({ roleKey }) => (annotations?.[roleKey] ?? '') !== ''),
      ),
    inventory,
    options,
    workloadsOf: Map.groupBy(inventory.workloads, (workload) => `${workload.namespace}/${workload.serviceAccount}`),
    associationOf: new Map(
      inventory.associations.map((association) => [`${association.namespace}/${association.serviceAccount}`, association]),
    ),
    roleOf: new Map(inventory.roles.map((role) => [role.arn, role])),
    usableNodes: new Set(
      inventory.nodes.filter((node) => node.ready && ['linux', 'auto', 'hybrid'].includes(node.class)).map(({ name }) => name),
    ),
    anyNodes: inventory.nodes.filter((node) => node.ready && ['linux', 'auto'].includes(node.class)).map(({ name }) => name),
    hybridNodes: new Set(inventory.nodes.filter((node) => node.class === 'hybrid' && !served.has(node.name)).map(({ name }) => name)),
    usersOf: Map.groupBy(inventory.indirectUsers, (user) => user.serviceAccount),
  };
}

/** The subject of a finding about a unit's service account. */
export function accountSubject(unit: UnitDraft): string {
  return `ServiceAccount/${unit.id}`;
}

/** The subject of a finding about a workload. */
export function workloadSubject(workload: WorkloadFacts): string {
  return `${workload.kind}/${workload.namespace}/${workload.name}`;
}

/** Adds a finding to a unit. */
export function note(unit: UnitDraft, code: FindingCode, subject: string, message: string, remedy?: string): undefined {
  unit.findings.push(finding(code, subject, message, remedy));
}

/** The blockers among a unit's findings. */
export function blockers(unit: UnitDraft): Finding[] {
  return unit.findings.filter((found) => found.severity === 'blocker');
}
