import { type Clock, timestamp } from '../model/clock.ts';
import type { Finding } from '../model/findings.ts';
import type { Inventory } from '../model/inventory.ts';
import type { MigrationOptions } from '../model/options.ts';
import type { Plan } from '../model/plan.ts';
import { planPlatform } from './agent.ts';
import { canonicalJson, planDigest } from './digest.ts';
import { createWorld, type UnitDraft, type World } from './draft.ts';
import { checkRoleOwner } from './owner-check.ts';
import { planRole, type RoleOutcome } from './roles.ts';
import { seenFindings } from './seen.ts';
import { decisionOf, draftUnits, findingsOf, unitPlan } from './units.ts';
import { assignWaves, compareText } from './waves.ts';

/**
 * Inventory in, decisions out: which service accounts migrate, in which waves, with which exact trust policies, and why the
 * others are held. Pure: the same inventory and options give the same plan and digest, whatever order the APIs listed in.
 */
export function makePlan(inventory: Inventory, options: MigrationOptions, clock: Clock): Plan {
  const world = createWorld(inventory, options);
  const platform = planPlatform(inventory, options);
  const units = draftUnits(world, platform);
  const { waves, roles } = planWaves(units, world);
  const findings = [...platform.findings, ...seenFindings(inventory), ...units.flatMap(findingsOf)];
  const plan: Omit<Plan, 'digest'> = {
    clusterArn: inventory.cluster.arn,
    clusterName: inventory.cluster.name,
    region: inventory.cluster.region,
    madeAt: timestamp(clock),
    agent: platform.agent,
    units: units.map((unit) => unitPlan(unit, waves.get(unit.id) ?? null, world)),
    roles: roles.map(({ plan }) => plan),
    findings: sortFindings(findings),
    waves: waves.size === 0 ? 0 : Math.max(...waves.values()) + 1,
  };
  return { ...plan, digest: planDigest(plan) };
}

/**
 * Waves and trust policies depend on each other: a unit that its role cannot admit is held, which may change the waves. Each
 * round holds at least one unit more, so the rounds end.
 */
function planWaves(units: readonly UnitDraft[], world: World): { waves: Map<string, number>; roles: RoleOutcome[] } {
  for (;;) {
    const migrating = units.filter((unit) => decisionOf(unit) === 'migrate');
    const waves = assignWaves(migrating.map(waveUnit), world.options.waveSize);
    const roles = planRoles(migrating, waves, world);
    const held = new Map(roles.flatMap((role) => [...role.held]));
    if (held.size === 0) {
      const groups = Map.groupBy(migrating, (unit) => unit.roleArn);
      for (const role of roles) noteOnRole(groups.get(role.plan.roleArn) ?? [], role);
      return { waves, roles };
    }
    for (const unit of migrating) {
      const problem = held.get(unit.id);
      if (problem !== undefined) unit.findings.push(problem);
    }
  }
}

function waveUnit(unit: UnitDraft): Parameters<typeof assignWaves>[0][number] {
  return {
    id: unit.id,
    namespace: unit.facts.namespace,
    roleArn: unit.roleArn,
    restarts: unit.plans.some((workload) => workload.restart !== 'none'),
    warnings: unit.findings.filter((found) => found.severity === 'warning').length,
    pods: unit.workloads.reduce((sum, workload) => sum + Math.max(workload.replicas ?? 0, workload.livePods), 0),
  };
}

function planRoles(units: readonly UnitDraft[], waves: ReadonlyMap<string, number>, world: World): RoleOutcome[] {
  const { arn: clusterArn, accountId } = world.inventory.cluster;
  const context = { clusterArn, accountId, allowClusterScope: world.options.allowClusterScope };
  const groups = Map.groupBy(units, (unit) => unit.roleArn);
  return [...groups]
    .sort(([a], [b]) => compareText(a, b))
    .flatMap(([, members]) => {
      const role = members[0]?.role;
      if (role === undefined) return [];
      const wanted = members.map((unit) => ({
        id: unit.id,
        namespace: unit.facts.namespace,
        name: unit.facts.name,
        wave: waves.get(unit.id) ?? 0,
      }));
      return [planRole({ role, units: wanted, sessionTagsOff: members.some((unit) => unit.sessionTagsOff) }, context)];
    });
}

/** What is known of a role once its trust policy is planned, told on each of its units. */
function noteOnRole(units: readonly UnitDraft[], { plan, findings }: RoleOutcome): void {
  for (const unit of units) {
    unit.findings.push(...findings);
    if (plan.waves.length > 0) checkRoleOwner(unit);
  }
}

/** Each finding once, by subject, code and message. */
function sortFindings(findings: readonly Finding[]): Finding[] {
  const unique = new Map(findings.map((found) => [canonicalJson([found.subject, found.code, found.message]), found]));
  return [...unique].sort(([a], [b]) => compareText(a, b)).map(([, found]) => found);
}
