import { z } from 'zod';
import { checkWriters } from '../../src/migration/trust/lost-updates.ts';
import { accountFunction } from '../middleware/account.ts';

/** Asks CloudTrail for others who wrote a trust policy while podshift did. */
export const handler = accountFunction(z.strictObject({ runId: z.string().min(1) }), checkWriters);
