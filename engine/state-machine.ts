import type { ClusterRuntime } from '../src/migration/runtime.ts';
import { ERRORS, type ErrorName, PodshiftError } from '../src/model/errors.ts';
import type { StateMachineName } from '../src/service/executions.ts';
import type { Machine, State } from './asl.ts';
import { allStates, checkDefinition, logicalIdOf } from './check.ts';
import type { EngineClock } from './clock.ts';
import { Execution } from './execution.ts';
import { beat } from './heartbeat.ts';
import { TOKEN_PLACEHOLDER } from './lower.ts';
import type { OnProgress } from './progress.ts';
import { projectService, type Service } from './service.ts';
import { originalError, TaskFailure } from './task-failure.ts';

export type { OnProgress, Progress } from './progress.ts';

/** A state that waits for someone's word, as `.waitForTaskToken` does. */
export interface ApprovalRequest {
  /** The payload that the function got, without the token. */
  readonly input: unknown;
  /** What the function that asks for the approval returned. */
  readonly requested: unknown;
  /** Fires when the execution is aborted. */
  readonly signal: AbortSignal;
}

/** Gives out task tokens whose answers come from elsewhere in this process, as `SendTaskSuccess` does. */
export interface TaskTokens {
  /** A token, and what it is answered with. The answer rejects after so many seconds, and when the signal fires. */
  open(
    timeoutSeconds: number | undefined,
    signal: AbortSignal,
  ): { readonly token: string; readonly answer: Promise<unknown>; close(): void };
}

/** One execution in this process. */
export interface StateMachineRun {
  /** A state machine that the service declares. */
  readonly name: StateMachineName;
  /** What `$$.Execution.Id` is; a new one where absent. */
  readonly executionId?: string;
  readonly input: unknown;
  readonly runtime: ClusterRuntime;
  readonly clock: EngineClock;
  readonly onEvent?: OnProgress;
  /** The answer becomes the waiting state's output; throwing fails the state. Time stands still for a virtual clock meanwhile. */
  readonly approve?: (request: ApprovalRequest) => Promise<unknown>;
  /** In place of `approve`: the waiting state gets a token of these, and its answer. */
  readonly taskTokens?: TaskTokens;
  /** Ends the execution: no state starts any more, what works is waited for. Its reason is thrown. */
  readonly signal?: AbortSignal;
  /** Definitions and functions; those of this project's serverless.yml where absent. */
  readonly service?: Service;
}

const INVOKE = 'arn:aws:states:::lambda:invoke';
const INVOKE_AND_WAIT = `${INVOKE}.waitForTaskToken`;

/**
 * Runs a state machine in this process: the definition and the functions that the service declares, over the runtime and
 * on the clock that are handed in. Answers with the execution's output. Throws the error that failed it: the handler's own
 * `PodshiftError`, `StepTimedOut` for the machine's time-out, else `InternalError`; or the signal's reason.
 */
export async function runStateMachine(run: StateMachineRun): Promise<unknown> {
  const { name, runtime, clock } = run;
  // An execution that another one started must not find that time went on while it was loaded.
  const { machine, handlers } = await clock.busy(() => load(run));
  const signal = run.signal ?? new AbortController().signal;
  const execution = new Execution(
    {
      id: run.executionId ?? `${name}-${runtime.ids.next()}`,
      clock,
      signal,
      onEvent: run.onEvent ?? (() => undefined),
      task: (state, input) => runTask(state, input, handlers, run, signal),
    },
    machine,
    run.input,
  );
  const rest = beat(runtime, clock, run.input);
  try {
    return await execution.run();
  } catch (error) {
    signal.throwIfAborted();
    throw executionError(error, name);
  } finally {
    rest();
  }
}

type Handler = (event: unknown) => Promise<unknown>;
type Handlers = ReadonlyMap<string, () => Promise<Handler>>;

async function load({ name, runtime, service: given }: StateMachineRun): Promise<{ machine: Machine; handlers: Handlers }> {
  const service = given ?? (await projectService());
  const machine = await service.stateMachine(name);
  // This project's own definitions are checked by its tests: the validator takes longer to get ready than a plan to be made.
  if (given !== undefined) checkDefinition(machine, name);
  const states = [...allStates(machine)].map(([, state]) => state);
  return { machine, handlers: handlersOf(service, states, runtime) };
}

/** The function that a Task state calls, by its logical ID. */
function functionOf(state: State): string {
  const parameters = state.Parameters as { FunctionName?: unknown } | undefined;
  const id = logicalIdOf(state.Resource) ?? (typeof state.Resource === 'string' ? logicalIdOf(parameters?.FunctionName) : undefined);
  const integration = state.Resource === INVOKE || state.Resource === INVOKE_AND_WAIT || typeof state.Resource !== 'string';
  if (id === undefined || !integration) {
    throw new PodshiftError('InternalError', `a state calls ${JSON.stringify(state.Resource)}, which the engine does not know`);
  }
  return id;
}

/** The handlers of all functions that the states call, by logical ID, each over the runtime: a function is loaded when it is called. */
function handlersOf(service: Service, states: readonly State[], runtime: ClusterRuntime): Handlers {
  const handlers = new Map<string, () => Promise<Handler>>();
  for (const id of new Set(states.filter((state) => state.Type === 'Task').map(functionOf))) {
    let loaded: Promise<Handler> | undefined;
    handlers.set(id, () => {
      loaded ??= service.handler(id).then((handler) => handler.withRuntime(runtime));
      return loaded;
    });
  }
  return handlers;
}

async function runTask(state: State, input: unknown, handlers: Handlers, run: StateMachineRun, signal: AbortSignal): Promise<unknown> {
  const handler = await handlers.get(functionOf(state))?.();
  if (handler === undefined) {
    throw new PodshiftError('InternalError', `function ${functionOf(state)} is not loaded`);
  }
  if (state.Resource === INVOKE) {
    return { StatusCode: 200, Payload: await handler(payloadOf(input)) };
  }
  if (state.Resource !== INVOKE_AND_WAIT) {
    return handler(input);
  }
  const payload = payloadOf(input);
  if (run.taskTokens !== undefined) {
    const waiting = run.taskTokens.open(state.TimeoutSeconds, signal);
    try {
      await handler(replaceToken(payload, () => waiting.token));
      return await waiting.answer;
    } finally {
      waiting.close();
    }
  }
  const token = `local-${run.runtime.ids.next()}`;
  const requested = await handler(replaceToken(payload, () => token));
  if (run.approve === undefined) {
    throw new PodshiftError('UsageError', 'the run waits for an approval, and this command cannot give it');
  }
  return run.approve({ input: replaceToken(payload, () => undefined), requested, signal });
}

function payloadOf(input: unknown): unknown {
  return (input as { Payload?: unknown }).Payload ?? {};
}

/** Puts the token where the definition has `$$.Task.Token`, or leaves the field out. */
function replaceToken(payload: unknown, token: () => string | undefined): unknown {
  return JSON.parse(JSON.stringify(payload, (_key, value: unknown) => (value === TOKEN_PLACEHOLDER ? token() : value)));
}

function executionError(error: unknown, name: string): PodshiftError {
  const original = originalError(error);
  if (original !== undefined) {
    return original;
  }
  if (error instanceof PodshiftError) {
    return error;
  }
  const failure = error instanceof Error ? error : new TaskFailure('InternalError', `a ${typeof error} was thrown`);
  const message = `the execution of ${name} failed: ${failure.name}: ${failure.message}`;
  const table: ErrorName = Object.hasOwn(ERRORS, failure.name)
    ? (failure.name as ErrorName)
    : failure.name === 'States.Timeout'
      ? 'StepTimedOut'
      : 'InternalError';
  return new PodshiftError(table, message, { cause: error, details: { error: failure.name, cause: failure.message, stateMachine: name } });
}
