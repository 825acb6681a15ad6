import { MIGRATIONS } from './migrations.ts';
import { RETIREMENTS } from './retirements.ts';
import type { Scenario } from './scenario.ts';
import { SERVICE } from './service.ts';

/** What happens to podshift, so that each function does all that it can. A new call in a function wants a scenario that reaches it. */
export const SCENARIOS: readonly Scenario[] = [...MIGRATIONS, ...RETIREMENTS, ...SERVICE];
