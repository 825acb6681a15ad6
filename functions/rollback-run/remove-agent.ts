import { z } from 'zod';
import { removeAgent } from '../../src/migration/agent/agent.ts';
import { accountFunction } from '../middleware/account.ts';

/** Takes the agent away that a run installed. */
export const handler = accountFunction(z.strictObject({ runId: z.string().min(1), tries: z.int().min(0) }), removeAgent);
