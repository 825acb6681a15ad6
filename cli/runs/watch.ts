import { setTimeout as delay } from 'node:timers/promises';
import { renderReport } from '../../src/report/render.ts';
import { hang } from '../../src/report/text.ts';
import { describeRun, describeUnits } from '../../src/service/resources.ts';
import type { CommandContext, RunCommand } from '../context.ts';
import type { Exit } from '../exit-codes.ts';
import { formatOf, pageOf } from '../formats.ts';
import type { Invocation } from '../program.ts';
import { screenOf } from '../screen.ts';
import { exitOfServiceRun } from '../service/follow.ts';
import { isRemote } from '../service/open.ts';
import { watchOnService } from '../service/run.ts';
import { openJournalOf } from '../sessions.ts';
import { nextCommand } from '../shell.ts';
import { createTelling } from './changes.ts';
import { lookAtRun, reportOf } from './states.ts';

/** Milliseconds between two looks at a journal of this machine. */
const INTERVAL = 500;

/**
 * `podshift watch RUN`: a run of another process, or of a service, until it has ended; then its report, and the run's exit code. One that
 * no process carries any more is not waited for.
 */
export const watch: RunCommand = async (context, invocation) => {
  if (isRemote(invocation)) return watchOnService(context, invocation);
  const runId = invocation.arguments[0] ?? '';
  const { terminal, interrupts } = context;
  const command = (...words: string[]): string => nextCommand(invocation, ...words);
  const opened = await openJournalOf(invocation, runId);
  const tell = createTelling(terminal, (run) => command('approve', run.id, '--digest', run.digest));
  try {
    for (;;) {
      const { run, units, state } = await lookAtRun(opened, runId, command);
      tell({ run: describeRun(run), units: describeUnits(runId, units, null).units, state });
      if (state.name === 'interrupted') {
        for (const next of state.next) terminal.talk(`  ${`${next.action}:`.padEnd(10)} ${next.command}`);
        return 'failed';
      }
      if (run.endedAt !== null) {
        const report = await reportOf(opened, runId, command);
        const page = await pageOf(invocation, opened.journal, runId);
        await terminal.data(renderReport(report, formatOf(invocation), { ...screenOf(context, invocation), ...page }));
        return exitOfServiceRun(describeRun(run), report);
      }
      await delay(INTERVAL, undefined, { signal: interrupts.signal });
    }
  } catch (error) {
    if (!interrupts.signal.aborted) throw error;
    return leave(context, invocation, runId);
  } finally {
    await opened.close();
  }
};

/** Says after an interrupt that the run goes on. */
function leave({ terminal }: CommandContext, invocation: Invocation, runId: string): Exit {
  terminal.talk('');
  terminal.talk(hang('', `stopped watching; run ${runId} goes on in its own process`, terminal.talkColumns));
  terminal.talk(`  to look at it: ${nextCommand(invocation, 'watch', runId)}`);
  return 'interrupted';
}
