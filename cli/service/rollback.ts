import { isPodshiftError, PodshiftError } from '../../src/model/errors.ts';
import type { RunReport } from '../../src/model/report.ts';
import { renderReport, toYaml } from '../../src/report/render.ts';
import { STATUS_TONES, unitName } from '../../src/report/summary.ts';
import { type Cell, renderTable } from '../../src/report/table.ts';
import { count, createPalette } from '../../src/report/text.ts';
import type { RunResource } from '../../src/service/resources.ts';
import type { CommandContext, RunCommand } from '../context.ts';
import { exitOfRollback } from '../exit-codes.ts';
import { formatOf } from '../formats.ts';
import type { Invocation } from '../program.ts';
import { screenOf } from '../screen.ts';
import { nextCommand } from '../shell.ts';
import { knownUnits } from '../unmatched-selectors.ts';
import { follow } from './follow.ts';
import { openService } from './open.ts';
import { leave } from './run.ts';

/** Milliseconds that the service has to begin with a way back. */
const BEGINNING = 300_000;

/** `podshift rollback RUN --service`: the service takes a run, or some of its units, back. Without --approve it says which. */
export const rollbackOnService: RunCommand = async (context, invocation) => {
  const runId = invocation.arguments[0] ?? '';
  const service = openService(invocation, context);
  const { terminal, interrupts } = context;
  const units = Array.isArray(invocation.flags.unit) ? (invocation.flags.unit as string[]) : null;
  if (units !== null || invocation.flags.approve !== true) {
    const report = await service.client.getReport(runId);
    if (units !== null) knownUnits(units, report.units.map(unitName));
    if (invocation.flags.approve !== true) {
      await showUnits(context, invocation, report, units);
      return 'done';
    }
  }
  try {
    const before = await service.client.getRun(runId);
    const { started } = await service.client.rollBack(runId, { units, stop: invocation.flags.stop === true });
    if (started) await follow(service, context, runId, isBack(before, service.interval));
  } catch (error) {
    if (interrupts.signal.aborted) return leave(context, service, runId);
    if (!isPodshiftError(error, 'NothingToUndo')) throw error;
    terminal.talk(error.message);
  }
  const report = await service.client.getReport(runId);
  await terminal.data(renderReport(report, formatOf(invocation), screenOf(context, invocation)));
  return exitOfRollback(report, units);
};

/**
 * Whether the way back is over: the run has another end than before. Throws `ServiceUnavailable` where it does not even begin:
 * then the execution of the service failed.
 */
function isBack(before: RunResource, interval: number): (run: RunResource) => boolean {
  let looks = 0;
  return (run) => {
    looks += 1;
    if (run.endedAt !== null && run.endedAt === before.endedAt && looks * interval > BEGINNING) {
      throw new PodshiftError('ServiceUnavailable', `the rollback of run ${run.id} does not begin; look at the executions of rollback-run`);
    }
    return run.endedAt !== null && run.endedAt !== before.endedAt;
  };
}

/** The units that a rollback would take back. */
async function showUnits(
  { terminal }: CommandContext,
  invocation: Invocation,
  report: RunReport,
  chosen: readonly string[] | null,
): Promise<void> {
  const units = report.units
    .filter((unit) => unit.status !== 'held' && unit.status !== 'rolled-back' && unit.status !== 'pending')
    .filter((unit) => chosen === null || chosen.includes(unitName(unit)))
    .map((unit) => ({ unit: unitName(unit), status: unit.status }));
  const plan = { apiVersion: 'podshift/v1', kind: 'RollbackPlan', run: report.run.id, units };
  const format = formatOf(invocation);
  if (format === 'json') await terminal.data(`${JSON.stringify(plan, null, 2)}\n`);
  else if (format === 'yaml') await terminal.data(toYaml(plan));
  else if (units.length > 0) {
    const rows = units.map(({ unit, status }): Cell[] => [
      { text: unit, tone: 'strong' },
      { text: status, tone: STATUS_TONES[status] },
    ]);
    await terminal.data(`${renderTable(['UNIT', 'STATUS'], rows, terminal.screen.columns, createPalette(terminal.screen.color))}\n`);
  }
  if (units.length === 0) {
    terminal.talk('nothing is left to undo');
    return;
  }
  terminal.talk(`(plan) would roll ${count(units.length, 'unit')} back`);
  terminal.talk('nothing was changed; run again with --approve:');
  const flags = (chosen ?? []).flatMap((unit) => ['--unit', unit]);
  terminal.talk(
    `  ${nextCommand(invocation, 'rollback', report.run.id, ...flags, ...(invocation.flags.stop === true ? ['--stop'] : []), '--approve')}`,
  );
}
