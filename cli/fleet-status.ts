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
import { pagesFolder, writeFleetPages } from './fleet-pages.ts';
import { fleetServiceOf } from './fleet-sessions.ts';
import { formatOf } from './formats.ts';
import type { Invocation } from './program.ts';
import { fleetReportOf, lookAtFleets } from './runs/fleets.ts';
import type { Looked } from './runs/states.ts';
import { sayWhoNeedsSomebody } from './runs/words.ts';
import { screenOf } from './screen.ts';
import { journalFolder, openJournal } from './sessions.ts';
import { nextCommand } from './shell.ts';

/** Prints one fleet of the journal as it stands, or the list of them. */
export async function showFleets(context: CommandContext, invocation: Invocation, fleetId: string | undefined): Promise<void> {
  const command = (...words: string[]): string => nextCommand(invocation, ...words);
  if (fleetId !== undefined) {
    const report = await readFleet(invocation, fleetId, async (looked) => {
      const built = await fleetReportOf(looked, fleetId, command);
      await printFleet(context, invocation, built, looked.journal);
      return built;
    });
    if (formatOf(invocation) === 'table' || formatOf(invocation) === 'wide') sayWhoNeedsSomebody(context.terminal, clustersOf(report));
    return;
  }
  if (formatOf(invocation) === 'html') throw new PodshiftError('UsageError', 'a page is of one fleet: say which, "fleet status FLEET"');
  const opened = await openFleetJournal(invocation);
  const looks = opened === undefined ? [] : await lookAtFleets(opened, command).finally(() => opened.close());
  const fleets = looks.map(({ fleet, state }) => ({ ...describeFleet(fleet), state }));
  const list: FleetList = { apiVersion: 'podshift/v1', kind: 'FleetList', fleets };
  const { terminal } = context;
  const format = formatOf(invocation);
  if (format === 'json') await terminal.data(`${JSON.stringify(list, null, 2)}\n`);
  else if (format === 'yaml') await terminal.data(toYaml(list));
  else if (fleets.length === 0) terminal.talk(`no fleets in ${textFlag(invocation, 'service') ?? journalFolder(invocation)}`);
  else {
    await terminal.data(`${renderList(fleets, terminal.screen)}\n`);
    sayWhoNeedsSomebody(
      terminal,
      fleets.map(({ id, state }) => ({ subject: `fleet ${id}`, state })),
    );
  }
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
  const { columns, color, command } = screenOf(context, invocation);
  if (format === 'json') await terminal.data(`${JSON.stringify(report, null, 2)}\n`);
  else if (format === 'yaml') await terminal.data(toYaml(report));
  else await terminal.data(renderFleet(report, { columns, palette: createPalette(color), wide: format === 'wide', command }));
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
