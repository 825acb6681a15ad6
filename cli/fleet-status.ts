import { join } from 'node:path';
import type { Journal } from '../src/journal/journal.ts';
import { PodshiftError } from '../src/model/errors.ts';
import type { FleetList, FleetReport } from '../src/model/fleet-report.ts';
import type { RunState } from '../src/model/run-state.ts';
import { describeFleet } from '../src/report/fleet.ts';
import { renderFleet } from '../src/report/fleet-table.ts';
import { toYaml } from '../src/report/render.ts';
import { shortTime } from '../src/report/state/run-state.ts';
import { MARK_HEAD, markOf, STATE_TONES } from '../src/report/state/state-cells.ts';
import { clusterTitle } from '../src/report/summary.ts';
import { type Cell, renderTable } from '../src/report/table.ts';
import { createPalette } from '../src/report/text.ts';
import { type CommandContext, textFlag } from './context.ts';
import type { Exit } from './exit-codes.ts';
import { pagesFolder, writeFleetPages } from './fleet-pages.ts';
import { fleetServiceOf } from './fleet-sessions.ts';
import { formatOf } from './formats.ts';
import type { Invocation } from './program.ts';
import { fleetReportOf, lookAtFleets } from './runs/fleets.ts';
import type { Looked } from './runs/states.ts';
import { type StatusSight, watchStatus } from './runs/watch-status.ts';
import { sayWhoNeedsSomebody } from './runs/words.ts';
import { screenOf } from './screen.ts';
import { journalFolder, openJournal } from './sessions.ts';
import { nextCommand } from './shell.ts';

/** Milliseconds between two looks at the fleets of this machine's journal, and at those of a service. */
const INTERVAL = { local: 1000, service: 5000 };

/** Prints one fleet of the journal as it stands, or the list of them; with `--watch` again and again. */
export async function showFleets(context: CommandContext, invocation: Invocation, fleetId: string | undefined): Promise<Exit> {
  if (invocation.flags.watch === true) return watch(context, invocation, fleetId);
  const isTable = formatOf(invocation) === 'table' || formatOf(invocation) === 'wide';
  if (fleetId !== undefined) {
    const report = await readFleet(invocation, fleetId, async (looked) => {
      const built = await fleetReportOf(looked, fleetId, (...words) => nextCommand(invocation, ...words));
      await printFleet(context, invocation, built, looked.journal);
      return built;
    });
    if (isTable) sayWhoNeedsSomebody(context.terminal, clustersOf(report));
    return 'done';
  }
  if (formatOf(invocation) === 'html') throw new PodshiftError('UsageError', 'a page is of one fleet: say which, "fleet status FLEET"');
  const fleets = await allFleets(invocation);
  const list: FleetList = { apiVersion: 'podshift/v1', kind: 'FleetList', fleets };
  const { terminal } = context;
  if (formatOf(invocation) === 'json') await terminal.data(`${JSON.stringify(list, null, 2)}\n`);
  else if (formatOf(invocation) === 'yaml') await terminal.data(toYaml(list));
  else if (fleets.length === 0) terminal.talk(noFleets(invocation));
  else {
    await terminal.data(`${renderList(fleets, terminal.screen)}\n`);
    sayWhoNeedsSomebody(
      terminal,
      fleets.map(({ id, state }) => ({ subject: `fleet ${id}`, state })),
    );
  }
  return 'done';
}

/** A fleet is watched by its clusters, all fleets by themselves. */
async function watch(context: CommandContext, invocation: Invocation, fleetId: string | undefined): Promise<Exit> {
  const format = formatOf(invocation);
  if (format === 'yaml') throw new PodshiftError('UsageError', '--watch goes with "-o table", "-o wide" and "-o json", not with "-o yaml"');
  const look = async (): Promise<StatusSight> => {
    if (fleetId === undefined) {
      const fleets = await allFleets(invocation);
      const text = fleets.length === 0 ? noFleets(invocation) : renderList(fleets, context.terminal.screen);
      return { standings: fleets.map((fleet) => ({ id: fleet.id, cluster: 'fleet', state: fleet.state, json: fleet })), text, over: false };
    }
    const report = await reportOfFleet(invocation, fleetId);
    const { fleet, clusters } = report;
    const standings = clusters.flatMap((cluster) =>
      cluster.state === undefined
        ? []
        : [{ id: `${fleet.id}  ${cluster.cluster}`, cluster: clusterTitle(cluster.cluster), state: cluster.state, json: cluster }],
    );
    const own = fleet.state === undefined ? [] : [{ id: fleet.id, cluster: 'fleet', state: fleet.state, json: fleet }];
    return { standings: [...standings, ...own], text: textOf(context, invocation, report), over: fleet.endedAt !== null };
  };
  const interval = textFlag(invocation, 'service') === undefined ? INTERVAL.local : INTERVAL.service;
  return watchStatus(context, { look, interval, json: format === 'json', now: Date.now });
}

function noFleets(invocation: Invocation): string {
  return `no fleets in ${textFlag(invocation, 'service') ?? journalFolder(invocation)}`;
}

function reportOfFleet(invocation: Invocation, fleetId: string): Promise<FleetReport> {
  const command = (...words: string[]): string => nextCommand(invocation, ...words);
  return readFleet(invocation, fleetId, (looked) => fleetReportOf(looked, fleetId, command));
}

async function allFleets(invocation: Invocation): Promise<(FleetList['fleets'][number] & { readonly state: RunState })[]> {
  const command = (...words: string[]): string => nextCommand(invocation, ...words);
  const opened = await openFleetJournal(invocation);
  const looks = opened === undefined ? [] : await lookAtFleets(opened, command).finally(() => opened.close());
  return looks.map(({ fleet, state }) => ({ ...describeFleet(fleet), state }));
}

function clustersOf({ clusters }: FleetReport): { readonly subject: string; readonly state: RunState }[] {
  return clusters.flatMap(({ cluster, state }) => (state === undefined ? [] : [{ subject: clusterTitle(cluster), state }]));
}

/** Prints a fleet as its flags say. */
export async function printFleet(context: CommandContext, invocation: Invocation, report: FleetReport, journal: Journal): Promise<void> {
  const { terminal } = context;
  const folder = pagesFolder(invocation);
  if (folder !== undefined) {
    await writeFleetPages(folder, report, journal, screenOf(context, invocation));
    terminal.talk(`the pages are in ${folder}; open ${join(folder, 'index.html')}`);
    return;
  }
  const format = formatOf(invocation);
  if (format === 'json') await terminal.data(`${JSON.stringify(report, null, 2)}\n`);
  else if (format === 'yaml') await terminal.data(toYaml(report));
  else await terminal.data(textOf(context, invocation, report));
}

function textOf(context: CommandContext, invocation: Invocation, report: FleetReport): string {
  const { columns, color, command } = screenOf(context, invocation);
  return renderFleet(report, { columns, palette: createPalette(color), wide: formatOf(invocation) === 'wide', command });
}

/** The journal that fleets are in: the service's, or this machine's; undefined where this machine has none yet. */
export async function openFleetJournal(invocation: Invocation): Promise<(Looked & { close(): Promise<void> }) | undefined> {
  const service = fleetServiceOf(invocation);
  return service === undefined ? openJournal(invocation) : { journal: service.journal, close: () => Promise.resolve() };
}

/** What the journal has of a fleet. Throws `FleetNotFound`. */
export async function readFleet<T>(invocation: Invocation, fleetId: string, read: (looked: Looked) => Promise<T>): Promise<T> {
  const opened = await openFleetJournal(invocation);
  if (opened === undefined) {
    throw new PodshiftError('FleetNotFound', `there is no fleet ${fleetId}: there is no journal in ${journalFolder(invocation)}`);
  }
  return read(opened).finally(() => opened.close());
}

function renderList(
  fleets: readonly (FleetList['fleets'][number] & { readonly state: RunState })[],
  { columns, color }: CommandContext['terminal']['screen'],
): string {
  const needy = fleets.some(({ state }) => state.attention);
  const rows = fleets.map((one): Cell[] => [
    ...(needy ? [markOf(one.state)] : []),
    { text: one.id, tone: 'strong' },
    { text: one.mode },
    { text: shortTime(one.startedAt) },
    { text: one.state.text, tone: STATE_TONES[one.state.name] },
  ]);
  return renderTable([...(needy ? [MARK_HEAD] : []), 'FLEET!', 'MODE', 'STARTED', 'STATE'], rows, columns, createPalette(color));
}
