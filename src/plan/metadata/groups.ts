import { createHash } from 'node:crypto';
import type { ServiceAccountFacts, WorkloadFacts } from '../../model/inventory.ts';
import { type Found, runChecks } from '../checks/check.ts';
import { USES } from '../checks/metadata-uses.ts';
import { inHoldOrder } from '../checks/reasons.ts';
import { compareText } from '../waves.ts';
import { annotatedRole, asksDaemon, idOf, type World } from '../world.ts';
import type { MetadataSystem } from './system.ts';
import { type MetadataUse, useOf } from './uses.ts';

/** Workloads of one service account that would migrate together: one role, and the same reason not to. */
export interface RoleGroup {
  readonly system: MetadataSystem;
  readonly roleArn: string;
  readonly workloads: readonly WorkloadFacts[];
  /** About each workload; a blocker among them keeps it from migrating. */
  readonly found: readonly Found[];
  /** The name of the service account that its pods will have. */
  readonly serviceAccount: string;
  readonly split: boolean;
}

/** The groups of a service account, and what is to be told of workloads that ask for nothing. */
export interface Grouping {
  readonly groups: readonly RoleGroup[];
  readonly others: readonly Found[];
}

/** A workload that asks for a role. */
interface Asking extends MetadataUse {
  readonly roleArn: string;
  readonly found: readonly Found[];
}

/**
 * Groups a service account's workloads by role. One role and every pod annotated: it keeps its service account. Several roles, some
 * pods without the annotation, pods that may not get what they ask for, or the namespace's default service account: each
 * group is split off, under a name that is not among `taken` (`NAMESPACE/NAME`).
 */
export function groupWorkloads(facts: ServiceAccountFacts, world: World, taken: ReadonlySet<string>): Grouping {
  // It is here for the workloads of it that ask.
  const workloads = world.workloadsOf.get(idOf(facts)) as readonly WorkloadFacts[];
  const uses = workloads.filter(({ idle }) => idle !== 'finished').map((workload) => useOf(workload, world));
  const asking = uses.flatMap((use): Asking[] =>
    use.asking === undefined ? [] : [{ ...use, roleArn: use.asking.roleArn, found: inHoldOrder(runChecks(USES, use)) }],
  );
  const others = uses.filter((use) => use.asking === undefined);
  const byKey = Map.groupBy(asking, ({ roleArn, found }) => `${roleArn} ${blockerCodes(found)}`);
  const split = byKey.size > 1 || others.length > 0 || facts.name === 'default';
  const given = new Set<string>();
  const groups = [...byKey]
    .sort(([a], [b]) => compareText(a, b))
    .map(([, members]): RoleGroup => {
      const [{ system, roleArn }] = members as [Asking];
      const sorted = members.map(({ workload }) => workload).sort((a, b) => compareText(a.name, b.name));
      const [{ name: first }] = sorted as [WorkloadFacts];
      const serviceAccount = split ? freeName(facts.namespace, first, roleArn, [taken, given]) : facts.name;
      given.add(`${facts.namespace}/${serviceAccount}`);
      return { system, roleArn, workloads: sorted, found: members.flatMap(({ found }) => found), serviceAccount, split };
    });
  return { groups, others: others.flatMap((use) => runChecks(USES, use)) };
}

function blockerCodes(found: readonly Found[]): string {
  const blockers = found.filter(({ finding: { severity } }) => severity === 'blocker');
  return [...new Set(blockers.map(({ finding: { code } }) => code))].sort().join();
}

/** The workload's own name where it is free, else with a mark of the role; the same every time. */
function freeName(namespace: string, workload: string, roleArn: string, taken: readonly ReadonlySet<string>[]): string {
  const mark = createHash('sha256').update(`${namespace}/${workload} ${roleArn}`).digest('hex');
  // A service account's name is a DNS subdomain of at most 253 characters, and so is a workload's.
  const candidates = [workload, ...[6, 12, 32].map((length) => `${workload.slice(0, 252 - length)}-${mark.slice(0, length)}`)];
  return candidates.find((name) => !taken.some((names) => names.has(`${namespace}/${name}`))) as string;
}

/** Whether kube2iam or kiam decide the role of a service account's pods: some ask for one, and nothing outranks the daemon. */
export function isByMetadata(facts: ServiceAccountFacts, world: World): boolean {
  if (world.inventory.metadata === undefined || facts.addon !== null) return false;
  if (annotatedRole(facts.annotations, world) !== undefined) return false;
  return world.workloadsOf.get(idOf(facts))?.some((workload) => asksDaemon(workload, world)) === true;
}
