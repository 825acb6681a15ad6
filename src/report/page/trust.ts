import { TRUST_FIELD } from '../../plan/changes.ts';
import { type AnyReport, isProposed, roleTitle, trustLine, unitName } from '../summary.ts';
import { trustChange } from '../trust-diff.ts';
import { diffBlock, fate } from './changes.ts';
import { type WritesByObject, writeOf } from './facts.ts';
import { html, type Markup } from './html.ts';

/** Where a role stands on the page. */
export function roleAnchor(report: AnyReport, roleArn: string): string | undefined {
  const index = report.roles.findIndex((role) => role.roleArn === roleArn);
  return index === -1 ? undefined : `role-${index}`;
}

/** Each role's trust policy: who could assume it, who can, and the document as a diff; null where none is concerned. */
export function trustSection(report: AnyReport, writes: WritesByObject): Markup | null {
  if (report.roles.length === 0) return null;
  const users = Map.groupBy(report.units, ({ roleArn }) => roleArn);
  const opened = report.roles.length === 1;
  return html`<section id="trust" aria-labelledby="trust-title"><h2 id="trust-title">Trust policies</h2><p class="lead">${trustLine(report)}.</p>
<div class="list">${report.roles.map((role, index) => {
    const change = trustChange(role);
    const written = writeOf({ object: `Role/${role.roleArn}`, field: TRUST_FIELD }, writes);
    const accounts = (users.get(role.roleArn) ?? []).map(unitName);
    return html`<details id="role-${index}"${opened ? html` open` : null}><summary><span class="name">${roleTitle(role.roleArn, report.run.cluster)}</span><span class="aside">${
      change.diff === '' ? 'no change' : isProposed(report) ? 'would change' : written === undefined ? 'changed' : fate(written)
    }</span></summary><div class="body"><p><code>${role.roleArn}</code>${accounts.length === 0 ? null : html` of ${accounts.slice(0, SHOWN).join(', ')}${accounts.length > SHOWN ? ` and ${accounts.length - SHOWN} more` : ''}`}<div class="sides"><div><h3>Who could assume it before</h3>${scope(change.scopeBefore, change.scopeAfter, 'del')}</div><div><h3>Who can assume it ${isProposed(report) ? 'afterwards' : 'now'}</h3>${scope(change.scopeAfter, change.scopeBefore, 'ins')}</div></div>${
      change.diff === '' ? html`<p>The document is the same.` : html`<h3>The document</h3>${diffBlock(change.diff)}`
    }</div></details>`;
  })}</div></section>`;
}

/** Service accounts of a role that are named. */
const SHOWN = 5;

/** One line for each principal; what the other side has not is marked. */
function scope(lines: readonly string[], others: readonly string[], mark: 'ins' | 'del'): Markup {
  if (lines.length === 0) return html`<p>nobody`;
  return html`<ul class="scope">${lines.map((line) => {
    if (others.includes(line)) return html`<li>${line}`;
    return mark === 'ins' ? html`<li><ins>${line}</ins> <b>new</b>` : html`<li><del>${line}</del> <b>removed</b>`;
  })}</ul>`;
}
