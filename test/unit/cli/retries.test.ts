import { describe, expect, it } from 'vitest';
import type { CommandContext } from '../../../cli/context.ts';
import { loggerOf } from '../../../cli/sessions.ts';

const MESSAGE = 'eks:CreatePodIdentityAssociation is throttled (TooManyRequestsException)';

function recorder(debug = false) {
  const lines: string[] = [];
  const time = { now: 0 };
  const terminal = { talk: (text: string) => void lines.push(text), talkColumns: 200 };
  const logger = loggerOf({ terminal, debug } as unknown as CommandContext, { now: () => time.now });
  return { lines, time, logger };
}

describe('someone who waits for a command', () => {
  it('is told that a step waits for its turn, once in ten minutes', () => {
    const { lines, time, logger } = recorder();
    for (let minute = 0; minute < 25; minute += 1) {
      time.now = minute * 60_000;
      logger.error(MESSAGE, { error: 'Throttled', code: 'PE304' });
      logger.error(`${MESSAGE} again`, { error: 'Throttled', code: 'PE304' });
    }
    expect(lines).toEqual([MESSAGE, MESSAGE, MESSAGE].map((message) => `${message}; waiting, then trying again`));
  });

  it('is told of each kind of trouble, and of no error that ends a step', () => {
    const { lines, logger } = recorder();
    for (const error of ['Throttled', 'ServiceUnavailable', 'ClusterUnreachable', 'ProofFailed', 'LeaseHeld'])
      logger.error(error, { error });
    logger.info('done');
    logger.warn('slow');
    expect(lines.map((line) => line.split(';')[0])).toEqual(['Throttled', 'ServiceUnavailable', 'ClusterUnreachable']);
  });

  it('sees the whole log in debugging, and nothing twice', () => {
    const { lines, logger } = recorder(true);
    logger.error(MESSAGE, { error: 'Throttled' });
    expect(lines.map((line) => JSON.parse(line))).toEqual([{ level: 'error', message: MESSAGE, error: 'Throttled' }]);
  });
});
