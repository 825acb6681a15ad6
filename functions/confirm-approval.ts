import { z } from 'zod';
import { confirmApproval } from '../src/migration/approval.ts';
import { lambdaFunction } from './middleware.ts';

/** Checks what was approved. */
export const handler = lambdaFunction(z.strictObject({ runId: z.string().min(1), digest: z.string() }), confirmApproval);
