import { hang } from '../src/report/text.ts';
import type { CommandContext } from './context.ts';
import type { Exit } from './exit-codes.ts';

/** Says after an interrupt how a run of the journal goes on, or goes back. */
export function stopped({ terminal }: CommandContext, runId: string, command: 'run' | 'rollback'): Exit {
  const say = (lead: string, text: string): void => terminal.talk(hang(lead, text, terminal.talkColumns));
  terminal.talk('');
  say('', `interrupted: nothing more is changed; the journal has all that was done in run ${runId}`);
  if (command === 'run') say('  to go on:   ', `podshift run --local --resume ${runId} --approve`);
  say(command === 'run' ? '  to go back: ' : '  to go on:   ', `podshift rollback ${runId} --approve`);
  return 'interrupted';
}
