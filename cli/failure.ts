import { RUN_AGAIN } from '../src/model/errors/kinds.ts';
import { isPodshiftError, type PodshiftError } from '../src/model/errors.ts';
import { gaveUp } from '../src/model/text/duration.ts';
import { hang } from '../src/report/text.ts';
import type { Terminal } from './terminal.ts';

/** The command that is of use after the remedy; `below` where the lines after it name it. */
export type Again = { readonly command: string } | 'below';

/**
 * Says on stderr what went wrong and what to do, and gives the exit code. A stack trace only with `debug`. What is no
 * error of the table is a bug: its kind and message are shown, and where to report it.
 */
export function reportFailure(error: unknown, terminal: Terminal, debug: boolean, again?: Again): number {
  if (isPodshiftError(error)) sayFailure(error, terminal, again);
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

/** Code, name and message of an error of the table, AWS's id of the request that failed, and what to do, with the whole command where one is of use. */
export function sayFailure(error: PodshiftError, { talk, palette, talkColumns: columns }: Terminal, again?: Again): void {
  const lead = `error ${error.code} ${error.name}:`;
  talk(hang(`${lead} `, `${error.message}${triesOf(error)}`, columns, '  '.length).replace(lead, palette('bad', lead)));
  const { requestId, service, host } = error.details;
  if (typeof requestId === 'string' && requestId !== '')
    talk(
      hang('  ', `request id ${requestId}${[service, host].map((one) => (typeof one === 'string' ? `, ${one}` : '')).join('')}`, columns),
    );
  const isAgain = again !== undefined && error.remedy.endsWith(RUN_AGAIN);
  const what = again === 'below' ? 'then go on as follows:' : 'then run again:';
  talk(hang('  -> ', isAgain ? `${error.remedy.slice(0, -RUN_AGAIN.length)}${what}` : error.remedy, columns));
  // in one line, so that it can be copied
  if (isAgain && again !== 'below') talk(`     ${again.command}`);
}

/** Of an error whose request the SDK sent several times, and no state machine again: how often. */
function triesOf({ retryable, details: { tries, attempts, retryMilliseconds } }: PodshiftError): string {
  if (!retryable || tries !== undefined || typeof attempts !== 'number' || attempts < 2) return '';
  return `; ${gaveUp(attempts, typeof retryMilliseconds === 'number' ? retryMilliseconds : 0)}`;
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return '';
  const cause = error.cause === undefined ? '' : `\ncaused by ${stackOf(error.cause) || String(error.cause)}`;
  return `${error.stack ?? error.message}${cause}`;
}
