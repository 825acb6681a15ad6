import { isPodshiftError, type PodshiftError } from '../src/model/errors.ts';
import { hang } from '../src/report/text.ts';
import type { Terminal } from './terminal.ts';

/**
 * Says on stderr what went wrong and what to do, and gives the exit code. A stack trace only with `debug`. What is no
 * error of the table is a bug: its kind and message are shown, and where to report it.
 */
export function reportFailure(error: unknown, terminal: Terminal, debug: boolean): number {
  if (isPodshiftError(error)) sayFailure(error, terminal);
  else {
    const { palette, talkColumns: columns } = terminal;
    terminal.talk(
      `${palette('bad', 'error PE901 InternalError:')} ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`,
    );
    terminal.talk(hang('  -> ', 'This is a bug in podshift. Report it with this message and what "--debug" adds.', columns));
  }
  if (debug) terminal.talk(stackOf(error));
  return isPodshiftError(error) ? error.exitCode : 1;
}

/** Code, name and message of an error of the table, AWS's id of the request that failed, and what to do. */
export function sayFailure(error: PodshiftError, { talk, palette, talkColumns: columns }: Terminal): void {
  const lead = `error ${error.code} ${error.name}:`;
  talk(hang(`${lead} `, error.message, columns, '  '.length).replace(lead, palette('bad', lead)));
  const { requestId, service, host } = error.details;
  if (typeof requestId === 'string' && requestId !== '')
    talk(
      hang('  ', `request id ${requestId}${[service, host].map((one) => (typeof one === 'string' ? `, ${one}` : '')).join('')}`, columns),
    );
  talk(hang('  -> ', error.remedy, columns));
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return '';
  const cause = error.cause === undefined ? '' : `\ncaused by ${stackOf(error.cause) || String(error.cause)}`;
  return `${error.stack ?? error.message}${cause}`;
}
