/** What the order of waves depends on. */
export interface WaveUnit {
  readonly id: string;
  readonly namespace: string;
  readonly roleArn: string;
  /** Whether a restart, and so a whole proof, is part of it. */
  readonly restarts: boolean;
  /** Warnings about it: the fewer, the lower its risk. */
  readonly warnings: number;
  /** Pods it is meant to run. */
  readonly pods: number;
}

/**
 * The wave of each unit. Wave 0 is the canary: one unit, of the lowest risk and the smallest, that has something to restart.
 * Then come waves of at most `waveSize` units, those of one role next to each other so that its trust policy is written
 * seldom; kube-system is last, in waves of its own.
 */
export function assignWaves(units: readonly WaveUnit[], waveSize: number): Map<string, number> {
  const sharing = new Map<string, number>();
  for (const unit of units) sharing.set(unit.roleArn, (sharing.get(unit.roleArn) ?? 0) + 1);
  const canaryKey = (unit: WaveUnit) => [
    Number(isSystem(unit)),
    Number(!unit.restarts),
    unit.warnings,
    Number(sharing.get(unit.roleArn) !== 1),
    unit.pods,
  ];
  const [canary] = [...units].sort((a, b) => compareNumbers(canaryKey(a), canaryKey(b)) || compareText(a.id, b.id));
  if (canary === undefined) return new Map();
  const rest = units.filter((unit) => unit !== canary).sort((a, b) => compareText(a.roleArn, b.roleArn) || compareText(a.id, b.id));
  const waves = new Map([[canary.id, 0]]);
  let wave = 1;
  for (const part of [rest.filter((unit) => !isSystem(unit)), rest.filter(isSystem)]) {
    for (let from = 0; from < part.length; from += waveSize) {
      for (const unit of part.slice(from, from + waveSize)) waves.set(unit.id, wave);
      wave += 1;
    }
  }
  return waves;
}

function isSystem(unit: WaveUnit): boolean {
  return unit.namespace === 'kube-system';
}

function compareNumbers(a: readonly number[], b: readonly number[]): number {
  // Both keys have the same length.
  return a.reduce((order, value, index) => order || value - (b[index] as number), 0);
}

/** Order by code unit: the same on every machine, whatever its locale. */
export function compareText(a: string, b: string): number {
  return Number(a > b) - Number(a < b);
}
