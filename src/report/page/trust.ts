import { TRUST_FIELD } from '../../plan/changes.ts';
import { type AnyReport, isProposed, roleTitle, trustLine } from '../summary.ts';
import { diffBlock, fate } from './changes.ts';
import { type WritesByObject, writeOf } from './facts.ts';
import { html, type Markup } from './html.ts';
import { type ShownRole, shapesOf } from './trust-shapes.ts';

/** What entries of roles are made from: looked up once for all of them. */
interface Lookups {
  readonly report: AnyReport;
  readonly writes: WritesByObject;
}

/** Each role's trust policy: who could assume it, who can, and the document as a diff; null where none is concerned. */
export function trustSection(report: AnyReport, writes: WritesByObject): Markup | null {
  if (report.roles.length === 0) return null;
  const lookups = { report, writes };
  const { alone, shared } = shapesOf(report);
  const opened = alone.length === 1 && shared.length === 0;
  return html`<section id="trust" aria-labelledby="trust-title"><h2 id="trust-title">Trust policies</h2><p class="lead">${trustLine(report)}.
<div class="list">${shared.map((roles) => sharedEntry(roles, lookups))}${alone.map((role) => roleEntry(role, opened, lookups))}</div></section>`;
}

/** Where a role stands on the page, by its place in the report. */
export function roleAnchor(index: number): string {
  return `role-${index}`;
}

function roleEntry(role: ShownRole, isOpen: boolean, { report, writes }: Lookups): Markup {
  const { roleArn, index, accounts, shape } = role;
  return html`<details id="${roleAnchor(index)}"${isOpen ? html` open` : null}><summary><span class="name">${roleTitle(roleArn, report.run.cluster)}</span><span class="aside">${outcome(
    role,
    { report, writes },
  )}</span></summary><div class="body"><p><code>${roleArn}</code>${accounts.length === 0 ? null : html` of ${accounts.slice(0, SHOWN).join(', ')}${accounts.length > SHOWN ? ` and ${accounts.length - SHOWN} more` : ''}`}${shapeOf(shape, report)}</div></details>`;
}

/** Roles whose policies change alike: the change once, then who has which. */
function sharedEntry(roles: readonly [ShownRole, ...ShownRole[]], lookups: Lookups): Markup {
  const { report } = lookups;
  const [{ shape }] = roles;
  return html`<details><summary><span class="title">${roles.length} roles, each with one service account, change alike</span></summary><div class="body">${shapeOf(shape, report)}<table><caption>The roles, with what stands for NAMESPACE and SERVICEACCOUNT</caption><thead><tr><th>Role<th>Service account<th>Trust policy</thead><tbody>${roles.map(
    (role) =>
      html`<tr id="${roleAnchor(role.index)}"><td>${roleTitle(role.roleArn, report.run.cluster)}<td>${role.accounts[0] ?? ''}<td>${outcome(role, lookups)}`,
  )}</tbody></table></div></details>`;
}

/** Service accounts of a role that are named. */
const SHOWN = 5;

function outcome({ roleArn, shape }: ShownRole, { report, writes }: Lookups): string {
  if (shape.diff === '') return 'no change';
  if (isProposed(report)) return 'would change';
  const written = writeOf({ object: `Role/${roleArn}`, field: TRUST_FIELD }, writes);
  return written === undefined ? 'changed' : fate(written);
}

/** Who could and can assume a role, a row for each principal, and the document as a diff. */
function shapeOf({ diff, scopeBefore, scopeAfter }: ShownRole['shape'], report: AnyReport): Markup {
  const principals = [...new Set([...scopeBefore, ...scopeAfter])];
  return html`<table class="scope"><caption>Who can assume it</caption><thead><tr><th>Who<th>Before<th>${isProposed(report) ? 'Afterwards' : 'Now'}</thead><tbody>${principals.map(
    (line) => {
      const [was, is] = [scopeBefore.includes(line), scopeAfter.includes(line)];
      return html`<tr><td>${was === is ? line : is ? html`<ins>${line}</ins>` : html`<del>${line}</del>`}<td>${was ? 'yes' : 'no'}<td>${is ? 'yes' : 'no'}`;
    },
  )}</tbody></table>${diff === '' ? html`<p>The document is the same.` : html`<h3>The document</h3>${diffBlock(diff)}`}`;
}
