import { done } from '../../src/migration/batch/carry-units.ts';
import { withTurns } from '../../src/migration/batch/turns.ts';
import { restartWorkloads } from '../../src/migration/unit/restart-workloads.ts';
import { clusterFunction } from '../middleware/cluster.ts';
import { stageOf, unitsInput } from '../middleware/units.ts';

const restart = stageOf({ name: 'restart', step: done(restartWorkloads) });

/** Asks the workloads of units for new pods, each when its turn has come. */
export const handler = clusterFunction(unitsInput, async (runtime, { runId, batch }) =>
  restart(runtime, { runId, batch: await withTurns(runtime, { runId, batch }, 'restart') }),
);
