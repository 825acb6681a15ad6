import { PodshiftError } from '../../src/model/errors.ts';
import type { RunReport } from '../../src/model/report.ts';
import type { RunState } from '../../src/model/run-state.ts';
import { renderReport, type Screen, toYaml } from '../../src/report/render.ts';
import { compareText } from '../../src/report/report.ts';
import { byAttention, shortTime } from '../../src/report/state/run-state.ts';
import { MARK_HEAD, markOf, STATE_TONES } from '../../src/report/state/state-cells.ts';
import { clusterTitle } from '../../src/report/summary.ts';
import { type Cell, renderTable } from '../../src/report/table.ts';
import { createPalette } from '../../src/report/text.ts';
import { describeRun, type RunResource } from '../../src/service/resources.ts';
import { type CommandContext, type RunCommand, textFlag } from '../context.ts';
import type { Exit } from '../exit-codes.ts';
import { formatOf, pageOf } from '../formats.ts';
import type { Invocation } from '../program.ts';
import { lookAtRuns, reportOf } from '../runs/states.ts';
import { type StatusSight, watchStatus } from '../runs/watch-status.ts';
import { sayWhoNeedsSomebody } from '../runs/words.ts';
import { screenOf } from '../screen.ts';
import { isRemote, openService } from '../service/open.ts';
import { stateOfResource, statesOfResources } from '../service/states.ts';
import { journalFolder, openJournal, openJournalOf } from '../sessions.ts';
import { nextCommand } from '../shell.ts';

/** Milliseconds between two looks at a journal of this machine. */
const INTERVAL = 1000;

/** A run and its words. */
interface Standing {
  readonly run: RunResource;
  readonly state: RunState;
}

/** `podshift status [RUN]`: the runs of the journal, or one of them as it stands; with `--watch` again and again. */
export const status: RunCommand = async (context, invocation) => {
  const [runId] = invocation.arguments;
  if (invocation.flags.watch === true) return watch(context, invocation, runId);
  if (runId !== undefined) return report(context, invocation);
  const standings = await allRuns(context, invocation);
  const { terminal } = context;
  const format = formatOf(invocation);
  const list = { apiVersion: 'podshift/v1', kind: 'RunList', runs: standings.map(shortly) };
  if (format === 'json') await terminal.data(`${JSON.stringify(list, null, 2)}\n`);
  else if (format === 'yaml') await terminal.data(toYaml(list));
  else if (standings.length === 0) terminal.talk(noRuns(invocation));
  else {
    await terminal.data(`${renderRuns(standings, terminal.screen)}\n`);
    sayWhoNeedsSomebody(
      terminal,
      standings.map(({ run, state }) => ({ subject: `run ${run.id} on ${run.target.clusterName}`, state })),
    );
  }
  return 'done';
};

async function watch(context: CommandContext, invocation: Invocation, runId: string | undefined): Promise<Exit> {
  const format = formatOf(invocation);
  if (format === 'yaml' || format === 'markdown' || format === 'html')
    throw new PodshiftError('UsageError', `--watch goes with "-o table", "-o wide" and "-o json", not with "-o ${format}"`);
  const { screen } = context.terminal;
  const look = async (): Promise<StatusSight> => {
    if (runId === undefined) {
      const all = await allRuns(context, invocation);
      return { standings: all.map(standingOf), text: all.length === 0 ? noRuns(invocation) : renderRuns(all, screen), over: false };
    }
    const built = await reportOfRun(context, invocation, runId);
    const { id, cluster, state, endedAt } = built.run;
    if (state === undefined) throw new PodshiftError('InternalError', `the report of run ${id} has no words`);
    return {
      standings: [{ id, cluster: clusterTitle(cluster), state, json: built.run }],
      text: renderReport(built, format, screenOf(context, invocation)),
      over: endedAt !== null,
    };
  };
  const interval = isRemote(invocation) ? openService(invocation, context).interval : INTERVAL;
  return watchStatus(context, { look, interval, json: format === 'json', now: Date.now });
}

function standingOf(standing: Standing): StatusSight['standings'][number] {
  const { run, state } = standing;
  return { id: run.id, cluster: titleOf(run), state, json: shortly(standing) };
}

function noRuns(invocation: Invocation): string {
  return `no runs in ${textFlag(invocation, 'service') ?? journalFolder(invocation)}`;
}

function titleOf({ cluster, target }: RunResource): string {
  return cluster === '' ? target.clusterName : clusterTitle(cluster);
}

/** `podshift report RUN`: the report of a run, finished or not. */
export const report: RunCommand = async (context, invocation) => {
  const runId = invocation.arguments[0] ?? '';
  if (invocation.flags.link === true) return link(context, invocation, runId);
  const { report: built, page } = isRemote(invocation)
    ? { report: await serviceReport(context, invocation, runId), page: {} }
    : await localReport(invocation, runId);
  await context.terminal.data(renderReport(built, formatOf(invocation), { ...screenOf(context, invocation), ...page }));
  return 'done';
};

/** A link to the page that the service stored. It is asked for now, and printed nowhere but on stdout: whoever has it can read the page. */
async function link(context: CommandContext, invocation: Invocation, runId: string): Promise<Exit> {
  const { terminal } = context;
  const format = formatOf(invocation);
  if (!isRemote(invocation))
    throw new PodshiftError('UsageError', '--link goes with --service: a service stores pages, a journal of this machine has none');
  if (format === 'html' || format === 'markdown')
    throw new PodshiftError('UsageError', `--link prints a link and no page: it does not go with "-o ${format}"`);
  const made = await openService(invocation, context).client.getPageLink(runId);
  if (format === 'json' || format === 'yaml') {
    await terminal.data(format === 'json' ? `${JSON.stringify(made, null, 2)}\n` : toYaml(made));
    return 'done';
  }
  await terminal.data(`${made.url}\n`);
  terminal.talk(`opens the page for whoever has it, until ${shortTime(made.expiresAt)}`);
  return 'done';
}

async function reportOfRun(context: CommandContext, invocation: Invocation, runId: string): Promise<RunReport> {
  return isRemote(invocation) ? serviceReport(context, invocation, runId) : (await localReport(invocation, runId)).report;
}

function allRuns(context: CommandContext, invocation: Invocation): Promise<Standing[]> {
  return isRemote(invocation) ? serviceRuns(context, invocation) : localRuns(invocation);
}

async function localRuns(invocation: Invocation): Promise<Standing[]> {
  const opened = await openJournal(invocation);
  if (opened === undefined) return [];
  const looks = await lookAtRuns(opened, (...words) => nextCommand(invocation, ...words)).finally(() => opened.close());
  return inOrder(looks.map(({ run, state }) => ({ run: describeRun(run), state })));
}

async function serviceRuns(context: CommandContext, invocation: Invocation): Promise<Standing[]> {
  const service = openService(invocation, context);
  const runs = await service.client.listRuns();
  const states = await statesOfResources(service, runs);
  return inOrder(runs.flatMap((run, index) => (states[index] === undefined ? [] : [{ run, state: states[index] }])));
}

async function localReport(
  invocation: Invocation,
  runId: string,
): Promise<{ readonly report: RunReport; readonly page: Pick<Screen, 'page'> }> {
  const opened = await openJournalOf(invocation, runId);
  try {
    const built = await reportOf(opened, runId, (...words) => nextCommand(invocation, ...words));
    return { report: built, page: await pageOf(invocation, opened.journal, runId) };
  } finally {
    await opened.close();
  }
}

async function serviceReport(context: CommandContext, invocation: Invocation, runId: string): Promise<RunReport> {
  const service = openService(invocation, context);
  const built = await service.client.getReport(runId);
  const state = stateOfResource(service, await service.client.getRun(runId), built);
  return { ...built, run: { ...built.run, state } };
}

/** Those first that need somebody, each kind with the newest first. */
function inOrder(standings: readonly Standing[]): Standing[] {
  return [...standings].sort((a, b) => compareText(b.run.startedAt, a.run.startedAt) || compareText(b.run.id, a.run.id)).sort(byAttention);
}

function shortly({ run, state }: Standing): Record<string, unknown> {
  const { id, status: word, cluster, target, digest, reason, startedAt, endedAt } = run;
  return { id, status: word, state, cluster: cluster || target.clusterName, digest, reason, startedAt, endedAt };
}

function renderRuns(standings: readonly Standing[], screen: { readonly columns: number; readonly color: boolean }): string {
  const needy = standings.some(({ state }) => state.attention);
  const rows = standings.map(({ run, state }): Cell[] => [
    ...(needy ? [markOf(state)] : []),
    { text: run.id, tone: 'strong' },
    { text: titleOf(run) },
    { text: shortTime(run.startedAt) },
    { text: state.text, tone: STATE_TONES[state.name] },
  ]);
  const heads = [...(needy ? [MARK_HEAD] : []), 'RUN!', 'CLUSTER', 'STARTED', 'STATE'];
  return renderTable(heads, rows, screen.columns, createPalette(screen.color));
}
