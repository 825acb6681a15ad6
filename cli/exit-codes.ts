import type { FleetReport } from '../src/model/fleet-report.ts';
import type { PlanReport, RunReport } from '../src/model/report.ts';

/** The one table of exit codes; `docs/cli.md` lists the same rows, and a test keeps both in step. */
export const EXIT_CODES = {
  done: { code: 0, meaning: 'all done, or nothing to do' },
  failed: { code: 1, meaning: 'failed, an operator has to act, or a rehearsal broke a promise' },
  usage: { code: 2, meaning: 'wrong usage or unreadable input' },
  refused: { code: 3, meaning: 'refused: the cluster changed since the plan, or something blocks it' },
  partial: { code: 4, meaning: 'some units are blocked, not started or rolled back' },
  rolledBack: { code: 5, meaning: 'the run was rolled back' },
  interrupted: { code: 130, meaning: 'interrupted' },
} as const satisfies Record<string, { readonly code: number; readonly meaning: string }>;

/** A row of the table. */
export type Exit = keyof typeof EXIT_CODES;

/** The code that a process ends with. */
export function exitCode(exit: Exit): number {
  return EXIT_CODES[exit].code;
}

/**
 * How a run that changes things ends: `rolledBack` where the whole run was, `failed` where an operator has to act on a
 * unit, `partial` where any unit is held or rolled back or a daemon is needed still (`refused` where it was to be retired
 * alone), else `done`. A run still under way is `failed`: it did not end.
 */
export function exitOfRun(report: RunReport): Exit {
  if (report.run.status === 'rolled-back') return 'rolledBack';
  if (report.run.endedAt === null) return 'failed';
  if (report.units.some((unit) => unit.status === 'needs-operator')) return 'failed';
  const isRefused = report.retirement?.status === 'refused';
  if (isRefused && report.units.length === 0) return 'refused';
  if (isRefused || report.units.some((unit) => unit.status === 'held' || unit.status === 'rolled-back')) return 'partial';
  return report.run.status === 'needs-operator' ? 'failed' : 'done';
}

/** How a rehearsal ends: as its run did, unless its own watch saw a promise broken. `broken` says which, a sentence each. */
export function exitOfRehearsal(exit: Exit, broken: readonly string[]): Exit {
  return broken.length > 0 ? 'failed' : exit;
}

/** How a whole rollback ends: it was asked for, so `rolled-back` is what success looks like. */
export function exitOfRollback(report: RunReport, unitIds: readonly string[] | null): Exit {
  const chosen = report.units.filter((unit) => unitIds === null || unitIds.includes(`${unit.namespace}/${unit.serviceAccount}`));
  return chosen.some((unit) => unit.status === 'needs-operator' || unit.status === 'rolling-back' || unit.status === 'migrated')
    ? 'failed'
    : 'done';
}

/**
 * How a fleet that changes things ends: as a run does, with its clusters for units. `refused` where it was held with
 * something to migrate, and `partial` where an account and region refused or a cluster could not be planned, too.
 */
export function exitOfFleet({ fleet, clusters, refused }: FleetReport): Exit {
  if (fleet.status === 'rolled-back') return 'rolledBack';
  if (fleet.endedAt === null || fleet.status === 'needs-operator') return 'failed';
  if (fleet.status === 'held' && clusters.some(({ units }) => (units?.pending ?? 0) > 0)) return 'refused';
  const whole = clusters.every(({ status, units }) => units !== null && units.held === 0 && status !== 'rolled-back');
  return whole && refused.length === 0 ? 'done' : 'partial';
}

/** The demo is good when its cluster ended as the plan said: what was to migrate migrated, what was held was left alone. */
export function exitOfDemo(plan: PlanReport, report: RunReport): Exit {
  const ended = new Map(report.units.map((unit) => [`${unit.namespace}/${unit.serviceAccount}`, unit.status]));
  const asPlanned = plan.units.every(
    (unit) => ended.get(`${unit.namespace}/${unit.serviceAccount}`) === (unit.status === 'held' ? 'held' : 'migrated'),
  );
  return asPlanned && report.units.length === plan.units.length ? 'done' : 'failed';
}
