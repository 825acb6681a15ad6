import { z } from 'zod';
import { openRetirement } from '../src/migration/retire-daemon.ts';
import { lambdaFunction } from './middleware.ts';

/** Decides whether a daemon can be retired, over the whole cluster. */
export const handler = lambdaFunction(z.strictObject({ runId: z.string().min(1), daemon: z.enum(['kube2iam', 'kiam']) }), openRetirement);
