import pLimit from 'p-limit';
import { isPodshiftError } from '../../src/model/errors.ts';
import { clusterRunId, type FleetRecord, type MemberRecord } from '../../src/model/fleet.ts';
import type { FleetReport } from '../../src/model/fleet-report.ts';
import type { Carrier, RunState } from '../../src/model/run-state.ts';
import type { CommandText } from '../../src/report/commands.ts';
import { buildFleetReport } from '../../src/report/fleet.ts';
import { clusterState, fleetState } from '../../src/report/state/fleet-state.ts';
import { byAttention } from '../../src/report/state/run-state.ts';
import { type Looked, lookAtRun, type RunLook } from './states.ts';

/** Runs that are read at once. */
const CONCURRENCY = 8;

/** A fleet and its clusters as one look found them. */
export interface FleetLook {
  readonly fleet: FleetRecord;
  readonly state: RunState;
  readonly clusters: readonly { readonly member: MemberRecord; readonly state: RunState }[];
}

/** Looks at a fleet and at the runs of its clusters that are under way; `command` makes the commands in the words. Throws `FleetNotFound`. */
export async function lookAtFleet(looked: Looked, fleetId: string, command: CommandText): Promise<FleetLook> {
  const before = looked.isCarried?.('fleet', fleetId);
  const fleet = await looked.journal.getFleet(fleetId);
  const limit = pLimit(CONCURRENCY);
  const found = await Promise.all(
    (await looked.journal.listMembers(fleetId)).map((member) =>
      limit(async () => ({ member, look: member.status === 'running' ? await runOf(looked, member, command) : undefined })),
    ),
  );
  const carrier = carrierOf(looked, fleet, found, before);
  // The commands for single runs take the URL of a service's API, which a fleet's does not say.
  const isLocal = looked.isCarried !== undefined;
  const clusters = found.map(({ member, look }) => {
    const state = clusterState(member, look?.state, command);
    return { member, state: isLocal ? state : { ...state, next: [] } };
  });
  return { fleet, clusters, state: fleetState(fleet, clusters, carrier, command) };
}

/** All fleets of a journal, those first that need somebody, each kind with the newest first. */
export async function lookAtFleets(looked: Looked, command: CommandText): Promise<FleetLook[]> {
  const fleets = await looked.journal.listFleets();
  const limit = pLimit(1);
  return (await Promise.all(fleets.map(({ fleetId }) => limit(() => lookAtFleet(looked, fleetId, command))))).toSorted(byAttention);
}

/** The report of a fleet with the words for it and its clusters, those first that need somebody. Throws `FleetNotFound`. */
export async function fleetReportOf(looked: Looked, fleetId: string, command: CommandText): Promise<FleetReport> {
  const report = await buildFleetReport(looked.journal, fleetId, null);
  const { state, clusters } = await lookAtFleet(looked, fleetId, command);
  const states = new Map(clusters.map((one) => [one.member.clusterArn, one.state]));
  const told = report.clusters.map((cluster) => ({ cluster, state: states.get(cluster.cluster) ?? state }));
  return {
    ...report,
    fleet: { ...report.fleet, state },
    clusters: told.toSorted(byAttention).map((one) => ({ ...one.cluster, state: one.state })),
  };
}

/** The run of a cluster; undefined where it is not begun. */
async function runOf(looked: Looked, { fleetId, clusterArn }: MemberRecord, command: CommandText): Promise<RunLook | undefined> {
  try {
    return await lookAtRun(looked, clusterRunId(fleetId, clusterArn, 'run'), command);
  } catch (error) {
    if (isPodshiftError(error, 'RunNotFound')) return undefined;
    throw error;
  }
}

function carrierOf(
  { isCarried }: Looked,
  fleet: FleetRecord,
  found: readonly { readonly member: MemberRecord; readonly look: RunLook | undefined }[],
  before: boolean | undefined,
): Carrier {
  const carried = before === true ? true : isCarried?.('fleet', fleet.fleetId);
  if (carried === undefined) return { kind: 'unknown' };
  if (carried) return { kind: 'alive' };
  const signs = found.flatMap(({ member, look }) => [
    ...Object.values(member.startedAt),
    ...(look?.carrier.kind === 'none' ? [look.carrier.lastSign] : []),
  ]);
  return { kind: 'none', lastSign: [fleet.startedAt, ...signs].toSorted().at(-1) ?? fleet.startedAt };
}
