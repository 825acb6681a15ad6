import { createMemoryTable } from '../../../engine/memory-table.ts';
import { createTableJournal } from '../../../src/journal/table-journal.ts';
import { createIds } from '../../../src/model/ids.ts';
import { migrationOptions } from '../../../src/model/options.ts';
import type { RunRecord, UnitRecord } from '../../../src/model/run.ts';
import { createTwin, type UnservedTwin } from '../../../twin/twin.ts';
import { createSimulatedClock, Standstill } from './clock.ts';
import { CLUSTER_ENDPOINT, type Shared } from './environment.ts';
import { Functions } from './functions.ts';
import { Happenings } from './happenings.ts';
import type { History } from './history.ts';
import { Network } from './network.ts';
import { createRandom } from './random.ts';
import { declaredService, StepFunctions } from './step-functions.ts';
import { snapshotOf } from './worlds.ts';

/** When every simulation begins. */
const START = Date.UTC(2026, 0, 5, 9);
/** Virtual milliseconds that everything may take together. */
const LONGEST = 12 * 3600_000;
/** How long the world is watched after the last of podshift's work. */
const AFTERMATH = 15 * 60_000;

/** What a history came to. */
export interface Outcome {
  /** What of the promises was broken; empty where nothing was. */
  readonly problems: readonly string[];
  readonly runs: readonly RunRecord[];
  readonly units: readonly UnitRecord[];
  /** What happened, line by line. */
  readonly told: readonly string[];
  readonly twin: UnservedTwin;
}

/** Lives through a history. */
export async function simulate(history: History): Promise<Outcome> {
  const declared = await declaredService();
  const random = createRandom(history.seed);
  const tie = random.fork('ties');
  const clock = createSimulatedClock(START, () => tie.next());
  const told: string[] = [];
  const tell = (line: string): void => void told.push(`${((clock.now() - START) / 1000).toFixed(3)} ${line}`);
  const happenings = new Happenings(history, clock, START, tell);
  const twin = createTwin({ snapshot: snapshotOf(history.world), clock });
  const bytes = random.fork('ids');
  const ids = createIds(clock, (size) => Uint8Array.from({ length: size }, () => bytes.between(0, 255)));
  const line = (level: string) => (message: string, fields?: Record<string, unknown>) =>
    level === 'info' ? undefined : tell(`  ${level}: ${message} ${JSON.stringify(fields ?? {})}`);
  const table = createMemoryTable();
  const shared: Shared = {
    clock,
    network: new Network(clock, random.fork('network'), happenings),
    twin,
    aws: twin.endpoints.aws(CLUSTER_ENDPOINT),
    table,
    ids,
    logger: { info: line('info'), warn: line('warn'), error: line('error') },
  };
  const functions = new Functions(shared, happenings, declared.timeoutOf, tell);
  const executions = new StepFunctions({ clock, functions, declared, deliveries: () => happenings.deliveries(), ids, tell });
  const journal = createTableJournal(table, clock);
  happenings.begin({ executions, twin, journal });

  const runId = ids.next();
  const problems: string[] = [];
  const target = { clusterName: twin.clusterName, region: twin.region, assumeRoleArn: null };
  const options = migrationOptions.parse(history.options);
  const life = async (): Promise<void> => {
    await executions.start('migrate-cluster', runId, { runId, target, mode: 'run', approval: 'none', expectedDigest: null, options });
    while (executions.isBusy || functions.running > 0) await clock.sleep(1_000);
    await clock.sleep(AFTERMATH);
  };
  try {
    await clock.run(life(), START + LONGEST);
  } catch (error) {
    if (!(error instanceof Standstill)) throw error;
    problems.push(`hangs: ${error.message}`);
  }
  const runs = await journal.listRuns();
  const units = (await Promise.all(runs.map((run) => journal.listUnits(run.runId)))).flat();
  const { credentialGapSeconds, widenedPrincipals, foreignWrites } = twin.promises();
  if (credentialGapSeconds > 0) problems.push(...twin.watch.gaps.map((gap) => `gap: ${JSON.stringify(gap)}`));
  problems.push(...widenedPrincipals.map((principal) => `widened: ${principal}`));
  if (foreignWrites > 0) problems.push(...twin.watch.foreignWrites.map((write) => `foreign write: ${JSON.stringify(write)}`));
  for (const run of runs) if (run.endedAt === null) problems.push(`run ${run.runId} is ${run.status} and has no end`);
  return { problems, runs, units, told, twin };
}
