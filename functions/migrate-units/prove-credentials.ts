import { polled } from '../../src/migration/batch/carry-units.ts';
import { proveCredentials } from '../../src/migration/unit/prove-credentials.ts';
import { clusterFunction } from '../middleware/cluster.ts';
import { stageOf, unitsInput } from '../middleware/units.ts';

/** A probe pod of each unit asks STS who it is. */
export const handler = clusterFunction(unitsInput, stageOf({ name: 'proof', step: polled(proveCredentials) }));
