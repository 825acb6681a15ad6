import { wavesOf } from '../src/fleet/waves.ts';
import { fleetSpec, type MemberRecord } from '../src/model/fleet.ts';
import { GATED_WAVES } from '../src/plan/duration.ts';
import type { ClusterMeasure } from './cluster.bench.ts';

/** What the model takes as given. Prices are the list prices of us-east-1 in dollars, without volume and free tiers. */
export const ASSUMED = {
  transition: 25 / 1e6,
  gigabyteSecond: 0.0000133334,
  request: 0.2 / 1e6,
  writeUnit: 0.625 / 1e6,
  readUnit: 0.125 / 1e6,
  customEvent: 1 / 1e6,
  logGigabyte: 0.5,
  /** GB of most functions. */
  gigabytes: 0.5,
  /** Of one function's call besides what is counted, of one request to an API, and of one to the journal: seconds. */
  invocationSeconds: 0.1,
  callSeconds: 0.1,
  journalSeconds: 0.005,
  /** Units of a batch that are worked on at once (src/migration/runtime.ts). */
  atOnce: 8,
  /** Share of a core that half a GB of memory comes with: Lambda gives a whole one with 1,769 MB (developer guide, "Memory"). */
  cores: 512 / 1769,
  /** Records that one call of the stream's function takes: it begins with what is there. */
  recordsPerCall: 10,
  /** Bytes of the lines that Lambda itself writes for a call, and of a data point's line. */
  platformBytes: 500,
  pointBytes: 450,
} as const;

/** What a migration costs, in dollars. */
export interface Cost {
  readonly transitions: number;
  readonly lambda: number;
  readonly journal: number;
  readonly events: number;
  readonly logs: number;
  readonly total: number;
}

/** What the migration of one cluster costs: counts that were measured, by what is {@link ASSUMED}. */
export function costOf(cluster: ClusterMeasure): Cost {
  const { journal } = cluster;
  const streamCalls = journal.passed / ASSUMED.recordsPerCall;
  const invocations = cluster.invocations + streamCalls;
  const gigabyteSeconds = lambdaSeconds(cluster) * ASSUMED.gigabytes + cluster.waitedGigabyteSeconds;
  const transitions = cluster.transitions * ASSUMED.transition;
  const lambda = gigabyteSeconds * ASSUMED.gigabyteSecond + invocations * ASSUMED.request;
  // Each call of the stream's function reads its run once. What Lambda reads of a stream is not billed.
  const dynamo = journal.writeUnits * ASSUMED.writeUnit + (journal.readUnits + streamCalls) * ASSUMED.readUnit;
  const events = cluster.events * ASSUMED.customEvent;
  const bytes = cluster.log.bytes + invocations * ASSUMED.platformBytes + cluster.points * ASSUMED.pointBytes;
  const logs = (bytes / 1e9) * ASSUMED.logGigabyte;
  return { transitions, lambda, journal: dynamo, events, logs, total: transitions + lambda + dynamo + events + logs };
}

/** Seconds that functions of half a GB work, besides their waits for a turn. All of the rehearsal's CPU is taken for theirs: the twin's is in it. */
export function lambdaSeconds({ invocations, calls, journal, cpuSeconds }: ClusterMeasure): number {
  const sent = Object.values(calls).reduce((sum, count) => sum + count, 0);
  const answered = sent * ASSUMED.callSeconds + (journal.reads + journal.writes) * ASSUMED.journalSeconds;
  const own = (invocations + journal.passed / ASSUMED.recordsPerCall) * ASSUMED.invocationSeconds;
  return own + answered / ASSUMED.atOnce + cpuSeconds / ASSUMED.cores;
}

/** A soak by default, and what a gated wave takes before it: the wait for IAM, five dry runs, a probe pod and a roll-out. Seconds. */
const SOAK = 900;
const GATED = 60;
/** So many a second: requests to EKS and IAM, the most that podshift sends, and to CloudTrail, its own limit (src/aws/pacing.ts); renewed pods by default. */
const FASTEST = { eks: 20, iam: 20, cloudtrail: 2, restarts: 300 / 60 } as const;
/** Service accounts of a role, as clusters are generated. */
const OF_A_ROLE = 2;

/**
 * The least time that a migration could take at podshift's own rates: the waves that are each confirmed before the next begins, the slowest of
 * the flows that it cannot do without (an association a unit, a read and a write of each role's trust, a look at CloudTrail a role, each pod once), and the last soak.
 */
export function floorOf({ units, restarted }: Pick<ClusterMeasure, 'units' | 'restarted'>): Floor {
  const roles = units / OF_A_ROLE;
  const needed = { eks: units, iam: 2 * roles, cloudtrail: roles, restarts: restarted };
  const flows = Object.entries(needed).map(([by, count]) => ({ by, flow: count / FASTEST[by as keyof typeof FASTEST] }));
  const slowest = flows.reduce((one, other) => (other.flow > one.flow ? other : one));
  return { ...slowest, seconds: GATED_WAVES * (GATED + SOAK) + slowest.flow + SOAK };
}

/** Seconds, those of its slowest flow, and what that one is of. */
export interface Floor {
  readonly seconds: number;
  readonly flow: number;
  readonly by: string;
}

/** A fleet of equal clusters, in so many accounts of one region each, whose EKS and IAM answer so many requests a second. */
export interface FleetCase {
  readonly clusters: number;
  readonly accounts: number;
  readonly perSecond: number;
  /** The fleet's setting of this name. */
  readonly clustersPerPlace: number;
}

/** How long such a fleet takes, by the model. */
export interface FleetModel {
  readonly days: number;
  readonly waves: number;
}

/**
 * Models a fleet: its waves are those that podshift would make; a wave lasts as long as its slowest place, and a place as
 * long as one cluster alone or as its requests need at the account's rate (CloudTrail: two a second), whichever is longer.
 */
export function modelFleet({ clusters, accounts, perSecond, clustersPerPlace }: FleetCase, cluster: ClusterMeasure): FleetModel {
  const spec = fleetSpec.parse({ regions: ['us-east-1'], waveSize: 100, clustersPerPlace });
  const members = Array.from({ length: clusters }, (_, index) => memberOf(index, accounts, cluster.units));
  const waves = wavesOf(spec, members[0]?.clusterArn ?? '', members);
  const { eks, iam, cloudtrail } = cluster.calls;
  const apiSeconds = Math.max(eks / perSecond, iam / perSecond, cloudtrail / 2);
  const seconds = waves.reduce((sum, wave) => {
    const inPlace = Map.groupBy(wave.members, ({ clusterArn }) => clusterArn.split(':')[4]);
    return sum + Math.max(...[...inPlace.values()].map((together) => Math.max(cluster.seconds, together.length * apiSeconds)));
  }, 0);
  return { days: seconds / 86_400, waves: waves.length };
}

function memberOf(index: number, accounts: number, units: number): MemberRecord {
  const account = String(index % accounts).padStart(12, '0');
  return {
    fleetId: 'model',
    clusterArn: `arn:aws:eks:us-east-1:${account}:cluster/c${String(index).padStart(4, '0')}`,
    target: { clusterName: `c${index}`, region: 'us-east-1', assumeRoleArn: null },
    tagged: false,
    status: 'planned',
    reason: '',
    digest: 'd',
    units: { pending: units, migrated: 0, held: 0, rolledBack: 0, needsOperator: 0 },
    wave: null,
    startedAt: {},
  };
}
