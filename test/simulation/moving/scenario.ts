import type { Happening, History } from './history.ts';
import type { UnitSpec } from './worlds.ts';

/** A history with a name: what it shows, were it not kept from happening. */
export interface Scenario {
  readonly name: string;
  readonly history: History;
}

/** A unit of IRSA: a Deployment of two pods, unless something else is said. */
export function irsaUnit(name: string, more: Partial<UnitSpec> = {}): UnitSpec {
  return { name, namespace: 'shop', serviceAccount: name, kind: 'Deployment', replicas: 2, role: name, mechanism: 'irsa', ...more };
}

/** A history over one small world. */
export function historyOf(happenings: readonly Happening[], more: Partial<History> = {}): History {
  return {
    seed: 1,
    world: { units: [irsaUnit('cart')], nodes: 2, agent: true },
    mode: 'service',
    options: { soakSeconds: 60, injectionChecks: 3 },
    happenings,
    ...more,
  };
}
