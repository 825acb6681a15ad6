import type { Evidence } from '../../model/run.ts';
import { valueText } from '../change-text.ts';
import { html, type Markup } from './html.ts';
import { clockOn } from './words.ts';

/** What each grade proves (docs/operations.md, evidence). */
const GRADES: Readonly<Record<number, string>> = { 1: 'injected', 2: 'obtainable', 3: 'in use' };

/** Proofs as a table, their times as those of the day `day` (`2026-11-28`) where they are; null where there are none. */
export function evidenceTable(evidence: readonly Evidence[], day: string): Markup | null {
  if (evidence.length === 0) return null;
  return html`<table class="evidence"><caption>Evidence</caption><thead><tr><th>Grade<th>Check<th>Result<th>At (UTC)<th>What was seen</thead><tbody>${evidence.map(
    (proof) =>
      html`<tr><td>${proof.grade} ${GRADES[proof.grade] ?? ''}<td>${proof.kind}${result(proof)}<td>${clockOn(proof.at, day)}<td>${Object.entries(
        proof.facts,
      )
        .map(([name, value]) => `${name}: ${valueText(value)}`)
        .join(', ')}`,
  )}</tbody></table>`;
}

/** Grade 3 that did not pass is no failure: nobody used the role in time, or CloudTrail could not tell. */
function result({ grade, passed }: Evidence): Markup {
  if (passed) return html`<td class="good">passed`;
  return grade === 3 ? html`<td class="warn">not shown` : html`<td class="bad">failed`;
}

/** How many checks of a run passed: those that a unit cannot do without, and the use that CloudTrail saw. */
export function proofTally(units: readonly { readonly evidence: readonly Evidence[] }[]): {
  readonly passed: number;
  readonly all: number;
  readonly seen: number;
  readonly asked: number;
} {
  const proofs = units.flatMap(({ evidence }) => evidence);
  const needed = proofs.filter(({ grade }) => grade !== 3);
  const use = proofs.filter(({ grade }) => grade === 3);
  const number = (some: readonly Evidence[]): number => some.filter(({ passed }) => passed).length;
  return { passed: number(needed), all: needed.length, seen: number(use), asked: use.length };
}
