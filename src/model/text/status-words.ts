import type { RunStatus, UnitStatus } from '../run.ts';

const WORDS: Readonly<Record<string, string>> = {
  'rolled-back': 'rolled back',
  'rolling-back': 'rolling back',
  'needs-operator': 'needs an operator',
};

/**
 * How the status of a unit reads (docs/wording.md; JSON keeps the value). `held` is two states: blocked by a finding, or not started,
 * where the plan gave it a wave and the run stopped before it.
 */
export function unitWord({ status, wave }: { readonly status: UnitStatus; readonly wave: number | null }): string {
  if (status === 'held') return wave === null ? 'blocked' : 'not started';
  return WORDS[status] ?? status;
}

/** How the status of a run, of a fleet or of one of its clusters reads: one that is `held` changed nothing, and its reason says why. */
export function runWord(status: RunStatus | 'planning'): string {
  return status === 'held' ? 'not started' : (WORDS[status] ?? status);
}
