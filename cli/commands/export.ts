import { stat } from 'node:fs/promises';
import { PodshiftError } from '../../src/model/errors.ts';
import type { RunReport } from '../../src/model/report.ts';
import { exportFiles } from '../../src/report/exports/export.ts';
import { EXPORT_FORMATS } from '../../src/report/exports/formats.ts';
import { type ExportSource, sourceOfPlan, sourceOfRun } from '../../src/report/exports/source.ts';
import { toYaml } from '../../src/report/render.ts';
import { buildReport } from '../../src/report/report.ts';
import { type CommandContext, type RunCommand, textFlag } from '../context.ts';
import { formatOf } from '../formats.ts';
import type { ExportAnswer } from '../outputs/export.ts';
import type { Invocation } from '../program.ts';
import { isRemote, openService } from '../service/open.ts';
import { openJournalOf } from '../sessions.ts';
import { nextCommand } from '../shell.ts';
import { openWholeFolder } from '../whole-folder.ts';
import { readPlanFile } from './kept-plan.ts';

/** `podshift export RUN|PLAN --out FOLDER`: what was changed, or would be, as code for those who keep it. */
export const exportCode: RunCommand = async (context, invocation) => {
  const out = textFlag(invocation, 'out');
  if (out === undefined) throw new PodshiftError('UsageError', 'where to? give --out FOLDER');
  const source = await sourceOf(context, invocation);
  const format = EXPORT_FORMATS.find((one) => one === textFlag(invocation, 'format')) ?? null;
  const files = exportFiles(source, format);
  const folder = await openWholeFolder(out);
  try {
    for (const { path, content } of files) await folder.writeText({ name: path, text: content });
    await folder.finish();
  } finally {
    await folder.discard();
  }
  const paths = files.map(({ path }) => path);
  const answer: ExportAnswer = {
    apiVersion: 'podshift/v1',
    kind: 'Export',
    of: source.of,
    id: source.id,
    cluster: source.cluster.arn,
    folder: out,
    files: paths,
  };
  const { terminal } = context;
  const shape = formatOf(invocation);
  if (shape === 'json') await terminal.data(`${JSON.stringify(answer, null, 2)}\n`);
  else if (shape === 'yaml') await terminal.data(toYaml(answer));
  else await terminal.data(paths.map((path) => `${out}/${path}\n`).join(''));
  terminal.talk(paths.length === 1 ? 'nothing was changed that stands in anybody’s code' : `what to do, in which order: ${out}/README.md`);
  return 'done';
};

/** Throws `UsageError` for a run that is still under way, and for one that changed nothing yet. */
async function sourceOf(context: CommandContext, invocation: Invocation): Promise<ExportSource> {
  const [given = ''] = invocation.arguments;
  if (await isFile(given)) return sourceOfPlan((await readPlanFile(given)).plan);
  if (/[/\\]|\.json$/.test(given)) throw new PodshiftError('UsageError', `there is no file ${given}`);
  const report = await reportOfRun(context, invocation, given);
  if (report.run.status === 'planned')
    throw new PodshiftError('UsageError', `run ${given} only planned; export its plan: podshift plan … --out FILE`);
  if (report.run.endedAt === null) {
    context.terminal.talk('until it has ended, look at it:');
    context.terminal.talk(`  ${nextCommand(invocation, 'watch', given)}`);
    throw new PodshiftError('UsageError', `run ${given} has not ended: what it leaves is not known yet`);
  }
  return sourceOfRun(report);
}

async function reportOfRun(context: CommandContext, invocation: Invocation, runId: string): Promise<RunReport> {
  if (isRemote(invocation)) return openService(invocation, context).client.getReport(runId);
  const opened = await openJournalOf(invocation, runId);
  return buildReport(opened.journal, runId, null).finally(() => opened.close());
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (there) => there.isFile(),
    () => false,
  );
}
