import { z } from 'zod';
import { type UnitBatch, unitBatch } from '../../src/migration/batch/batch.ts';
import { carryUnits, type Stage } from '../../src/migration/batch/carry-units.ts';
import type { JournalRuntime } from '../../src/migration/runtime.ts';
import { withMoreLogFields } from '../../src/service/log-context.ts';

/** What a function gets that takes the units of a batch through one stage. */
export const unitsInput = z.strictObject({ runId: z.string().min(1), batch: unitBatch });

/** The step of such a function; each log line of a unit's step names the unit, and there is one when the stage is done with it. */
export function stageOf<Reach extends JournalRuntime>(stage: Stage<Reach>) {
  const step: Stage<Reach>['step'] = (runtime, input) =>
    withMoreLogFields({ unitId: input.unitId }, async () => {
      const verdict = await stage.step(runtime, input);
      if (typeof verdict === 'string' || 'readyIn' in verdict) runtime.logger.info('done', { stage: stage.name });
      return verdict;
    });
  return (runtime: Reach, input: z.output<typeof unitsInput>): Promise<UnitBatch> => carryUnits(runtime, input, { ...stage, step });
}
