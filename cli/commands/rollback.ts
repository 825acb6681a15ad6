import { rollBack } from '../../engine/local-migration.ts';
import type { JournalEntry, RunRecord, UnitRecord } from '../../src/model/run.ts';
import { renderReport, toYaml } from '../../src/report/render.ts';
import { buildReport } from '../../src/report/report.ts';
import { type Cell, renderTable } from '../../src/report/table.ts';
import { count, createPalette } from '../../src/report/text.ts';
import type { CommandContext, RunCommand } from '../context.ts';
import { exitOfRollback } from '../exit-codes.ts';
import { formatOf, pageOf } from '../formats.ts';
import type { Invocation } from '../program.ts';
import { screenOf } from '../screen.ts';
import { isRemote } from '../service/open.ts';
import { rollbackOnService } from '../service/rollback.ts';
import { openClusterSession, openJournalOf } from '../sessions.ts';
import { nextCommand } from '../shell.ts';
import { stopped, stoppedByFailure } from '../stopped.ts';
import { knownUnits } from '../unmatched-selectors.ts';

/** `podshift rollback RUN`: restores what a run, or some of its units, changed. Without --approve it says what that is. */
export const rollback: RunCommand = async (context, invocation) => {
  if (isRemote(invocation)) return rollbackOnService(context, invocation);
  const runId = invocation.arguments[0] ?? '';
  const { run, units, entries } = await recorded(runId, invocation);
  const unitIds = chosenUnits(units, invocation);
  if (invocation.flags.approve !== true) {
    await showPlan(context, invocation, runId, unitIds, entries);
    return 'done';
  }
  const session = await openClusterSession(invocation, context, { journal: 'folder', target: run.target, isResumed: true });
  try {
    const { runtime, clock, journal } = session;
    const { signal } = session;
    try {
      await rollBack({ runtime, clock, signal, input: { runId, unitIds, reason: 'asked for on the command line' } });
    } catch (error) {
      if (context.interrupts.signal.aborted) return stopped(context, runId, invocation);
      if (signal.aborted) return stoppedByFailure(context, session, runId, invocation);
      throw error;
    }
    const report = await buildReport(journal, runId, session.promises());
    const page = await pageOf(invocation, journal, runId);
    await context.terminal.data(renderReport(report, formatOf(invocation), { ...screenOf(context, invocation), ...page }));
    return exitOfRollback(report, unitIds);
  } finally {
    await session.close();
  }
};

async function recorded(runId: string, invocation: Invocation): Promise<{ run: RunRecord; units: UnitRecord[]; entries: JournalEntry[] }> {
  const { journal, close } = await openJournalOf(invocation, runId);
  try {
    return { run: await journal.getRun(runId), units: await journal.listUnits(runId), entries: await journal.listEntries(runId) };
  } finally {
    await close();
  }
}

/** Null for the whole run. Throws `UsageError` for a unit that the run does not have. */
function chosenUnits(units: readonly UnitRecord[], { flags }: Invocation): string[] | null {
  if (!Array.isArray(flags.unit)) return null;
  return knownUnits(
    flags.unit as string[],
    units.map(({ unitId }) => unitId),
  );
}

/** What a rollback would restore, newest change first: on stdout, as it is what was asked for. */
async function showPlan(
  { terminal }: CommandContext,
  invocation: Invocation,
  runId: string,
  unitIds: string[] | null,
  entries: readonly JournalEntry[],
): Promise<void> {
  const changes = entries
    .filter((entry) => entry.state !== 'undone' && (unitIds === null || (entry.unitId !== null && unitIds.includes(entry.unitId))))
    .map(({ kind, object, unitId, at }) => ({ kind, object, unit: unitId, at }));
  const plan = { apiVersion: 'podshift/v1', kind: 'RollbackPlan', run: runId, changes };
  const format = formatOf(invocation);
  if (format === 'json') await terminal.data(`${JSON.stringify(plan, null, 2)}\n`);
  else if (format === 'yaml') await terminal.data(toYaml(plan));
  else if (changes.length > 0) {
    const rows = changes.map((change): Cell[] => [{ text: change.kind }, { text: change.object }, { text: change.unit ?? '-' }]);
    const columns = format === 'wide' ? null : terminal.screen.columns;
    await terminal.data(`${renderTable(['CHANGED', 'OBJECT', 'UNIT'], rows, columns, createPalette(terminal.screen.color))}\n`);
  }
  if (changes.length === 0) {
    terminal.talk('nothing is left to undo');
    return;
  }
  terminal.talk(`(plan) would restore ${count(changes.length, 'change')}, newest first`);
  terminal.talk('nothing was changed; run again with --approve:');
  const units = (unitIds ?? []).flatMap((unit) => ['--unit', unit]);
  terminal.talk(`  ${nextCommand(invocation, 'rollback', runId, ...units, '--approve')}`);
}
