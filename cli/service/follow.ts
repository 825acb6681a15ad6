import { setTimeout as delay } from 'node:timers/promises';
import { ERRORS, type ErrorName } from '../../src/model/errors.ts';
import type { RunReport } from '../../src/model/report.ts';
import { STATUS_TONES } from '../../src/report/summary.ts';
import { hang } from '../../src/report/text.ts';
import type { RunResource } from '../../src/service/resources.ts';
import type { CommandContext } from '../context.ts';
import { EXIT_CODES, type Exit, exitOfRun } from '../exit-codes.ts';
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
  const { palette, talkColumns } = terminal;
  const told = new Map<string, string>();
  const tell = (subject: string, status: string, text: string): void => {
    if (told.get(subject) === status) return;
    told.set(subject, status);
    // Commands stay in one line, so that they can be copied.
    terminal.talk(subject === 'how' ? text : hang('', text, talkColumns));
  };
  for (;;) {
    const run = await client.getRun(runId);
    const { status, reason, approval } = run;
    tell('', `${status} ${reason}`, `run ${runId}: ${palette(STATUS_TONES[status], status)}${reason === '' ? '' : `: ${reason}`}`);
    if (approval?.status === 'waiting') {
      tell('approval', 'waiting', `the plan waits for approval until ${approval.expiresAt}:`);
      tell('how', run.digest, `  ${command('approve', runId, '--digest', run.digest)}`);
    }
    for (const unit of run.digest === '' ? [] : await client.listUnits(runId)) {
      const id = `${unit.namespace}/${unit.serviceAccount}`;
      // What a plan leaves as it is was told with the plan.
      if (unit.status === 'pending' || (!told.has(id) && (unit.status === 'held' || unit.reason === 'already associated'))) continue;
      tell(id, unit.status, `  ${id}: ${palette(STATUS_TONES[unit.status], unit.status)}${unit.reason === '' ? '' : `: ${unit.reason}`}`);
    }
    if (until(run)) return run;
    await delay(interval, undefined, { signal: interrupts.signal }).catch(() => interrupts.signal.throwIfAborted());
  }
}

/** How a run of a service ended: one that was held for an error ends as that error does, a refused plan as refused. */
export function exitOfServiceRun(run: RunResource, report: RunReport): Exit {
  if (run.approval?.status === 'refused' || run.approval?.status === 'expired') return 'refused';
  const failure = /\((\w+)\)$/.exec(run.reason)?.[1];
  if (run.status !== 'held' || failure === undefined) return exitOfRun(report);
  const code = Object.hasOwn(ERRORS, failure) ? ERRORS[failure as ErrorName].exitCode : EXIT_CODES.failed.code;
  return code === EXIT_CODES.refused.code ? 'refused' : code === EXIT_CODES.usage.code ? 'usage' : 'failed';
}
