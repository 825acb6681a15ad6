import { z } from 'zod';
import { restoreOldTrust } from '../../src/migration/trust/retire-trust.ts';
import { accountFunction } from '../middleware/account.ts';

/** Undoes a retirement of one role's old trust. */
export const handler = accountFunction(z.strictObject({ runId: z.string().min(1), roleArn: z.string().min(1) }), restoreOldTrust);
