import { migrate, rollBack } from '../../../engine/local-migration.ts';
import type { Service } from '../../../engine/service.ts';
import { createTableJournal } from '../../../src/journal/table-journal.ts';
import type { ServiceRuntime } from '../../../src/migration/runtime.ts';
import { isPodshiftError, PodshiftError } from '../../../src/model/errors.ts';
import type { MigrationOptions } from '../../../src/model/options.ts';
import { rollBackRun } from '../../../src/service/roll-back-run.ts';
import { Environment, type Shared } from './environment.ts';
import type { Told } from './functions.ts';
import type { OtherFault, Word } from './history.ts';
import type { Declared, StepFunctions } from './step-functions.ts';

/** What people work with. */
export interface PeopleStage {
  readonly shared: Shared;
  readonly runId: string;
  readonly options: MigrationOptions;
  readonly tell: Told;
}

/** Whoever asks podshift for something. */
export interface People {
  /** Starts the run. */
  begin(): void;
  ask(word: Word): void;
  /** Whether anything goes on that they asked for. */
  readonly isBusy: boolean;
  /** Whether one who was refused another run has rolled this one back, in a history that does not say so. */
  readonly hasTakenBack: boolean;
  /** Lets go of a process that died, once all is over: each of its tasks has a timer of Node, which would keep its world in memory. */
  bury(): Promise<void>;
}

/** People of a deployed service: they ask its API. */
export function peopleOfService({ shared, runId, options, tell }: PeopleStage, executions: StepFunctions, runtime: ServiceRuntime): People {
  const { clock, ids } = shared;
  let asking = 0;
  const work = async (what: string, how: () => Promise<string>): Promise<void> => {
    tell(`somebody asks to ${what}`);
    asking += 1;
    try {
      await clock.sleep(10);
      tell(`  answered ${await how()}`);
    } catch (error) {
      if (!isPodshiftError(error)) throw error;
      tell(`  refused: ${error.name}: ${error.message}`);
    } finally {
      asking -= 1;
    }
  };
  const start = (id: string): Promise<string> =>
    executions.start('migrate-cluster', id, inputOf(shared, id, options)).then(({ executionArn }) => executionArn);
  const back = async (stop: boolean, units: readonly string[] | null): Promise<string> => {
    const request = { path: { runId }, body: { stop, units }, caller: 'somebody' } as unknown as Parameters<typeof rollBackRun>[1];
    return String((await rollBackRun(runtime, request)).status);
  };
  return {
    begin: () => void work('run', () => start(runId)),
    ask: ({ kind, unit }) =>
      void work(kind, async () => {
        if (kind === 'second run') return start(ids.next());
        return back(kind === 'stop', unit === undefined ? null : await oneUnit(shared, runId, unit));
      }),
    get isBusy() {
      return asking > 0;
    },
    hasTakenBack: false,
    bury: async () => undefined,
  };
}

/** How often somebody at a machine tries again what failed. */
const PATIENCE = 3;

/** People at one machine: each command is a process, which can die. */
export function peopleOfMachine(
  { shared, runId, options, tell }: PeopleStage,
  declared: Declared,
  crash: Extract<OtherFault, { kind: 'crash' }> | undefined,
): People {
  const { clock, ids } = shared;
  const journal = createTableJournal(shared.table, clock);
  let running = 0;
  let patience = PATIENCE;
  let hasTakenBack = false;
  let first: { readonly environment: Environment; readonly controller: AbortController } | undefined;
  const grave = new AbortController();

  const launch = (
    what: string,
    command: (environment: Environment, signal: AbortSignal, service: Service) => Promise<{ readonly status: string }>,
    isOther = false,
  ): void => {
    const environment = new Environment(shared, true);
    const controller = new AbortController();
    const isFirst = first === undefined;
    first ??= { environment, controller };
    running += 1;
    tell(`podshift ${what}`);
    let isOver = false;
    const over = (how: string): void => {
      if (isOver) return;
      isOver = true;
      running -= 1;
      tell(`podshift ${what}: ${how}`);
    };
    let calls = 0;
    environment.onEffect = () => {
      calls += 1;
      if (isFirst && crash?.call === calls) {
        environment.die();
        over('dies');
        running += 1;
        void clock.sleep(crash.seconds * 1000).then(() => {
          running -= 1;
          if (crash.next === 'resume') forward(runId, `resume ${runId}`);
          else backward();
        });
      }
    };
    const isMortal = isFirst && crash !== undefined;
    const signal = isMortal ? AbortSignal.any([controller.signal, grave.signal]) : controller.signal;
    command(environment, signal, isMortal ? mortal(declared.service, grave.signal) : declared.service).then(
      ({ status }) => over(status),
      (error: unknown) => {
        if (grave.signal.aborted) return;
        over(error instanceof Error ? `${error.name}: ${error.message}` : String(error));
        void again(isOther && isPodshiftError(error, 'ClusterLocked'));
      },
    );
  };
  /** Whoever is told that a command failed, and finds the run open, rolls it back once that has passed. */
  const again = async (isRefused: boolean): Promise<void> => {
    if (patience === 0) return;
    patience -= 1;
    running += 1;
    await clock.sleep(300_000);
    const [run] = (await journal.listRuns()).filter((one) => one.runId === runId && one.endedAt === null);
    running -= 1;
    if (run === undefined) return;
    hasTakenBack ||= isRefused;
    backward();
  };
  const forward = (id: string, what: string): void =>
    launch(
      what,
      ({ runtime }, signal, service) => migrate({ runtime, clock: clock.engine, service, signal, input: inputOf(shared, id, options) }),
      id !== runId,
    );
  const backward = (unit?: number): void =>
    launch('rollback', async ({ runtime }, signal, service) => {
      const unitIds = unit === undefined ? null : await oneUnit(shared, runId, unit);
      return rollBack({ runtime, clock: clock.engine, service, signal, input: { runId, unitIds, reason: 'asked for' } });
    });
  return {
    begin: () => forward(runId, 'run'),
    ask: ({ kind, unit }) => {
      if (kind === 'stop') {
        tell('somebody interrupts podshift');
        first?.controller.abort(new PodshiftError('WaveFailed', 'interrupted'));
        // Whoever stops it takes it back, a minute later.
        running += 1;
        void clock.sleep(60_000).then(() => {
          running -= 1;
          backward();
        });
      } else if (kind === 'roll back') backward(unit);
      else if (kind === 'resume') forward(runId, `resume ${runId}`);
      else forward(ids.next(), 'run (another)');
    },
    get isBusy() {
      return running > 0;
    },
    get hasTakenBack() {
      return hasTakenBack;
    },
    bury: async () => {
      grave.abort(new PodshiftError('ServiceUnavailable', 'the process is dead'));
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

/** The service, of whose functions none goes on once the grave is closed, whatever it waits for. */
function mortal(service: Service, grave: AbortSignal): Service {
  const buried = new Promise<never>((_resolve, reject) => grave.addEventListener('abort', () => reject(grave.reason as Error)));
  buried.catch(() => undefined);
  return {
    ...service,
    handler: async (id) => {
      const handler = await service.handler(id);
      return {
        withRuntime: (runtime) => {
          const handle = handler.withRuntime(runtime);
          return (event) => Promise.race([handle(event), buried]);
        },
      };
    },
  };
}

/** One of the run's units, as a person names it; all where it has none yet. */
async function oneUnit({ table, clock }: Shared, runId: string, index: number): Promise<readonly string[] | null> {
  const units = await createTableJournal(table, clock).listUnits(runId);
  const unit = units[index % Math.max(1, units.length)];
  return unit === undefined ? null : [unit.unitId];
}

function inputOf({ twin }: Shared, runId: string, options: MigrationOptions) {
  const target = { clusterName: twin.clusterName, region: twin.region, assumeRoleArn: null };
  return { runId, target, mode: 'run', approval: 'none', expectedDigest: null, options } as const;
}
