import { type Clock, timestamp } from '../model/clock.ts';
import { type Finding, finding } from '../model/findings.ts';
import type { Inventory } from '../model/inventory.ts';
import type { MigrationOptions } from '../model/options.ts';
import type { Plan, RolePlan, UnitPlan } from '../model/plan.ts';
import type { RetirementPlan } from '../model/retirement.ts';
import { planAgent } from './agent.ts';
import { type Candidate, candidatesOf, decisionOf, findingsOf, unitPlan } from './candidates.ts';
import { runChecks } from './checks/check.ts';
import { CLUSTER } from './checks/cluster.ts';
import { type DecidedUnit, LEFTOVERS, leftovers } from './checks/leftovers.ts';
import { canonicalJson, planDigest } from './digest.ts';
import { planRetirement } from './retirement.ts';
import { compareText, STEADY_WAVES, WAVES_OF_A_SIZE } from './waves.ts';
import { planWaves } from './whole-plan.ts';
import { createWorld, type World } from './world.ts';

/**
 * Inventory in, decisions out: which service accounts migrate, in which waves, with which exact trust policies, and why the
 * others are held. Pure: the same inventory and options give the same plan and digest, whatever order the APIs listed in.
 */
export function makePlan(inventory: Inventory, options: MigrationOptions, clock: Clock): Plan {
  const world = createWorld(inventory, options);
  // A run that retires alone migrates nothing, so that nothing is planned of it.
  const migration = options.retireOnly ? NO_MIGRATION : planMigration(world);
  const retirement =
    options.retireDaemon === 'none' ? undefined : planRetirement(inventory, options, options.retireDaemon, leaving(migration.units));
  const plan: Omit<Plan, 'digest'> = {
    clusterArn: inventory.cluster.arn,
    clusterName: inventory.cluster.name,
    region: inventory.cluster.region,
    madeAt: timestamp(clock),
    options,
    ...migration,
    roles: [...migration.roles, ...(options.retireOnly ? retiredRoles(retirement) : [])],
    findings: sortFindings([...migration.findings, ...(retirement?.findings ?? [])]),
    ...(retirement === undefined ? {} : { retirement }),
  };
  return { ...plan, digest: planDigest(plan) };
}

/** The part of a plan that is about migration. */
type MigrationPlan = Pick<Plan, 'agent' | 'units' | 'roles' | 'findings' | 'waves'>;

const NO_MIGRATION: MigrationPlan = {
  agent: { action: 'ready', addonVersion: null, nodeNames: [] },
  units: [],
  roles: [],
  findings: [],
  waves: 0,
};

function planMigration(world: World): MigrationPlan {
  const { candidates: first, findings } = candidatesOf(world);
  const { candidates, waves, roles } = planWaves(first, world);
  const migrating = candidates.filter((candidate) => decisionOf(candidate) === 'migrate').map(({ unit }) => unit);
  return {
    agent: planAgent(world.inventory, world.agent),
    units: candidates.map((candidate) => unitPlan(candidate, waves.get(candidate.unit.id) ?? null, migrating)),
    roles,
    findings: [
      ...runChecks(CLUSTER, world).map(({ finding }) => finding),
      ...runChecks(LEFTOVERS, leftovers(world, decidedUnits(candidates))).map(({ finding }) => finding),
      ...eksWindow(world, migrating.length),
      ...unmatched(world),
      ...growingWaves(world, Math.max(0, ...waves.values())),
      ...findings,
      ...candidates.flatMap(findingsOf),
    ],
    waves: waves.size === 0 ? 0 : Math.max(...waves.values()) + 1,
  };
}

function decidedUnits(candidates: readonly Candidate[]): ReadonlyMap<string, DecidedUnit> {
  return new Map(candidates.map((candidate) => [candidate.unit.id, { roleArn: candidate.unit.roleArn, decision: decisionOf(candidate) }]));
}

/** What P1 leaves to EKS, once for the plan: it takes 6 to 12 s as measured, "several seconds" by the EKS User Guide. */
function eksWindow({ inventory: { cluster } }: World, units: number): Finding[] {
  if (units === 0) return [];
  const message = `EKS takes 6 to 12 s to learn an association, and to forget it in a rollback: a pod that somebody else creates in these seconds for ${units === 1 ? 'the service account' : `one of the ${units} service accounts`} that ${units === 1 ? 'migrates' : 'migrate'} may start on the old mechanism, or in a rollback without credentials, until podshift has restarted it`;
  return [finding('PS911', `Cluster/${cluster.name}`, message)];
}

/** Names that the options choose and the cluster does not have. */
function unmatched({ inventory: { cluster, unmatched: selectors = [] } }: World): Finding[] {
  return selectors.map(({ option, value, nearest }) => {
    const [flag, what] =
      option === 'namespaces' ? ['--namespace', 'namespace with a service account'] : ['--service-account', 'service account'];
    const meant = nearest === null ? '' : `; did you mean "${nearest}"?`;
    return finding(
      'PS903',
      `Cluster/${cluster.name}`,
      `${flag} ${value} matches nothing: cluster ${cluster.name} has no such ${what}${meant}`,
    );
  });
}

/** A run's history has an end: somebody who asked for small waves is told that they do not stay so. */
function growingWaves({ inventory: { cluster }, options: { waveSize } }: World, last: number): Finding[] {
  if (last <= STEADY_WAVES) return [];
  const message = `after ${STEADY_WAVES} waves of at most ${waveSize} units each ${WAVES_OF_A_SIZE} waves are twice as large as those before, up to ${last} waves: the history of one run has no room for more`;
  return [finding('PS916', `Cluster/${cluster.name}`, message)];
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

/** Each finding once, by subject, code and message. */
function sortFindings(findings: readonly Finding[]): Finding[] {
  const unique = new Map(findings.map((found) => [canonicalJson([found.subject, found.code, found.message]), found]));
  return [...unique].sort(([a], [b]) => compareText(a, b)).map(([, found]) => found);
}
