import type { Journal } from '../src/journal/journal.ts';
import { PodshiftError } from '../src/model/errors.ts';
import type { FleetList, FleetReport } from '../src/model/fleet-report.ts';
import { buildFleetReport, describeFleet } from '../src/report/fleet.ts';
import { renderFleet } from '../src/report/fleet-table.ts';
import { toYaml } from '../src/report/render.ts';
import { STATUS_TONES } from '../src/report/summary.ts';
import { type Cell, renderTable } from '../src/report/table.ts';
import { createPalette } from '../src/report/text.ts';
import { type CommandContext, textFlag } from './context.ts';
import { fleetServiceOf } from './fleet-sessions.ts';
import { formatOf } from './formats.ts';
import type { Invocation } from './program.ts';
import { screenOf } from './screen.ts';
import { journalFolder, openJournal } from './sessions.ts';

/** Prints one fleet of the journal as it stands, or the list of them. */
export async function showFleets(context: CommandContext, invocation: Invocation, fleetId: string | undefined): Promise<void> {
  if (fleetId !== undefined) {
    const report = await readFleet(invocation, fleetId, (journal) => buildFleetReport(journal, fleetId, null));
    return printFleet(context, invocation, report);
  }
  const opened = await openFleetJournal(invocation);
  const fleets = opened === undefined ? [] : await opened.journal.listFleets().finally(() => opened.close());
  const list: FleetList = { apiVersion: 'podshift/v1', kind: 'FleetList', fleets: fleets.map(describeFleet) };
  const { terminal } = context;
  const format = formatOf(invocation);
  if (format === 'json') await terminal.data(`${JSON.stringify(list, null, 2)}\n`);
  else if (format === 'yaml') await terminal.data(toYaml(list));
  else if (fleets.length === 0) terminal.talk(`no fleets in ${textFlag(invocation, 'service') ?? journalFolder(invocation)}`);
  else await terminal.data(`${renderList(list, terminal.screen)}\n`);
}

/** Prints a fleet as its flags say. */
export async function printFleet(context: CommandContext, invocation: Invocation, report: FleetReport): Promise<void> {
  const { terminal } = context;
  const format = formatOf(invocation);
  const { columns, color, command } = screenOf(context, invocation);
  if (format === 'json') await terminal.data(`${JSON.stringify(report, null, 2)}\n`);
  else if (format === 'yaml') await terminal.data(toYaml(report));
  else await terminal.data(renderFleet(report, { columns, palette: createPalette(color), wide: format === 'wide', command }));
}

/** The journal that fleets are in: the service's, or this machine's; undefined where this machine has none yet. */
export async function openFleetJournal(invocation: Invocation): Promise<{ readonly journal: Journal; close(): Promise<void> } | undefined> {
  const service = fleetServiceOf(invocation);
  return service === undefined ? openJournal(invocation) : { journal: service.journal, close: () => Promise.resolve() };
}

/** What the journal has of a fleet. Throws `FleetNotFound`. */
export async function readFleet<T>(invocation: Invocation, fleetId: string, read: (journal: Journal) => Promise<T>): Promise<T> {
  const opened = await openFleetJournal(invocation);
  if (opened === undefined) {
    throw new PodshiftError('FleetNotFound', `there is no fleet ${fleetId}: there is no journal in ${journalFolder(invocation)}`);
  }
  return read(opened.journal).finally(() => opened.close());
}

function renderList({ fleets }: FleetList, { columns, color }: CommandContext['terminal']['screen']): string {
  const rows = fleets.map((one): Cell[] => [
    { text: one.id, tone: 'strong' },
    { text: one.mode },
    { text: one.startedAt.replace(/\.\d+Z$/, 'Z') },
    { text: one.status, tone: STATUS_TONES[one.status] },
  ]);
  return renderTable(['FLEET!', 'MODE', 'STARTED', 'STATUS'], rows, columns, createPalette(color));
}
