import type { Runtime } from '../runtime.ts';
import { ownTime } from '../server-time.ts';
import { associate } from '../unit/associate.ts';
import type { UnitInput } from '../write.ts';
import type { Verdict } from './carry-units.ts';

/** Until a webhook may know an association: a dry run ahead of that shows nothing ("there may be a delay of several seconds", EKS User Guide, "EKS Pod Identity considerations"). */
const SPREAD_SECONDS = 5;

/** Associates the unit; it is ready once the webhook may know of it, which is at once where the association is older than that. Throws as `associate` does. */
export async function associateUnit(runtime: Runtime, input: UnitInput): Promise<Verdict> {
  const { createdAt } = await associate(runtime, input);
  const age = (runtime.clock.now() - ownTime(runtime, Date.parse(createdAt))) / 1000;
  const readyIn = Math.min(SPREAD_SECONDS, Math.ceil(SPREAD_SECONDS - age));
  return readyIn > 0 ? { readyIn } : 'ready';
}
