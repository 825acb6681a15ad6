import { setTimeout as delay } from 'node:timers/promises';
import { ERRORS, type ErrorName } from '../../src/model/errors.ts';
import type { RunReport } from '../../src/model/report.ts';
import type { RunResource } from '../../src/service/resources.ts';
import type { CommandContext } from '../context.ts';
import { EXIT_CODES, type Exit, exitOfRun } from '../exit-codes.ts';
import { createTelling } from '../runs/changes.ts';
import type { OpenedService } from './open.ts';

/**
 * Looks at a run until it has ended, and tells each change of it and of its units on stderr. `until` can end it earlier.
 * Throws the reason of an interrupt: the run goes on without anybody who looks.
 */
export async function follow(
  { client, command, interval }: OpenedService,
  { terminal, interrupts }: CommandContext,
  runId: string,
  until: (run: RunResource) => boolean = (run) => run.endedAt !== null,
): Promise<RunResource> {
  const tell = createTelling(terminal, ({ id, digest }) => command('approve', id, '--digest', digest));
  for (;;) {
    const run = await client.getRun(runId);
    tell({ run, units: run.digest === '' ? [] : await client.listUnits(runId) });
    if (until(run)) return run;
    await delay(interval, undefined, { signal: interrupts.signal }).catch(() => interrupts.signal.throwIfAborted());
  }
}

/** How a run of a service ended: one that was held for an error ends as that error does, a refused plan as refused. */
export function exitOfServiceRun(run: RunResource, report: RunReport): Exit {
  if (run.approval?.status === 'refused' || run.approval?.status === 'expired') return 'refused';
  // It was asked for a plan, and has given one.
  if (run.status === 'planned') return 'done';
  const failure = /\((\w+)\)$/.exec(run.reason)?.[1];
  if (run.status !== 'held' || failure === undefined) return exitOfRun(report);
  const code = Object.hasOwn(ERRORS, failure) ? ERRORS[failure as ErrorName].exitCode : EXIT_CODES.failed.code;
  return code === EXIT_CODES.refused.code ? 'refused' : code === EXIT_CODES.usage.code ? 'usage' : 'failed';
}
