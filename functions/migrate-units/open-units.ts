import { z } from 'zod';
import { unitBatch } from '../../src/migration/batch/batch.ts';
import { carryUnits } from '../../src/migration/batch/carry-units.ts';
import { openUnit } from '../../src/migration/unit/unit-state.ts';
import { lambdaFunction } from '../middleware/step.ts';

const VERDICTS = { none: 'leaves', undo: 'undo', 'go-on': 'ready' } as const;

/** Begins the units of a batch, or takes them up. */
export const handler = lambdaFunction(
  z.strictObject({ runId: z.string().min(1), batch: unitBatch, part: z.enum(['migrate', 'confirm']) }),
  (runtime, { part, ...input }) =>
    carryUnits(runtime, input, {
      name: 'open',

      step: async (reach, unit) => VERDICTS[(await openUnit(reach, { ...unit, part })).action],
    }),
);
