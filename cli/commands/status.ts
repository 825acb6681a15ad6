import type { RunReport } from '../../src/model/report.ts';
import { renderReport, toYaml } from '../../src/report/render.ts';
import { buildReport, compareText } from '../../src/report/report.ts';
import { clusterTitle, STATUS_TONES } from '../../src/report/summary.ts';
import { type Cell, renderTable } from '../../src/report/table.ts';
import { createPalette } from '../../src/report/text.ts';
import { describeRun, type RunResource } from '../../src/service/resources.ts';
import { type RunCommand, textFlag } from '../context.ts';
import { formatOf } from '../formats.ts';
import type { Invocation } from '../program.ts';
import { screenOf } from '../screen.ts';
import { isRemote, openService } from '../service/open.ts';
import { journalFolder, openJournal, openJournalOf } from '../sessions.ts';

/** `podshift status [RUN]`: the runs of the journal, or one of them as it stands. */
export const status: RunCommand = async (context, invocation) => {
  if (invocation.arguments[0] !== undefined) return report(context, invocation);
  const runs = isRemote(invocation) ? await openService(invocation, context).client.listRuns() : await localRuns(invocation);
  const { terminal } = context;
  const format = formatOf(invocation);
  const list = { apiVersion: 'podshift/v1', kind: 'RunList', runs: runs.map(shortly) };
  if (format === 'json') await terminal.data(`${JSON.stringify(list, null, 2)}\n`);
  else if (format === 'yaml') await terminal.data(toYaml(list));
  else if (runs.length === 0) terminal.talk(`no runs in ${textFlag(invocation, 'service') ?? journalFolder(invocation)}`);
  else await terminal.data(`${renderRuns(runs, terminal.screen)}\n`);
  return 'done';
};

/** `podshift report RUN`: the report of a run, finished or not. */
export const report: RunCommand = async (context, invocation) => {
  const runId = invocation.arguments[0] ?? '';
  const built = isRemote(invocation)
    ? await openService(invocation, context).client.getReport(runId)
    : await localReport(invocation, runId);
  await context.terminal.data(renderReport(built, formatOf(invocation), screenOf(context, invocation)));
  return 'done';
};

async function localRuns(invocation: Invocation): Promise<RunResource[]> {
  const opened = await openJournal(invocation);
  const runs = opened === undefined ? [] : await opened.journal.listRuns().finally(() => opened.close());
  return runs.map(describeRun);
}

async function localReport(invocation: Invocation, runId: string): Promise<RunReport> {
  const opened = await openJournalOf(invocation, runId);
  return buildReport(opened.journal, runId, null).finally(() => opened.close());
}

function shortly({ id, status: state, cluster, target, digest, reason, startedAt, endedAt }: RunResource): Record<string, unknown> {
  return { id, status: state, cluster: cluster || target.clusterName, digest, reason, startedAt, endedAt };
}

function renderRuns(runs: readonly RunResource[], screen: { readonly columns: number; readonly color: boolean }): string {
  const newestFirst = [...runs].sort((a, b) => compareText(b.startedAt, a.startedAt) || compareText(b.id, a.id));
  const rows = newestFirst.map((run): Cell[] => [
    { text: run.id, tone: 'strong' },
    { text: run.cluster === '' ? run.target.clusterName : clusterTitle(run.cluster) },
    { text: run.startedAt.replace(/\.\d+Z$/, 'Z') },
    { text: run.status, tone: STATUS_TONES[run.status] },
  ]);
  return renderTable(['RUN!', 'CLUSTER', 'STARTED', 'STATUS'], rows, screen.columns, createPalette(screen.color));
}
