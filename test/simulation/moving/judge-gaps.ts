import type { Gap } from '../../../twin/watch.ts';
import type { Case } from './judge.ts';
import type { UnitSpec } from './worlds.ts';
import { type Change, type Made, PODSHIFT, type Writers } from './writers.ts';

/** Milliseconds in which EKS learns or forgets an association; twice the delay, as its API servers lag behind each other. */
const EKS_LEARNS = 12_000;
/** Milliseconds that an agent takes to start: pods that begin meanwhile are refused at first. */
const AGENT_STARTS = 15_000;
/** A write of somebody else this short before podshift's own is one that podshift cannot have seen. */
export const BLINK = 5_000;
/** How long a pod that EKS's own delay left without credentials may go without them: until it is found and renewed. */
const EKS_GAP = 300_000;
/** How long podshift may take to put right what crossed somebody else's write. */
const REPAIR = 180_000;

/** P1: every gap that is podshift's. */
export function gaps({ twin, writers, history }: Case): string[] {
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
    const admissionOf = `pods ${gap.roleArn} ${key}`;
    const admission = at(admissionOf);
    if (admission?.value !== 'yes') return byPodshift(admission, 'took its trust statement away');
    // What somebody else took out and podshift has put back takes effect as late as any write.
    const lost = at(admissionOf, admission.at - 1);
    const isRepair = association !== undefined && association.at < admission.at && lost?.value !== 'yes' && lost?.by !== PODSHIFT;
    if (isRepair && admission.by === PODSHIFT) return '';
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
  // A CronJob's template rolls nothing out: its schedule makes the pods.
  const rolls = !made.workload.startsWith('CronJob/');
  const byPodshift = rolls && template?.by === PODSHIFT && made.createdAt - template.at < 120_000 && !writers.isMadeByOthers(made);
  return inTime && !byPodshift && (gap.until ?? gap.from + EKS_GAP + 1) - gap.from <= EKS_GAP;
}
