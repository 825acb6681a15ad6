import { answerApproval } from '../../src/service/answer-approval.ts';
import { ROUTES } from '../../src/service/routes.ts';
import { serviceHttpFunction } from '../middleware/http-service.ts';

/** `POST /runs/{runId}/approval`. */
export const handler = serviceHttpFunction(ROUTES.answerApproval, answerApproval);
