import { z } from 'zod';
import { closeRun } from '../../src/migration/run/close-run.ts';
import { pageFunction } from '../middleware/pages.ts';

/** Ends a run. */
export const handler = pageFunction(
  z.strictObject({ runId: z.string().min(1), ending: z.enum(['planned', 'refused', 'halted', 'finished']), reason: z.string() }),
  closeRun,
);
