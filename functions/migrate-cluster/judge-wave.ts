import { z } from 'zod';
import { judgeWave } from '../../src/migration/run/waves.ts';
import { lambdaFunction } from '../middleware/step.ts';

/** What follows a wave. */
export const handler = lambdaFunction(z.strictObject({ runId: z.string().min(1), wave: z.int().min(0) }), judgeWave);
