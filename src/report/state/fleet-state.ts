import type { FleetRecord, MemberRecord, MemberStatus } from '../../model/fleet.ts';
import { clusterRunId } from '../../model/fleet.ts';
import type { Carrier, RunState } from '../../model/run-state.ts';
import type { CommandText } from '../commands.ts';
import { count } from '../text.ts';
import { shortTime } from './run-state.ts';

/** How a cluster of a fleet stands in words; `run` are the words for its run, where that is under way. `command` as in `stateOf`. Pure. */
export function clusterState(member: MemberRecord, run: RunState | undefined, command: CommandText): RunState {
  const { fleetId, clusterArn, status, reason, units } = member;
  const runId = clusterRunId(fleetId, clusterArn, 'run');
  switch (status) {
    case 'pending':
      return calm('planning', 'not planned yet');
    case 'planning':
      return calm('planning', 'planning');
    case 'planned':
      return calm(
        'planned',
        (units?.pending ?? 0) === 0 ? 'planned, nothing to migrate' : `planned (${count(units?.pending ?? 0, 'unit')} to migrate)`,
      );
    case 'running': {
      if (run === undefined) return calm('migrating', 'migrating');
      // A cluster's run goes on with its fleet, which says how.
      return { ...run, next: run.next.filter(({ action }) => action !== 'resume') };
    }
    case 'migrated':
      return calm('migrated', because(`migrated${unitsOf(member)}`, reason));
    case 'held':
      return calm('held', because('not started', reason));
    case 'rolled-back':
      return calm('rolled-back', because('rolled back', reason));
    case 'needs-operator':
      return {
        name: 'needs-operator',
        text: because('needs an operator', reason),
        attention: true,
        next: member.startedAt.run === undefined ? [] : [{ action: 'look', command: command('report', runId) }],
      };
  }
}

/** How a fleet stands in words, by its clusters and theirs. Waves are counted from 1, the canary. Pure. */
export function fleetState(
  fleet: FleetRecord,
  clusters: readonly { readonly member: MemberRecord; readonly state: RunState }[],
  carrier: Carrier,
  command: CommandText,
): RunState {
  const { fleetId, status, reason } = fleet;
  const needy = clusters.filter(({ state }) => state.attention).length;
  const look = { action: 'look', command: command('fleet', 'status', fleetId) } as const;
  switch (status) {
    case 'running': {
      const [name, where] = partOf(clusters);
      if (carrier.kind === 'none') {
        const text = `interrupted ${where.replace('migrating', 'while migrating').replace(/^planning/, 'while planning')} (no process runs it: last sign of life ${shortTime(carrier.lastSign)})`;
        return {
          name: 'interrupted',
          text,
          attention: true,
          next: [{ action: 'resume', command: command('fleet', 'run', '--resume', fleetId) }],
        };
      }
      if (needy === 0) return calm(name, where);
      return {
        name,
        text: `${where}; ${needy === 1 ? '1 cluster needs' : `${needy} clusters need`} somebody`,
        attention: true,
        next: [look],
      };
    }
    case 'needs-operator':
      return { name: 'needs-operator', text: because('needs an operator', reason), attention: true, next: [look] };
    case 'planned':
      return calm('planned', `planned (${count(clusters.length, 'cluster')})`);
    case 'migrated':
      return calm('migrated', `migrated (${counted(clusters)})`);
    case 'held':
      return calm('held', because('not started', reason));
    case 'rolled-back':
      return calm('rolled-back', because('rolled back', reason));
  }
}

/** What a fleet under way does: `migrating, wave 2 (12 of 40 clusters migrated, 1 rolled back)`. */
function partOf(clusters: readonly { readonly member: MemberRecord }[]): ['planning' | 'migrating', string] {
  const members = clusters.map(({ member }) => member);
  const unplanned = members.filter(({ status }) => status === 'pending' || status === 'planning').length;
  if (members.length === 0 || unplanned > 0)
    return ['planning', `planning (${members.length - unplanned} of ${count(members.length, 'cluster')} planned)`];
  const waves = members.flatMap(({ wave }) => (wave === null ? [] : [wave + 1]));
  return ['migrating', `migrating${waves.length === 0 ? '' : `, wave ${Math.max(...waves)}`} (${counted(clusters)})`];
}

const ENDS: readonly (readonly [MemberStatus, string])[] = [
  ['rolled-back', 'rolled back'],
  ['held', 'not started'],
  ['needs-operator', 'for an operator'],
];

function counted(clusters: readonly { readonly member: MemberRecord }[]): string {
  const number = (status: MemberStatus): number => clusters.filter(({ member }) => member.status === status).length;
  const others = ENDS.flatMap(([status, what]) => (number(status) === 0 ? [] : [`${number(status)} ${what}`]));
  return [`${number('migrated')} of ${count(clusters.length, 'cluster')} migrated`, ...others].join(', ');
}

function unitsOf({ units }: MemberRecord): string {
  if (units === null || units.migrated + units.held === 0) return '';
  return ` (${count(units.migrated, 'unit')}${units.held === 0 ? '' : `, ${units.held} blocked`})`;
}

function calm(name: RunState['name'], text: string): RunState {
  return { name, text, attention: false, next: [] };
}

function because(text: string, reason: string): string {
  return reason === '' ? text : `${text}: ${reason}`;
}
