import { z } from 'zod';
import { updateAddon } from '../../src/migration/addon/update-addon.ts';
import { accountFunction } from '../middleware/account.ts';

/** Asks EKS to move a unit's add-on to Pod Identity. */
export const handler = accountFunction(z.strictObject({ runId: z.string().min(1), unitId: z.string().min(1) }), updateAddon);
