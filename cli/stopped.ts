import { isPodshiftError } from '../src/model/errors.ts';
import { hang } from '../src/report/text.ts';
import type { CommandContext } from './context.ts';
import type { Exit } from './exit-codes.ts';
import { sayFailure } from './failure.ts';
import type { Invocation } from './program.ts';
import type { Session } from './sessions.ts';
import { sameAccess } from './shell.ts';

/** Says after an interrupt how a run of the journal goes on, or goes back. */
export function stopped(context: CommandContext, runId: string, invocation: Invocation): Exit {
  const { terminal } = context;
  terminal.talk('');
  terminal.talk(hang('', `interrupted: nothing more is changed; the journal has all that was done in run ${runId}`, terminal.talkColumns));
  sayHowToGoOn(context, runId, invocation);
  return 'interrupted';
}

/** Says what stopped the run, a journal that failed or a cluster that could not be reached, and how the run goes on or goes back once it is in order again. */
export async function stoppedByFailure(
  context: CommandContext,
  { signal, journal }: Session,
  runId: string,
  invocation: Invocation,
): Promise<Exit> {
  const { terminal } = context;
  const failure: unknown = signal.reason;
  terminal.talk('');
  if (isPodshiftError(failure)) sayFailure(failure, terminal);
  // Where not even its beginning was recorded, nothing was done and nothing can be resumed.
  if (await isRecorded(journal, runId)) sayHowToGoOn(context, runId, invocation);
  return 'failed';
}

async function isRecorded(journal: Session['journal'], runId: string): Promise<boolean> {
  try {
    return (await journal.getRun(runId)).runId === runId;
  } catch (error) {
    if (isPodshiftError(error)) return error.name !== 'RunNotFound';
    throw error;
  }
}

function sayHowToGoOn({ terminal }: CommandContext, runId: string, invocation: Invocation): void {
  const access = sameAccess(invocation);
  const back = `podshift rollback ${runId}${access} --approve`;
  // commands stay in one line, so that they can be copied
  const isForward = invocation.name === 'run' || invocation.name === 'retire';
  if (isForward) terminal.talk(`  to go on:   podshift run --local --resume ${runId}${access}`);
  terminal.talk(isForward ? `  to go back: ${back}` : `  to go on:   ${back}`);
}
