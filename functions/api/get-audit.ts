import { getAudit } from '../../src/service/read-runs.ts';
import { ROUTES } from '../../src/service/routes.ts';
import { httpFunction } from '../middleware/http.ts';

/** `GET /runs/{runId}/audit`. */
export const handler = httpFunction(ROUTES.getAudit, getAudit);
