import type { FleetReport } from '../../model/fleet-report.ts';
import { type CommandText, PLAINLY } from '../commands.ts';
import { nextActions, TONES, tally, tookLine, unitsLine } from '../fleet-table.ts';
import { clusterTitle } from '../summary.ts';
import { documentOf } from './document.ts';
import { html, type Markup } from './html.ts';
import { nextSection } from './next.ts';
import { promiseList } from './promises.ts';
import { clock, label, plainWord } from './words.ts';

type ReportCluster = FleetReport['clusters'][number];

/** What the page of a fleet shows besides its report. */
export interface FleetPageSettings {
  /** Where the page of a cluster is, by the cluster's ARN: a relative URL. A cluster without one has no page. */
  readonly pages: ReadonlyMap<string, string>;
  readonly version?: string | undefined;
  readonly command?: CommandText | undefined;
}

/** A fleet as one HTML page: its clusters at a glance, with a link to the page of each. The same report gives the same text. Pure. */
export function renderFleetPage(report: FleetReport, { pages, version, command }: FleetPageSettings): string {
  const title = `fleet ${report.fleet.id}`;
  return documentOf({
    title,
    version,
    sections: [
      ['Summary', 'summary', summary(report)],
      ['Next', 'next', nextSection([], nextActions(report, command ?? PLAINLY))],
      ['Clusters', 'clusters', clusterSection(report, pages)],
      ['Refused', 'refused', refusedSection(report)],
    ],
  });
}

function summary(report: FleetReport): Markup {
  const { fleet } = report;
  const rows: [string, Markup | string][] = [
    ['Clusters', `${tally(report)}${tookLine(report)}`],
    ['Digest', fleet.digest === '' ? '' : html`<code>${fleet.digest}</code>`],
    ['Started', `${clock(fleet.startedAt)} UTC`],
    ['Ended', fleet.endedAt === null ? '' : `${clock(fleet.endedAt)} UTC`],
  ];
  return html`<section id="summary" aria-labelledby="summary-title"><p class="kind">${report.promises === null ? (fleet.mode === 'plan' ? 'Plan of a fleet' : 'Fleet') : 'Rehearsal of a fleet on twins'}</p><h1 id="summary-title">${fleet.id} ${label(TONES[fleet.status], plainWord(fleet.status))}</h1>${
    fleet.reason === '' ? null : html`<p class="reason">${fleet.reason}`
  }${fleet.state === undefined || fleet.endedAt !== null ? null : html`<p class="reason">${fleet.state.text}`}<div class="halves">${
    report.promises === null ? null : promiseList(report.promises)
  }<dl class="pairs">${rows.filter(([, value]) => value !== '').map(([name, value]) => html`<dt>${name}<dd>${value}`)}</dl></div></section>`;
}

function clusterSection({ clusters, fleet }: FleetReport, pages: FleetPageSettings['pages']): Markup | null {
  if (clusters.length === 0) return null;
  return html`<section id="clusters" aria-labelledby="clusters-title"><h2 id="clusters-title">Clusters</h2><form class="filter" role="search" aria-label="clusters" data-filter="cluster" hidden><label class="search"><span>Search</span><input type="search" name="text" placeholder="name, region, account, state" autocomplete="off" spellcheck="false"></label><output aria-live="polite"></output></form><table class="clusters"><caption class="hidden">Clusters in the order of their waves</caption><thead><tr><th>Cluster<th>Wave<th>Service accounts<th>State</thead><tbody data-list>${clusters.map(
    (cluster) =>
      html`<tr><td>${titleOf(cluster, pages)}<td>${cluster.cluster === fleet.canary ? 'canary' : cluster.wave === null ? '–' : String(cluster.wave + 1)}<td>${unitsText(cluster)}<td>${label(TONES[cluster.status], plainWord(cluster.status))}${cluster.reason === '' ? null : html` ${cluster.reason}`}`,
  )}</tbody></table><p class="nothing" hidden>No cluster fits. Change the search.</section>`;
}

function titleOf({ cluster }: ReportCluster, pages: FleetPageSettings['pages']): Markup {
  const page = pages.get(cluster);
  return page === undefined ? html`${clusterTitle(cluster)}` : html`<a href="${page}">${clusterTitle(cluster)}</a>`;
}

function unitsText(cluster: ReportCluster): string {
  return unitsLine(cluster).replace(/(\d+) held/, '$1 blocked');
}

function refusedSection({ refused }: FleetReport): Markup | null {
  if (refused.length === 0) return null;
  return html`<section id="refused" aria-labelledby="refused-title"><h2 id="refused-title">Accounts and regions that could not be read</h2><table><caption class="hidden">Refused</caption><thead><tr><th>Account<th>Region<th>Why</thead><tbody>${refused.map(
    ({ account, region, reason }) => html`<tr><td>${account}<td>${region}<td>${reason}`,
  )}</tbody></table></section>`;
}
