import { z } from 'zod';
import { installAgent } from '../../src/migration/agent/agent.ts';
import { accountFunction } from '../middleware/account.ts';

/** Installs the Pod Identity agent. */
export const handler = accountFunction(z.strictObject({ runId: z.string().min(1) }), installAgent);
