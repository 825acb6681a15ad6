import { z } from 'zod';
import { proveCredentials } from '../src/migration/prove-credentials.ts';
import { lambdaFunction } from './middleware.ts';

/** A probe pod asks STS who it is. */
export const handler = lambdaFunction(z.strictObject({ runId: z.string().min(1), unitId: z.string().min(1) }), proveCredentials);
