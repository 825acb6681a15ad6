import { execFile, execFileSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { promisify } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import pLimit from 'p-limit';
import { type AuditMeasure, measureAudit } from './audit.bench.ts';
import { type ClusterMeasure, type ClusterSettings, measureCluster } from './cluster.bench.ts';
import { type CommandMeasure, measureCommand, type Usage } from './command.bench.ts';
import { FLEET_NOTE, fleetRows, journalRows, namespaceRows, slowRows } from './fleet-rows.ts';
import { type FunctionMeasure, measureFunctions } from './functions.bench.ts';
import { type InventoryMeasure, measureInventory } from './inventory.bench.ts';
import { measurePage, type PageMeasure } from './page.bench.ts';
import { measureReading, type ReadingMeasure } from './reading.bench.ts';
import { measureRehearsal, type RehearsalMeasure } from './rehearsal.bench.ts';
import { keptRows, type Row, render, writeResults } from './results.ts';
import { told, whole } from './row-words.ts';
import { measureSuite, type SuiteMeasure } from './suite.bench.ts';
import { measureTrust } from './trust.bench.ts';

/** Service accounts, with five pods and half a role each, in clusters whose growth must stay linear. The last two are one fleet's: EKS allows a cluster 5,000 associations. */
const SIZES = [100, 1_000, 5_000, 5_000].map((serviceAccounts) => ({
  serviceAccounts,
  pods: serviceAccounts * 5,
  roles: serviceAccounts / 2,
}));
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
  page: measurePage,
  reading: measureReading,
  cluster: measureCluster,
  rehearsal: measureRehearsal,
  suite: measureSuite,
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

/** Units that a second of CPU has to rehearse, the twin's work included: what a second was enough for with the journal in dynalite. */
const LEAST_UNITS = 3.6;

function rehearsalRows(measure: RehearsalMeasure): Row[] {
  const { units, writes } = measure;
  const per = (count: number, of: number): string => `${count} / ${of} = ${(count / of).toFixed(2)}`;
  return [
    {
      what: `rehearsal of ${units} units, journal in memory, ${measure.status}`,
      figure: `${measure.unitsPerSecond.toFixed(1)} units a second of CPU`,
      bound: `at least ${LEAST_UNITS}`,
      holds: measure.unitsPerSecond >= LEAST_UNITS,
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

/** How time and calls grow: each size's figure per service account, over that of the size before. All service accounts are planned to migrate. */
function growthRows(measures: readonly InventoryMeasure[]): Row[] {
  const sizes = [...Map.groupBy(measures, ({ serviceAccounts }) => serviceAccounts).values()].map(together);
  return sizes.map((measure, index) => {
    const before = sizes[index - 1];
    const each = (of: InventoryMeasure): number => (of.seconds / of.serviceAccounts) * 1e6;
    const ratio = before === undefined ? 1 : each(measure) / each(before);
    return {
      what: `${measure.serviceAccounts} service accounts, ${measure.clusters === 1 ? 'one cluster' : `${measure.clusters} clusters`}`,
      figure: `${measure.seconds.toFixed(2)} s, ${each(measure).toFixed(0)} µs each, ${measure.megabytes.toFixed(0)} MB, ${measure.calls} calls, ${measure.migrating} planned`,
      bound: `all planned${before === undefined ? '' : `; ${ratio.toFixed(2)} × the size before, each (linear: about 1), at most 2`}`,
      holds: measure.migrating === measure.serviceAccounts && ratio < 2,
    };
  });
}

/** Clusters of one size, taken together. */
function together(clusters: readonly InventoryMeasure[]): InventoryMeasure & { readonly clusters: number } {
  const sum = (of: (one: InventoryMeasure) => number): number => clusters.reduce((total, one) => total + of(one), 0);
  return {
    ...(clusters[0] as InventoryMeasure),
    clusters: clusters.length,
    serviceAccounts: sum((one) => one.serviceAccounts),
    seconds: sum((one) => one.seconds),
    calls: sum((one) => one.calls),
    migrating: sum((one) => one.migrating),
    megabytes: Math.max(...clusters.map((one) => one.megabytes)),
  };
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

/** Which packaged functions have a row of their own. */
const SLOWEST = ['the slowest', 'the second slowest', 'the third slowest'] as const;

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
    ...SLOWEST.flatMap((what, place): Row[] => {
      const one = slowest[place];
      if (one === undefined) return [];
      const figure = `${one.key}, ${(one.bytes / 1e6).toFixed(2)} MB unzipped: ${one.milliseconds.toFixed(0)} ms of CPU`;
      return [{ what: `  ${what}`, figure, bound: 'at most 200 ms', holds: one.milliseconds <= 200 }];
    }),
  ];
}

/** The suite that each change runs, with the day of its figure: a whole bench leaves it as it is. */
function suiteRows({ cpuSeconds, seconds, passed }: SuiteMeasure): Row[] {
  const figure = `${whole(cpuSeconds)} s of CPU, ${(seconds / 60).toFixed(1)} min, ${new Date().toISOString().slice(0, 10)}`;
  return [{ what: SUITE, figure, bound: 'at most 450 s of CPU, and green', holds: cpuSeconds <= 450 && passed }];
}

/** The page of a large run in a browser, which not every machine has: a whole bench leaves it as it is. */
function pageRows({ bytes, shown, filtered }: PageMeasure): Row[] {
  const figure = `${(bytes / 1e6).toFixed(1)} MB; its thread works ${shown.toFixed(2)} s until it is drawn, ${filtered.toFixed(2)} s until it is filtered, ${new Date().toISOString().slice(0, 10)}`;
  return [{ what: PAGE, figure, bound: 'at most 5 MB, 2 s and 1 s', holds: bytes <= 5e6 && shown <= 2 && filtered <= 1 }];
}

/** Rows of one kind; those of clusters are measured side by side, as their CPU time is all that counts of theirs. */
interface Group {
  readonly rows: () => Row[] | Promise<Row[]>;
  /** Only where it is asked for. */
  readonly apart?: true;
}

const SUITE = 'npm test (measured by `npm run bench -- suite`)';

const PAGE = 'the page of 2,000 service accounts in Chromium (measured by `npm run bench -- page`)';

/** Groups of rows, in the order of the table. */
const GROUPS: Readonly<Record<string, Group>> = {
  inventory: { rows: () => inventoryRows(alone('inventory', TARGET_SIZE)) },
  command: { rows: () => commandRows(alone('command', TARGET_SIZE)) },
  reading: { rows: () => readingRows(alone('reading', MANY_PODS)) },
  trust: { rows: () => trustRows(alone('trust', null)) },
  audit: { rows: () => auditRows(alone('audit', 2_000)) },
  functions: { rows: () => functionRows(alone<FunctionMeasure[]>('functions', null)) },
  growth: { rows: () => growthRows(SIZES.map((size) => alone<InventoryMeasure>('inventory', size))) },
  rehearsal: { rows: () => rehearsalRows(alone('rehearsal', 500)) },
  fleet: { rows: () => fleetRows(sideBySide) },
  namespace: { rows: () => namespaceRows(sideBySide) },
  slow: { rows: () => slowRows(sideBySide) },
  journal: { rows: () => journalRows(sideBySide) },
  page: { rows: () => pageRows(alone('page', 2_000)), apart: true },
  suite: { rows: () => suiteRows(alone('suite', null)), apart: true },
};
const CLUSTERS: readonly string[] = ['fleet', 'namespace', 'slow', 'journal'];

const limit = pLimit(availableParallelism());

const clusters = new Map<string, Promise<ClusterMeasure>>();

/** Measures a cluster in a process of its own, once, and as many at once as there are cores. */
function sideBySide(settings: ClusterSettings): Promise<ClusterMeasure> {
  const text = JSON.stringify(settings);
  const measure = clusters.get(text) ?? limit(() => migrated(text));
  clusters.set(text, measure);
  return measure;
}

async function migrated(settings: string): Promise<ClusterMeasure> {
  const args = [import.meta.filename, '--measure', 'cluster', settings];
  const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 1e8 });
  return JSON.parse(stdout) as ClusterMeasure;
}

/** The rows of these groups, in their order. */
async function measured(groups: readonly string[]): Promise<Row[]> {
  const rows = new Map<string, Row[]>();
  const add = async (group: string): Promise<void> => {
    rows.set(group, (await GROUPS[group]?.rows()) ?? []);
  };
  for (const group of groups.filter((name) => !CLUSTERS.includes(name))) await add(group);
  await Promise.all(groups.filter((name) => CLUSTERS.includes(name)).map(add));
  return groups.flatMap((group) => rows.get(group) ?? []);
}

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
  const isWhole = asked.length === 0;
  const from = performance.now();
  const rows = await measured(Object.keys(GROUPS).filter((group) => (isWhole ? GROUPS[group]?.apart !== true : asked.includes(group))));
  const minutes = ((performance.now() - from) / 60_000).toFixed(0);
  const all = isWhole ? [...rows, ...keptRows(PAGE), ...keptRows(SUITE), told('this whole bench', `${minutes} min`)] : rows;
  console.log(render(all));
  writeResults(all, FLEET_NOTE, isWhole);
  process.exitCode = all.some((row) => row.holds === false) ? 1 : 0;
}

await main();
