import { isPodshiftError } from '../../src/model/errors.ts';
import type { DoctorCheck } from '../outputs/doctor.ts';
import type { OpenedService } from '../service/open.ts';
import { ok, outcomeOf, within } from './attempt.ts';

/** Of no run: who may ask is told that it is not there. */
const NO_RUN = '00000000000000000000000000';

/** Whether a deployed service is reached, and answers who calls. What it needs itself, it tells with its own plan. */
export async function serviceChecks({ client }: Pick<OpenedService, 'client'>, url: string, signal: AbortSignal): Promise<DoctorCheck[]> {
  const outcome = await within(client.getRun(NO_RUN), signal).then(
    () => ok(`${url} answers`),
    (error: unknown) => (isPodshiftError(error, 'RunNotFound', 'InvalidInput') ? ok(`${url} answers`) : outcomeOf(error)),
  );
  return [{ area: 'service', check: 'execute-api:Invoke', needed: 'always', ...outcome }];
}
