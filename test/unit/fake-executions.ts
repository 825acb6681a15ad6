import { isDeepStrictEqual } from 'node:util';
import { type ErrorName, PodshiftError } from '../../src/model/errors.ts';
import type { ExecutionStatus, Executions, StateMachineName } from '../../src/service/executions.ts';

/** One execution that was started; a test moves its status. */
export interface FakeExecution {
  readonly stateMachine: StateMachineName;
  readonly name: string;
  readonly input: unknown;
  status: ExecutionStatus;
  /** What failed it, where a test says so. */
  failure?: { readonly error: string; readonly cause: string };
}

/** Executions that go nowhere by themselves, and the record of what was asked. */
export interface FakeExecutions extends Executions {
  readonly started: FakeExecution[];
  /** Tokens that wait, by what a test puts in; answering takes them out. */
  readonly waiting: Set<string>;
  readonly answers: { readonly token: string; readonly answer: unknown }[];
  /** What is thrown at a method, once for each entry; `METHOD reply` after it took effect. */
  readonly failures: Partial<Record<string, ErrorName[]>>;
}

export function fakeExecutions(): FakeExecutions {
  const started: FakeExecution[] = [];
  const waiting = new Set<string>();
  const answers: { token: string; answer: unknown }[] = [];
  const failures: Partial<Record<string, ErrorName[]>> = {};
  const fail = (method: string): void => {
    const name = failures[method]?.shift();
    if (name !== undefined) throw new PodshiftError(name, `${method} failed with ${name}`);
  };
  const find = (stateMachine: StateMachineName, name: string): FakeExecution | undefined =>
    started.find((one) => one.stateMachine === stateMachine && one.name === name);
  const answer = (method: string, token: string, given: unknown): void => {
    fail(method);
    if (!waiting.delete(token)) throw new PodshiftError('TaskTokenGone', 'no state waits for this answer any more');
    answers.push({ token, answer: given });
    fail(`${method} reply`);
  };
  return {
    started,
    waiting,
    answers,
    failures,
    start: async (stateMachine, name, input) => {
      fail('start');
      const existing = find(stateMachine, name);
      if (existing === undefined) started.push({ stateMachine, name, input, status: 'RUNNING' });
      else if (existing.status !== 'RUNNING' || !isDeepStrictEqual(existing.input, input)) {
        throw new PodshiftError('ExecutionExists', `there is an execution ${name} already`);
      }
      fail('start reply');
      return { executionArn: `arn:aws:states:eu-west-1:111122223333:execution:podshift-${stateMachine}:${name}` };
    },
    status: async (stateMachine, name) => {
      fail('status');
      return find(stateMachine, name)?.status;
    },
    failure: async (stateMachine, name) => {
      fail('failure');
      return find(stateMachine, name)?.failure;
    },
    stop: async (stateMachine, name) => {
      fail('stop');
      const execution = find(stateMachine, name);
      if (execution === undefined) throw new PodshiftError('NotFound', `there is no execution ${name}`);
      if (execution.status === 'RUNNING') execution.status = 'ABORTED';
    },
    succeedTask: async (token, output) => answer('succeedTask', token, output),
    failTask: async (token, error, cause) => answer('failTask', token, { error, cause }),
  };
}
