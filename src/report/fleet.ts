import { wavesOf } from '../fleet/waves.ts';
import type { Journal } from '../journal/journal.ts';
import type { FleetRecord, MemberRecord } from '../model/fleet.ts';
import { clusterRunId } from '../model/fleet.ts';
import type { FleetReport } from '../model/fleet-report.ts';
import type { Promises } from '../model/report.ts';
import { compareText } from './report.ts';

/** A fleet as it stands in the journal. `promises` are what the watch of a rehearsal found. Throws `FleetNotFound`. */
export async function buildFleetReport(journal: Journal, fleetId: string, promises: Promises | null): Promise<FleetReport> {
  const fleet = await journal.getFleet(fleetId);
  const members = await journal.listMembers(fleetId);
  const waves = plannedWaves(fleet, members);
  const clusters = members.map((member) => describeMember(member, waves.get(member.clusterArn) ?? null));
  return {
    apiVersion: 'podshift/v1',
    kind: 'FleetReport',
    fleet: describeFleet(fleet),
    clusters: clusters.sort((a, b) => (a.wave ?? Infinity) - (b.wave ?? Infinity) || compareText(a.cluster, b.cluster)),
    refused: (await journal.listPlaces(fleetId))
      .filter(({ status }) => status === 'refused')
      .map(({ account, region, reason }) => ({ account, region, reason })),
    promises,
  };
}

/** What there is to say of a fleet without its clusters. */
export function describeFleet({
  fleetId: id,
  mode,
  status,
  reason,
  digest,
  canary,
  startedAt,
  endedAt,
}: FleetRecord): FleetReport['fleet'] {
  return { id, mode, status, reason, digest, canary, startedAt, endedAt };
}

/** A fleet that was only planned has no waves yet, but its clusters would make the same ones. */
function plannedWaves({ spec, canary, mode }: FleetRecord, members: readonly MemberRecord[]): ReadonlyMap<string, number> {
  const changing = members.filter(({ status, units }) => status === 'planned' && (units?.pending ?? 0) > 0);
  if (mode === 'run' || canary === '')
    return new Map(members.flatMap(({ clusterArn, wave }) => (wave === null ? [] : [[clusterArn, wave]])));
  return new Map(wavesOf(spec, canary, changing).flatMap(({ wave, members: of }) => of.map(({ clusterArn }) => [clusterArn, wave])));
}

function describeMember(member: MemberRecord, wave: number | null): FleetReport['clusters'][number] {
  const { fleetId, clusterArn, status, reason, units, startedAt } = member;
  return {
    cluster: clusterArn,
    status,
    reason,
    wave,
    units: units === null ? null : { ...units },
    planRun: startedAt.plan === undefined ? null : clusterRunId(fleetId, clusterArn, 'plan'),
    run: startedAt.run === undefined ? null : clusterRunId(fleetId, clusterArn, 'run'),
  };
}
