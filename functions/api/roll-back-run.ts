import { rollBackRun } from '../../src/service/roll-back-run.ts';
import { ROUTES } from '../../src/service/routes.ts';
import { serviceHttpFunction } from '../middleware/http-service.ts';

/** `POST /runs/{runId}/rollback`. */
export const handler = serviceHttpFunction(ROUTES.rollBackRun, rollBackRun);
