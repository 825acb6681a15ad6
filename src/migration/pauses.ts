import type { Clock } from '../model/clock.ts';
import { isPodshiftError } from '../model/errors.ts';
import type { UnitRecord, UnitStep } from '../model/run.ts';
import type { JournalRuntime } from './runtime.ts';

/** Nobody's fault in the unit: a service was away, or the turn had not come. */
const PAUSING = ['Throttled', 'ServiceUnavailable', 'ClusterUnreachable'] as const;

/** Whether it is the name of such an error. */
export function isPausingName(name: unknown): boolean {
  return PAUSING.some((pausing) => pausing === name);
}

/** Whether a try that failed so says nothing of the unit, so that the time until the next try counts for no deadline. */
export function isPausing(error: unknown): boolean {
  return isPodshiftError(error, ...PAUSING);
}

/** Stops the time of whatever step the unit is in, from `since` (milliseconds since the Unix epoch) until its next try. */
export async function pauseUnit(
  runtime: JournalRuntime,
  { runId, unitId }: { readonly runId: string; readonly unitId: string },
  since: number,
): Promise<void> {
  await runtime.journal.updateUnit(runId, unitId, { facts: { pausedSince: since } });
}

/** The facts of a unit whose step is tried now: a pause of it that is over is added up. Empty where there was none. */
export function endOfPause(clock: Clock, unit: UnitRecord, step: UnitStep): UnitRecord['facts'] {
  const { pausedSince } = unit.facts;
  if (typeof pausedSince !== 'number') return {};
  const begun = unit.stepStartedAt[step];
  const lasted = begun === undefined ? 0 : Math.max(0, clock.now() - Math.max(pausedSince, Date.parse(begun)));
  return { pausedSince: null, [factOf(step)]: pausedMilliseconds(unit, step) + lasted };
}

/** The facts of a unit whose step has its whole time again. */
export function withoutPauses(step: UnitStep): UnitRecord['facts'] {
  return { pausedSince: null, [factOf(step)]: 0 };
}

/** The facts of a unit of whose step so many milliseconds count for no deadline. */
export function leftOut(unit: UnitRecord, step: UnitStep, milliseconds: number): UnitRecord['facts'] {
  return { [factOf(step)]: pausedMilliseconds(unit, step) + milliseconds };
}

/** The facts of a unit each of whose steps that were begun has its whole time again. */
export function withTimeAnew(clock: Clock, unit: UnitRecord): UnitRecord['facts'] {
  const begun = Object.entries(unit.stepStartedAt) as [UnitStep, string][];
  return Object.fromEntries(begun.map(([step, at]) => [factOf(step), Math.max(0, clock.now() - Date.parse(at))]));
}

/** How long a step was paused so far, in milliseconds. */
export function pausedMilliseconds(unit: UnitRecord, step: UnitStep): number {
  return Number(unit.facts[factOf(step)] ?? 0);
}

function factOf(step: UnitStep): string {
  return `${step}PausedMilliseconds`;
}
