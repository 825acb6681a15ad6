import { PodshiftError } from '../src/model/errors.ts';
import type { Machine, State } from './asl.ts';

/** What a lowered state hands to the engine: see {@link lowerMachine}. */
export interface LoweredInput {
  /** The id of the frame that runs the state. */
  readonly frame: number;
  /** The state's whole input, after `InputPath`. */
  readonly stateInput: unknown;
  /** Task: what the function gets. Wait: the same as `stateInput`. Map: the items. */
  readonly input: unknown;
  /** Wait: the value of its one field. */
  readonly until?: number | string;
}

/** Stands for the task token in a Task's parameters until there is one. */
export const TOKEN_PLACEHOLDER = '00000000-task-token-0000-000000000000';

/** What the state that selects a Map's items is called, after the Map. */
const SELECTOR = ': select item';

/** Whether the engine itself put this state ahead of a processor. */
export function isSelector(name: string): boolean {
  return name.endsWith(SELECTOR);
}

/** More seconds than a state takes, within what a timer of Node holds: the library's own time-out, which is in real time, is never reached. */
const NEVER = 2_000_000;

/** The context object's fields that the library lacks, or fills from the real clock or a Map's item, and ours in their place. */
const CONTEXT_FIELDS: Readonly<Record<string, string>> = {
  '$$.Execution.Id': '$$.Podshift.Id',
  '$$.Execution.Name': '$$.Podshift.Name',
  '$$.Execution.Input': '$$.Podshift.Input',
  '$$.Execution.StartTime': '$$.Podshift.StartTime',
};

/**
 * Rewrites a machine so that the library runs its order, choices, retries and paths while the engine does what takes time:
 * Task, Wait and Map states become Task states whose input carries the frame, and whose local handler is the engine's. Their
 * result, retry and catch fields stay as they are.
 */
export function lowerMachine(machine: Machine): Machine {
  return {
    StartAt: machine.StartAt,
    States: Object.fromEntries(Object.entries(machine.States).map(([name, state]) => [name, lowerState(name, state)])),
  };
}

/** The machine of one item of a Map state: its selector first, then the processor. It runs on the Map's own input. */
export function lowerProcessor(mapName: string, state: State): Machine {
  const processor = state.ItemProcessor;
  if (processor === undefined) {
    throw new PodshiftError('InternalError', `state ${mapName} has no ItemProcessor`);
  }
  const lowered = lowerMachine(processor);
  const selectorName = `${mapName}${SELECTOR}`;
  const selector = state.ItemSelector ?? state.Parameters;
  return {
    StartAt: selectorName,
    States: {
      ...lowered.States,
      [selectorName]: {
        Type: 'Pass',
        Parameters: rewriteContext(selectorName, selector === undefined ? { 'item.$': '$$.Map.Item.Value' } : { item: selector }),
        OutputPath: '$.item',
        Next: lowered.StartAt,
      },
    },
  };
}

function lowerState(name: string, state: State): State {
  switch (state.Type) {
    case 'Task':
      return asTask(name, state, state.Parameters === undefined ? { 'input.$': '$' } : { input: state.Parameters });
    case 'Wait':
      return asTask(name, state, { 'input.$': '$', ...waitUntil(state) });
    case 'Map':
      return asTask(name, state, { 'input.$': state.ItemsPath ?? '$' });
    case 'Parallel':
      return { ...rewrite(name, state), Branches: (state.Branches ?? []).map(lowerMachine) };
    default:
      return rewrite(name, state);
  }
}

function asTask(name: string, state: State, parameters: Record<string, unknown>): State {
  const { Next, End, InputPath, OutputPath, ResultPath, ResultSelector, Retry, Catch } = state;
  const kept = { Next, End, InputPath, OutputPath, ResultPath, ResultSelector, Retry, Catch };
  return rewrite(name, {
    Type: 'Task',
    Resource: 'arn:aws:lambda:us-east-1:123456789012:function:engine',
    Parameters: { 'frame.$': '$$.Podshift.Frame', 'stateInput.$': '$', ...parameters },
    TimeoutSeconds: NEVER,
    // Absent fields must stay absent: the library asks whether they are there.
    ...Object.fromEntries(Object.entries(kept).filter(([, value]) => value !== undefined)),
  });
}

function waitUntil(state: State): Record<string, unknown> {
  if (state.SecondsPath !== undefined || state.TimestampPath !== undefined) {
    return { 'until.$': state.SecondsPath ?? state.TimestampPath };
  }
  return { until: state.Seconds ?? state.Timestamp };
}

function rewrite(name: string, state: State): State {
  return rewriteContext(name, state) as State;
}

/** Puts the engine's context fields, and the token's placeholder, in place of those of Step Functions. */
function rewriteContext(state: string, value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map((item) => rewriteContext(state, item));
  }
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) =>
        item === '$$.Task.Token' && key.endsWith('.$') ? [key.slice(0, -2), TOKEN_PLACEHOLDER] : [key, rewriteContext(state, item)],
      ),
    );
  }
  if (typeof value === 'string' && value.includes('$$.')) {
    const rewritten = Object.entries(CONTEXT_FIELDS).reduce((text, [field, ours]) => text.replaceAll(field, () => ours), value);
    const left = /\$\$\.(?!Podshift\.|Map\.Item\.)[\w.]*/.exec(rewritten);
    if (left !== null) {
      throw new PodshiftError('InternalError', `state ${state} cannot run here: it uses ${left[0]}`);
    }
    return rewritten;
  }
  return value;
}
