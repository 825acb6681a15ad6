import { FINDINGS } from '../../model/findings.ts';
import { type AnyReport, type ReportFinding, SEVERITY_TONES } from '../summary.ts';
import { count } from '../text.ts';
import { html, type Markup } from './html.ts';
import { label, MANY } from './words.ts';

const SEVERITIES: readonly ReportFinding['severity'][] = ['blocker', 'warning', 'info'];

/** Where the findings of a code stand on the page. */
export function findingAnchor({ code, severity }: Pick<ReportFinding, 'code' | 'severity'>): string {
  return `finding-${code}-${severity}`;
}

/** Findings of one code stand together under what the code means, with the remedy once; the severest first. */
export function findingSection({ findings }: Pick<AnyReport, 'findings'>, anchorOf: (name: string) => string | undefined): Markup | null {
  if (findings.length === 0) return null;
  const groups = [...Map.groupBy(findings, findingAnchor).values()] as [ReportFinding, ...ReportFinding[]][];
  const ordered = SEVERITIES.flatMap((severity) => groups.filter(([first]) => first.severity === severity));
  const tally = SEVERITIES.map((severity) => findings.filter((one) => one.severity === severity).length);
  return html`<section id="findings" aria-labelledby="findings-title"><h2 id="findings-title">Findings</h2><p class="lead">${count(tally[0] ?? 0, 'blocker')}, ${count(tally[1] ?? 0, 'warning')}, ${tally[2] ?? 0} for the record.
<div class="list">${ordered.map((group) => findingGroup(group, anchorOf))}</div></section>`;
}

function findingGroup(group: readonly [ReportFinding, ...ReportFinding[]], anchorOf: (name: string) => string | undefined): Markup {
  const [first] = group;
  const remedies = [...new Set(group.map(({ remedy }) => remedy))];
  const shared = remedies.length === 1 ? remedies[0] : undefined;
  const isOpen = first.severity === 'blocker' && group.length <= MANY;
  return html`<details id="${findingAnchor(first)}"${isOpen ? html` open` : null}><summary>${label(SEVERITY_TONES[first.severity], first.severity)}<span class="code">${first.code}</span><span class="title">${titleOf(first)}</span><span class="aside">${group.length}</span></summary><div class="body">${
    shared === undefined ? null : html`<p class="remedy"><b>What to do:</b> ${shared}`
  }<ul class="subjects">${group.map(
    (one) =>
      html`<li>${subjectLink(one.subject, anchorOf)}<span>${one.message}</span>${
        shared === undefined ? html`<span class="remedy"><b>What to do:</b> ${one.remedy}</span>` : null
      }`,
  )}</ul></div></details>`;
}

/** What a code means; a report of another version may have one that this table has not. */
function titleOf({ code, message }: ReportFinding): string {
  return code in FINDINGS ? FINDINGS[code as keyof typeof FINDINGS].title : message;
}

function subjectLink(subject: string, anchorOf: (name: string) => string | undefined): Markup {
  const anchor = subject.startsWith('ServiceAccount/') ? anchorOf(subject.slice('ServiceAccount/'.length)) : undefined;
  return anchor === undefined ? html`<code>${subject}</code>` : html`<a href="#${anchor}"><code>${subject}</code></a>`;
}
