import { createMemoryTable } from '../../../engine/memory-table.ts';
import { createPacer } from '../../../src/aws/pacing.ts';
import { createTableJournal } from '../../../src/journal/table-journal.ts';
import { createIds } from '../../../src/model/ids.ts';
import { migrationOptions } from '../../../src/model/options.ts';
import type { RunRecord, UnitRecord } from '../../../src/model/run.ts';
import { watchRuns } from '../../../src/service/watch-runs.ts';
import { createTwin, type UnservedTwin } from '../../../twin/twin.ts';
import { Actors } from './actors.ts';
import { createSimulatedClock, Standstill } from './clock.ts';
import { CLUSTER_ENDPOINT, Environment, type Shared } from './environment.ts';
import { Functions, type Served } from './functions.ts';
import { Happenings } from './happenings.ts';
import type { History } from './history.ts';
import { judge } from './judge.ts';
import { judgeRecords } from './judge-records.ts';
import { Network } from './network.ts';
import { peopleOfMachine, peopleOfService } from './people.ts';
import { createRandom } from './random.ts';
import { declaredService, StepFunctions } from './step-functions.ts';
import { snapshotOf } from './worlds.ts';
import { Writers } from './writers.ts';

/** When every simulation begins. */
const START = Date.UTC(2026, 0, 5, 9);
/** Virtual milliseconds that everything may take together. */
const LONGEST = 6 * 3600_000;
/** How long the world is watched after the last of podshift's work. */
const AFTERMATH = 25 * 60_000;
/** How often the watcher of runs looks: serverless.yml. */
const WATCH = 5 * 60_000;

/** What a history came to. */
export interface Outcome {
  /** What of the promises was broken; empty where nothing was. */
  readonly problems: readonly string[];
  readonly runs: readonly RunRecord[];
  readonly units: readonly UnitRecord[];
  /** What happened, line by line. */
  readonly told: readonly string[];
  readonly twin: UnservedTwin;
  readonly writers: Writers;
  /** The invocations of its functions, in the order of their ends. */
  readonly served: readonly Served[];
  /** How many calls were sent: each is a place where one can be lost. */
  readonly calls: number;
}

let warm: Promise<unknown> | undefined;

/** Loads all that is loaded at its first use: that takes real time, in which virtual time would go on without it. */
export async function warmUp(): Promise<void> {
  warm ??= live(WARM_UP);
  await warm;
}

/** Lives through a history: the same one is the same run, in whatever process and after whatever others. */
export async function simulate(history: History): Promise<Outcome> {
  await warmUp();
  return live(history);
}

/** A history that uses what any may use. */
const WARM_UP: History = {
  seed: 0,
  world: {
    nodes: 1,
    agent: false,
    units: [{ name: 'a', namespace: 'shop', serviceAccount: 'a', kind: 'Deployment', replicas: 1, role: 'a', mechanism: 'irsa' }],
  },
  mode: 'service',
  options: { soakSeconds: 60, injectionChecks: 3 },
  happenings: [{ kind: 'roll back', when: { second: 600 } }],
};

async function live(history: History): Promise<Outcome> {
  const declared = await declaredService();
  const random = createRandom(history.seed);
  const tie = random.fork('ties');
  const clock = createSimulatedClock(START, () => tie.next());
  const told: string[] = [];
  const tell = (line: string): void => void told.push(`${((clock.now() - START) / 1000).toFixed(3).padStart(9)} ${line}`);
  const happenings = new Happenings(history, clock, START, tell);
  const twin = createTwin({
    snapshot: snapshotOf(history.world),
    clock,
    cronJobs: true,
    readsLate: (service) => happenings.lagOf(service),
  });
  const split = history.world.units.map(({ namespace, name }) => `${namespace}/${name}`);
  const writers = new Writers(clock, twin, split);
  const bytes = random.fork('ids');
  const ids = createIds(clock, (size) => Uint8Array.from({ length: size }, () => bytes.between(0, 255)));
  const lines: string[] = [];
  const line = (level: string) => (message: string, fields?: Record<string, unknown>) => {
    lines.push(`${message} ${JSON.stringify(fields ?? {})}`);
    if (level !== 'info') tell(`  ${level}: ${lines.at(-1)}`);
  };
  const table = createMemoryTable();
  const logger = { info: line('info'), warn: line('warn'), error: line('error') };
  const network = new Network(clock, random.fork('network'), happenings);
  const pacer = history.paced === true ? createPacer(clock, (milliseconds) => clock.sleep(milliseconds)) : undefined;
  const shared: Shared = { clock, network, twin, aws: twin.endpoints.aws(CLUSTER_ENDPOINT), table, ids, logger, writers, pacer };
  const functions = new Functions(shared, happenings, declared.timeoutOf, tell);
  const executions = new StepFunctions({ clock, functions, declared, deliveries: () => happenings.deliveries(), ids, tell });
  const journal = createTableJournal(table, clock);
  const actors = new Actors({ world: history.world, clock, twin, writers, tell });

  const problems: string[] = [];
  const secondRuns: number[] = [];
  const stage = { shared, runId: ids.next(), options: migrationOptions.parse(history.options), tell };
  const crash = history.happenings.find((one) => one.kind === 'crash');
  const people =
    history.mode === 'local'
      ? peopleOfMachine(stage, declared, crash)
      : peopleOfService(stage, executions, { clock, ids, logger, journal, executions: async () => executions });
  happenings.begin(
    (act) => actors.act(act),
    (word) => {
      if (word.kind === 'second run') secondRuns.push(clock.now());
      // What is due by the clock alone is not waited for: whoever is asked has to come to work.
      void clock.sleep(0).then(() => people.ask(word));
    },
  );
  const isBusy = (): boolean => people.isBusy || executions.isBusy || functions.running > 0;
  const last =
    START + 1000 * Math.max(0, ...history.happenings.map((one) => ('when' in one && 'second' in one.when ? one.when.second : 0)));
  const watcher = new Environment(shared);
  const metrics = { add: () => undefined };
  const watching = { ...watcher.runtime, metrics, executions: async () => executions };
  const watch = async (): Promise<void> => {
    if (history.mode === 'local') return;
    for (;;) {
      await clock.sleep(WATCH);
      await watchRuns(watching).catch((error: unknown) => tell(`the watcher of runs failed: ${String(error)}`));
    }
  };
  const life = async (): Promise<void> => {
    await clock.sleep(1_000 * (history.begins ?? 0));
    people.begin();
    void watch();
    do {
      while (isBusy()) await clock.sleep(1_000);
      await clock.sleep(Math.max(0, last - clock.now()) + AFTERMATH);
    } while (isBusy());
  };
  try {
    await clock.run(life(), START + LONGEST);
  } catch (error) {
    if (!(error instanceof Standstill)) throw error;
    problems.push(`P6: hangs: ${error.message}`);
  }
  const listed = await journal.listRuns();
  const runs = [...listed].sort((left, right) => (left.runId < right.runId ? -1 : 1));
  const units = (await Promise.all(runs.map((run) => journal.listUnits(run.runId)))).flat();
  problems.push(
    ...judge({ history, twin, writers, writes: happenings.writes, secondRuns, hasTakenBack: people.hasTakenBack, runs, units }),
  );
  problems.push(...(await judgeRecords({ history, journal, runs, lines, credentials: twin.credentials })));
  await people.bury();
  return { problems, runs, units, told, twin, writers, served: functions.served, calls: happenings.calls };
}
