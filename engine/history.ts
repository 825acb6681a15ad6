import { PodshiftError } from '../src/model/errors.ts';
import type { Machine, State } from './asl.ts';
import { allStates } from './check.ts';
import type { OnProgress, Progress } from './progress.ts';

/** Counts what Step Functions would write into the histories of a machine's executions. */
export interface HistoryCounter {
  /** To be told the progress of one execution of the machine, its children included. */
  readonly onEvent: OnProgress;
  /** Events so far of each execution, by its name in {@link Progress}. Their starts are counted, and their ends, whether they have ended or not. */
  readonly executions: ReadonlyMap<string, number>;
}

/** `ExecutionStarted`, and how it ended. */
const START_AND_END = 2;

/** A counter for one execution of a machine. Throws `InternalError` for a machine whose history is not reckoned here: see {@link historyEvents}. */
export function createHistoryCounter(machine: Machine): HistoryCounter {
  const states = new Map(allStates(machine));
  for (const [name, { Type, ItemProcessor }] of states) {
    if (Type === 'Parallel' || (Type === 'Map' && ItemProcessor?.ProcessorConfig?.Mode !== 'DISTRIBUTED')) {
      throw new PodshiftError('InternalError', `the history of ${name} cannot be counted: it is Parallel, or an inline Map`);
    }
  }
  const executions = new Map<string, number>();
  return {
    executions,
    onEvent: (progress) => {
      const state = states.get(progress.state);
      if (state === undefined) throw new PodshiftError('InternalError', `the machine has no state ${progress.state}`);
      const events = historyEvents(progress, state).length;
      executions.set(progress.execution, (executions.get(progress.execution) ?? START_AND_END) + events);
    },
  };
}

/**
 * The events that Step Functions writes for one step of an execution's progress (API reference: HistoryEvent). A Task state
 * that calls a function by its ARN has those of `LambdaFunction…`, one of a service integration those of `Task…`. Every try counts.
 */
export function historyEvents({ type, error, caught }: Progress, state: State): readonly string[] {
  const kind = `${state.Type}State`;
  switch (type) {
    case 'state-entered':
      return [`${kind}Entered`, ...begun(state)];
    case 'task-retried':
      return begun(state);
    case 'state-failed':
      return failed(state, error === 'States.Timeout');
    case 'state-exited':
      return [...(caught === true ? [] : succeeded(state)), `${kind}Exited`];
  }
}

function begun(state: State): readonly string[] {
  switch (state.Type) {
    case 'Task':
      if (!isIntegration(state)) return ['LambdaFunctionScheduled', 'LambdaFunctionStarted'];
      return ['TaskScheduled', 'TaskStarted', ...(isSubmitted(state) ? ['TaskSubmitted'] : [])];
    case 'Map':
      return ['MapStateStarted', 'MapRunStarted'];
    default:
      return [];
  }
}

function succeeded(state: State): readonly string[] {
  switch (state.Type) {
    case 'Task':
      return [isIntegration(state) ? 'TaskSucceeded' : 'LambdaFunctionSucceeded'];
    case 'Map':
      return ['MapRunSucceeded', 'MapStateSucceeded'];
    default:
      return [];
  }
}

function failed(state: State, timedOut: boolean): readonly string[] {
  switch (state.Type) {
    case 'Task':
      return [`${isIntegration(state) ? 'Task' : 'LambdaFunction'}${timedOut ? 'TimedOut' : 'Failed'}`];
    case 'Map':
      return ['MapRunFailed', 'MapStateFailed'];
    default:
      // A Fail state fails the execution by itself.
      return [];
  }
}

/** Whether the Task names a service and its action, in place of a function. */
function isIntegration(state: State): boolean {
  return typeof state.Resource === 'string' && state.Resource.startsWith('arn:aws:states:::');
}

/** Whether the service goes on after it has answered, and the Task waits for that. */
function isSubmitted(state: State): boolean {
  return typeof state.Resource === 'string' && /\.(?:waitForTaskToken|sync(?::2)?)$/.test(state.Resource);
}
