import type { FleetReport } from '../model/fleet-report.ts';
import { duration } from '../model/text/duration.ts';
import { runWord } from '../model/text/status-words.ts';
import { type CommandText, PLAINLY } from './commands.ts';
import { MARK_HEAD, markOf, STATE_TONES } from './state/state-cells.ts';
import { clusterTitle, promiseLine, STATUS_TONES } from './summary.ts';
import { type Cell, renderTable, tableWidth } from './table.ts';
import { count, hang, hangWhole, type Palette, type Tone } from './text.ts';

type ReportCluster = FleetReport['clusters'][number];

/** What each status of a cluster is to the reader. */
export const TONES: Readonly<Record<ReportCluster['status'], Tone>> = { ...STATUS_TONES, planning: 'strong' };

const ORDER: readonly ReportCluster['status'][] = [
  'migrated',
  'planned',
  'running',
  'planning',
  'pending',
  'held',
  'rolled-back',
  'needs-operator',
];

/** A fleet as text for a terminal; `wide` shows the ids of all runs. Ends with a line break. Pure. */
export function renderFleet(
  report: FleetReport,
  {
    columns,
    palette,
    wide,
    command = PLAINLY,
  }: { readonly columns: number; readonly palette: Palette; readonly wide: boolean; readonly command?: CommandText | undefined },
): string {
  const { fleet, clusters, refused, promises } = report;
  const needy = clusters.some(({ state }) => state?.attention === true);
  const told = clusters.some(({ state }) => state !== undefined);
  const heads = [
    ...(needy ? [MARK_HEAD] : []),
    'CLUSTER',
    'WAVE',
    'SERVICE ACCOUNTS',
    told ? 'STATE' : 'STATUS',
    ...(wide ? ['PLAN RUN!'] : []),
    'RUN!',
  ];
  const rows = clusters.map((cluster): Cell[] => [
    ...(needy ? [markOf({ attention: cluster.state?.attention === true })] : []),
    { text: clusterTitle(cluster.cluster), tone: 'strong' },
    { text: cluster.cluster === fleet.canary ? 'canary' : cluster.wave === null ? '-' : String(cluster.wave + 1) },
    { text: unitsLine(cluster) },
    cluster.state === undefined
      ? { text: statusTitle(cluster), tone: TONES[cluster.status] }
      : { text: stateTitle(cluster.state, cluster.reason), tone: STATE_TONES[cluster.state.name] },
    ...(wide ? [{ text: cluster.planRun ?? '-' }] : []),
    { text: cluster.run ?? '-' },
  ]);
  const reasons = clusters.filter(({ reason }) => reason !== '');
  const watched = promises === null ? '' : promiseLine({ promises } as Parameters<typeof promiseLine>[0]);
  const sections = [
    [
      `fleet ${palette('strong', fleet.id)}:`,
      hang('  ', fleet.state?.text ?? `${runWord(fleet.status)}${fleet.reason === '' ? '' : `: ${fleet.reason}`}`, columns),
      hang('  ', `${tally(report)}${tookLine(report)}`, columns),
      ...(fleet.digest === '' ? [] : [hang('  digest ', fleet.digest, columns)]),
    ].join('\n'),
    rows.length === 0 ? '' : renderTable(heads, rows, tableWidth({ columns, wide }), palette),
    reasons.map(({ cluster, reason }) => `${clusterTitle(cluster)}\n${hang('  ', reason, columns)}`).join('\n'),
    refused
      .map(({ account, region, reason }) => `${palette('warn', 'refused')} ${account} in ${region}\n${hang('  ', reason, columns)}`)
      .join('\n'),
    [
      ...(watched === '' ? [] : [hang('promises  ', palette(watched.tone, watched.text), columns)]),
      ...nextActions(report, command).map((action) => hangWhole('next      ', action, columns)),
    ].join('\n'),
  ];
  return `${sections.filter((section) => section !== '').join('\n\n')}\n`;
}

/** `12 clusters: 10 migrated, 2 not started; 1 account and region refused`. */
export function tally({ clusters, refused, fleet }: FleetReport): string {
  const parts = ORDER.map((status) => ({ status, number: clusters.filter((cluster) => cluster.status === status).length }))
    .filter(({ number }) => number > 0)
    .map(({ status, number }) => `${number} ${runWord(status)}`);
  const found = `${count(clusters.length, 'cluster')}${parts.length === 0 ? '' : `: ${parts.join(', ')}`}`;
  const closed = refused.length === 0 ? '' : `; ${count(refused.length, 'account and region', 'accounts and regions')} refused`;
  return fleet.endedAt === null ? `${found}, so far${closed}` : `${found}${closed}`;
}

/** How long the fleet took; empty while it is under way. */
export function tookLine({ fleet }: FleetReport): string {
  return fleet.endedAt === null ? '' : `, in ${duration(Date.parse(fleet.endedAt) - Date.parse(fleet.startedAt))}`;
}

/** How a cluster's service accounts stand, in few words. */
export function unitsLine({ units, status }: ReportCluster): string {
  if (units === null) return '-';
  const { pending, migrated, held, rolledBack, needsOperator } = units;
  const parts = [
    [pending, 'to migrate'],
    [migrated, status === 'planned' ? 'associated' : 'migrated'],
    [held, 'blocked'],
    [rolledBack, 'rolled back'],
    [needsOperator, 'for an operator'],
  ].filter(([number]) => number !== 0);
  return parts.length === 0 ? 'none' : parts.map(([number, what]) => `${number} ${what}`).join(', ');
}

/** Without the reason, which stands below the table. */
function stateTitle({ text }: NonNullable<ReportCluster['state']>, reason: string): string {
  return reason !== '' && text.endsWith(`: ${reason}`) ? text.slice(0, -`: ${reason}`.length) : text;
}

function statusTitle({ status, units }: ReportCluster): string {
  if (status !== 'planned') return runWord(status);
  return (units?.pending ?? 0) === 0 ? 'nothing to migrate' : 'would migrate';
}

/** What the reader does next, most pressing first. Commands are whole, so that they can be copied. */
export function nextActions({ fleet, clusters, refused, promises }: FleetReport, command: CommandText): string[] {
  const failed = clusters.filter(({ status }) => status === 'needs-operator' || status === 'rolled-back');
  const migrated = clusters.filter(({ run }) => run !== null && promises === null);
  const actions = failed
    .flatMap(({ run }) => (run === null || promises !== null ? [] : [`look at "${command('report', run)}"`]))
    .slice(0, 3);
  if (refused.length > 0) actions.push('let podshift into the accounts and regions that refused, then start the fleet again');
  if (fleet.endedAt === null && fleet.state !== undefined)
    actions.push(...fleet.state.next.filter(({ action }) => action !== 'look').map((next) => `${next.action} with "${next.command}"`));
  else if (fleet.endedAt === null && promises === null) actions.push(`resume it with "${command('fleet', 'run', '--resume', fleet.id)}"`);
  else if (migrated.length > 0)
    actions.push(`to roll back, cluster by cluster: "${command('rollback', 'RUN', '--approve')}" with the RUN of the table`);
  if (promises !== null) actions.push('this was a rehearsal on twins: nothing real was changed');
  return actions;
}
