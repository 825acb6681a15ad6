import { StateMachine, type StateMachineDefinition } from 'aws-local-stepfunctions';
import pLimit from 'p-limit';
import type { Machine, Processor, State } from './asl.ts';
import { allStates } from './check.ts';
import type { EngineClock } from './clock.ts';
import { countTry, Frames, givenUp, type MapItem, nextRetry } from './frame.ts';
import { isSelector, type LoweredInput, lowerMachine, lowerProcessor } from './lower.ts';
import { checkSize, overTheWire } from './payload.ts';
import type { OnProgress, Progress } from './progress.ts';
import { failureOf, TaskFailure } from './task-failure.ts';

/** What an execution needs of the world. */
export interface ExecutionSettings {
  readonly id: string;
  readonly clock: EngineClock;
  /** Runs the work of a Task state. It is called while the clock stands still. */
  readonly task: (state: State, input: unknown) => Promise<unknown>;
  readonly onEvent: OnProgress;
  readonly signal: AbortSignal;
}

/** Child executions at once where the definition sets no limit. Step Functions' own limit, 10,000, is not for one process. */
const DEFAULT_CONCURRENCY = 40;

/** One execution of a machine, its child executions included. */
export class Execution {
  readonly #settings: ExecutionSettings;
  readonly #frames: Frames;
  readonly #deadline: number;
  /** Resolves when the execution is aborted; never, where it is not. */
  readonly #aborted: Promise<void>;
  /** Why nothing may start any more: the input of a state that only the library saw was too large, or a listener threw. */
  #ended: unknown;
  /** Distributed Maps that were begun. */
  #mapRuns = 0;

  readonly #machine: Machine;
  readonly #input: unknown;

  constructor(settings: ExecutionSettings, machine: Machine, input: unknown) {
    const now = settings.clock.now();
    this.#settings = settings;
    this.#frames = new Frames(settings.id, new Date(now).toISOString(), input);
    this.#machine = machine;
    this.#input = input;
    this.#deadline = machine.TimeoutSeconds === undefined ? Number.POSITIVE_INFINITY : now + machine.TimeoutSeconds * 1000;
    this.#aborted = new Promise((resolve) => settings.signal.addEventListener('abort', () => resolve(), { once: true }));
  }

  /** Runs the machine to its end. Throws what failed: a {@link TaskFailure}, or an error of the library. */
  async run(): Promise<unknown> {
    const machine = this.#machine;
    const own: MapItem = { execution: '' };
    const output = await this.#runLine(lowerMachine(machine), machine, this.#input, own, this.#frames.context(own));
    checkSize(output, 'the output of the execution');
    return output;
  }

  async #runLine(lowered: Machine, source: Machine, input: unknown, item: MapItem, context: object): Promise<unknown> {
    const states = [...allStates(source)];
    const library = new StateMachine(lowered as unknown as StateMachineDefinition, { validationOptions: { noValidate: true } });
    const line = library.run(input as never, {
      context: context as never,
      overrides: {
        taskResourceLocalHandlers: Object.fromEntries(
          states.flatMap(([name, state]) => {
            const work = this.#work(name, state);
            return work === undefined ? [] : [[name, (given: unknown) => this.#attempt(name, state, given as LoweredInput, work) as never]];
          }),
        ),
        // The wait before a retry is taken on the engine's clock, in #attempt.
        retryIntervalOverrides: Object.fromEntries(states.map(([name]) => [name, 0])),
      },
    });
    const listening = this.#listen(line.eventLogs as AsyncIterable<LibraryEvent>, item);
    try {
      return await line.result;
    } catch (error) {
      throw error instanceof Error && error.name === 'ExecutionError' ? error.cause : error;
    } finally {
      await listening;
      this.#check();
    }
  }

  /** The engine's work for a state that takes time; undefined for the states that the library runs alone. */
  #work(name: string, state: State): ((input: LoweredInput) => Promise<unknown>) | undefined {
    switch (state.Type) {
      case 'Task':
        return (input) => this.#runTask(name, state, input);
      case 'Wait':
        return (input) => this.#runWait(name, input);
      case 'Map':
        return (input) => this.#runMap(name, state, input);
      default:
        return undefined;
    }
  }

  /** One attempt of a state; where the library will retry it, the wait before that is part of the attempt. */
  async #attempt(name: string, state: State, input: LoweredInput, work: (input: LoweredInput) => Promise<unknown>): Promise<unknown> {
    const frame = this.#frames.get(input.frame);
    countTry(frame, name, this.#settings.clock.now());
    try {
      this.#check();
      checkSize(input.stateInput, `the input of state ${name}`);
      checkSize(input.input, `the payload of state ${name}`);
      const output = await work(input);
      checkSize(output, `the output of state ${name}`);
      this.#check();
      frame.retries.delete(name);
      frame.tries.delete(name);
      return output;
    } catch (error) {
      const failure = failureOf(error);
      const delaySeconds = nextRetry(frame, name, state.Retry ?? [], failure, this.#settings.id);
      if (delaySeconds === undefined) throw givenUp(frame, name, failure, this.#settings.clock.now());
      this.#tell(frame.item, { type: 'task-retried', state: name, error: failure.name, delaySeconds });
      await this.#sleep(delaySeconds);
      throw failure;
    }
  }

  async #runTask(name: string, state: State, { input }: LoweredInput): Promise<unknown> {
    const { clock, task } = this.#settings;
    const startedAt = clock.now();
    const payload = overTheWire(input, `the payload of state ${name}`);
    const output = overTheWire(await clock.busy(() => task(state, payload)), `the output of state ${name}`);
    // Ended late, but ended: a second attempt beside a first one that still works is what Lambda can never do.
    if (state.TimeoutSeconds !== undefined && clock.now() - startedAt > state.TimeoutSeconds * 1000) {
      throw new TaskFailure('States.Timeout', `state ${name} took more than ${state.TimeoutSeconds} seconds`);
    }
    return output;
  }

  async #runWait(name: string, { input, until }: LoweredInput): Promise<unknown> {
    const now = this.#settings.clock.now();
    const seconds = typeof until === 'number' ? until : (Date.parse(until ?? '') - now) / 1000;
    if (Number.isNaN(seconds)) {
      throw new TaskFailure('States.Runtime', `state ${name} waits for ${until}, which is no time`, { terminal: true });
    }
    await this.#sleep(Math.max(0, seconds));
    return input;
  }

  async #runMap(name: string, state: State, { frame, input, stateInput }: LoweredInput): Promise<unknown> {
    if (!Array.isArray(input)) {
      throw new TaskFailure('States.Runtime', `the items of state ${name} are no array`, { terminal: true });
    }
    const processor = lowerProcessor(name, state);
    const source = state.ItemProcessor as Processor;
    const limit = pLimit(state.MaxConcurrency === undefined || state.MaxConcurrency === 0 ? DEFAULT_CONCURRENCY : state.MaxConcurrency);
    const failures: TaskFailure[] = [];
    const executionOf = this.#childExecutions(name, source, this.#frames.get(frame).item);
    const outputs = await Promise.all(
      input.map((item: unknown, index) =>
        limit(async () => {
          // The first failure fails the Map: what has not started yet does not start.
          if (failures.length > 0) {
            return undefined;
          }
          try {
            const known: MapItem = { execution: executionOf(index) };
            return await this.#runLine(processor, source, stateInput, known, this.#frames.context(known, { Index: index, Value: item }));
          } catch (error) {
            failures.push(failureOf(error));
            return undefined;
          }
        }),
      ),
    );
    const failure = failures.find((candidate) => !candidate.isCatchable) ?? failures[0];
    if (failure !== undefined) {
      throw this.#mapFailure(name, source, failure);
    }
    return outputs;
  }

  /** Names the executions of a Map's items: a distributed one's are its children, an inline one's are part of their parent's. */
  #childExecutions(name: string, { ProcessorConfig }: Processor, { execution }: MapItem): (index: number) => string {
    if (ProcessorConfig?.Mode !== 'DISTRIBUTED') {
      return () => execution;
    }
    this.#mapRuns += 1;
    const run = `${execution === '' ? '' : `${execution}/`}${name}#${this.#mapRuns}`;
    return (index) => `${run}/${index}`;
  }

  /** A distributed Map fails by its threshold, an inline one by its item's own error. */
  #mapFailure(name: string, processor: Processor, failure: TaskFailure): TaskFailure {
    if (processor.ProcessorConfig?.Mode !== 'DISTRIBUTED' || this.#settings.signal.aborted) {
      return failure;
    }
    return new TaskFailure(
      'States.ExceedToleratedFailureThreshold',
      `a child execution of ${name} failed: ${failure.name}: ${failure.message}`,
      {
        cause: failure,
      },
    );
  }

  /** Sleeps on the engine's clock, at most until the execution's own time-out or until it is aborted. */
  async #sleep(seconds: number): Promise<void> {
    this.#check();
    const { clock } = this.#settings;
    const left = (this.#deadline - clock.now()) / 1000;
    await Promise.race([clock.sleep(Math.min(seconds, left + 0.001)), this.#aborted]);
    this.#check();
  }

  /** Throws where the execution may not go on. No rule of the machine can catch it. */
  #check(): void {
    const { signal, clock } = this.#settings;
    if (signal.aborted) {
      throw new TaskFailure('Aborted', 'the execution was aborted', { terminal: true, cause: signal.reason });
    }
    if (this.#ended !== undefined) {
      throw this.#ended;
    }
    if (clock.now() > this.#deadline) {
      throw new TaskFailure('States.Timeout', 'the execution reached its time-out', { terminal: true });
    }
  }

  /** Drains the library's events: it keeps them until someone does. Never throws; what goes wrong ends the execution. */
  async #listen(events: AsyncIterable<LibraryEvent>, item: MapItem): Promise<void> {
    let caught = false;
    for await (const event of events) {
      caught = event.type === 'StateCaught' || (caught && event.type !== 'StateEntered');
      const type = EVENT_TYPES[event.type];
      if (type === undefined || event.state === undefined || this.#ended !== undefined) {
        continue;
      }
      const { name, input, output } = event.state;
      try {
        checkSize(input, `the input of state ${name}`);
        checkSize(output, `the output of state ${name}`);
        if (isSelector(name)) {
          // The engine's own state ahead of a processor: what it selects says which units the line works on.
          Object.assign(item, unitsOf(output));
          continue;
        }
        const details = {
          ...(output === undefined ? {} : { output }),
          ...(event.Error === undefined ? {} : { error: event.Error }),
          ...(caught && type === 'state-exited' ? { caught } : {}),
        };
        this.#tell(item, { type, state: name, input, ...details });
      } catch (error) {
        this.#ended =
          error instanceof TaskFailure
            ? error
            : new TaskFailure('InternalError', 'a listener of the engine failed', { terminal: true, cause: error });
      }
    }
  }

  #tell({ execution, unitIds }: MapItem, progress: Omit<Progress, 'at' | 'execution' | 'unitIds'>): void {
    const { clock, onEvent } = this.#settings;
    onEvent({ ...progress, execution, at: clock.now(), ...(unitIds === undefined ? {} : { unitIds }) });
  }
}

interface LibraryEvent {
  readonly type: string;
  readonly state?: { readonly name: string; readonly input?: unknown; readonly output?: unknown };
  readonly Error?: string;
}

const EVENT_TYPES: Readonly<Record<string, Progress['type'] | undefined>> = {
  StateEntered: 'state-entered',
  StateExited: 'state-exited',
  StateFailed: 'state-failed',
};

function unitsOf(selected: unknown): Pick<MapItem, 'unitIds'> {
  const batch = typeof selected === 'object' && selected !== null ? (selected as { batch?: Partial<Batch> }).batch : undefined;
  const unitIds = [...(batch?.units ?? []), ...(batch?.undoing ?? [])].map(({ unitId }) => unitId);
  return unitIds.length === 0 ? {} : { unitIds };
}

/** What of a Map's item says which units it is about. */
interface Batch {
  readonly units: readonly { readonly unitId: string }[];
  readonly undoing: readonly { readonly unitId: string }[];
}
