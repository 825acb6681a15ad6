import { getReport } from '../../src/service/read-runs.ts';
import { ROUTES } from '../../src/service/routes.ts';
import { httpFunction } from '../middleware/http.ts';

/** `GET /runs/{runId}/report`. */
export const handler = httpFunction(ROUTES.getReport, getReport);
