import { z } from 'zod';
import { roleBatch } from '../../src/migration/batch/batch.ts';

/** What a function gets that takes the roles of a batch through one step. */
export const rolesInput = z.strictObject({ runId: z.string().min(1), batch: roleBatch });
