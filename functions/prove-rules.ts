import { z } from 'zod';
import { proveRules } from '../src/migration/retire-daemon.ts';
import { lambdaFunction } from './middleware.ts';

/** Whether pods of every node reach instance metadata itself. */
export const handler = lambdaFunction(z.strictObject({ runId: z.string().min(1) }), proveRules);
