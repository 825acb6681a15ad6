import { z } from 'zod';
import { checkAddon } from '../../src/migration/addon/check-addon.ts';
import { accountFunction } from '../middleware/account.ts';

/** Looks whether the update of a unit's add-on has ended. */
export const handler = accountFunction(z.strictObject({ runId: z.string().min(1), unitId: z.string().min(1) }), checkAddon);
