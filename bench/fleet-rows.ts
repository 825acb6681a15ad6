import type { ClusterMeasure, ClusterSettings } from './cluster.bench.ts';
import { ASSUMED, costOf, type FleetCase, floorOf, modelFleet } from './fleet.bench.ts';
import type { Row } from './results.ts';
import { atMost, told, whole } from './row-words.ts';

/** Migrates a cluster in a process of its own. */
export type MeasureCluster = (settings: ClusterSettings) => Promise<ClusterMeasure>;

/** The most events that a history may have: Step Functions ends an execution at 25,000. */
const MOST_EVENTS = 20_000;
const LARGEST = 2_001;
/** The largest of what the APIs' rates allow a cluster of 2,000 to take at least, EKS answering once a second; and what podshift may take of that. */
const LARGEST_FLOOR = 1.1;
const OVER_FLOOR = 1.25;

const FLEET_CASES: readonly FleetCase[] = [
  { clusters: 500, accounts: 50, perSecond: 5, clustersPerPlace: 3 },
  { clusters: 500, accounts: 50, perSecond: 1, clustersPerPlace: 10 },
  { clusters: 500, accounts: 1, perSecond: 5, clustersPerPlace: 3 },
  { clusters: 500, accounts: 1, perSecond: 5, clustersPerPlace: 100 },
  { clusters: 500, accounts: 1, perSecond: 1, clustersPerPlace: 100 },
];

/** Clusters of three sizes, and a fleet of the largest. */
export async function fleetRows(measure: MeasureCluster): Promise<Row[]> {
  const [rehearsed, ...clusters] = await Promise.all([
    measure({ units: LARGEST, unpaced: true }),
    ...[201, 501, LARGEST].map((units) => measure({ units })),
  ]);
  const largest = clusters.at(-1) as ClusterMeasure;
  return [...clusters.flatMap(clusterRows), ...largestRows(largest, rehearsed), ...modelRows(largest)];
}

/** What all clusters that are migrated tell. */
function clusterRows(one: ClusterMeasure): Row[] {
  const { eks, iam, kubernetes, cloudtrail } = one.calls;
  const events = `${whole(one.history)}, ${whole(one.longestChild)}`;
  return [
    {
      ...told(
        `one cluster, ${whole(one.units)} service accounts, measured`,
        `${hours(one)} h, ${whole(one.transitions)} transitions (${perUnit(one, one.transitions)} a unit), ${whole(one.invocations)} invocations, eks ${whole(eks)}, iam ${whole(iam)}, kubernetes ${whole(kubernetes)} (${megabytes(one)} MB), cloudtrail ${whole(cloudtrail)}`,
      ),
      bound: 'all migrated',
      holds: isMigrated(one),
    },
    atMost(
      `  events of the history of ${whole(one.units)}, and of its longest child's`,
      Math.max(one.history, one.longestChild),
      MOST_EVENTS,
      events,
    ),
  ];
}

function largestRows(one: ClusterMeasure, rehearsed: ClusterMeasure): Row[] {
  const { seconds, flow, by } = floorOf(one);
  const took = one.seconds / 3600;
  return [
    atMost(`  transitions a unit of ${whole(one.units)}`, one.transitions / one.units, 2, perUnit(one, one.transitions)),
    atMost(
      `  hours of ${whole(one.units)} as they are rehearsed, at most ${OVER_FLOOR} × the ${LARGEST_FLOOR} h of one request a second to EKS`,
      rehearsed.seconds / 3600,
      LARGEST_FLOOR * OVER_FLOOR,
      `${hours(rehearsed)} h`,
      ' h',
    ),
    atMost(`  the same with paced requests`, took, LARGEST_FLOOR * OVER_FLOOR, `${hours(one)} h`, ' h'),
    atMost(
      `  over the least at podshift's own rates: three gated waves with their soaks, ${(flow / 60).toFixed(0)} min of ${by}, one soak`,
      one.seconds / seconds,
      OVER_FLOOR,
      `${hours(one)} h / ${(seconds / 3600).toFixed(2)} h = ${(one.seconds / seconds).toFixed(2)}`,
    ),
  ];
}

function modelRows(one: ClusterMeasure): Row[] {
  const clusters = Math.round(1e6 / one.units);
  const cost = costOf(one);
  const dollars = (amount: number): string => `$${(amount * clusters).toFixed(1)}`;
  const parts = `transitions ${dollars(cost.transitions)}, Lambda ${dollars(cost.lambda)}, DynamoDB ${dollars(cost.journal)}, events ${dollars(cost.events)}, logs ${dollars(cost.logs)}`;
  const what = `a million units: ${clusters} such clusters`;
  return [
    atMost(`${what}, transitions`, (one.transitions * clusters) / 1e6, 2, `${((one.transitions * clusters) / 1e6).toFixed(2)} M`, ' M'),
    atMost(`${what}, cost, modelled`, cost.total * clusters, 60, `${dollars(cost.total)}: ${parts}`, ' dollars'),
    ...FLEET_CASES.map((fleet): Row => {
      const { days, waves } = modelFleet(fleet, one);
      const where = `${fleet.accounts} ${fleet.accounts === 1 ? 'account' : 'accounts'}, ${fleet.perSecond}/s each, ${fleet.clustersPerPlace} per place`;
      return told(`  the time of ${fleet.clusters} in ${where}, modelled`, `${days.toFixed(1)} days in ${waves} waves`);
    }),
  ];
}

/** A pod that takes so long makes a roll-out of two pods, one after the other, five minutes long. */
const SLOW_SECONDS = 150;
/** What a wave takes longer then: its probe pod, and its roll-outs. Four waves follow one another, the agent's pods go ahead. */
const SLOWER_SECONDS = 4 * 3 * SLOW_SECONDS + SLOW_SECONDS;

/** A cluster whose pods are slow, beside one whose pods are quick. */
export async function slowRows(measure: MeasureCluster): Promise<Row[]> {
  const [quick, slow] = await Promise.all([measure({ units: 201 }), measure({ units: 201, podSeconds: SLOW_SECONDS })]);
  const most = (1.1 * (quick.seconds + SLOWER_SECONDS)) / 3600;
  return [
    ...clusterRows(slow).map((row) => ({ ...row, what: `${row.what}; roll-outs take 5 min` })),
    atMost(
      '  transitions over those with quick pods; roll-outs take 5 min',
      slow.transitions / quick.transitions,
      2,
      `${whole(slow.transitions)} / ${whole(quick.transitions)} = ${(slow.transitions / quick.transitions).toFixed(2)}`,
    ),
    atMost(
      '  hours, at most 1.1 × those with quick pods and four probes and roll-outs; roll-outs take 5 min',
      slow.seconds / 3600,
      most,
      `${hours(slow)} h`,
      ' h',
    ),
  ];
}

/** One namespace with everything: whoever lists all pods of it for each unit makes calls whose size grows with the cluster. */
export async function namespaceRows(measure: MeasureCluster): Promise<Row[]> {
  const shape = { podsEach: 5, oneNamespace: true } as const;
  const [small, large] = await Promise.all([measure({ ...shape, units: 200 }), measure({ ...shape, units: 2_000 })]);
  const calls = (one: ClusterMeasure): number => one.calls.kubernetes / one.units;
  const bytes = (one: ClusterMeasure): number => one.kubernetesBytes / one.units / 1e6;
  const what = (one: ClusterMeasure): string => `one namespace, ${whole(one.units)} service accounts, ${whole(one.restarted)} pods`;
  return [
    ...[small, large].map((one) => ({
      ...told(what(one), `${calls(one).toFixed(1)} calls of Kubernetes and ${bytes(one).toFixed(2)} MB a unit, ${hours(one)} h`),
      bound: 'all migrated',
      holds: isMigrated(one),
    })),
    atMost(
      '  calls a unit, of the large one over the small one',
      calls(large) / calls(small),
      1.1,
      (calls(large) / calls(small)).toFixed(2),
    ),
    atMost(
      '  bytes a unit, of the large one over the small one',
      bytes(large) / bytes(small),
      1.1,
      (bytes(large) / bytes(small)).toFixed(2),
    ),
  ];
}

/** What the journal is asked for, and how that grows. */
export async function journalRows(measure: MeasureCluster): Promise<Row[]> {
  const sizes = await Promise.all([measure({ units: 100 }), measure({ units: 200 }), measure({ units: 400 })]);
  const [small, , large] = sizes;
  const reads = (one: ClusterMeasure): number => (one.journal.reads + one.journal.itemsRead) / one.units;
  const growth = reads(large) / reads(small);
  return [
    ...sizes.flatMap((one): Row[] => {
      const { units, journal } = one;
      return [
        atMost(
          `journal of ${units} units: write units a unit`,
          journal.writeUnits / units,
          30,
          `${perUnit(one, journal.writeUnits)} by ${perUnit(one, journal.writes)} writes`,
        ),
        atMost(
          `  of ${units}: records that the stream's filter passes, a unit`,
          journal.passed / units,
          8,
          `${perUnit(one, journal.passed)} of ${perUnit(one, journal.records)}, ${perUnit(one, one.events)} of them news`,
        ),
        told(
          `  of ${units}: reads a unit`,
          `${perUnit(one, journal.reads)} calls, ${perUnit(one, journal.itemsRead)} items listed, ${perUnit(one, journal.readUnits)} read units`,
        ),
      ];
    }),
    atMost('  calls and items read a unit, of 400 over 100 units (linear: 1)', growth, 1.2, growth.toFixed(2)),
  ];
}

function isMigrated({ status, migrated, units }: ClusterMeasure): boolean {
  return status === 'migrated' && migrated === units;
}

function perUnit({ units }: ClusterMeasure, number: number): string {
  return (number / units).toFixed(2);
}

function hours({ seconds }: ClusterMeasure): string {
  return (seconds / 3600).toFixed(2);
}

function megabytes({ kubernetesBytes }: ClusterMeasure): string {
  return whole(kubernetesBytes / 1e6);
}

const PER_MILLION = (price: number): string =>
  `$${(price * 1e6).toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 3 })} a million`;

/** What of the fleet's figures is measured, what is modelled, and by what. */
export const FLEET_NOTE = `Clusters are measured: each is migrated whole on its twin, in virtual time, with the default options, and everything is counted: transitions, invocations, histories, requests, DynamoDB's units and records by the items' sizes, the lines that the functions' own logger writes, the bytes that the API server sends. Requests are paced as those to a real account, and take no other time; one process sends them all, one unit of a batch after another. Those of a rehearsal are not paced. The least time is reckoned: a minute and a soak for each of the three waves that are confirmed before the next begins, the slowest of the flows that no migration can do without (an association a unit and two requests of IAM a role, 20 a second; a look at CloudTrail a role, two a second; 300 pods renewed a minute), a last soak.

The fleet's cost is modelled over that. Prices are the list prices of us-east-1, without free tiers: a transition ${PER_MILLION(ASSUMED.transition)} (aws.amazon.com/step-functions/pricing), a GB-second of Lambda on arm64 $${ASSUMED.gigabyteSecond} and its request ${PER_MILLION(ASSUMED.request)} (aws.amazon.com/lambda/pricing), DynamoDB's write unit ${PER_MILLION(ASSUMED.writeUnit)} and read unit ${PER_MILLION(ASSUMED.readUnit)} (aws.amazon.com/dynamodb/pricing/on-demand; Lambda's reads of a stream are free), an event of EventBridge ${PER_MILLION(ASSUMED.customEvent)}, a GB of logs $${ASSUMED.logGigabyte.toFixed(2)}. Of these, the first was read in a copy of its page on 2026-11-28; the others are taken as they were known, and not looked up that day. Assumed besides: ${ASSUMED.invocationSeconds} s for an invocation, ${ASSUMED.callSeconds} s for a request and ${ASSUMED.journalSeconds * 1000} ms for one of the journal, ${ASSUMED.atOnce} units of a batch at once; all CPU of the rehearsal, the twin's too, at the ${(ASSUMED.cores).toFixed(2)} cores of half a GB; waits for a turn as they were counted, which is more than functions wait: each of them paces the API server for itself, here one does for all; ${ASSUMED.recordsPerCall} records a call of the stream's function; ${ASSUMED.platformBytes} bytes that Lambda logs of a call. Not in it: X-Ray, storage and backups, the fleet's own state machine, retries, the looks at each run. In the fleet's time, EKS and IAM answer so many requests a second to an account and region as the row says (neither publishes its rate), CloudTrail two; waves of 100 clusters.`;
