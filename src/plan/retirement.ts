import { type Finding, finding } from '../model/findings.ts';
import type { Inventory } from '../model/inventory.ts';
import type { MigrationOptions } from '../model/options.ts';
import type { RetiredMechanism, RetiredRole, RetirementPlan, RulePlan } from '../model/retirement.ts';
import { createWorld, type World } from './draft.ts';
import { ruleArguments } from './interception.ts';
import { metadataSystems } from './metadata-system.ts';
import { consequences, type DaemonParts, dependents, type Interceptor, obstacles, partsOf } from './retirement-check.ts';
import { compareText } from './waves.ts';

/**
 * Whether kube2iam or kiam can be retired, and how: pure, over an inventory of the whole cluster. `leaving` are the
 * workloads (`Kind/namespace/name`) that migrate ahead of it and count as gone; none where the inventory is of afterwards.
 */
export function planRetirement(
  inventory: Inventory,
  options: MigrationOptions,
  mechanism: RetiredMechanism,
  leaving: ReadonlySet<string> = new Set(),
): RetirementPlan {
  const world = createWorld(inventory, options);
  const parts = partsOf(mechanism, world);
  const principals = principalsOf(mechanism, inventory);
  const shared = {
    mechanism,
    daemons: parts.all.map(({ apiVersion, kind, namespace, name, stopped }) => ({
      apiVersion,
      kind,
      namespace,
      name,
      action: stopped ? ('stopped' as const) : ('stop' as const),
    })),
    principals,
    roles: rolesOf(mechanism, inventory),
  };
  const problems = [...obstacles(parts, world), ...dependents(parts, world, leaving)];
  const [first, ...more] = problems;
  if (first !== undefined) {
    const others = more.length === 0 ? '' : ` (and ${more.length} more)`;
    return { ...shared, decision: 'refuse', reason: `${first.message}${others}`, rule: null, findings: sorted(problems) };
  }
  // Without an obstacle there is one interceptor, and its rule is known.
  const [interceptor] = parts.interceptors as [Interceptor];
  const findings = sorted([...consequences(parts, world, principals), ...keptPrincipals(parts, world, principals)]);
  return { ...shared, decision: 'retire', reason: '', rule: rulePlan(interceptor), findings };
}

function rulePlan({ subject, namespace, name, image, reach, settings: { interception } }: Interceptor): RulePlan {
  return {
    interceptor: subject,
    namespace,
    name,
    image,
    arguments: ruleArguments(interception) as string[],
    removedByDaemon: interception.removesRule,
    nodeNames: reach,
  };
}

/** Who asks STS for the pods' roles: the nodes' roles, or the role of kiam's server; nobody where the account does not tell. */
function principalsOf(mechanism: RetiredMechanism, inventory: Inventory): readonly string[] {
  return metadataSystems(inventory).find((system) => system.mechanism === mechanism)?.callers ?? [];
}

/** The roles that podshift gave to the daemon's pods by associations. */
function rolesOf(mechanism: RetiredMechanism, { associations }: Inventory): RetiredRole[] {
  const ours = associations.filter((association) => association.mechanism === mechanism);
  return [...Map.groupBy(ours, ({ roleArn }) => roleArn)]
    .map(([roleArn, members]) => ({
      roleArn,
      serviceAccounts: members.map(({ namespace, serviceAccount }) => `${namespace}/${serviceAccount}`).sort(compareText),
    }))
    .sort((a, b) => compareText(a.roleArn, b.roleArn));
}

function keptPrincipals({ mechanism }: DaemonParts, world: World, principals: readonly string[]): Finding[] {
  if (principals.length > 0) return [];
  return rolesOf(mechanism, world.inventory).map(({ roleArn }) =>
    finding('PS741', `Role/${roleArn}`, `the account does not tell which roles the nodes have, so the trust policy of ${roleArn} stays`),
  );
}

function sorted(findings: readonly Finding[]): Finding[] {
  return [...findings].sort(
    (a, b) => compareText(a.subject, b.subject) || compareText(a.code, b.code) || compareText(a.message, b.message),
  );
}
