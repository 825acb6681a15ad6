import { getPage } from '../../src/service/read-runs.ts';
import { ROUTES } from '../../src/service/routes.ts';
import { pageHttpFunction } from '../middleware/pages.ts';

/** `GET /runs/{runId}/page`. */
export const handler = pageHttpFunction(ROUTES.getPage, getPage);
