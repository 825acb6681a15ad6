import { optionTexts } from '../change-text.ts';
import { retirementRows } from '../retirement-text.ts';
import { type AnyReport, isProposed, retirementTitle } from '../summary.ts';
import { changeList } from './changes.ts';
import { evidenceTable } from './evidence.ts';
import type { PageFacts, WritesByObject } from './facts.ts';
import { html, type Markup } from './html.ts';
import { label } from './words.ts';

/** What no unit has alone: add-ons, the agent, what a retirement changes; trust policies have a section of their own. */
export function sharedSection(report: AnyReport, { changes }: PageFacts, writes: WritesByObject): Markup | null {
  const shared = changes.filter(({ unit, object }) => unit === null && !object.startsWith('Role/'));
  if (shared.length === 0) return null;
  return html`<section id="shared" aria-labelledby="shared-title"><h2 id="shared-title">Add-ons and the cluster</h2>${changeList(shared, writes, isProposed(report) ? 'proposed' : 'open')}</section>`;
}

/** The retirement of a daemon; null where none was asked for. */
export function retirementPart({ retirement, run }: AnyReport): Markup | null {
  if (retirement === undefined) return null;
  return html`<section id="retirement" aria-labelledby="retirement-title"><h2 id="retirement-title">Retiring ${retirement.daemon}: ${retirementTitle(retirement.status)}</h2><dl class="pairs">${retirementRows(
    retirement,
  ).map(([name, text]) => html`<dt>${name}<dd>${text}`)}</dl><div class="list">${retirement.roles.map(
    (role) =>
      html`<details><summary><span class="name">${role.roleArn}</span>${label(role.status === 'removed' ? 'good' : role.status === 'kept' ? 'warn' : 'faint', role.status)}</summary><div class="body">${
        role.reason === '' ? null : html`<p class="reason">${role.reason}`
      }<p>${role.serviceAccounts.join(', ')}${evidenceTable(role.evidence, run.startedAt.slice(0, 10))}</div></details>`,
  )}</div></section>`;
}

/** The options that it was made with; those that are not as by default are marked. */
export function optionSection({ options }: PageFacts): Markup | null {
  if (options === undefined) return null;
  const all = optionTexts(options);
  const chosen = all.filter(({ text, fallback }) => text !== fallback).length;
  return html`<section id="options" aria-labelledby="options-title"><h2 id="options-title">Options</h2><div class="list"><details><summary><span class="title">${
    chosen === 0 ? 'all as by default' : `${chosen} chosen, the others as by default`
  }</span></summary><div class="body scroll" tabindex="0" role="group" aria-label="options"><table><caption class="hidden">Options</caption><thead><tr><th>Option<th>Value<th>Default</thead><tbody>${all.map(
    ({ option, text, fallback }) =>
      html`<tr><th scope="row"><code>${option}</code><td>${text === fallback ? text : html`<b>${text}</b>`}<td>${fallback}`,
  )}</tbody></table></div></details></div></section>`;
}
