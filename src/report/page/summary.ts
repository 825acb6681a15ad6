import type { AnyReport } from '../summary.ts';
import { approvalLine, callsLine, clusterTitle, isProposed, requesterLine, STATUS_TONES, tookLine, trustLine } from '../summary.ts';
import { count } from '../text.ts';
import { proofTally } from './evidence.ts';
import { html, type Markup } from './html.ts';
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
  )}<li><b>${report.roles.filter((role) => role.trustBefore !== role.trustAfter).length}</b> trust policies ${isProposed(report) ? 'would change' : 'changed'}</ul><div class="halves">${promiseList(report)}<dl class="pairs">${pairs(
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
    ['Trust', trustLine(report)],
    ['Calls', callsLine(report)],
  ];
  return rows.filter(([, value]) => value !== '');
}

/** The promises as the twin's watch saw them; of a real run the checks that passed. */
function promiseList(report: AnyReport): Markup | null {
  if (isProposed(report)) return null;
  const { promises } = report;
  if (promises === null) {
    const { passed, all, seen, asked } = proofTally(report.kind === 'RunReport' ? report.units : []);
    if (all + asked === 0) return null;
    const rows = [
      promise(passed === all, `proof: ${passed} of ${count(all, 'check')} passed`),
      ...(asked === 0 ? [] : [promise(seen === asked ? true : null, `use seen by CloudTrail: ${seen} of ${asked} service accounts`)]),
    ];
    return html`<div><h2 class="small">Proof</h2><ul class="promises" role="list">${rows}</ul></div>`;
  }
  const { credentialGapSeconds: gap, widenedPrincipals, foreignWrites } = promises;
  return html`<div><h2 class="small">Promises</h2><ul class="promises" role="list">${[
    promise(
      gap === 0,
      gap === 0 ? 'every pod could get its credentials at every instant: credential gap 0 s' : `pods were without credentials for ${gap} s`,
    ),
    promise(
      widenedPrincipals.length === 0,
      widenedPrincipals.length === 0
        ? 'nobody else gained a role'
        : `${count(widenedPrincipals.length, 'principal')} gained a role: ${widenedPrincipals.join(', ')}`,
    ),
    promise(
      foreignWrites === 0,
      foreignWrites === 0 ? 'nothing outside the plan changed' : `${count(foreignWrites, 'write')} outside the plan`,
    ),
  ]}</ul></div>`;
}

/** `null` is neither kept nor broken. */
function promise(kept: boolean | null, text: string): Markup {
  const [tone, mark, word] = kept === null ? ['warn', '–', 'open'] : kept ? ['good', '✓', 'kept'] : ['bad', '✗', 'broken'];
  return html`<li class="${tone}"><span class="mark" aria-hidden="true">${mark}</span><span class="hidden">${word}: </span>${text}`;
}
