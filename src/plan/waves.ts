/** What the order of waves depends on. */
export interface WaveUnit {
  readonly id: string;
  readonly namespace: string;
  /** The EKS add-on that it belongs to; null for any other. */
  readonly addon: string | null;
  /** It is the VPC CNI, though not as an add-on: installed by Helm or by its manifest. */
  readonly cni?: boolean;
  readonly roleArn: string;
  /** Whether a restart, and so a whole proof, is part of it. */
  readonly restarts: boolean;
  /** Warnings about it: the fewer, the lower its risk. */
  readonly warnings: number;
  /** Pods it is meant to run. */
  readonly pods: number;
}

/** The add-on whose failure takes the network of every new pod with it (EKS User Guide, "Amazon VPC CNI"). */
const LAST_ADDON = 'vpc-cni';

/** How much larger each wave is than the one before it, up to the asked size. */
const GROWTH = 5;
/** Waves of at most the asked size; what is left after them comes in waves that grow further. A wave writes up to 94 events into its run's history. */
export const STEADY_WAVES = 50;
/** Waves of one size after them: the next ones are twice as large. */
export const WAVES_OF_A_SIZE = 3;
/** The largest that a wave may be asked for. */
const LARGEST = 500;

/**
 * Units in one wave: 1, 5, 25, 125 and so on up to `waveSize`. Step Functions takes 25,000 events of one execution (quotas), however small
 * somebody wants the waves of a large cluster.
 */
export function sizeOfWave(wave: number, waveSize: number): number {
  if (wave <= STEADY_WAVES) return Math.min(waveSize, GROWTH ** wave);
  return Math.max(waveSize, Math.min(LARGEST, waveSize * 2 ** Math.ceil((wave - STEADY_WAVES) / WAVES_OF_A_SIZE)));
}

/**
 * The wave of each unit. Wave 0 is the canary: one unit, of the lowest risk and the smallest, that has something to restart.
 * Then come waves that grow up to `waveSize` units (further after {@link STEADY_WAVES} of them), those of one role next to each other so that
 * its trust policy is written seldom; add-ons and kube-system are last, in waves of their own, and vpc-cni last of all, however it was
 * installed. All units of an add-on share a
 * wave, whatever its size, as one update moves them.
 */
export function assignWaves(units: readonly WaveUnit[], waveSize: number): Map<string, number> {
  const sharing = new Map<string, number>();
  for (const unit of units) sharing.set(unit.roleArn, (sharing.get(unit.roleArn) ?? 0) + 1);
  const canaryKey = (unit: WaveUnit) => [
    partOf(unit),
    Number(!unit.restarts),
    unit.warnings,
    Number(sharing.get(unit.roleArn) !== 1),
    unit.pods,
  ];
  const [canary] = [...units].sort((a, b) => compareNumbers(canaryKey(a), canaryKey(b)) || compareText(a.id, b.id));
  if (canary === undefined) return new Map();
  const isCanary = (unit: WaveUnit) => unit === canary || (canary.addon !== null && unit.addon === canary.addon);
  const waves = new Map(units.filter(isCanary).map((unit) => [unit.id, 0]));
  const rest = units.filter((unit) => !isCanary(unit)).sort((a, b) => compareText(a.roleArn, b.roleArn) || compareText(a.id, b.id));
  let wave = 0;
  for (const part of PARTS) {
    let room = 0;
    for (const members of together(rest.filter((unit) => partOf(unit) === part))) {
      if (members.length > room) {
        wave += 1;
        room = sizeOfWave(wave, waveSize);
      }
      room -= members.length;
      for (const unit of members) waves.set(unit.id, wave);
    }
  }
  return waves;
}

const PARTS = [0, 1, 2, 3] as const;

/** Ordinary units first, then add-ons of other namespaces, kube-system, and vpc-cni. */
function partOf(unit: WaveUnit): (typeof PARTS)[number] {
  if (unit.addon === LAST_ADDON || unit.cni === true) return 3;
  if (unit.namespace === 'kube-system') return 2;
  return unit.addon === null ? 0 : 1;
}

/** The units in their order; those of one add-on as one. */
function together(units: readonly WaveUnit[]): WaveUnit[][] {
  return [...Map.groupBy(units, (unit) => (unit.addon === null ? `unit ${unit.id}` : `addon ${unit.addon}`)).values()];
}

/** Order of two keys of the same length: by their first numbers, then by their second ones, and so on. */
export function compareNumbers(a: readonly number[], b: readonly number[]): number {
  return a.reduce((order, value, index) => order || value - (b[index] as number), 0);
}

/** Order by code unit: the same on every machine, whatever its locale. */
export function compareText(a: string, b: string): number {
  return Number(a > b) - Number(a < b);
}
