import { z } from 'zod';
import { removeAgent } from '../src/migration/agent.ts';
import { lambdaFunction } from './middleware.ts';

/** Takes the agent away that a run installed. */
export const handler = lambdaFunction(z.strictObject({ runId: z.string().min(1), tries: z.int().min(0) }), removeAgent);
