import { z } from 'zod';
import { unitBatch } from '../../src/migration/batch/batch.ts';
import { carryUnits } from '../../src/migration/batch/carry-units.ts';
import { withTurns } from '../../src/migration/batch/turns.ts';
import { openUnit } from '../../src/migration/unit/unit-state.ts';
import { lambdaFunction } from '../middleware/step.ts';

const VERDICTS = { none: 'leaves', undo: 'undo', 'go-on': 'ready' } as const;

/** Begins the units of a batch, or takes them up; those that migrate begin when their turn has come. */
export const handler = lambdaFunction(
  z.strictObject({ runId: z.string().min(1), batch: unitBatch, part: z.enum(['migrate', 'confirm']) }),
  async (runtime, { part, runId, batch }) => {
    const input = { runId, batch: part === 'migrate' ? await withTurns(runtime, { runId, batch }, 'open') : batch };
    return carryUnits(runtime, input, {
      name: 'open',
      step: async (reach, unit) => VERDICTS[(await openUnit(reach, { ...unit, part })).action],
    });
  },
);
