import { isPodshiftError } from '../src/model/errors.ts';
import { hang } from '../src/report/text.ts';
import type { CommandContext } from './context.ts';
import type { Exit } from './exit-codes.ts';
import { sayFailure } from './failure.ts';
import type { Invocation } from './program.ts';
import type { Session } from './sessions.ts';
import { nextCommand, sameCommand } from './shell.ts';

/** Says after an interrupt how a run of the journal goes on, or goes back. */
export function stopped(context: CommandContext, runId: string, invocation: Invocation): Exit {
  const { terminal } = context;
  terminal.talk('');
  terminal.talk(hang('', `stopped; the changes that run ${runId} made so far stay, and the journal has them`, terminal.talkColumns));
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
  // Where not even its beginning was recorded, nothing was done and nothing can be resumed.
  const recorded = await isRecorded(journal, runId);
  if (isPodshiftError(failure)) sayFailure(failure, terminal, recorded ? 'below' : { command: sameCommand(invocation) });
  if (recorded) sayHowToGoOn(context, runId, invocation);
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
  const back = nextCommand(invocation, 'rollback', runId, ...unitsOf(invocation), '--approve');
  // commands stay in one line, so that they can be copied
  const isForward = invocation.name === 'run' || invocation.name === 'retire';
  if (isForward) terminal.talk(`  to resume:    ${nextCommand(invocation, 'run', '--local', '--resume', runId)}`);
  terminal.talk(isForward ? `  to roll back: ${back}` : `  to resume:    ${back}`);
}

/** The units that a rollback was asked for. */
function unitsOf({ flags }: Invocation): string[] {
  return Array.isArray(flags.unit) ? (flags.unit as string[]).flatMap((unit) => ['--unit', unit]) : [];
}
