import { hang } from '../src/report/text.ts';
import { commands } from './commands/index.ts';
import { exitCode } from './exit-codes.ts';
import { reportFailure } from './failure.ts';
import { watchInterrupts } from './interrupts.ts';
import { parseCommandLine } from './program.ts';
import { quoted } from './shell.ts';
import { createTerminal } from './terminal.ts';
import { version } from './version.ts';

/** Carries out one command line, without the program's name, and answers with the exit code of its process. */
export async function main(argv: readonly string[]): Promise<number> {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit();
      throw error;
    });
  }
  const terminal = createTerminal(process, process.env, { color: !argv.includes('--no-color') });
  const interrupts = watchInterrupts(
    process,
    () => Date.now(),
    () => process.exit(exitCode('interrupted')),
  );
  try {
    // Asked by the scripts of "podshift completion", at each press of the key: nothing else is loaded for it.
    if (argv[0] === '__complete') {
      await terminal.data(await (await import('./completion/answer.ts')).answerCompletion(argv.slice(1), process.env));
      return exitCode('done');
    }
    // Git is asked for it: only where somebody wants to know.
    const parsed = parseCommandLine(argv, argv.includes('--version') ? await version() : '', terminal.helpColumns);
    if ('text' in parsed) {
      await terminal.data(parsed.text);
      return exitCode('done');
    }
    const { withSettings } = await import('./settings/apply.ts');
    const settled = await withSettings(parsed, process.env);
    // Only commands that keep a journal have the flag: the others need not wait for what reads it.
    const { invocation, remark } =
      settled.invocation.flags.journal === null
        ? await (await import('./journal-folder.ts')).withJournalChosen(settled.invocation, { cwd: process.cwd() })
        : { invocation: settled.invocation, remark: null };
    if (remark !== null) terminal.talk(hang('', remark, terminal.talkColumns));
    const run = await commands[invocation.name]();
    return exitCode(
      await run({ terminal, interrupts, environment: settled.environment, debug: invocation.flags.debug === true }, invocation),
    );
  } catch (error) {
    if (interrupts.signal.aborted && error === interrupts.signal.reason) {
      // commands that change things say themselves how to go on; what ends here only read, or acted on a twin
      terminal.talk('interrupted; nothing was changed');
      return exitCode('interrupted');
    }
    return reportFailure(error, terminal, argv.includes('--debug'), { command: ['podshift', ...argv].map(quoted).join(' ') });
  }
}
