import { z } from 'zod';
import { grantTrust } from '../../src/migration/trust/grant-trust.ts';
import { accountFunction } from '../middleware/account.ts';

/** Lets a wave's service accounts assume one role. */
export const handler = accountFunction(
  z.strictObject({ runId: z.string().min(1), roleArn: z.string().min(1), wave: z.int().min(0) }),
  grantTrust,
);
