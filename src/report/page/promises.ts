import type { Promises } from '../../model/report.ts';
import { count } from '../text.ts';
import { proofTally } from './evidence.ts';
import { html, type Markup } from './html.ts';

/** The promises as the twin's watch saw them. */
export function promiseList({ credentialGapSeconds: gap, widenedPrincipals, foreignWrites }: Promises): Markup {
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

/** Of a run that nothing could watch so, the checks that passed; null where none was made. */
export function proofList(units: Parameters<typeof proofTally>[0]): Markup | null {
  const { passed, all, seen, asked } = proofTally(units);
  if (all + asked === 0) return null;
  return html`<div><h2 class="small">Proof</h2><ul class="promises" role="list">${promise(passed === all, `proof: ${passed} of ${count(all, 'check')} passed`)}${
    asked === 0 ? null : promise(seen === asked ? true : null, `use seen by CloudTrail: ${seen} of ${count(asked, 'service account')}`)
  }</ul></div>`;
}

/** `null` is neither kept nor broken. */
function promise(kept: boolean | null, text: string): Markup {
  const [tone, mark, word] = kept === null ? ['warn', '–', 'open'] : kept ? ['good', '✓', 'kept'] : ['bad', '✗', 'broken'];
  return html`<li class="${tone}"><span class="mark" aria-hidden="true">${mark}</span><span class="hidden">${word}: </span>${text}`;
}
