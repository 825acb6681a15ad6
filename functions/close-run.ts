import { z } from 'zod';
import { closeRun } from '../src/migration/close-run.ts';
import { lambdaFunction } from './middleware.ts';

/** Ends a run. */
export const handler = lambdaFunction(
  z.strictObject({ runId: z.string().min(1), ending: z.enum(['planned', 'refused', 'halted', 'finished']), reason: z.string() }),
  closeRun,
);
