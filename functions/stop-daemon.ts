import { z } from 'zod';
import { stopDaemon } from '../src/migration/retire-daemon.ts';
import { lambdaFunction } from './middleware.ts';

/** Stops a daemon, and looks whether its pods have left. */
export const handler = lambdaFunction(z.strictObject({ runId: z.string().min(1) }), stopDaemon);
