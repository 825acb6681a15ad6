import { type Clock, timestamp } from '../model/clock.ts';
import type { Finding } from '../model/findings.ts';
import type { Inventory, RoleFacts } from '../model/inventory.ts';
import type { MigrationOptions } from '../model/options.ts';
import type { Plan, RolePlan, UnitPlan } from '../model/plan.ts';
import type { RetirementPlan } from '../model/retirement.ts';
import { holdTogether } from './addon-check.ts';
import { planPlatform } from './agent.ts';
import { canonicalJson, planDigest } from './digest.ts';
import { createWorld, type UnitDraft, type World } from './draft.ts';
import { checkRoleOwner } from './owner-check.ts';
import { holdBeyondQuota, platformFindings } from './platform-check.ts';
import { planRetirement } from './retirement.ts';
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
  // A run that retires alone migrates nothing, so that nothing is planned of it.
  const { units, findings: seen } = options.retireOnly ? { units: [], findings: [] } : draftUnits(world, platform);
  const { waves, roles } = planWaves(units, world);
  const planned = units.map((unit) => unitPlan(unit, waves.get(unit.id) ?? null, world, units));
  const retirement =
    options.retireDaemon === 'none' ? undefined : planRetirement(inventory, options, options.retireDaemon, leaving(planned));
  const findings = options.retireOnly
    ? (retirement?.findings ?? [])
    : [
        ...platform.findings,
        ...platformFindings(inventory),
        ...seenFindings(inventory),
        ...seen,
        ...units.flatMap(findingsOf),
        ...(retirement?.findings ?? []),
      ];
  const plan: Omit<Plan, 'digest'> = {
    clusterArn: inventory.cluster.arn,
    clusterName: inventory.cluster.name,
    region: inventory.cluster.region,
    madeAt: timestamp(clock),
    agent: options.retireOnly ? { action: 'ready', addonVersion: null, nodeNames: [] } : platform.agent,
    units: planned,
    roles: [...roles.map(({ outcome }) => outcome.plan), ...(options.retireOnly ? retiredRoles(retirement) : [])],
    findings: sortFindings(findings),
    waves: waves.size === 0 ? 0 : Math.max(...waves.values()) + 1,
    ...(retirement === undefined ? {} : { retirement }),
  };
  return { ...plan, digest: planDigest(plan) };
}

/** Workloads that are off the daemon once the units have migrated, `Kind/namespace/name`. */
function leaving(units: readonly UnitPlan[]): Set<string> {
  const migrating = units.filter(({ decision }) => decision === 'migrate');
  return new Set(migrating.flatMap(({ namespace, workloads }) => workloads.map(({ kind, name }) => `${kind}/${namespace}/${name}`)));
}

/** Roles whose trust policies a retirement alone would change. */
function retiredRoles(retirement: RetirementPlan | undefined): RolePlan[] {
  return (retirement?.roles ?? [])
    .filter(({ trustBefore, trustAfter }) => retirement?.decision !== 'refuse' && trustBefore !== trustAfter)
    .map(({ roleArn, trustBefore, trustAfter }) => ({
      roleArn,
      roleName: roleArn.split('/').at(-1) as string,
      trustBefore,
      trustAfter,
      waves: [],
    }));
}

/** A unit that migrates: one without a role has a blocker. */
type Migrating = UnitDraft & { readonly role: RoleFacts };

/** A role's outcome with the units that it is for. */
interface PlannedRole {
  readonly outcome: RoleOutcome;
  readonly role: RoleFacts;
  readonly members: readonly Migrating[];
}

/**
 * Waves and trust policies depend on each other: a unit that its role cannot admit is held, which may change the waves. Each
 * round holds at least one unit more, so the rounds end.
 */
function planWaves(units: readonly UnitDraft[], world: World): { waves: Map<string, number>; roles: PlannedRole[] } {
  for (;;) {
    holdTogether(units);
    // A unit beyond the quota may hold the others of its add-on, which make room again.
    if (holdBeyondQuota(units, world.inventory)) holdTogether(units);
    const migrating = units.filter((unit): unit is Migrating => decisionOf(unit) === 'migrate');
    const waves = assignWaves(migrating.map(waveUnit), world.options.waveSize);
    const roles = planRoles(migrating, waves, world);
    const held = new Map(roles.flatMap(({ outcome }) => [...outcome.held]));
    if (held.size === 0) {
      for (const role of roles) noteOnUnits(role);
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
    addon: unit.facts.addon,
    roleArn: unit.roleArn,
    restarts: unit.plans.some((workload) => workload.restart !== 'none') || (unit.facts.addon !== null && unit.workloads.length > 0),
    warnings: unit.findings.filter((found) => found.severity === 'warning').length,
    pods: unit.workloads.reduce((sum, workload) => sum + Math.max(workload.replicas ?? 0, workload.livePods), 0),
  };
}

function planRoles(units: readonly Migrating[], waves: ReadonlyMap<string, number>, world: World): PlannedRole[] {
  const { arn: clusterArn, accountId } = world.inventory.cluster;
  const context = { clusterArn, accountId, allowClusterScope: world.options.allowClusterScope };
  const groups = [...Map.groupBy(units, (unit) => unit.role)].sort(([a], [b]) => compareText(a.arn, b.arn));
  return groups.map(([role, members]) => {
    // Every migrating unit has a wave.
    const wanted = members.map(({ id, facts: { namespace, name } }) => ({ id, namespace, name, wave: waves.get(id) as number }));
    const outcome = planRole({ role, units: wanted, sessionTagsOff: members.some((unit) => unit.sessionTagsOff) }, context);
    return { outcome, role, members };
  });
}

/** What is known of a role once its trust policy is planned, told on each of its units. */
function noteOnUnits({ outcome, role, members }: PlannedRole): void {
  for (const unit of members) {
    unit.findings.push(...outcome.findings);
    if (outcome.plan.waves.length > 0) checkRoleOwner(unit, role);
  }
}

/** Each finding once, by subject, code and message. */
function sortFindings(findings: readonly Finding[]): Finding[] {
  const unique = new Map(findings.map((found) => [canonicalJson([found.subject, found.code, found.message]), found]));
  return [...unique].sort(([a], [b]) => compareText(a, b)).map(([, found]) => found);
}
