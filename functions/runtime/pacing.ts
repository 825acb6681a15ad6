import { setTimeout as delay } from 'node:timers/promises';
import { createPacer, type Pacer } from '../../src/aws/pacing.ts';
import { createSharedPacer } from '../../src/journal/shared-pacer.ts';
import type { Clock } from '../../src/model/clock.ts';
import { journalTable } from './lambda.ts';

/**
 * Paces the requests of a Lambda function: those to AWS together with all other functions that share the journal's table, as AWS
 * counts them by account; those to an API server alone, since it shares out its room itself. Throws as `createLambdaRuntime` does.
 */
export function createLambdaPacer(environment: Record<string, string | undefined>, clock: Clock): Pacer {
  const shared = createSharedPacer(journalTable(environment), clock, pause);
  const own = createPacer(clock, pause);
  const of = (service: Parameters<Pacer['acquire']>[0]) => (service === 'kubernetes' ? own : shared);
  return {
    acquire: (service, key) => of(service).acquire(service, key),
    report: (service, key, outcome) => of(service).report(service, key, outcome),
    rate: (service, key) => of(service).rate(service, key),
  };
}

async function pause(milliseconds: number): Promise<void> {
  await delay(milliseconds);
}
