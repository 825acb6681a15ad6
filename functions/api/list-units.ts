import { listUnits } from '../../src/service/read-runs.ts';
import { ROUTES } from '../../src/service/routes.ts';
import { httpFunction } from '../middleware/http.ts';

/** `GET /runs/{runId}/units`. */
export const handler = httpFunction(ROUTES.listUnits, listUnits);
