import { z } from 'zod';
import { checkAgent } from '../src/migration/agent.ts';
import { lambdaFunction } from './middleware.ts';

/** Whether the agent serves the nodes that need it. */
export const handler = lambdaFunction(z.strictObject({ runId: z.string().min(1), tries: z.int().min(0) }), checkAgent);
