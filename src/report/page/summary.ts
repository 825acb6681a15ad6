import type { AnyReport } from '../summary.ts';
import {
  approvalLine,
  callsLine,
  clusterTitle,
  durationLine,
  isProposed,
  requesterLine,
  STATUS_TONES,
  tookLine,
  trustLine,
} from '../summary.ts';
import { html, type Markup } from './html.ts';
import { promiseList, proofList } from './promises.ts';
import { clock, label, plainWord, STATUS_ORDER, statusWord } from './words.ts';

/** What it is about and how it stands, in one look: the state, the numbers, the promises. */
export function summarySection(report: AnyReport): Markup {
  const { run } = report;
  return html`<section id="summary" aria-labelledby="summary-title"><p class="kind">${kindOf(report)}</p><h1 id="summary-title">${nameOf(report)} ${label(STATUS_TONES[run.status], runWord(report))}</h1>${
    run.reason === undefined ? null : html`<p class="reason">${run.reason}`
  }${run.state === undefined || run.endedAt !== null ? null : html`<p class="reason">${run.state.text}`}<ul class="tiles" role="list">${STATUS_ORDER.toReversed().map(
    (status) => {
      const number = report.units.filter((unit) => unit.status === status).length;
      return number === 0 ? null : html`<li class="${STATUS_TONES[status]}"><b>${number}</b> ${statusWord(report, status)}`;
    },
  )}<li><b>${report.roles.filter((role) => role.trustBefore !== role.trustAfter).length}</b> trust policies ${isProposed(report) ? 'would change' : 'changed'}</ul><div class="halves">${promisesOf(report)}<dl class="pairs">${pairs(
    report,
  ).map(([name, value]) => html`<dt>${name}<dd>${value}`)}</dl></div></section>`;
}

/** What a page of such a report is called. */
export function kindOf(report: AnyReport): string {
  if (report.kind === 'Plan') return 'Plan';
  if (report.promises !== null) return 'Rehearsal on a twin';
  return isProposed(report) ? 'Plan of a run' : 'Run';
}

/** The name of the cluster alone. */
export function nameOf({ run }: AnyReport): string {
  return /:cluster\/(.+)$/.exec(run.cluster)?.[1] ?? (run.cluster || 'a cluster not yet described');
}

function runWord(report: AnyReport): string {
  if (report.run.status === 'held') return 'nothing migrated';
  return plainWord(report.run.status);
}

function pairs(report: AnyReport): [string, Markup | string][] {
  const { run } = report;
  const rows: [string, Markup | string][] = [
    ['Cluster', html`${clusterTitle(run.cluster)}`],
    [report.kind === 'Plan' ? 'Plan' : 'Run', html`<code>${run.id}</code>`],
    ['Digest', run.digest === '' ? '' : html`<code>${run.digest}</code>`],
    ['Asked for by', requesterLine(report)],
    ['Approval', approvalLine(report)],
    ['Started', `${clock(run.startedAt)} UTC`],
    ['Ended', run.endedAt === null || report.kind === 'Plan' ? '' : `${clock(run.endedAt)} UTC, after ${tookLine(report)}`],
    ['Takes', durationLine(report)],
    ['Trust', trustLine(report)],
    ['Calls', callsLine(report)],
  ];
  return rows.filter(([, value]) => value !== '');
}

function promisesOf(report: AnyReport): Markup | null {
  if (isProposed(report)) return null;
  return report.promises === null ? proofList(report.kind === 'RunReport' ? report.units : []) : promiseList(report.promises);
}
