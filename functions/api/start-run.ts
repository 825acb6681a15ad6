import { ROUTES } from '../../src/service/routes.ts';
import { startRun } from '../../src/service/start-run.ts';
import { clusterHttpFunction } from '../middleware/http-cluster.ts';

/** `POST /runs`. */
export const handler = clusterHttpFunction(ROUTES.startRun, startRun);
