import { DescribeExecutionCommand, GetExecutionHistoryCommand, type SFNClient } from '@aws-sdk/client-sfn';
import type { Machine } from '../../engine/asl.ts';
import { allStates } from '../../engine/check.ts';
import { historyEvents } from '../../engine/history.ts';
import { createLocalTaskTokens } from '../../engine/local-task-tokens.ts';
import type { Progress } from '../../engine/progress.ts';
import type { Service } from '../../engine/service.ts';
import { runStateMachine } from '../../engine/state-machine.ts';
import type { ClusterRuntime } from '../../src/migration/runtime.ts';
import { isPodshiftError } from '../../src/model/errors.ts';
import { createVirtualClock } from '../../twin/clock.ts';
import { subjectOf } from './acts.ts';
import type { Cloud } from './cloud.ts';
import type { Invocation } from './lambda.ts';
import type { Play } from './plays.ts';

/** What an engine made of a play. */
export interface Trace {
  /** Every call of a function, as JSON text, sorted: what runs side by side has no order. */
  readonly calls: readonly string[];
  /** The execution's output, or the name of the error that failed it. */
  readonly ended: unknown;
  /** How many events of each type the history of the execution itself has; its children have histories of their own. */
  readonly history: Readonly<Record<string, number>>;
}

const ENDING = 'LambdaFunction';

/** Plays the functions of one execution, and notes their calls. */
function player(play: Play, answer: (token: string, told: NonNullable<Play['answer']>) => void) {
  const calls: string[] = [];
  const counts = new Map<string, number>();
  const call = (id: string, event: unknown): unknown => {
    const name = id.slice(0, -ENDING.length);
    const { taskToken, executionId, claimant, ...rest } = event as Record<string, unknown>;
    calls.push(JSON.stringify([name, rest, ...[taskToken, executionId, claimant].map((value) => typeof value)]));
    const key = `${name} ${subjectOf(event)}`;
    const nth = (counts.get(key) ?? 0) + 1;
    counts.set(key, nth);
    const act = play.acts[name];
    if (act === undefined) throw new Error(`the play "${play.title}" has no act for ${name}`);
    const output = act(rest as never, nth);
    if (typeof taskToken === 'string' && play.answer !== undefined) answer(taskToken, play.answer);
    return output;
  };
  return { call, calls };
}

/** Plays on podshift's own engine. `onEvent` is told every step, for who counts what was reached. */
export async function playLocally(play: Play, service: Service, onEvent: (progress: Progress) => void): Promise<Trace> {
  const clock = createVirtualClock(Date.parse('2026-03-02T09:00:00Z')).engine;
  const taskTokens = createLocalTaskTokens(clock, () => 'token');
  const { call, calls } = player(play, (token, told) => queueMicrotask(() => taskTokens.answer(token, told)));
  const history = tally();
  history.add('ExecutionStarted');
  const machine = await machineOf(play, service);
  const states = new Map(allStates(machine));
  const scripted: Service = {
    stateMachine: async () => machine,
    handler: async (id) => ({ withRuntime: () => async (event) => call(id, event) }),
  };
  const run = runStateMachine({
    name: play.machine,
    input: play.input,
    runtime: { clock, ids: { next: () => 'id' } } as unknown as ClusterRuntime,
    clock,
    service: scripted,
    taskTokens,
    onEvent: (progress) => {
      onEvent(progress);
      const state = states.get(progress.state);
      if (progress.execution === '' && state !== undefined) history.add(...historyEvents(progress, state));
    },
  });
  const ended = await run.catch((error: unknown) => {
    if (isPodshiftError(error)) return { failed: error.name };
    throw error;
  });
  history.add(typeof ended === 'object' && ended !== null && 'failed' in ended ? 'ExecutionFailed' : 'ExecutionSucceeded');
  return { calls: calls.sort(), ended, history: history.counts };
}

/** Plays on moto's Step Functions, under a name of its own. */
export async function playInCloud(play: Play, cloud: Cloud, service: Service, name: string): Promise<Trace> {
  const { call, calls } = player(play, (token, told) => {
    const { executions } = deployed;
    void ('output' in told ? executions.succeedTask(token, told.output) : executions.failTask(token, told.error, told.cause));
  });
  const invoke = async (id: string, event: string): Promise<Invocation> => {
    try {
      return { payload: JSON.stringify(call(id, JSON.parse(event)) ?? null), failed: false };
    } catch (error) {
      const { name: errorType, message: errorMessage } = error as Error;
      return { payload: JSON.stringify({ errorType, errorMessage }), failed: true };
    }
  };
  const machine = await machineOf(play, service);
  const scripted: Service = { ...service, stateMachine: async () => machine };
  const deployed = await cloud.deploy({ name, service: scripted, machines: [play.machine], functionName: (id) => id, invoke });
  const { executionArn } = await deployed.executions.start(play.machine, name, play.input);
  for (;;) {
    const { status, output, error } = await cloud.stepFunctions.send(new DescribeExecutionCommand({ executionArn }));
    if (status !== 'RUNNING') {
      const ended = status === 'SUCCEEDED' ? outputOf(output ?? 'null') : { failed: error };
      return { calls: calls.sort(), ended, history: await historyOf(cloud.stepFunctions, executionArn) };
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** An execution's output. Step Functions gives JSON (API reference, DescribeExecution: output); moto gives a text as it is. */
function outputOf(output: string): unknown {
  try {
    return JSON.parse(output);
  } catch (error) {
    if (error instanceof SyntaxError) return output;
    throw error;
  }
}

/** The machine that a play executes. */
async function machineOf({ machine: name, map }: Play, service: Service): Promise<Machine> {
  const machine = await service.stateMachine(name);
  if (map === undefined) return machine;
  const processor = machine.States[map]?.ItemProcessor;
  if (processor === undefined) throw new TypeError(`${name} has no Map ${map}`);
  const { ProcessorConfig: _config, ...child } = processor;
  return child;
}

async function historyOf(client: SFNClient, executionArn: string): Promise<Readonly<Record<string, number>>> {
  const history = tally();
  for (let nextToken: string | undefined; ; ) {
    const page = await client.send(new GetExecutionHistoryCommand({ executionArn, ...(nextToken === undefined ? {} : { nextToken }) }));
    history.add(...(page.events ?? []).map(({ type }) => String(type)));
    nextToken = page.nextToken;
    if (nextToken === undefined) return history.counts;
  }
}

function tally() {
  const counts: Record<string, number> = {};
  const add = (...names: readonly string[]): void => {
    for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  };
  return { counts, add };
}

/** The functions that a machine's Map processor calls, without their common ending: those of a unit, of a role. */
export function functionsOf(machine: Machine): string[] {
  const ids = [...allStates(machine)].map(
    ([, { Resource, Parameters }]) => /(\w+)LambdaFunction/.exec(JSON.stringify([Resource, Parameters]))?.[1],
  );
  return [...new Set(ids.filter((id) => id !== undefined))];
}
