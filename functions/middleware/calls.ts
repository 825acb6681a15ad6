import type middy from '@middy/core';
import type { Runtime } from '../../src/migration/runtime.ts';
import { noCalls } from '../../src/model/run.ts';
import { runIdOf } from './step.ts';

/**
 * Adds the requests that a step sent to its run. After a failed step the counts are kept as far as the journal allows: the
 * step's own error is the one that counts.
 */
export function countedCalls(getRuntime: () => Promise<Runtime>): middy.MiddlewareObj<unknown, unknown> {
  const count = async (event: unknown): Promise<void> => {
    const { journal, takeCalls } = await getRuntime();
    const calls = takeCalls();
    const runId = runIdOf(event);
    if (runId !== undefined && Object.values(calls).some((number) => number > 0)) await journal.addCalls(runId, { ...noCalls(), ...calls });
  };
  return {
    after: (request) => count(request.event),
    onError: async (request) => {
      try {
        await count(request.event);
      } catch (error) {
        const { logger } = await getRuntime();
        logger.warn('the calls of a failed step were not counted', { error: error instanceof Error ? error.name : typeof error });
      }
    },
  };
}
