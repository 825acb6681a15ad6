import type { Finding } from '../model/findings.ts';
import { ruleArguments } from '../model/interception.ts';
import type { Inventory } from '../model/inventory.ts';
import type { MigrationOptions } from '../model/options.ts';
import type { RetiredMechanism, RetiredRole, RetirementPlan, RulePlan } from '../model/retirement.ts';
import { parseTrustPolicy, retirePrincipals } from '../trust/index.ts';
import { runChecks } from './checks/check.ts';
import { inRefusalOrder } from './checks/reasons.ts';
import { CONSEQUENCES, type Interceptor, OBSTACLES, partsOf } from './checks/retirement.ts';
import { metadataSystems } from './metadata/system.ts';
import { compareText } from './waves.ts';
import { createWorld } from './world.ts';

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
  const parts = inventory.metadata === undefined ? undefined : partsOf(mechanism, inventory.metadata);
  const principals = parts === undefined ? [] : principalsOf(mechanism, inventory);
  const roles = parts === undefined ? [] : planRoles(mechanism, inventory, principals);
  const shared = {
    mechanism,
    daemons: (parts?.all ?? []).map(({ apiVersion, kind, namespace, name, stopped }) => ({
      apiVersion,
      kind,
      namespace,
      name,
      action: stopped ? ('stopped' as const) : ('stop' as const),
    })),
    principals,
    roles: roles.map(({ role }) => role),
  };
  const obstacles = inRefusalOrder(runChecks(OBSTACLES, { world, mechanism, parts, leaving }));
  // Without an obstacle there is one interceptor, and its rule is known.
  const [interceptor] = (parts?.interceptors ?? []) as [Interceptor];
  if (parts === undefined || obstacles.length > 0)
    return refusal(
      shared,
      obstacles.map(({ finding }) => finding),
    );
  const kept = roles.filter(({ problem }) => problem !== '').map(({ role: { roleArn }, problem }) => ({ roleArn, problem }));
  const consequences = runChecks(CONSEQUENCES, { parts, interceptor, principals, kept });
  const findings = sorted(consequences.map(({ finding }) => finding));
  return { ...shared, decision: 'retire', reason: '', rule: rulePlan(interceptor), findings };
}

function refusal(
  shared: Pick<RetirementPlan, 'mechanism' | 'daemons' | 'principals' | 'roles'>,
  problems: readonly Finding[],
): RetirementPlan {
  const [first, ...more] = problems as readonly [Finding, ...Finding[]];
  const others = more.length === 0 ? '' : ` (and ${more.length} more)`;
  return { ...shared, decision: 'refuse', reason: `${first.message}${others}`, rule: null, findings: sorted(problems) };
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

/** The roles that podshift gave to the daemon's pods by associations, their trust policies without its principals, and why one keeps them. */
function planRoles(
  mechanism: RetiredMechanism,
  { associations, roles }: Inventory,
  principals: readonly string[],
): { readonly role: RetiredRole; readonly problem: string }[] {
  const ours = Map.groupBy(
    associations.filter((association) => association.mechanism === mechanism),
    ({ roleArn }) => roleArn,
  );
  return [...ours]
    .sort(([a], [b]) => compareText(a, b))
    .map(([roleArn, members]) => {
      const serviceAccounts = members.map(({ namespace, serviceAccount }) => `${namespace}/${serviceAccount}`).sort(compareText);
      const trustBefore = roles.find(({ arn }) => arn === roleArn)?.trustPolicy ?? '';
      const after = trustWithout(trustBefore, principals);
      const role = { roleArn, serviceAccounts, trustBefore, trustAfter: after.text };
      return { role, problem: after.problem };
    });
}

function trustWithout(text: string, principals: readonly string[]): { readonly text: string; readonly problem: string } {
  if (principals.length === 0) return { text, problem: 'the account does not show which roles the daemon asks as' };
  const parsed = parseTrustPolicy(text);
  if (!parsed.ok) return { text, problem: parsed.problem };
  const result = retirePrincipals(parsed.policy, principals);
  if (result.kind === 'refused') return { text, problem: result.problem.message };
  return { text: result.kind === 'changed' ? result.text : text, problem: '' };
}

function sorted(findings: readonly Finding[]): Finding[] {
  return [...findings].sort(
    (a, b) => compareText(a.subject, b.subject) || compareText(a.code, b.code) || compareText(a.message, b.message),
  );
}
