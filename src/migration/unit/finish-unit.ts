import type { Verdict } from '../batch/carry-units.ts';
import type { ClusterRuntime } from '../runtime.ts';
import type { UnitInput } from '../write.ts';
import { removeAnnotations } from './remove-annotations.ts';
import { finishUnit } from './unit-state.ts';

/** Takes the old annotations off; the unit has ended with that, unless its pods are made anew by a template that changed. */
export async function finishUnlessRenewed(runtime: ClusterRuntime, input: UnitInput): Promise<Verdict> {
  const { templates } = await removeAnnotations(runtime, input);
  if (templates > 0) return 'ready';
  await finishUnit(runtime, input);
  return 'leaves';
}
