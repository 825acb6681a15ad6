import { isDeepStrictEqual } from 'node:util';
import type { ClusterRuntime } from '../src/migration/runtime.ts';
import { isPodshiftError, PodshiftError } from '../src/model/errors.ts';
import type { ExecutionStatus, Executions, StateMachineName } from '../src/service/executions.ts';
import type { EngineClock } from './clock.ts';
import { createLocalTaskTokens } from './local-task-tokens.ts';
import type { OnProgress } from './progress.ts';
import type { Service } from './service.ts';
import { failureOf } from './task-failure.ts';

/** What executions of this process work on. */
export interface LocalExecutionsSettings {
  readonly runtime: ClusterRuntime;
  readonly clock: EngineClock;
  readonly onEvent?: OnProgress;
  /** Definitions and functions; those of this project's serverless.yml where absent. */
  readonly service?: Service;
}

/** Executions of this process, in the background. */
export interface LocalExecutions extends Executions {
  /** Resolves when none runs any more, and none is left that another one's end started. */
  settled(): Promise<void>;
  /** Ends them all: no state starts any more, what works is waited for, nothing is rolled back. Nothing starts after it. */
  close(): Promise<void>;
}

interface Started {
  readonly executionArn: string;
  readonly input: unknown;
  readonly controller: AbortController;
  status: ExecutionStatus;
  failure?: { readonly error: string; readonly cause: string };
}

/**
 * Step Functions as far as podshift uses it, in this process: names are taken once, a waiting state is resumed by its token,
 * and the failure of `migrate-cluster` starts `rollback-run`, as the EventBridge rule does where podshift is deployed.
 */
export function createLocalExecutions(settings: LocalExecutionsSettings): LocalExecutions {
  const { runtime, clock } = settings;
  const started = new Map<string, Started>();
  const running = new Set<Promise<void>>();
  let closed = false;
  const taskTokens = createLocalTaskTokens(clock, () => runtime.ids.next());

  const start = (stateMachine: StateMachineName, name: string, input: unknown): Started => {
    const key = `${stateMachine}:${name}`;
    // What Step Functions keeps is text.
    const given: unknown = JSON.parse(JSON.stringify(input));
    const existing = started.get(key);
    if (existing !== undefined) {
      if (existing.status === 'RUNNING' && isDeepStrictEqual(existing.input, given)) return existing;
      throw new PodshiftError('ExecutionExists', `there is an execution ${name} of ${stateMachine} already`);
    }
    if (closed) throw new PodshiftError('ServiceUnavailable', 'the local engine is being closed');
    const execution: Started = {
      executionArn: `local:execution:${key}`,
      input: given,
      controller: new AbortController(),
      status: 'RUNNING',
    };
    started.set(key, execution);
    const work = run(stateMachine, name, execution).finally(() => running.delete(work));
    running.add(work);
    return execution;
  };

  const run = async (stateMachine: StateMachineName, name: string, execution: Started): Promise<void> => {
    try {
      const { executionArn, input } = execution;
      const { signal } = execution.controller;
      // What runs definitions takes long to load, and a plan needs none of it.
      const { runStateMachine } = await clock.busy(() => import('./state-machine.ts'));
      await runStateMachine({ ...settings, name: stateMachine, executionId: executionArn, input, taskTokens, signal });
      execution.status = 'SUCCEEDED';
    } catch (error) {
      execution.status = execution.controller.signal.aborted ? 'ABORTED' : isPodshiftError(error, 'StepTimedOut') ? 'TIMED_OUT' : 'FAILED';
      const reason = error instanceof Error ? error.message : `a ${typeof error} was thrown`;
      execution.failure = execution.status === 'ABORTED' ? { error: 'Stopped', cause: reason } : toldOf(error);
      runtime.logger.error(reason, { stateMachine, execution: name, error: execution.failure.error });
      // What the EventBridge rule hands on: the detail of Step Functions' event.
      if (stateMachine === 'migrate-cluster' && !closed) {
        const { executionArn, status, input } = execution;
        const detail = { executionArn, status, input: JSON.stringify(input), error: execution.failure.error };
        start('rollback-run', `${name}-after-failure`, detail);
      }
    }
  };

  const settled = async (): Promise<void> => {
    while (running.size > 0) await Promise.all(running);
  };
  return {
    start: async (stateMachine, name, input) => {
      const { executionArn } = start(stateMachine, name, input);
      return { executionArn };
    },
    status: async (stateMachine, name) => started.get(`${stateMachine}:${name}`)?.status,
    stop: async (stateMachine, name, reason) => {
      const execution = started.get(`${stateMachine}:${name}`);
      if (execution === undefined) throw new PodshiftError('NotFound', `there is no execution ${name} of ${stateMachine}`);
      execution.controller.abort(new PodshiftError('WaveFailed', reason));
    },
    failure: async (stateMachine, name) => started.get(`${stateMachine}:${name}`)?.failure,
    succeedTask: async (token, output) => taskTokens.answer(token, { output }),
    failTask: async (token, error, cause) => taskTokens.answer(token, { error, cause }),
    settled,
    close: async () => {
      closed = true;
      for (const { controller } of started.values())
        controller.abort(new PodshiftError('ServiceUnavailable', 'the local engine was closed'));
      await settled();
    },
  };
}

/** What failed an execution, as Step Functions tells it: a function's error in Lambda's words, any other as it was given. */
function toldOf(error: unknown): { readonly error: string; readonly cause: string } {
  if (isPodshiftError(error) && 'stateMachine' in error.details) {
    return { error: String(error.details.error), cause: String(error.details.cause) };
  }
  const { name, message } = failureOf(error);
  return { error: name, cause: message };
}
