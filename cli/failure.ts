import { isPodshiftError } from '../src/model/errors.ts';
import { hang } from '../src/report/text.ts';
import type { Terminal } from './terminal.ts';

/**
 * Says on stderr what went wrong and what to do, and gives the exit code. A stack trace only with `debug`. What is no
 * error of the table is a bug: its kind and message are shown, and where to report it.
 */
export function reportFailure(error: unknown, terminal: Terminal, debug: boolean): number {
  const { palette, talkColumns: columns } = terminal;
  if (isPodshiftError(error)) {
    const lead = `error ${error.code} ${error.name}: `;
    terminal.talk(hang(lead, error.message, columns, 2 + 'error '.length).replace(lead.trimEnd(), palette('bad', lead.trimEnd())));
    terminal.talk(hang('  -> ', error.remedy, columns));
  } else {
    terminal.talk(
      `${palette('bad', 'error PE901 InternalError:')} ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`,
    );
    terminal.talk(hang('  -> ', 'This is a bug in podshift. Report it with this message and what "--debug" adds.', columns));
  }
  if (debug) terminal.talk(stackOf(error));
  return isPodshiftError(error) ? error.exitCode : 1;
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return '';
  const cause = error.cause === undefined ? '' : `\ncaused by ${stackOf(error.cause) || String(error.cause)}`;
  return `${error.stack ?? error.message}${cause}`;
}
