import { z } from 'zod';
import { revokeTrust } from '../../src/migration/trust/revoke-trust.ts';
import { accountFunction } from '../middleware/account.ts';

/** Takes what did not stay out of one role's trust policy. */
export const handler = accountFunction(z.strictObject({ runId: z.string().min(1), roleArn: z.string().min(1) }), revokeTrust);
