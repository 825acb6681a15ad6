import type { Evidence } from '../../model/run.ts';
import { valueText } from '../change-text.ts';
import { html, type Markup } from './html.ts';
import { clock, label } from './words.ts';

/** What each grade proves (docs/operations.md, evidence). */
const GRADES: Readonly<Record<number, string>> = { 1: 'injected', 2: 'obtainable', 3: 'in use' };

/** Proofs as a table; null where there are none. `of` names whose they are, for readers who hear the table. */
export function evidenceTable(evidence: readonly Evidence[], of: string): Markup | null {
  if (evidence.length === 0) return null;
  return html`<div class="scroll evidence" tabindex="0" role="group" aria-label="evidence for ${of}"><table><caption>Evidence</caption><thead><tr><th scope="col">Grade<th scope="col">Check<th scope="col">Result<th scope="col">At (UTC)<th scope="col">What was seen</thead><tbody>${evidence.map(
    (proof) =>
      html`<tr><td>${proof.grade} ${GRADES[proof.grade] ?? ''}<td>${proof.kind}<td>${resultLabel(proof)}<td class="time">${clock(proof.at)}<td class="facts">${Object.entries(
        proof.facts,
      )
        .map(([name, value]) => `${name}: ${valueText(value)}`)
        .join(', ')}`,
  )}</tbody></table></div>`;
}

/** Grade 3 that did not pass is no failure: nobody used the role in time, or CloudTrail could not tell. */
function resultLabel({ grade, passed }: Evidence): Markup {
  if (passed) return label('good', 'passed');
  return grade === 3 ? label('warn', 'not shown') : label('bad', 'failed');
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
