import { z } from 'zod';
import { requestApproval } from '../../src/migration/run/approval.ts';
import { lambdaFunction } from '../middleware/step.ts';

/** Keeps the task token of a plan that waits for approval. */
export const handler = lambdaFunction(z.strictObject({ runId: z.string().min(1), taskToken: z.string().min(1) }), requestApproval);
