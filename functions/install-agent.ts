import { z } from 'zod';
import { installAgent } from '../src/migration/agent.ts';
import { lambdaFunction } from './middleware.ts';

/** Installs the Pod Identity agent. */
export const handler = lambdaFunction(z.strictObject({ runId: z.string().min(1) }), installAgent);
