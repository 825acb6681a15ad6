import type { PlannedDuration, PlanReport, RetirementReport, RunReport } from '../model/report.ts';
import { duration } from '../model/text/duration.ts';
import { unitWord } from '../model/text/status-words.ts';
import { type CommandText, PLAINLY } from './commands.ts';
import { subjectsOf } from './report.ts';
import { count, type Tone } from './text.ts';

/** A report of a run or of a plan. */
export type AnyReport = RunReport | PlanReport;
export type ReportUnit = AnyReport['units'][number];
export type ReportFinding = AnyReport['findings'][number];

/** `NAMESPACE/SERVICEACCOUNT`, as people name a unit. */
export function unitName(unit: { readonly namespace: string; readonly serviceAccount: string }): string {
  return `${unit.namespace}/${unit.serviceAccount}`;
}

/** Cluster name, region and account of an EKS cluster's ARN; the ARN itself where it has another form. */
export function clusterTitle(arn: string): string {
  const match = /^arn:[^:]+:eks:([^:]+):(\d{12}):cluster\/(.+)$/.exec(arn);
  return match === null ? arn || 'a cluster not yet described' : `${match[3]} (${match[1]}, account ${match[2]})`;
}

/** What a role's ARN adds to its account: path and name; the ARN itself where the account is another one. */
export function roleTitle(roleArn: string, clusterArn: string): string {
  const account = clusterArn.split(':')[4];
  const match = /^arn:[^:]+:iam::(\d{12}):role\/(.+)$/.exec(roleArn);
  return match !== null && match[1] === account ? (match[2] ?? roleArn) : roleArn;
}

/** Kinds by the short names that `kubectl api-resources` gives them. */
const SHORT_KINDS: Readonly<Record<string, string>> = {
  Deployment: 'deploy',
  StatefulSet: 'sts',
  DaemonSet: 'ds',
  ReplicaSet: 'rs',
  ReplicationController: 'rc',
  CronJob: 'cj',
  Job: 'job',
  Pod: 'po',
};

/** `Kind/name` of each workload, one a line; short as kubectl takes it where room is dear. */
export function workloadLines(unit: Pick<ReportUnit, 'workloads'>, short: boolean): string {
  return unit.workloads.map(({ kind, name }) => `${(short ? SHORT_KINDS[kind] : undefined) ?? kind}/${name}`).join('\n') || 'none';
}

/** The first workloads on one line, with how many there are beside. */
export function workloadLine(unit: Pick<ReportUnit, 'workloads'>): string {
  const [first, second, ...more] = workloadLines(unit, true).split('\n');
  return [first, second].filter((one) => one !== undefined).join(', ') + (more.length === 0 ? '' : ` and ${more.length} more`);
}

/** How the approval of a run's plan stands; empty where nobody was asked. */
export function approvalLine({ run }: AnyReport): string {
  const { approval } = run;
  switch (approval?.status) {
    case undefined:
      return '';
    case 'waiting':
      return `waits for approval until ${approval.expiresAt}`;
    case 'expired':
      return `not approved by ${approval.expiresAt}`;
    case 'approved':
    case 'refused':
      return `${approval.status}${approval.answer === null ? '' : ` by ${approval.answer.by} at ${approval.answer.at}${approval.answer.self ? ', who asked for the run' : ''}`}`;
  }
}

/** Who asked for the run; empty where that is not on record. */
export function requesterLine({ run: { requester } }: AnyReport): string {
  if (requester === undefined) return '';
  const { by, source, at, known } = requester;
  if (by === null) return `somebody unknown, by ${source} at ${at}`;
  return known ? `${by}, by ${source} at ${at}` : `${by}, as its ${source} says, at ${at}`;
}

/** What each severity is to the reader. */
export const SEVERITY_TONES: Readonly<Record<ReportFinding['severity'], Tone>> = { blocker: 'bad', warning: 'warn', info: 'faint' };

/** What each status is to the reader. */
export const STATUS_TONES: Readonly<Record<ReportUnit['status'] | AnyReport['run']['status'], Tone>> = {
  pending: 'faint',
  running: 'strong',
  'rolling-back': 'warn',
  planned: 'strong',
  migrated: 'good',
  held: 'warn',
  'rolled-back': 'bad',
  'needs-operator': 'bad',
};

/** How a unit stands in words: of what is proposed, a pending unit would migrate, and a migrated one was so before. */
export function statusTitle(report: AnyReport, unit: Pick<ReportUnit, 'status' | 'wave'>): string {
  if (isProposed(report) && unit.status === 'pending') return 'would migrate';
  return isProposed(report) && unit.status === 'migrated' ? 'associated' : unitWord(unit);
}

/** Whether a finding keeps a unit from being migrated; one that was to migrate, and whose run stopped before it, is not started. */
export function isBlocked({ status, wave }: Pick<ReportUnit, 'status' | 'wave'>): boolean {
  return status === 'held' && wave === null;
}

/** `6 migrated, 4 blocked`: how many units stand how, in the order of the work. */
export function tally(report: AnyReport): string {
  const order: ReportUnit['status'][] = ['migrated', 'running', 'rolling-back', 'pending', 'held', 'rolled-back', 'needs-operator'];
  const inOrder = order.flatMap((status) => report.units.filter((unit) => unit.status === status));
  const words = Map.groupBy(inOrder, (unit) => statusTitle(report, unit));
  const parts = [...words].map(([word, { length }]) => `${length} ${word}`);
  const { retirement } = report;
  if (retirement !== undefined) parts.push(`${retirement.daemon}: ${retirementTitle(retirement.status)}`);
  return parts.length === 0 ? 'no service account to migrate' : parts.join(', ');
}

/** How a retirement stands, in words. */
export function retirementTitle(status: RetirementReport['status']): string {
  if (status === 'planned') return 'would be retired';
  if (status === 'refused') return 'needed still';
  if (status === 'done') return 'retired by an earlier run';
  if (status === 'needs-operator') return 'needs an operator';
  return status === 'restored' ? 'started again' : status;
}

/** Whether a report is of what would be done: of a plan, or of a run that waits for its approval or only planned. */
export function isProposed(report: AnyReport): boolean {
  return report.changes !== undefined;
}

/** Whether a run waits for somebody who approves its plan: then everything of it is shown. */
export function isWaiting({ run }: AnyReport): boolean {
  return run.approval?.status === 'waiting';
}

/** How long a run of a plan takes where all goes well, and of what; empty where nothing would change, and of what ran. */
export function durationLine(report: AnyReport): string {
  return report.duration === undefined ? '' : durationText(report.duration);
}

/** The same of a plan's own figures. */
export function durationText({ seconds, waves, soaks, soakSeconds, restartSeconds }: PlannedDuration): string {
  if (waves === 0) return '';
  const soak = duration(soakSeconds * 1000);
  const parts = [
    ...(soakSeconds === 0 ? [] : [soaks === 1 ? `one soak of ${soak}` : `${soaks} soaks, one after another, of ${soak}`]),
    ...(restartSeconds < 60 ? [] : [`restarts at their pace for ${duration(restartSeconds * 1000)}`]),
    `the steps of ${count(waves, 'wave')}`,
  ];
  const last = parts.pop() ?? '';
  const all = parts.length === 0 ? last : `${parts.join(', ')} and ${last}`;
  return `about ${duration(Math.ceil(seconds / 60) * 60_000)} where all goes well: ${all}`;
}

/** What happened to trust policies: the old way goes from them where a daemon is retired alone. */
export function trustLine(report: AnyReport): string {
  const changed = report.roles.filter((role) => role.trustBefore !== role.trustAfter).length;
  const verb = report.retirement !== undefined && report.units.length === 0 ? 'lose' : 'gain';
  const what = verb === 'lose' ? "the daemon's principals" : 'a Pod Identity statement';
  const past = verb === 'lose' ? 'lost' : 'gained';
  const policies = (number: number): string => count(number, 'trust policy', 'trust policies');
  if (isProposed(report)) return `${policies(changed)} would ${verb} ${what}`;
  const isOpen = report.run.endedAt === null && changed < report.roles.length;
  return `${isOpen ? `${changed} of ${policies(report.roles.length)}` : policies(changed)} ${past} ${what}${isOpen ? ' so far' : ''}`;
}

/** The findings about one unit, its workloads or its role, that the unit names. */
export function findingsOf(report: AnyReport, unit: ReportUnit): ReportFinding[] {
  const subjects = subjectsOf(unit);
  const codes = new Set(unit.findings);
  return report.findings.filter((finding) => codes.has(finding.code) && subjects.has(finding.subject));
}

/** The promises in words; for a run against AWS, that nothing watched them. */
export function promiseLine(report: AnyReport): { readonly text: string; readonly tone: Tone } {
  const { promises } = report;
  if (promises === null) return { text: 'proof: see the evidence of each unit', tone: 'faint' };
  const { credentialGapSeconds: gap, widenedPrincipals, foreignWrites } = promises;
  const parts = [
    `credential gap ${gap} s`,
    widenedPrincipals.length === 0
      ? 'nobody else gained a role'
      : `${count(widenedPrincipals.length, 'principal')} gained a role: ${widenedPrincipals.join(', ')}`,
    foreignWrites === 0 ? 'nothing else changed' : `${count(foreignWrites, 'write')} outside the plan`,
  ];
  return { text: parts.join('; '), tone: gap === 0 && widenedPrincipals.length === 0 && foreignWrites === 0 ? 'good' : 'bad' };
}

/** `calls: eks 20, …` without the services that were not called. */
export function callsLine(report: AnyReport): string {
  const calls = Object.entries(report.calls).filter(([, number]) => number > 0);
  return calls.length === 0 ? 'none' : calls.map(([service, number]) => `${service} ${number}`).join(', ');
}

/** How long the run took, by its own clock; empty while it is under way. */
export function tookLine(report: AnyReport): string {
  return report.run.endedAt === null ? '' : duration(Date.parse(report.run.endedAt) - Date.parse(report.run.startedAt));
}

/** What the reader does next, most pressing first. Commands are whole, so that they can be copied. */
export function nextActions(report: AnyReport, command: CommandText = PLAINLY): string[] {
  const actions: string[] = [];
  const units = (status: ReportUnit['status']) => report.units.filter((unit) => unit.status === status);
  const names = (status: ReportUnit['status']) => nameSome(units(status).map(unitName));
  const rehearsed = report.promises !== null;
  if (units('needs-operator').length > 0) actions.push(`act on ${names('needs-operator')}: the reason above says what to do`);
  const failed = units('rolled-back').filter(({ reason }) => !isAskedFor(reason));
  if (report.run.status === 'rolled-back' && failed.length === 0 && isAskedFor(report.run.reason ?? units('rolled-back')[0]?.reason ?? ''))
    actions.push('what the run changed is as it was before, as asked for; no action needed');
  else if (report.run.status === 'rolled-back')
    actions.push('what the run changed is as it was before; plan again when the cause is fixed');
  else if (failed.length > 0)
    actions.push(
      `find out why ${nameSome(failed.map(unitName))} rolled back: the reason above and the evidence in "-o wide" say what was seen`,
    );
  const stopped = units('held').filter(({ reason }) => !isAskedFor(reason));
  const blocked = stopped.filter(isBlocked);
  const waiting = stopped.filter((unit) => !isBlocked(unit));
  if (blocked.length > 0)
    actions.push(
      `fix what blocks ${nameSome(blocked.map(unitName))}, then plan again: ${count(blocked.length, 'service account is', 'service accounts are')} blocked and ${blocked.length === 1 ? 'was' : 'were'} not changed`,
    );
  if (waiting.length > 0)
    actions.push(
      `run again for ${nameSome(waiting.map(unitName))} when the reason above is fixed: ${count(waiting.length, 'service account was', 'service accounts were')} not started`,
    );
  if (report.retirement?.status === 'refused') actions.push(`see to what the findings name, then retire ${report.retirement.daemon}`);
  if (report.retirement?.status === 'restored') actions.push(`fix why ${report.retirement.daemon} was started again, then retire it again`);
  if (report.kind === 'Plan') return actions;
  if (isWaiting(report))
    return [
      ...actions,
      `approve this plan with "${command('approve', report.run.id, '--digest', report.run.digest)}", or refuse it with "--refuse" added`,
    ];
  const { state } = report.run;
  if (state !== undefined && report.run.endedAt === null)
    actions.push(...state.next.map(({ action, command }) => `${action} with "${command}"`));
  else if (!rehearsed && report.run.endedAt === null)
    actions.push(
      `resume it with "${command('run', '--local', '--resume', report.run.id)}", or roll it back with "${command('rollback', report.run.id, '--approve')}"`,
    );
  else if (!rehearsed && report.run.status !== 'planned' && (units('migrated').length > 0 || report.retirement?.status === 'retired'))
    actions.push(`to roll it back: "${command('rollback', report.run.id, '--approve')}"`);
  else if (rehearsed && units('migrated').length > 0)
    actions.push(
      'this was a rehearsal on the twin: nothing real was changed; "podshift plan --cluster NAME --region REGION" looks at the real cluster',
    );
  return actions;
}

/** Whether somebody asked for a rollback: nothing was wrong with what it undid. The command line and the service word its reason so. */
function isAskedFor(reason: string): boolean {
  return reason.startsWith('asked for ');
}

function nameSome(names: readonly string[]): string {
  return names.length <= 3 ? names.join(', ') : `${names.slice(0, 2).join(', ')} and ${names.length - 2} more`;
}
