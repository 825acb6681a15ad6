import type { RunRecord, UnitRecord } from '../../../src/model/run.ts';
import { RUN_TAG } from '../../../src/model/run.ts';
import { probeName } from '../../../src/verification/probe.ts';
import type { UnservedTwin } from '../../../twin/twin.ts';
import { foreignPart } from '../../../twin/watch/outside.ts';
import { roleArn } from '../../support/twin-account.ts';
import { GENTLE, type Happening, type History } from './history.ts';
import { BLINK, gaps } from './judge-gaps.ts';
import { ADDON, NAMESPACE, type UnitSpec } from './worlds.ts';
import { CLUSTER, PODSHIFT, type Writers } from './writers.ts';

/** What is judged. */
export interface Case {
  readonly history: History;
  readonly twin: UnservedTwin;
  readonly writers: Writers;
  /** When each of podshift's writes left, and when a second run was asked for. */
  readonly writes: readonly number[];
  readonly secondRuns: readonly number[];
  /** Whether one who was refused a second run has rolled the first one back: the history does not tell, as it depends on the refusal. */
  readonly hasTakenBack: boolean;
  /** In the order of their beginnings. */
  readonly runs: readonly RunRecord[];
  readonly units: readonly UnitRecord[];
}

/** What of the promises was broken, each with what shows it; empty where all were kept. */
export function judge(given: Case): string[] {
  return [
    ...again(given),
    ...gaps(given),
    ...widened(given),
    ...foreign(given),
    ...trust(given),
    ...world(given),
    ...ends(given),
    ...truth(given),
    ...bounds(given),
  ];
}

/**
 * Service accounts of a split that have become one workload's own, with its role: once those of the other roles have left, a later
 * run has nothing to split and associates what is there. The watch goes by what was bound at the start. `NAMESPACE/NAME ARN`.
 */
function becomeOwn({ history, units }: Case): string[] {
  const splits = history.world.units.filter(({ mechanism }) => mechanism === 'split');
  const hasLeft = (spec: UnitSpec): boolean => {
    const unit = lastOf(units, spec);
    return unit?.status === 'migrated' && unit.plan.serviceAccount !== spec.serviceAccount;
  };
  return splits.flatMap((spec) => {
    const others = splits.filter((one) => one.serviceAccount === spec.serviceAccount && one.role !== spec.role);
    const isPlanned = lastOf(units, spec)?.plan.serviceAccount === spec.serviceAccount;
    return isPlanned && others.every(hasLeft) ? [`${spec.namespace}/${spec.serviceAccount} ${roleArn(spec.role)}`] : [];
  });
}

/** P2. A role that somebody else gave a pod is theirs. */
function widened(given: Case): string[] {
  const { twin, writers } = given;
  const own = becomeOwn(given);
  return twin.promises().widenedPrincipals.flatMap((text) => {
    const [, role = '', namespace, name] = /^(.*?): (?:association of|pods\S+ for) system:serviceaccount:([^:]+):(\S+)/.exec(text) ?? [];
    if (own.includes(`${namespace}/${name} ${role}`)) return [];
    const [, arn = '', pod = ''] = /^(.*?): pod (\S+) container /.exec(text) ?? [];
    const key = writers.pod(pod)?.serviceAccount;
    const theirs =
      key !== undefined &&
      [`annotation ${key}`, `association ${key}`].some((fact) =>
        writers.changes(fact).some(({ value, by }) => value === arn && by !== PODSHIFT && by !== CLUSTER),
      );
    return theirs ? [] : [`P2: ${text}`];
  });
}

/** P3: writes that a migration must not make. */
function foreign(given: Case): string[] {
  const own = becomeOwn(given);
  const isOwn = (object: string, why: string): boolean =>
    own.some((one) => {
      const [key, arn] = one.split(' ');
      return (
        (object === `Association/${key}` && why.includes(`names role ${arn},`)) || why === 'probe of a service account that is not bound'
      );
    });
  return given.twin.watch.foreignWrites.filter(({ object, why }) => !isOwn(object, why)).map(({ object, why }) => `P3: ${object}: ${why}`);
}

/** P3: nobody else's statement of a trust policy is lost, moved or brought back, unless podshift says so. */
function trust({ twin, history, ...rest }: Case): string[] {
  const roles = [...new Set(history.world.units.map((unit) => unit.role))];
  return roles.flatMap((name) => {
    const role = twin.awsState.role(name);
    const wanted = twin.watch.wantedTrust(name);
    if (role === undefined || wanted === undefined) return [];
    const found = twin.awsState.storedTrust(role).text;
    if (foreignPart(found) === foreignPart(wanted) || isNamed(name, rest)) return [];
    return [`P3: the trust policy of role ${name} is not as its last other writer left it: wanted ${wanted}, found ${found}`];
  });
}

/** Whether a run or unit that needs an operator names the object. */
function isNamed(name: string, { runs, units }: Pick<Case, 'runs' | 'units'>): boolean {
  return [...runs, ...units].some(
    (one) => one.status === 'needs-operator' && one.reason.includes('trust policy') && one.reason.includes(name),
  );
}

/** P3: all else is as its last other writer left it, but for what a migration that stands has changed. */
function world({ twin, history, runs, units }: Case): string[] {
  const isOpen = (status: string | undefined): boolean => status === 'migrated' || status === 'needs-operator';
  const isUnended = runs.some((run) => run.endedAt === null);
  const isDeleted = acts(history).has('namespace deleter');
  const explained = (line: string): boolean =>
    // What one run has split off stands, whatever a later one makes of a workload that somebody gave its old service account again.
    history.world.units.some((spec) => ownOf(units, spec).some((unit) => (isOpen(unit.status) || isUnended) && isOf(spec, unit, line))) ||
    // Whoever associated something meanwhile lives by the agent, which the run that is rolled back names as what it left.
    (line.startsWith('Addon: ') &&
      line.includes('"eks-pod-identity-agent"') &&
      [...twin.awsState.associations.values()].some(({ tags }) => tags[RUN_TAG] === undefined) &&
      runs.some(({ reason }) => reason.includes('eks-pod-identity-agent stays'))) ||
    // The agent of a run that stands, or that an operator has to look at, stays until that is rolled back; its DaemonSet is EKS's.
    (line.startsWith('Addon: ') && runs.some((run) => isOpen(run.status))) ||
    line.startsWith('DaemonSet/kube-system/eks-pod-identity-agent') ||
    // What EKS makes of an add-on's service account, or of two updates, is not podshift's to undo.
    history.world.units.some(
      (spec) =>
        spec.mechanism === 'addon' &&
        line === `ServiceAccount/${spec.namespace}/${spec.serviceAccount}: metadata.annotations.eks.amazonaws.com/role-arn` &&
        isEdited(history),
    ) ||
    (line.startsWith('Addon: ') && acts(history).has('addon updater')) ||
    // The probe of a unit that nobody let podshift roll back goes with the operator's rollback.
    units.some(
      ({ status, runId, unitId, plan }) =>
        status === 'needs-operator' && line.startsWith(`Pod/${plan.namespace}/${probeName(runId, unitId, 'probe', 0).slice(0, -1)}`),
    ) ||
    // A statement that nobody let podshift take out is an operator's work by name.
    history.world.units.some(({ role }) => line === `Role/${role}: trust policy` && isNamed(role, { runs, units })) ||
    // kube2iam makes its rule on each node that comes.
    (line.startsWith('Rule: ') && (acts(history).has('new node') || acts(history).has('node remover'))) ||
    // What goes with a namespace goes after whoever deleted that.
    (isDeleted && line.includes(`/${NAMESPACE}/`) && line.endsWith(': is gone'));
  return twin.watch
    .compareWithBaseline()
    .filter((line) => !explained(line))
    .map((line) => `P3: left ${line}`);
}

/** Who acts in a history. */
function acts({ happenings }: History): ReadonlySet<string> {
  return new Set(happenings.flatMap((one) => (one.kind === 'act' ? [one.who] : [])));
}

/** Whether somebody else writes the annotations that EKS manages for an add-on. */
function isEdited(history: History): boolean {
  return ['annotation editor', 'gitops annotations', 'service account maker', 'addon updater'].some((who) => acts(history).has(who));
}

/** Whether a difference is what the migration of a unit makes. */
function isOf(spec: UnitSpec, unit: UnitRecord, line: string): boolean {
  const account = unit.plan.serviceAccount;
  const template = `${spec.kind}/${spec.namespace}/${spec.name}: spec.${spec.kind === 'CronJob' ? 'jobTemplate.spec.' : ''}template.`;
  const isMoved = spec.mechanism === 'kube2iam' || spec.mechanism === 'split';
  return (
    line === `ServiceAccount/${spec.namespace}/${account}: metadata.annotations.eks.amazonaws.com/role-arn` ||
    line.startsWith(`${template}metadata.annotations.kubectl.kubernetes.io/restartedAt`) ||
    (isMoved && (line === `${template}metadata.annotations.iam.amazonaws.com/role` || line.startsWith(`${template}spec.serviceAccount`))) ||
    (spec.mechanism === 'split' && line === `ServiceAccount/${spec.namespace}/${account}: is new`) ||
    line === `Role/${spec.role}: trust policy` ||
    (line.startsWith('Association: ') && line.includes(`["serviceAccount","${account}"]`)) ||
    (spec.mechanism === 'addon' && line.startsWith('Addon: ') && line.includes(`"${ADDON}"`))
  );
}

/** What the runs say of a unit, in their order. */
function ownOf(units: readonly UnitRecord[], spec: UnitSpec): UnitRecord[] {
  return units.filter(
    ({ plan }) =>
      plan.namespace === spec.namespace &&
      (spec.mechanism === 'split' ? plan.workloads.some(({ name }) => name === spec.name) : plan.serviceAccount === spec.serviceAccount),
  );
}

/** What the last run that did anything to it, or else the last of all, says of a unit. */
function lastOf(units: readonly UnitRecord[], spec: UnitSpec): UnitRecord | undefined {
  const own = ownOf(units, spec);
  return own.findLast(({ status }) => status !== 'held') ?? own.at(-1);
}

/** P6: every run ends, and no worse than what happened to it makes it. */
function ends({ history, runs, units, hasTakenBack }: Case): string[] {
  const problems = runs.filter((run) => run.endedAt === null).map((run) => `P6: run ${run.runId} is ${run.status} for ever`);
  for (const run of runs)
    if (run.endedAt !== null && !['migrated', 'held', 'rolled-back', 'needs-operator', 'planned'].includes(run.status))
      problems.push(`P6: run ${run.runId} ended as ${run.status}`);
  for (const one of [...runs, ...units])
    if (one.status === 'needs-operator' && one.reason === '') problems.push('P6: an operator is needed for no reason');
  if (problems.length > 0 || !history.happenings.every((one) => isHarmless(one, history))) return problems;
  const told = history.happenings.filter(({ kind }) => kind === 'stop' || kind === 'roll back' || kind === 'crash').length;
  const words = told + (hasTakenBack ? 1 : 0);
  const isOver = (unit: UnitRecord): boolean => isTakenOver(unit, { runs, units });
  for (const unit of units) {
    const right = unit.status === 'migrated' || unit.status === 'held' || (words > 0 && unit.status === 'rolled-back') || isOver(unit);
    if (!right) problems.push(`P6: ${unit.unitId} is ${unit.status} though nothing is wrong with it: ${unit.reason}`);
  }
  const [first] = runs;
  const isWork = units.some((unit) => unit.plan.decision === 'migrate');
  if (first !== undefined && words === 0 && isWork && first.status !== 'migrated')
    problems.push(`P6: the run is ${first.status} though nothing is wrong: ${first.reason}`);
  // Whoever takes one unit of several back is told what stands.
  const isPart = history.happenings.some((one) => one.kind === 'roll back' && one.unit !== undefined);
  if (words > 0 && !isPart)
    for (const run of runs)
      if (run.status === 'needs-operator' && !units.some((unit) => unit.runId === run.runId && isOver(unit)))
        problems.push(`P6: the run needs an operator though nothing is wrong: ${run.reason}`);
  return problems;
}

/**
 * Whether a unit cannot go back as a later run has migrated it since, on what the first one left half-way, or the service account that it
 * was split from: the reason names that run.
 */
function isTakenOver({ runId, unitId, status, reason, plan }: UnitRecord, { runs, units }: Pick<Case, 'runs' | 'units'>): boolean {
  const later = new Set(runs.slice(runs.findIndex((run) => run.runId === runId) + 1).map((run) => run.runId));
  const old = plan.metadata?.splitFrom ?? null;
  return units.some(
    (other) =>
      status === 'needs-operator' &&
      later.has(other.runId) &&
      other.status === 'migrated' &&
      (other.unitId === unitId || (old !== null && other.unitId === `${plan.namespace}/${old}`)) &&
      reason.startsWith(`run ${other.runId} has changed ${other.unitId} since: roll that run back first`),
  );
}

function isHarmless(happening: Happening, { world: { units } }: History): boolean {
  // Where templates are what moves, whoever puts them back takes part.
  const isMoved = units.some(({ mechanism }) => mechanism === 'kube2iam' || mechanism === 'split');
  if (happening.kind === 'act' && happening.who === 'gitops templates' && isMoved) return false;
  if (happening.kind === 'act') return (GENTLE as readonly string[]).includes(happening.who);
  if (happening.kind === 'deadly' || happening.kind === 'refused') return false;
  if (happening.kind === 'outage') return happening.failure !== 'denied' && happening.seconds <= 300;
  return true;
}

/** P5: a second run over a finished migration writes nothing, where nobody changed anything since. */
function again({ history, runs, writes, secondRuns }: Case): string[] {
  const [first] = runs;
  const [asked] = secondRuns;
  const others = history.happenings.some(
    ({ kind }) => kind === 'act' || kind === 'stop' || kind === 'roll back' || kind === 'resume' || kind === 'crash',
  );
  if (others || asked === undefined || first?.status !== 'migrated' || first.endedAt === null || Date.parse(first.endedAt) > asked)
    return [];
  const count = writes.filter((at) => at >= asked).length;
  return count === 0 ? [] : [`P5: a second run made ${count} writes`];
}

/** P6: what podshift says of a unit is so. */
function truth({ history, twin, units, writers }: Case): string[] {
  return history.world.units.flatMap((spec) => {
    const unit = lastOf(units, spec);
    if (unit === undefined) return [];
    const { serviceAccount: account } = unit.plan;
    const key = `${spec.namespace}/${account}`;
    if (unit.status === 'rolled-back' || unit.status === 'held') {
      const left = [...twin.awsState.associations.values()].some(
        (one) => one.namespace === spec.namespace && one.serviceAccount === account && one.tags[RUN_TAG] === unit.runId,
      );
      return left ? [`P6: ${unit.unitId} is ${unit.status}, and its association is there`] : [];
    }
    if (unit.status !== 'migrated') return [];
    const isMoved = spec.mechanism === 'kube2iam' || spec.mechanism === 'split';
    const old = writers.last(isMoved ? `asks ${spec.kind}/${spec.namespace}/${spec.name}` : `annotation ${key}`);
    // Where the old way is there, or somebody else took it away, the new one is not all that pods have.
    if (old === undefined || old.value !== '' || old.by !== PODSHIFT) return [];
    const arn = roleArn(spec.role);
    const needed = [
      ['association', writers.last(`association ${key}`), arn],
      ['trust policy', writers.last(`pods ${arn} ${key}`), 'yes'],
    ] as const;
    return needed.flatMap(([what, change, wanted]) => {
      // What somebody else took away after podshift's last look is theirs.
      const isTheirs = change?.by !== PODSHIFT && (change?.at ?? 0) >= old.sentAt - BLINK;
      const isSo = (change?.value ?? '') === wanted || isTheirs;
      return isSo ? [] : [`P6: ${unit.unitId} is migrated, its old way is gone, and its ${what} is, too: ${JSON.stringify(change)}`];
    });
  });
}

/** Evictions have a budget. */
function bounds({ writers, history }: Case): string[] {
  return [...writers.evictions].flatMap(([workload, count]) => {
    const unit = history.world.units.find(({ kind, namespace, name }) => workload === `${kind}/${namespace}/${name}`);
    if (unit === undefined) return [];
    const pods = Math.max(unit.replicas, 5, unit.kind === 'DaemonSet' ? history.world.nodes : 0);
    return count > 4 * pods ? [`P6: podshift evicted ${count} pods of ${workload}`] : [];
  });
}
