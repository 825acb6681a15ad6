import { describe, expect, it } from 'vitest';
import { type Again, sayFailure } from '../../../cli/failure.ts';
import type { Terminal } from '../../../cli/terminal.ts';
import { awsError } from '../../../src/aws/errors.ts';
import { reasonOf } from '../../../src/migration/trust/grant-trust.ts';
import { RUN_AGAIN } from '../../../src/model/errors/kinds.ts';
import { ERRORS, type ErrorName, PodshiftError } from '../../../src/model/errors.ts';

function said(error: PodshiftError, again?: Again): string[] {
  const lines: string[] = [];
  const terminal = { talk: (line: string) => void lines.push(line), palette: (_tone: string, text: string) => text, talkColumns: 1000 };
  sayFailure(error, terminal as unknown as Terminal, again);
  return lines;
}

const RETRIED = Object.entries(ERRORS)
  .filter(([, { retryable }]) => retryable)
  .map(([name]) => name as ErrorName);
const COMMAND = 'podshift plan --cluster shop --region eu-west-1';

describe('an error that was tried again until nothing more was left to try', () => {
  it.each(RETRIED)('%s names what to check, and the whole command that is of use then', (name) => {
    const lines = said(new PodshiftError(name, 'x; gave up after 6 tries in 2 min 40 s', { details: { tries: 6 } }), { command: COMMAND });
    expect(ERRORS[name].remedy).toMatch(new RegExp(`[,;] ${RUN_AGAIN.replace('.', '\\.')}$`));
    expect(lines).toEqual([
      `error ${ERRORS[name].code} ${name}: x; gave up after 6 tries in 2 min 40 s`,
      `  -> ${ERRORS[name].remedy.replace(RUN_AGAIN, 'then run again:')}`,
      `     ${COMMAND}`,
    ]);
  });

  it('says where the lines after it name the commands', () => {
    expect(said(new PodshiftError('JournalFull', 'x'), 'below').at(-1)).toBe(`  -> ${ERRORS.JournalFull.remedy}`);
    expect(said(new PodshiftError('ClusterUnreachable', 'x'), 'below').at(-1)).toMatch(
      /; then go on as follows:$|, then go on as follows:$/,
    );
  });

  it('counts the requests of the SDK where no step tried again', () => {
    const thrown = (attempts: number) =>
      awsError(Object.assign(new Error(''), { name: 'Throttling', $metadata: { httpStatusCode: 400, attempts, totalRetryDelay: 3100 } }), {
        service: 'iam',
        operation: 'GetRole',
      });
    expect(said(thrown(5))[0]).toBe('error PE304 Throttled: iam:GetRole is throttled (Throttling); gave up after 5 tries in 3 s');
    expect(said(thrown(1))[0]).toBe('error PE304 Throttled: iam:GetRole is throttled (Throttling)');
  });

  it('is named as the reason of a unit or a run also where nobody counted, as in the deployed service', () => {
    expect(reasonOf({ Error: 'Throttled', Cause: '{"errorMessage":"x"}' })).toBe('x; gave up at the last try');
    expect(reasonOf({ Error: 'Throttled', Cause: '{"errorMessage":"x; gave up after 3 tries in 5 s"}' })).toBe(
      'x; gave up after 3 tries in 5 s',
    );
    expect(reasonOf({ Error: 'AccessDenied', Cause: '{"errorMessage":"x"}' })).toBe('x');
  });
});
