import type { AddonFacts, AssociationFacts, ServiceAccountFacts, WorkloadFacts } from '../model/inventory.ts';
import type { Mechanism, MetadataPlan } from '../model/plan.ts';
import type { RoleGroup } from './metadata/groups.ts';
import { type Split, splitOf, type TemplateFacts, templateFacts } from './metadata/split.ts';
import type { MetadataSystem } from './metadata/system.ts';
import { isStandIn, type Restart, restartOf } from './restarts.ts';
import {
  type AccessRequest,
  type AccessToday,
  type AssociationState,
  accessByDaemon,
  accessByIrsa,
  associationState,
  type RoleReference,
  referenceOf,
} from './role-access.ts';
import { annotatedRole, idOf, type World } from './world.ts';

/** What a unit of kube2iam or kiam has beyond one of IRSA. */
export interface MetadataUnit extends Omit<MetadataPlan, 'templates'> {
  readonly system: MetadataSystem;
}

/** One workload of a unit, as its checks see it. */
export interface UnitWorkload {
  readonly workload: WorkloadFacts;
  readonly restart: Restart;
  /** Of a unit of kube2iam or kiam. */
  readonly template: TemplateFacts | undefined;
}

/** A service account that has a role, with all that its checks look at. Nothing of it changes while the plan is made. */
export interface UnitFacts {
  readonly world: World;
  /** `NAMESPACE/NAME`. */
  readonly id: string;
  readonly mechanism: Mechanism;
  readonly facts: ServiceAccountFacts;
  readonly roleArn: string;
  readonly reference: RoleReference;
  readonly association: AssociationFacts | undefined;
  readonly associationState: AssociationState;
  readonly access: AccessToday;
  readonly workloads: readonly UnitWorkload[];
  /** The EKS add-on that it belongs to. */
  readonly addon: AddonFacts | undefined;
  readonly metadata: MetadataUnit | undefined;
}

/** Whether association and trust policy are right as they are, and every pod that is to be on the new way is. */
export function isAssociated(unit: UnitFacts): boolean {
  return unit.associationState === 'yes' && !isHalfWay(unit);
}

/**
 * Whether association and trust policy are right, and pods are still on the old way: somebody began the migration and left it.
 * Pods of Jobs end by themselves, as others do by their restart policy; those of an add-on EKS renews with its role.
 */
export function isHalfWay({ associationState: state, workloads, addon }: UnitFacts): boolean {
  const isOld = ({ workload }: UnitWorkload): boolean => (workload.oldPods ?? 0) > 0 && !isJob(workload) && workload.endsByItself !== true;
  return state === 'yes' && addon === undefined && workloads.some(isOld);
}

/** Whether a workload is a Job or CronJob of Kubernetes: other groups have kinds of these names. */
function isJob(workload: WorkloadFacts): boolean {
  return (workload.kind === 'Job' || workload.kind === 'CronJob') && !isStandIn(workload);
}

/** Whether the association passes no session tags, so that only a statement for the whole cluster can admit it. */
export function lacksSessionTags({ association, associationState: state }: UnitFacts): boolean {
  return state === 'no' && association?.disableSessionTags === true;
}

/** The unit of a service account that has its role by IRSA, an add-on or an association. */
export function unitByIrsa(facts: ServiceAccountFacts, world: World): UnitFacts {
  const association = world.associationOf.get(idOf(facts));
  const addon = world.addonOf.get(facts.addon);
  // An association that the add-on owns outranks its role by IRSA (EKS User Guide, "IAM roles for Amazon EKS add-ons").
  const owned = association !== undefined && association.ownerArn !== null ? association.roleArn : undefined;
  const roleArn = annotatedRole(facts.annotations, world) ?? owned ?? addon?.serviceAccountRoleArn ?? association?.roleArn ?? '';
  const request = { facts, roleArn, reference: referenceOf(roleArn, world), association };
  // EKS restarts what belongs to an add-on, and evicts nothing.
  const options = addon === undefined ? world.options : { ...world.options, allowPodDeletion: false };
  const workloads = world.workloadsOf.get(idOf(facts)) ?? [];
  return {
    ...judged(request, world, () => accessByIrsa(request, world)),
    mechanism: facts.addon === null ? (association?.mechanism ?? 'irsa') : 'addon',
    workloads: workloads.map((workload) => ({ workload, restart: restartOf(workload, options), template: undefined })),
    addon,
    metadata: undefined,
  };
}

/** The unit of workloads that get one role from kube2iam or kiam; `old` is the service account that they have now. */
export function unitByMetadata(old: ServiceAccountFacts, group: RoleGroup, world: World): UnitFacts {
  const split = group.split ? splitOf(old, group.serviceAccount, world) : undefined;
  const facts = split?.facts ?? old;
  const association = split === undefined ? world.associationOf.get(idOf(old)) : undefined;
  const request = { facts, roleArn: group.roleArn, reference: referenceOf(group.roleArn, world), association };
  return {
    ...judged(request, world, () => accessByDaemon(request, group.system)),
    mechanism: group.system.mechanism,
    workloads: group.workloads.map((workload) => {
      const restart = restartOf(workload, world.options);
      return { workload, restart, template: templateFacts(workload, restart, world.options) };
    }),
    addon: undefined,
    metadata: { system: group.system, ...(split?.plan ?? NO_SPLIT) },
  };
}

const NO_SPLIT: Split['plan'] = { splitFrom: null, shape: null, bindings: [] };

function judged(request: AccessRequest, world: World, access: () => AccessToday) {
  const state = associationState(request, world);
  // What is associated already needs nothing of the old way.
  return { world, id: idOf(request.facts), ...request, associationState: state, access: state === 'yes' ? UNKNOWN : access() };
}

const UNKNOWN: AccessToday = { kind: 'unknown' };
