import { RUN_TAG } from '../../../src/migration/agent/agent.ts';
import type { RunRecord, UnitRecord } from '../../../src/model/run.ts';
import type { UnservedTwin } from '../../../twin/twin.ts';
import { foreignPart } from '../../../twin/watch/outside.ts';
import type { Gap } from '../../../twin/watch.ts';
import { roleArn } from '../../support/twin-account.ts';
import { GENTLE, type Happening, type History } from './history.ts';
import { ADDON, NAMESPACE, type UnitSpec } from './worlds.ts';
import { type Change, CLUSTER, type Made, PODSHIFT, type Writers } from './writers.ts';

/** What is judged. */
export interface Case {
  readonly history: History;
  readonly twin: UnservedTwin;
  readonly writers: Writers;
  /** When each of podshift's writes left, and when a second run was asked for. */
  readonly writes: readonly number[];
  readonly secondRuns: readonly number[];
  /** In the order of their beginnings. */
  readonly runs: readonly RunRecord[];
  readonly units: readonly UnitRecord[];
}

/** Milliseconds in which EKS learns or forgets an association; twice the delay, as its API servers lag behind each other. */
const EKS_LEARNS = 12_000;
/** Milliseconds that an agent takes to start: pods that begin meanwhile are refused at first. */
const AGENT_STARTS = 15_000;
/** A write of somebody else this short before podshift's own is one that podshift cannot have seen. */
const BLINK = 5_000;
/** How long a pod that EKS's own delay left without credentials may go without them: until it is found and renewed. */
const EKS_GAP = 300_000;
/** How long podshift may take to put right what crossed somebody else's write. */
const REPAIR = 180_000;

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

/** P1: every gap that is podshift's. */
function gaps({ twin, writers, history }: Case): string[] {
  return twin.watch.gaps.flatMap((gap) => {
    const made = writers.pod(gap.pod, gap.from);
    if (made === undefined) return [`gap of an unknown pod: ${gap.pod}`];
    const why = culprit(gap, made, writers, history.world.units);
    return why === '' ? [] : [`P1: ${gap.pod} had no ${gap.roleArn.split('/').at(-1)} for ${lengthOf(gap)} s (${gap.reason}): ${why}`];
  });
}

function lengthOf(gap: Gap): string {
  return gap.until === undefined ? 'ever' : ((gap.until - gap.from) / 1000).toFixed(0);
}

/** Why the gap is podshift's; empty where it is somebody else's, or EKS's own. */
function culprit(gap: Gap, made: Made, writers: Writers, units: readonly UnitSpec[]): string {
  const { serviceAccount: key } = made;
  const at = (fact: string, time = gap.from): Change | undefined => writers.last(fact, time);
  const byPodshift = (change: Change | undefined, what: string): string => (change?.by === PODSHIFT ? `podshift ${what}` : '');
  if (made.mode === 'container') {
    // An agent that is not there answers nobody, whatever else is missing.
    if (gap.reason.includes('agent on node'))
      return byPodshift(at('addon eks-pod-identity-agent'), 'has removed, or not waited for, the agent');
    const association = at(`association ${key}`);
    if ((association?.value ?? '') !== gap.roleArn) {
      if (association?.by !== PODSHIFT) return '';
      return isOfEks(gap, made, association, writers) ? '' : 'podshift took its association away';
    }
    const admission = at(`pods ${gap.roleArn} ${key}`);
    if (admission?.value !== 'yes') return byPodshift(admission, 'took its trust statement away');
    return byPodshift(association, 'associated it before its role admitted it');
  }
  if (made.mode === 'web-identity') {
    if (made.roleArn !== gap.roleArn) return byPodshift(at(`annotation ${key}`, made.createdAt), 'gave it another role');
    const admission = at(`irsa ${gap.roleArn} ${key}`);
    return admission?.value === 'yes' ? 'nobody did it' : byPodshift(admission, 'took its old trust statement away');
  }
  const unit = units.find(({ kind, namespace, name }) => made.workload === `${kind}/${namespace}/${name}`);
  const byDaemon = unit?.mechanism === 'kube2iam' || unit?.mechanism === 'split';
  if (byDaemon && (at(`asks ${made.workload}`, made.createdAt)?.value ?? unit.role) !== '')
    return at(`node ${gap.roleArn}`)?.value === 'yes' ? '' : byPodshift(at(`node ${gap.roleArn}`), 'took its old trust statement away');
  const annotation = byDaemon ? at(`asks ${made.workload}`, made.createdAt) : at(`annotation ${key}`, made.createdAt);
  const association = at(`association ${key}`, made.createdAt);
  if (annotation?.value !== '' || annotation.by !== PODSHIFT) return '';
  if (association?.value === gap.roleArn)
    return made.createdAt < association.at + EKS_LEARNS
      ? byPodshift(association, 'took its annotation away too early')
      : 'the webhook did it';
  if (association === undefined || association.by === PODSHIFT) return 'podshift left it neither way';
  // Somebody took the association away: after podshift's last look it is theirs, before it podshift should have seen it.
  if (association.at >= annotation.sentAt - BLINK && made.createdAt < annotation.at + REPAIR) return '';
  return association.at >= annotation.sentAt - BLINK && association.at > annotation.at
    ? ''
    : `podshift took its annotation away though ${association.by} had deleted its association`;
}

/** Whether a pod's gap is EKS's own, or the agent's: somebody else made the pod in the seconds in which EKS forgot the association. */
function isOfEks(gap: Gap, made: Made, deletion: Change, writers: Writers): boolean {
  // Whoever renewed the agent of its node in the meantime took the credentials that would have lasted.
  if ((writers.agentOf(made.nodeName, gap.from) ?? 0) > made.createdAt - AGENT_STARTS) return true;
  const inTime = made.createdAt >= deletion.sentAt - BLINK && made.createdAt <= deletion.at + EKS_LEARNS;
  const template = writers.last(`template ${made.workload}`, made.createdAt);
  const byPodshift = template?.by === PODSHIFT && made.createdAt - template.at < 120_000 && !writers.isMadeByOthers(made);
  return inTime && !byPodshift && (gap.until ?? gap.from + EKS_GAP + 1) - gap.from <= EKS_GAP;
}

/** P2. A role that somebody else gave a pod is theirs. */
function widened({ twin, writers }: Case): string[] {
  return twin.promises().widenedPrincipals.flatMap((text) => {
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
function foreign({ twin }: Case): string[] {
  return twin.watch.foreignWrites.map(({ object, why }) => `P3: ${object}: ${why}`);
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
  const open = history.world.units.filter((spec) => isOpen(lastOf(units, spec)?.status) || runs.some((run) => run.endedAt === null));
  const isDeleted = acts(history).has('namespace deleter');
  const explained = (line: string): boolean =>
    open.some((spec) => isOf(spec, lastOf(units, spec), line)) ||
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
function isOf(spec: UnitSpec, unit: UnitRecord | undefined, line: string): boolean {
  const account = unit?.plan.serviceAccount ?? spec.serviceAccount;
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

/** What the last run that did anything to it, or else the last of all, says of a unit. */
function lastOf(units: readonly UnitRecord[], spec: UnitSpec): UnitRecord | undefined {
  const own = units.filter(
    ({ plan }) =>
      plan.namespace === spec.namespace &&
      (spec.mechanism === 'split' ? plan.workloads.some(({ name }) => name === spec.name) : plan.serviceAccount === spec.serviceAccount),
  );
  return own.findLast(({ status }) => status !== 'held') ?? own.at(-1);
}

/** P6: every run ends, and no worse than what happened to it makes it. */
function ends({ history, runs, units }: Case): string[] {
  const problems = runs.filter((run) => run.endedAt === null).map((run) => `P6: run ${run.runId} is ${run.status} for ever`);
  for (const run of runs)
    if (run.endedAt !== null && !['migrated', 'held', 'rolled-back', 'needs-operator', 'planned'].includes(run.status))
      problems.push(`P6: run ${run.runId} ended as ${run.status}`);
  for (const one of [...runs, ...units])
    if (one.status === 'needs-operator' && one.reason === '') problems.push('P6: an operator is needed for no reason');
  if (problems.length > 0 || !history.happenings.every((one) => isHarmless(one, history))) return problems;
  const words = history.happenings.filter(({ kind }) => kind === 'stop' || kind === 'roll back' || kind === 'crash').length;
  for (const unit of units) {
    const right = unit.status === 'migrated' || unit.status === 'held' || (words > 0 && unit.status === 'rolled-back');
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
      if (run.status === 'needs-operator') problems.push(`P6: the run needs an operator though nothing is wrong: ${run.reason}`);
  return problems;
}

function isHarmless(happening: Happening, { world: { units } }: History): boolean {
  // Where templates are what moves, whoever puts them back takes part.
  const isMoved = units.some(({ mechanism }) => mechanism === 'kube2iam' || mechanism === 'split');
  if (happening.kind === 'act' && happening.who === 'gitops templates' && isMoved) return false;
  if (happening.kind === 'act') return (GENTLE as readonly string[]).includes(happening.who);
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
      // What somebody took away after podshift's last look is theirs.
      const isSo = (change?.value ?? '') === wanted || (change?.at ?? 0) >= old.sentAt - BLINK;
      return isSo ? [] : [`P6: ${unit.unitId} is migrated, and its ${what} was gone before its old way went: ${JSON.stringify(change)}`];
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
