import { z } from 'zod';
import { associate } from '../../src/migration/unit/associate.ts';
import { accountFunction } from '../middleware/account.ts';

/** Creates a unit's association. */
export const handler = accountFunction(z.strictObject({ runId: z.string().min(1), unitId: z.string().min(1) }), associate);
