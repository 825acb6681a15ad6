import type { Journal } from '../src/journal/journal.ts';
import { unmatchedAcceptances } from '../src/model/acceptance.ts';
import type { Plan } from '../src/model/plan.ts';
import { hang } from '../src/report/text.ts';
import { overlay } from './progress.ts';
import type { Terminal } from './terminal.ts';

/** Says on stderr which values of `--accept` match no finding. */
export function sayUnmatched(terminal: Terminal, accepted: readonly string[], findings: readonly { readonly message: string }[]): void {
  for (const entry of unmatchedAcceptances(accepted, findings))
    terminal.talk(hang('', `--accept ${entry} matches no finding that blocks a service account`, terminal.talkColumns));
}

/** The same journal, which says so once a plan is made. */
export function withUnmatchedSaid(journal: Journal, terminal: Terminal): Journal {
  return overlay(journal, {
    async putDocument(runId, name, value) {
      await journal.putDocument(runId, name, value);
      if (name !== 'plan') return;
      const { options, findings } = value as Plan;
      sayUnmatched(terminal, options.accept, findings);
    },
  });
}
