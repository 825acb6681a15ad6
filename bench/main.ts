import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import Table from 'cli-table3';
import { type AuditMeasure, measureAudit } from './audit.bench.ts';
import { ASSUMED, type ClusterMeasure, clusterOf, type FleetCase, measureCluster, modelFleet } from './fleet.bench.ts';
import { type FunctionMeasure, measureFunctions } from './functions.bench.ts';
import { type InventoryMeasure, measureInventory } from './inventory.bench.ts';
import { measureReading, type ReadingMeasure } from './reading.bench.ts';
import { measureRehearsal, type RehearsalMeasure } from './rehearsal.bench.ts';
import { measureTrust } from './trust.bench.ts';

/** The sizes whose growth must stay linear: service accounts, with five pods and half a role each. */
const SIZES = [100, 1_000, 10_000].map((serviceAccounts) => ({ serviceAccounts, pods: serviceAccounts * 5, roles: serviceAccounts / 2 }));
const TARGET_SIZE = { serviceAccounts: 2_000, pods: 10_000, roles: 1_000 };

/** Each page holds 500 pods: memory must not grow with their number. */
const MANY_PODS = { serviceAccounts: 2_000, pods: 50_000, roles: 1_000 };

/** Each measure in a process of its own, so that none inherits the memory of the one before. */
function alone<T>(name: string, argument: unknown): T {
  const output = execFileSync(process.execPath, [import.meta.filename, name, JSON.stringify(argument)], {
    encoding: 'utf8',
    maxBuffer: 1e8,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return JSON.parse(output) as T;
}

const MEASURES: Record<string, (argument: never) => unknown> = {
  audit: measureAudit,
  functions: measureFunctions,
  inventory: measureInventory,
  reading: measureReading,
  cluster: measureCluster,
  rehearsal: measureRehearsal,
  trust: measureTrust,
};

interface Row {
  readonly what: string;
  readonly figure: string;
  readonly bound: string;
  readonly holds: boolean | null;
}

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

const FLEET_NOTE = `The fleet is a model over measured clusters. It takes as given: a transition costs $${ASSUMED.transitionPrice}, a GB-second of Lambda on arm64 $${ASSUMED.gigabyteSecondPrice}, a request of it $${ASSUMED.requestPrice.toFixed(7)} (us-east-1; assumed on 2026-11-22, not looked up); functions of ${ASSUMED.gigabytes} GB; ${ASSUMED.invocationSeconds} s for an invocation and ${ASSUMED.callSeconds} s for each call of an API; EKS and IAM answer so many requests a second to an account and region as the row says (neither publishes its rate), CloudTrail two. DynamoDB, logs, retries, the time that functions wait for their pace, the planning of each cluster ahead and the looks at its run are not in it. Waves of 100 clusters, so many of one account and region as the row says. Most of the time is the soak: 15 minutes, four times one after another (waveSize, soakSeconds).`;

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

/** Each packaged function; the tests hold the sizes to their limits. */
function functionRows(measures: readonly FunctionMeasure[]): Row[] {
  return measures.map(({ key, bytes, milliseconds }) => ({
    what: `packaged function ${key}, ${(bytes / 1e6).toFixed(2)} MB unzipped, import`,
    figure: `${milliseconds.toFixed(0)} ms`,
    bound: 'under 150 ms',
    holds: milliseconds < 150,
  }));
}

function render(rows: readonly Row[]): string {
  const table = new Table({ head: ['what', 'figure', 'bound', 'holds'], style: { head: [], border: [] } });
  for (const row of rows) table.push([row.what, row.figure, row.bound, row.holds === null ? '' : row.holds ? 'yes' : 'NO']);
  return table.toString();
}

function markdown(rows: readonly Row[]): string {
  const head = '| what | figure | bound | holds |\n| --- | --- | --- | --- |';
  return [
    head,
    ...rows.map((row) => `| ${row.what} | ${row.figure} | ${row.bound} | ${row.holds === null ? '' : row.holds ? 'yes' : 'no'} |`),
  ].join('\n');
}

async function main(): Promise<void> {
  const [name, argument] = process.argv.slice(2);
  const measure = MEASURES[name ?? ''];
  if (measure !== undefined) {
    setFlagsFromString('--max-old-space-size=4096');
    process.stdout.write(JSON.stringify(await measure(JSON.parse(argument ?? 'null') as never)));
    return;
  }
  if (name === 'fleet') {
    // The fleet's rows alone, for a change of what they are about; the file is not written.
    console.log(`${markdown(fleetRows(alone('cluster', FLEET_SIZES[0]), alone('cluster', FLEET_SIZES[1])))}\n\n${FLEET_NOTE}`);
    return;
  }
  const trust = alone<{ operationsPerSecond: number }>('trust', null).operationsPerSecond;
  const rows: Row[] = [
    ...inventoryRows(alone('inventory', TARGET_SIZE)),
    ...readingRows(alone('reading', MANY_PODS)),
    { what: 'trust: grant and compare, one core', figure: `${trust} /s`, bound: 'at least 20,000 /s', holds: trust >= 20_000 },
    ...rehearsalRows(alone('rehearsal', 500)),
    ...auditRows(alone('audit', 2_000)),
    ...fleetRows(alone('cluster', FLEET_SIZES[0]), alone('cluster', FLEET_SIZES[1])),
    ...functionRows(alone<FunctionMeasure[]>('functions', null)),
    ...growthRows(SIZES.map((size) => alone<InventoryMeasure>('inventory', size))),
  ];
  console.log(render(rows));
  const machine = `Node ${process.version}, ${cpus().length} cores (${cpus()[0]?.model ?? 'unknown'}), ${new Date().toISOString().slice(0, 10)}`;
  const text = `# Results\n\nWritten by \`npm run bench\`: ${machine}. Figures of one run; a busy machine makes them worse.\n\n${markdown(rows)}\n\n${FLEET_NOTE}\n`;
  const file = new URL('RESULTS.md', import.meta.url);
  const before = readFileSync(file, 'utf8');
  // The sections below the table are of other commands, each of which says how to run it.
  const rest = before.includes('\n## ') ? before.slice(before.indexOf('\n## ')) : '';
  writeFileSync(file, `${text}${rest}`);
  process.exitCode = rows.some((row) => row.holds === false) ? 1 : 0;
}

await main();
