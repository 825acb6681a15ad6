import { isDeepStrictEqual } from 'node:util';
import type { Machine } from '../../../engine/asl.ts';
import { allStates, logicalIdOf } from '../../../engine/check.ts';
import { ROOT } from '../../../engine/root.ts';
import { kebabCase, loadService, type Service } from '../../../engine/service.ts';
import { runStateMachine } from '../../../engine/state-machine.ts';
import { TaskFailure } from '../../../engine/task-failure.ts';
import type { ClusterRuntime } from '../../../src/migration/runtime.ts';
import { isPodshiftError, PodshiftError } from '../../../src/model/errors.ts';
import type { ExecutionStatus, Executions, StateMachineName } from '../../../src/service/executions.ts';
import type { SimulatedClock } from './clock.ts';
import type { Functions, Told } from './functions.ts';

/** One execution. */
interface Started {
  readonly name: string;
  readonly arn: string;
  readonly stateMachine: StateMachineName;
  readonly input: unknown;
  readonly controller: AbortController;
  status: ExecutionStatus;
  failure?: { readonly error: string; readonly cause: string };
}

/** The service's own definitions and handlers, read once for all worlds. */
export interface Declared {
  readonly service: Service;
  /** Seconds that a function may run, by its logical id. */
  timeoutOf(functionId: string): number;
}

let declared: Promise<Declared> | undefined;

/** Reads serverless.yml once. */
export function declaredService(): Promise<Declared> {
  declared ??= readDeclared();
  return declared;
}

async function readDeclared(): Promise<Declared> {
  const service = await loadService();
  const machines = new Map<string, Promise<Machine>>();
  const handlers = new Map<string, ReturnType<Service['handler']>>();
  const kept: Service = {
    stateMachine: (name) => keep(machines, name, () => service.stateMachine(name)),
    handler: (id) => keep(handlers, id, () => service.handler(id)),
  };
  // Loading takes real time, which a virtual clock would not wait for.
  for (const name of ['migrate-cluster', 'rollback-run']) await preload(kept, name);
  return { service: kept, timeoutOf: await readTimeouts() };
}

async function preload(service: Service, name: string): Promise<void> {
  for (const [, state] of allStates(await service.stateMachine(name))) {
    const parameters = state.Parameters as { FunctionName?: unknown } | undefined;
    const id = logicalIdOf(state.Resource) ?? logicalIdOf(parameters?.FunctionName);
    if (id !== undefined) await service.handler(id);
  }
}

async function readTimeouts(): Promise<(functionId: string) => number> {
  const { readFile } = await import('node:fs/promises');
  const { parse } = await import('yaml');
  const file = parse(await readFile(`${ROOT}/serverless.yml`, 'utf8'), { logLevel: 'error' }) as {
    provider: { timeout: number };
    functions: Record<string, { timeout?: number | string }>;
  };
  const own = new Map(Object.entries(file.functions).map(([name, { timeout }]) => [kebabCase(`${name}LambdaFunction`), timeout]));
  return (functionId) => {
    const seconds = own.get(kebabCase(functionId));
    return typeof seconds === 'number' ? seconds : file.provider.timeout;
  };
}

function keep<Value>(known: Map<string, Value>, key: string, make: () => Value): Value {
  const value = known.get(key) ?? make();
  known.set(key, value);
  return value;
}

/** What EventBridge makes of the event of an execution that failed: milliseconds until each of its deliveries. */
export type Deliveries = (execution: string) => readonly number[];

/**
 * Step Functions and the EventBridge rule. An execution that is stopped ends at once, and the functions that it called go on;
 * an execution of migrate-cluster that does not succeed is told as the rule tells it, as often and as late as it is delivered.
 */
export class StepFunctions implements Executions {
  readonly #settings: {
    readonly clock: SimulatedClock;
    readonly functions: Functions;
    readonly declared: Declared;
    readonly deliveries: Deliveries;
    readonly ids: ClusterRuntime['ids'];
    readonly tell: Told;
  };
  readonly #started = new Map<string, Started>();
  #running = 0;
  #events = 0;

  constructor(settings: {
    readonly clock: SimulatedClock;
    readonly functions: Functions;
    readonly declared: Declared;
    readonly deliveries: Deliveries;
    readonly ids: ClusterRuntime['ids'];
    readonly tell: Told;
  }) {
    this.#settings = settings;
  }

  /** Whether an execution runs, or an event of one is on its way. */
  get isBusy(): boolean {
    return this.#running > 0 || this.#events > 0;
  }

  /** All executions so far. */
  get executions(): readonly Started[] {
    return [...this.#started.values()];
  }

  async start(stateMachine: StateMachineName, name: string, input: unknown): Promise<{ readonly executionArn: string }> {
    const key = `${stateMachine}:${name}`;
    const given: unknown = JSON.parse(JSON.stringify(input));
    const existing = this.#started.get(key);
    if (existing !== undefined) {
      if (existing.status === 'RUNNING' && isDeepStrictEqual(existing.input, given)) return { executionArn: existing.arn };
      throw new PodshiftError('ExecutionExists', `there is an execution ${name} of ${stateMachine} already`);
    }
    const arn = `arn:aws:states:eu-west-1:111122223333:execution:${key}`;
    const execution: Started = { name, arn, stateMachine, input: given, controller: new AbortController(), status: 'RUNNING' };
    this.#started.set(key, execution);
    this.#running += 1;
    void this.#run(execution).finally(() => {
      this.#running -= 1;
    });
    return { executionArn: arn };
  }

  async status(stateMachine: StateMachineName, name: string): Promise<ExecutionStatus | undefined> {
    return this.#started.get(`${stateMachine}:${name}`)?.status;
  }

  async stop(stateMachine: StateMachineName, name: string, reason: string): Promise<void> {
    const execution = this.#started.get(`${stateMachine}:${name}`);
    if (execution === undefined) throw new PodshiftError('NotFound', `there is no execution ${name} of ${stateMachine}`);
    execution.controller.abort(new PodshiftError('WaveFailed', reason));
  }

  async failure(stateMachine: StateMachineName, name: string): Promise<{ readonly error: string; readonly cause: string } | undefined> {
    return this.#started.get(`${stateMachine}:${name}`)?.failure;
  }

  succeedTask(): Promise<void> {
    return Promise.reject(new PodshiftError('TaskTokenGone', 'no state waits for this answer any more'));
  }

  failTask(): Promise<void> {
    return this.succeedTask();
  }

  async #run(execution: Started): Promise<void> {
    const { clock, ids, tell } = this.#settings;
    const { signal } = execution.controller;
    const { stateMachine, name, arn, input } = execution;
    tell(`${stateMachine} ${name} begins`);
    try {
      const runtime = { ids } as ClusterRuntime; // its functions have environments of their own
      const service = this.#serviceOf(signal);
      await runStateMachine({ name: stateMachine, executionId: arn, input, runtime, clock: clock.engine, signal, service });
      execution.status = 'SUCCEEDED';
      tell(`${stateMachine} ${name} succeeded`);
    } catch (error) {
      execution.status = signal.aborted ? 'ABORTED' : isPodshiftError(error, 'StepTimedOut') ? 'TIMED_OUT' : 'FAILED';
      execution.failure = { error: error instanceof Error ? error.name : 'Error', cause: error instanceof Error ? error.message : '' };
      tell(`${stateMachine} ${name} is ${execution.status}: ${execution.failure.error}: ${execution.failure.cause.slice(0, 300)}`);
      if (stateMachine === 'migrate-cluster') this.#announce(execution);
    }
  }

  #announce({ name, arn, status, input, failure }: Started): void {
    const { clock, deliveries } = this.#settings;
    const error = status === 'FAILED' ? failure?.error : null;
    const detail = { executionArn: arn, status, input: JSON.stringify(input), error };
    for (const [index, milliseconds] of deliveries(name).entries()) {
      this.#events += 1;
      void clock.sleep(milliseconds).then(async () => {
        this.#events -= 1;
        await this.start('rollback-run', `event-${name}-${index}`, detail);
      });
    }
  }

  /** The declared functions, each called by way of Lambda; what a stopped execution called goes on without it. */
  #serviceOf(signal: AbortSignal): Service {
    const { declared, functions } = this.#settings;
    const stopped = new Promise<never>((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(new TaskFailure('Aborted', 'the execution was stopped', { terminal: true })), {
        once: true,
      });
    });
    stopped.catch(() => undefined);
    return {
      stateMachine: (name) => declared.service.stateMachine(name),
      handler: async (id) => {
        const handler = await declared.service.handler(id);
        return {
          withRuntime: () => (event) => {
            const work = functions.invoke(id, handler, event);
            work.catch(() => undefined);
            return Promise.race([work, stopped]);
          },
        };
      },
    };
  }
}
