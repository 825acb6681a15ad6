import { execFileSync } from 'node:child_process';
import { setFlagsFromString } from 'node:v8';
import { type AuditMeasure, measureAudit } from './audit.bench.ts';
import { type CommandMeasure, measureCommand, type Usage } from './command.bench.ts';
import { ASSUMED, type ClusterMeasure, clusterOf, type FleetCase, measureCluster, modelFleet } from './fleet.bench.ts';
import { type FunctionMeasure, measureFunctions } from './functions.bench.ts';
import { type InventoryMeasure, measureInventory } from './inventory.bench.ts';
import { measureReading, type ReadingMeasure } from './reading.bench.ts';
import { measureRehearsal, type RehearsalMeasure } from './rehearsal.bench.ts';
import { type Row, render, writeResults } from './results.ts';
import { measureTrust } from './trust.bench.ts';

/** The sizes whose growth must stay linear: service accounts, with five pods and half a role each. */
const SIZES = [100, 1_000, 10_000].map((serviceAccounts) => ({ serviceAccounts, pods: serviceAccounts * 5, roles: serviceAccounts / 2 }));
const TARGET_SIZE = { serviceAccounts: 2_000, pods: 10_000, roles: 1_000 };

/** Each page holds 500 pods: memory must not grow with their number. */
const MANY_PODS = { serviceAccounts: 2_000, pods: 50_000, roles: 1_000 };

/** Each measure in a process of its own, so that none inherits the memory of the one before. */
function alone<T>(name: string, argument: unknown): T {
  const output = execFileSync(process.execPath, [import.meta.filename, '--measure', name, JSON.stringify(argument)], {
    encoding: 'utf8',
    maxBuffer: 1e8,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return JSON.parse(output) as T;
}

const MEASURES: Record<string, (argument: never) => unknown> = {
  audit: measureAudit,
  command: measureCommand,
  functions: measureFunctions,
  inventory: measureInventory,
  reading: measureReading,
  cluster: measureCluster,
  rehearsal: measureRehearsal,
  trust: measureTrust,
};

function inventoryRows(measure: InventoryMeasure): Row[] {
  const what = `inventory + plan, ${measure.serviceAccounts} service accounts, ${measure.pods} pods, ${measure.roles} roles`;
  const ratio = measure.calls / measure.fewest;
  return [
    { what, figure: `${measure.seconds.toFixed(2)} s`, bound: 'under 5 s', holds: measure.seconds < 5 },
    { what: '  highest memory', figure: `${measure.megabytes.toFixed(0)} MB`, bound: 'under 500 MB', holds: measure.megabytes < 500 },
    {
      what: '  calls over the fewest that pages allow',
      figure: `${measure.calls} / ${measure.fewest} = ${ratio.toFixed(2)}`,
      bound: 'at most 1.05',
      holds: ratio <= 1.05,
    },
  ];
}

function auditRows({ units, records, megabytes, seal, print, verify, resident, honest }: AuditMeasure): Row[] {
  return [
    {
      what: `audit of ${units} units (${records} records, ${megabytes.toFixed(1)} MB): sealing it at the run's end`,
      figure: `${seal.toFixed(1)} s of CPU`,
      bound: 'under 5 s',
      holds: seal < 5,
    },
    { what: '  printing it', figure: `${print.toFixed(1)} s of CPU`, bound: 'under 5 s', holds: print < 5 },
    { what: '  verifying it against the run', figure: `${verify.toFixed(1)} s of CPU`, bound: 'under 5 s', holds: verify < 5 && honest },
    { what: '  highest memory', figure: `${resident.toFixed(0)} MB`, bound: '', holds: null },
  ];
}

function readingRows(measure: ReadingMeasure): Row[] {
  const { serviceAccounts, pods, podBytes, megabytes, cpuSeconds } = measure;
  return [
    {
      what: `inventory over HTTPS, ${serviceAccounts} service accounts, ${pods} pods of ${podBytes / 1000} kB`,
      figure: `${cpuSeconds.toFixed(1)} s of CPU`,
      bound: '',
      holds: null,
    },
    { what: '  highest memory', figure: `${megabytes.toFixed(0)} MB`, bound: 'at most 500 MB', holds: megabytes <= 500 },
  ];
}

function rehearsalRows(measure: RehearsalMeasure): Row[] {
  const { units, writes } = measure;
  const per = (count: number, of: number): string => `${count} / ${of} = ${(count / of).toFixed(2)}`;
  return [
    {
      what: `rehearsal of ${units} units, ${measure.status}`,
      figure: `${measure.unitsPerSecond.toFixed(1)} units/s`,
      bound: '',
      holds: null,
    },
    { what: '  associations per unit', figure: per(writes.associations, units), bound: '1', holds: writes.associations === units },
    {
      what: '  patches per workload',
      figure: per(writes.restarts, measure.workloads),
      bound: '1',
      holds: writes.restarts === measure.workloads,
    },
    { what: '  annotation patches per unit', figure: per(writes.annotations, units), bound: '1', holds: writes.annotations === units },
    {
      what: '  trust writes per role and wave',
      figure: per(writes.trust, measure.roleWaves),
      bound: '1',
      holds: writes.trust === measure.roleWaves,
    },
  ];
}

/** Sizes that are measured, and the one that they stand for. */
const FLEET_SIZES = [201, 501] as const;
const FLEET_UNITS = 2_000;
const FLEET_CASES: readonly FleetCase[] = [
  { clusters: 500, accounts: 50, perSecond: 5, clustersPerPlace: 3 },
  { clusters: 500, accounts: 50, perSecond: 1, clustersPerPlace: 10 },
  { clusters: 500, accounts: 1, perSecond: 5, clustersPerPlace: 3 },
  { clusters: 500, accounts: 1, perSecond: 5, clustersPerPlace: 100 },
  { clusters: 500, accounts: 1, perSecond: 1, clustersPerPlace: 100 },
];
/** The most events that a history may have: Step Functions ends an execution at 25,000. */
const MOST_EVENTS = 20_000;

function trustRows({ operationsPerSecond }: { readonly operationsPerSecond: number }): Row[] {
  return [
    {
      what: 'trust: grant and compare, one core',
      figure: `${operationsPerSecond} /s`,
      bound: 'at least 20,000 /s',
      holds: operationsPerSecond >= 20_000,
    },
  ];
}

/** A fleet's figures: clusters are measured, 500 of them are modelled. */
function fleetRows(small: ClusterMeasure, large: ClusterMeasure): Row[] {
  const cluster = clusterOf(FLEET_UNITS, small, large);
  const round = (number: number): string => Math.round(number).toLocaleString('en-US');
  const counted = (one: ClusterMeasure): string =>
    `${round(one.transitions)} transitions, ${round(one.invocations)} invocations, ${(one.seconds / 3600).toFixed(1)} h, eks ${round(one.calls.eks)}, iam ${round(one.calls.iam)}, kubernetes ${round(one.calls.kubernetes)}, cloudtrail ${round(one.calls.cloudtrail)}`;
  const events = (one: ClusterMeasure): Row => ({
    what: `  events of its history, and of its longest child's, ${one === cluster ? 'by a line through both' : 'measured'}`,
    figure: `${round(one.history)}, ${round(one.longestChild)}`,
    bound: `at most ${round(MOST_EVENTS)}`,
    holds: Math.max(one.history, one.longestChild) <= MOST_EVENTS,
  });
  return [
    ...[small, large].flatMap((one): Row[] => [
      { what: `one cluster, ${one.units} service accounts, measured`, figure: counted(one), bound: '', holds: null },
      events(one),
    ]),
    {
      what: `one cluster, ${round(FLEET_UNITS)} service accounts, by a line through both`,
      figure: counted(cluster),
      bound: '',
      holds: null,
    },
    events(cluster),
    ...FLEET_CASES.map((fleet): Row => {
      const model = modelFleet(fleet, cluster);
      return {
        what: `${fleet.clusters} such clusters in ${fleet.accounts} ${fleet.accounts === 1 ? 'account' : 'accounts'}, ${fleet.perSecond}/s each, ${fleet.clustersPerPlace} per place, modelled`,
        figure: `${(model.transitions / 1e6).toFixed(1)} M transitions, ${(model.lambdaSeconds / 1e6).toFixed(2)} M Lambda seconds, $${round(model.dollars)}, ${model.days.toFixed(1)} days in ${model.waves} waves`,
        bound: '',
        holds: null,
      };
    }),
  ];
}

const FLEET_NOTE = `The fleet is a model over measured clusters. It takes as given: a transition costs $${ASSUMED.transitionPrice}, a GB-second of Lambda on arm64 $${ASSUMED.gigabyteSecondPrice}, a request of it $${ASSUMED.requestPrice.toFixed(7)} (us-east-1; assumed on 2026-11-22, not looked up); functions of ${ASSUMED.gigabytes} GB; ${ASSUMED.invocationSeconds} s for an invocation and ${ASSUMED.callSeconds} s for each call of an API; EKS and IAM answer so many requests a second to an account and region as the row says (neither publishes its rate), CloudTrail two. DynamoDB, logs, retries, the time that functions wait for their pace, the planning of each cluster ahead and the looks at its run are not in it. Waves of 100 clusters, so many of one account and region as the row says. Most of the time is the soak: 15 minutes for each wave of 50 service accounts of a cluster (waveSize, soakSeconds).`;

/** How time and calls grow: each size's figure per service account, over that of the size before. */
function growthRows(measures: readonly InventoryMeasure[]): Row[] {
  return measures.map((measure, index) => {
    const before = measures[index - 1];
    const each = (of: InventoryMeasure): number => (of.seconds / of.serviceAccounts) * 1e6;
    const ratio = before === undefined ? null : each(measure) / each(before);
    return {
      what: `${measure.serviceAccounts} service accounts`,
      figure: `${measure.seconds.toFixed(2)} s, ${each(measure).toFixed(0)} µs each, ${measure.megabytes.toFixed(0)} MB, ${measure.calls} calls`,
      bound: ratio === null ? '' : `${ratio.toFixed(2)} × the size before, each (linear: about 1)`,
      holds: ratio === null ? null : ratio < 2,
    };
  });
}

/** The command as users meet it; of `--version` and `--help` too, as each of them waits for it. */
function commandRows({ serviceAccounts, pods, plan, one, version, help }: CommandMeasure): Row[] {
  const row = (what: string, { cpuSeconds, megabytes }: Usage, most: { readonly seconds: number; readonly megabytes?: number }): Row => ({
    what,
    figure: `${cpuSeconds.toFixed(2)} s of CPU, ${megabytes.toFixed(0)} MB`,
    bound: `at most ${most.seconds} s${most.megabytes === undefined ? '' : ` and ${most.megabytes} MB`}`,
    holds: cpuSeconds <= most.seconds && megabytes <= (most.megabytes ?? Number.POSITIVE_INFINITY),
  });
  return [
    row(`the command plan over HTTPS, ${serviceAccounts} service accounts, ${pods} pods of real size`, plan, {
      seconds: 4,
      megabytes: 300,
    }),
    row('  of one service account among them', one, { seconds: 1 }),
    row('the command --version', version, { seconds: 0.3 }),
    row('the command --help', help, { seconds: 0.3 }),
  ];
}

/** How many packaged functions are named: the slowest. */
const SLOWEST = 3;

/** The first calls of the packaged functions; the tests hold their sizes to their limits. */
function functionRows(measures: readonly FunctionMeasure[]): Row[] {
  const slowest = [...measures].sort((a, b) => b.milliseconds - a.milliseconds);
  const middle = slowest[Math.floor(slowest.length / 2)]?.milliseconds ?? Number.NaN;
  return [
    {
      what: `first call of ${measures.length} packaged functions, import to the end of set-up, median`,
      figure: `${middle.toFixed(0)} ms of CPU`,
      bound: '',
      holds: null,
    },
    ...slowest.slice(0, SLOWEST).map(
      ({ key, bytes, milliseconds }): Row => ({
        what: `  among the slowest: ${key}, ${(bytes / 1e6).toFixed(2)} MB unzipped`,
        figure: `${milliseconds.toFixed(0)} ms of CPU`,
        bound: 'at most 200 ms',
        holds: milliseconds <= 200,
      }),
    ),
  ];
}

/** Groups of rows, in the order of the table. */
const GROUPS: Readonly<Record<string, () => Row[]>> = {
  inventory: () => inventoryRows(alone('inventory', TARGET_SIZE)),
  command: () => commandRows(alone('command', TARGET_SIZE)),
  reading: () => readingRows(alone('reading', MANY_PODS)),
  trust: () => trustRows(alone('trust', null)),
  rehearsal: () => rehearsalRows(alone('rehearsal', 500)),
  audit: () => auditRows(alone('audit', 2_000)),
  fleet: () => fleetRows(alone('cluster', FLEET_SIZES[0]), alone('cluster', FLEET_SIZES[1])),
  functions: () => functionRows(alone<FunctionMeasure[]>('functions', null)),
  growth: () => growthRows(SIZES.map((size) => alone<InventoryMeasure>('inventory', size))),
};

async function main(): Promise<void> {
  const [flag, name, argument] = process.argv.slice(2);
  if (flag === '--measure') {
    setFlagsFromString('--max-old-space-size=4096');
    process.stdout.write(JSON.stringify(await MEASURES[name ?? '']?.(JSON.parse(argument ?? 'null') as never)));
    return;
  }
  const asked = process.argv.slice(2);
  const unknown = asked.find((group) => GROUPS[group] === undefined);
  if (unknown !== undefined) throw new Error(`there is no group of rows ${unknown}: it is one of ${Object.keys(GROUPS).join(', ')}`);
  const groups = Object.keys(GROUPS).filter((group) => asked.length === 0 || asked.includes(group));
  const rows = groups.flatMap((group) => GROUPS[group]?.() ?? []);
  console.log(render(rows));
  writeResults(rows, FLEET_NOTE, asked.length === 0);
  process.exitCode = rows.some((row) => row.holds === false) ? 1 : 0;
}

await main();
