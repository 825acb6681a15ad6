import { listRuns } from '../../src/service/read-runs.ts';
import { ROUTES } from '../../src/service/routes.ts';
import { httpFunction } from '../middleware/http.ts';

/** `GET /runs`. */
export const handler = httpFunction(ROUTES.listRuns, listRuns);
