import type { FleetRecord, FleetSpec, MemberRecord } from '../model/fleet.ts';
import { runWord } from '../model/text/status-words.ts';
import { isEnd } from './waves.ts';

/** How a fleet ends, and why. */
export type FleetOutcome = Pick<FleetRecord, 'status' | 'reason'>;

/**
 * Why no further cluster may start, or nothing. The canary must end as `migrated`. Of all clusters that the fleet changes, so
 * many may end as `rolled-back` or `needs-operator` as both thresholds allow; one that ended as `held` changed nothing.
 */
export function haltOf(spec: FleetSpec, canary: string, members: readonly MemberRecord[]): string {
  const first = members.find(({ clusterArn }) => clusterArn === canary);
  if (first !== undefined && isEnd(first) && first.status !== 'migrated') {
    return `the canary ${first.target.clusterName} ended as ${runWord(first.status)}${because(first)}`;
  }
  const concerned = members.filter(({ wave, status }) => wave !== null || status === 'planned');
  const failed = concerned.filter(isFailure);
  const [one] = failed;
  const percent = (failed.length * 100) / Math.max(1, concerned.length);
  const over = percent > spec.failureThresholdPercent || failed.length > (spec.failureThresholdCount ?? Number.POSITIVE_INFINITY);
  if (one === undefined || !over) return '';
  return `${failed.length} of ${concerned.length} clusters failed, more than the fleet allows (${one.target.clusterName}${because(one)})`;
}

function isFailure({ status }: MemberRecord): boolean {
  return status === 'rolled-back' || status === 'needs-operator';
}

function because({ reason }: MemberRecord): string {
  return reason === '' ? '' : `: ${reason}`;
}

/**
 * How a fleet ends, as a run does: `migrated` where each cluster that was not held is migrated, and one is; `held` where
 * nothing could be; `rolled-back` where everything went back; `needs-operator` for all else. `halted` is why it stopped early.
 */
export function fleetOutcome(members: readonly MemberRecord[], halted: string): FleetOutcome {
  const operator = members.filter((member) => !isEnd(member) || member.status === 'needs-operator');
  const [first] = operator;
  if (halted !== '') return { status: 'needs-operator', reason: `the fleet was halted: ${halted}` };
  if (first !== undefined) {
    return { status: 'needs-operator', reason: `look at ${names(operator)}: ${first.reason === '' ? 'it did not end' : first.reason}` };
  }
  const rolledBack = members.filter(({ status }) => status === 'rolled-back');
  const migrated = members.filter(({ status }) => status === 'migrated');
  // What had nothing left to migrate is no work of the fleet.
  const byFleet = migrated.filter(({ startedAt }) => startedAt.run !== undefined);
  if (rolledBack.length > 0 && byFleet.length > 0) {
    const action = `start the fleet again for ${names(rolledBack)} once their reasons are fixed`;
    return { status: 'needs-operator', reason: `${action}: they were rolled back, the others are migrated` };
  }
  if (rolledBack.length > 0) return { status: 'rolled-back', reason: rolledBack[0]?.reason ?? '' };
  if (migrated.length > 0) return { status: 'migrated', reason: '' };
  return { status: 'held', reason: members.length === 0 ? 'no cluster was found' : 'no cluster could be migrated; each one says why' };
}

function names(members: readonly MemberRecord[]): string {
  const shown = members
    .slice(0, 5)
    .map(({ target }) => `${target.clusterName} (${target.region})`)
    .join(', ');
  return members.length > 5 ? `${shown} and ${members.length - 5} more` : shown;
}
