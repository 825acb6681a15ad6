import { hang } from '../src/report/text.ts';
import type { CommandContext } from './context.ts';
import type { Exit } from './exit-codes.ts';
import type { Invocation } from './program.ts';
import { sameAccess } from './shell.ts';

/** Says after an interrupt how a run of the journal goes on, or goes back. */
export function stopped({ terminal }: CommandContext, runId: string, invocation: Invocation): Exit {
  const access = sameAccess(invocation);
  const back = `podshift rollback ${runId}${access} --approve`;
  terminal.talk('');
  terminal.talk(hang('', `interrupted: nothing more is changed; the journal has all that was done in run ${runId}`, terminal.talkColumns));
  // commands stay in one line, so that they can be copied
  const isForward = invocation.name === 'run' || invocation.name === 'retire';
  if (isForward) terminal.talk(`  to go on:   podshift run --local --resume ${runId}${access}`);
  terminal.talk(isForward ? `  to go back: ${back}` : `  to go on:   ${back}`);
  return 'interrupted';
}
