import type { Finding } from '../model/findings.ts';
import type { RoleFacts, WorkloadFacts } from '../model/inventory.ts';
import type { RolePlan } from '../model/plan.ts';
import { type Candidate, decisionOf, restartsOf, withFindings } from './candidates.ts';
import { type Row, runChecks } from './checks/check.ts';
import { type PlanFacts, ROLE_CHANGES, TOGETHER } from './checks/whole-plan.ts';
import { roleOf } from './role-access.ts';
import { planRole, type RoleOutcome } from './roles.ts';
import { lacksSessionTags } from './unit-facts.ts';
import { assignWaves, compareText, type WaveUnit } from './waves.ts';
import type { World } from './world.ts';

/** The candidates as they are decided in the end, their waves, and the roles of those that migrate. */
export interface WavePlan {
  readonly candidates: readonly Candidate[];
  /** By unit id. */
  readonly waves: ReadonlyMap<string, number>;
  readonly roles: readonly RolePlan[];
}

/** A role's outcome with the ids of the units that it is for. */
interface PlannedRole {
  readonly role: RoleFacts;
  readonly outcome: RoleOutcome;
  readonly ids: readonly string[];
}

/**
 * Waves and trust policies depend on each other: a unit that its role cannot admit is held, which may change the waves. Each
 * round holds at least one unit more, so the rounds end.
 */
export function planWaves(candidates: readonly Candidate[], world: World): WavePlan {
  const judged = TOGETHER.reduce((all, check) => hold(all, check, world), candidates);
  const migrating = judged.filter((candidate) => decisionOf(candidate) === 'migrate');
  const waves = assignWaves(migrating.map(waveUnit), world.options.waveSize);
  const planned = planRoles(migrating, waves, world);
  const held = new Map(planned.flatMap(({ outcome }) => [...outcome.held].map(([id, problem]) => [id, [problem]] as const)));
  if (held.size > 0) return planWaves(addFindings(judged, held), world);
  return { candidates: addFindings(judged, roleFindings(planned)), waves, roles: planned.map(({ outcome }) => outcome.plan) };
}

/** The candidates with what one check of all of them says. */
function hold(candidates: readonly Candidate[], check: Row<PlanFacts>, world: World): readonly Candidate[] {
  const found = Map.groupBy(runChecks([check], { candidates, world }), ({ finding: { subject } }) => subject);
  return candidates.map((candidate) => {
    const more = found.get(`ServiceAccount/${candidate.unit.id}`);
    return more === undefined ? candidate : { ...candidate, found: [...candidate.found, ...more] };
  });
}

function addFindings(candidates: readonly Candidate[], findings: ReadonlyMap<string, readonly Finding[]>): readonly Candidate[] {
  return candidates.map((candidate) => withFindings(candidate, findings.get(candidate.unit.id) ?? []));
}

/** What is known of a role once its trust policy is planned, told on each of its units. */
function roleFindings(planned: readonly PlannedRole[]): ReadonlyMap<string, readonly Finding[]> {
  return new Map(
    planned.flatMap(({ role, outcome, ids }) => {
      const changes = runChecks(ROLE_CHANGES, { role, isChanged: outcome.plan.waves.length > 0 });
      const findings = [...outcome.findings, ...changes.map(({ finding }) => finding)];
      return ids.map((id) => [id, findings] as const);
    }),
  );
}

/** The DaemonSet of the VPC CNI, by its name in the manifest and the chart, or by its image (aws/amazon-vpc-cni-k8s). */
function isVpcCni({ kind, name, images = [] }: WorkloadFacts): boolean {
  return kind === 'DaemonSet' && (name === 'aws-node' || images.some(({ image }) => /(^|\/)amazon-k8s-cni([:@]|$)/.test(image)));
}

function waveUnit(candidate: Candidate): WaveUnit {
  const { unit, found } = candidate;
  return {
    id: unit.id,
    namespace: unit.facts.namespace,
    addon: unit.facts.addon,
    cni: unit.workloads.some(({ workload }) => isVpcCni(workload)),
    roleArn: unit.roleArn,
    restarts: restartsOf(candidate).some(({ restart }) => restart !== 'none') || (unit.facts.addon !== null && unit.workloads.length > 0),
    warnings: found.filter(({ finding }) => finding.severity === 'warning').length,
    pods: unit.workloads.reduce((sum, { workload }) => sum + Math.max(workload.replicas ?? 0, workload.livePods), 0),
  };
}

function planRoles(migrating: readonly Candidate[], waves: ReadonlyMap<string, number>, world: World): PlannedRole[] {
  const { arn: clusterArn, accountId } = world.inventory.cluster;
  const { trustPolicyQuota: sizeLimit } = world.inventory;
  const context = { clusterArn, accountId, allowClusterScope: world.options.allowClusterScope, sizeLimit };
  // A unit without a role has a blocker.
  const groups = [...Map.groupBy(migrating, ({ unit }) => roleOf(unit.reference) as RoleFacts)];
  return groups
    .sort(([a], [b]) => compareText(a.arn, b.arn))
    .map(([role, members]) => {
      const units = members.map(({ unit: { id, facts } }) => {
        // Every migrating unit has a wave.
        return { id, namespace: facts.namespace, name: facts.name, wave: waves.get(id) as number };
      });
      const sessionTagsOff = members.some(({ unit }) => lacksSessionTags(unit));
      return { role, outcome: planRole({ role, units, sessionTagsOff }, context), ids: units.map(({ id }) => id) };
    });
}
