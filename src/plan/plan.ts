import type { Clock } from '../model/clock.ts';
import type { Inventory } from '../model/inventory.ts';
import type { MigrationOptions } from '../model/options.ts';
import type { Plan } from '../model/plan.ts';

export function makePlan(inventory: Inventory, options: MigrationOptions, clock: Clock): Plan {
  throw new Error(`not written yet: ${inventory.version} ${options.waveSize} ${clock.now()}`);
}
