import type { ClusterRuntime } from '../runtime.ts';
import { removeAnnotations } from '../unit/remove-annotations.ts';
import { finishUnit } from '../unit/unit-state.ts';
import type { UnitInput } from '../write.ts';
import type { Verdict } from './carry-units.ts';

/** Takes the old annotations off; the unit has ended with that, unless its pods are made anew by a template that changed. */
export async function finishUnlessRenewed(runtime: ClusterRuntime, input: UnitInput): Promise<Verdict> {
  const { templates } = await removeAnnotations(runtime, input);
  if (templates > 0) return 'ready';
  await finishUnit(runtime, input);
  return 'leaves';
}
