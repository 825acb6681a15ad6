import type { RunRecord } from '../../src/model/run.ts';
import { renderReport, toYaml } from '../../src/report/render.ts';
import { buildReport, compareText } from '../../src/report/report.ts';
import { clusterTitle, STATUS_TONES } from '../../src/report/summary.ts';
import { type Cell, renderTable } from '../../src/report/table.ts';
import { createPalette } from '../../src/report/text.ts';
import type { RunCommand } from '../context.ts';
import { formatOf } from '../formats.ts';
import { openJournal, openJournalOf } from '../sessions.ts';

/** `podshift status [RUN]`: the runs of the journal, or one of them as it stands. */
export const status: RunCommand = async (context, invocation) => {
  if (invocation.arguments[0] !== undefined) return report(context, invocation);
  const opened = await openJournal(invocation);
  const runs = opened === undefined ? [] : await opened.journal.listRuns().finally(() => opened.close());
  const { terminal } = context;
  const format = formatOf(invocation);
  const list = { apiVersion: 'podshift/v1', kind: 'RunList', runs: runs.map(describeRun) };
  if (format === 'json') await terminal.data(`${JSON.stringify(list, null, 2)}\n`);
  else if (format === 'yaml') await terminal.data(toYaml(list));
  else if (runs.length === 0) terminal.talk(`no runs in ${String(invocation.flags.journal)}`);
  else await terminal.data(`${renderRuns(runs, terminal.screen)}\n`);
  return 'done';
};

/** `podshift report RUN`: the report of a run, finished or not. */
export const report: RunCommand = async (context, invocation) => {
  const runId = invocation.arguments[0] ?? '';
  const opened = await openJournalOf(invocation, runId);
  const built = await buildReport(opened.journal, runId, null).finally(() => opened.close());
  await context.terminal.data(renderReport(built, formatOf(invocation), context.terminal.screen));
  return 'done';
};

function describeRun(run: RunRecord): Record<string, unknown> {
  const { runId: id, status: state, clusterArn: cluster, target, digest, reason, startedAt, endedAt } = run;
  return { id, status: state, cluster: cluster || target.clusterName, digest, reason, startedAt, endedAt };
}

function renderRuns(runs: readonly RunRecord[], screen: { readonly columns: number; readonly color: boolean }): string {
  const newestFirst = [...runs].sort((a, b) => compareText(b.startedAt, a.startedAt) || compareText(b.runId, a.runId));
  const rows = newestFirst.map((run): Cell[] => [
    { text: run.runId, tone: 'strong' },
    { text: run.clusterArn === '' ? run.target.clusterName : clusterTitle(run.clusterArn) },
    { text: run.startedAt.replace(/\.\d+Z$/, 'Z') },
    { text: run.status, tone: STATUS_TONES[run.status] },
  ]);
  return renderTable(['RUN!', 'CLUSTER', 'STARTED', 'STATUS'], rows, screen.columns, createPalette(screen.color));
}
