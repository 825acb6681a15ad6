import aslValidator from 'asl-validator';
import { PodshiftError } from '../src/model/errors.ts';
import type { Machine, State } from './asl.ts';

/** Fields that the engine would not honour, or not as Step Functions does. Used, they would make a run here mean something else than there. */
const REFUSED_FIELDS = [
  'Assign',
  'Arguments',
  'Output',
  'Credentials',
  'HeartbeatSeconds',
  'HeartbeatSecondsPath',
  'TimeoutSecondsPath',
  'ItemReader',
  'ItemBatcher',
  'ResultWriter',
  'ToleratedFailureCount',
  'ToleratedFailureCountPath',
  'ToleratedFailurePercentage',
  'ToleratedFailurePercentagePath',
  'MaxConcurrencyPath',
  'Iterator',
  'ErrorPath',
  'CausePath',
];

/** Errors that no rule can name: Step Functions lets `States.ALL` match neither, and the engine lets nothing match them. */
const TERMINAL_ERRORS = ['States.DataLimitExceeded', 'States.Runtime'];

/** Definitions that are known to be good: the check takes longer than many an execution. */
const checked = new Set<string>();

/** Checks a composed definition: valid by asl-validator, and free of what the engine does not honour. Throws `InternalError`. */
export function checkDefinition(machine: Machine, name: string): void {
  const text = JSON.stringify(machine);
  if (checked.has(text)) {
    return;
  }
  // The validator writes into what it gets, and knows ARNs only, where the packaging puts CloudFormation references.
  const result = aslValidator(JSON.parse(JSON.stringify(machine, arnOfReference)), { checkArn: false, checkPaths: true });
  if (!result.isValid) {
    throw new PodshiftError('InternalError', `state machine ${name} is not valid: ${result.errorsText('; ')}`);
  }
  if (text.includes('"QueryLanguage":"JSONata"')) {
    throw new PodshiftError('InternalError', `state machine ${name} cannot run here: it uses JSONata`);
  }
  const names = new Set<string>();
  for (const [stateName, state] of allStates(machine)) {
    const problem = names.has(stateName) ? 'its name is used twice' : unsupported(state);
    if (problem !== undefined) {
      throw new PodshiftError('InternalError', `state ${stateName} of ${name} cannot run here: ${problem}`);
    }
    names.add(stateName);
  }
  checked.add(text);
}

function unsupported(state: State): string | undefined {
  const field = REFUSED_FIELDS.find((candidate) => candidate in state);
  if (field !== undefined) {
    return `it uses ${field}`;
  }
  if (state.Type === 'Parallel' && state.Retry !== undefined) {
    return 'it retries a Parallel state';
  }
  if (state.ResultPath === '$') {
    return 'its ResultPath is "$", which is the default';
  }
  const rules = [...(state.Retry ?? []), ...(state.Catch ?? [])];
  const terminal = rules.flatMap((rule) => rule.ErrorEquals).find((error) => TERMINAL_ERRORS.includes(error));
  if (terminal !== undefined) {
    return `it names ${terminal} in ErrorEquals`;
  }
  return undefined;
}

/** Every state of a machine and of those within it. */
export function* allStates(machine: Machine): Generator<[string, State]> {
  for (const [name, state] of Object.entries(machine.States)) {
    yield [name, state];
    for (const inner of [...(state.Branches ?? []), ...(state.ItemProcessor === undefined ? [] : [state.ItemProcessor])]) {
      yield* allStates(inner);
    }
  }
}

function arnOfReference(_key: string, value: unknown): unknown {
  const reference = logicalIdOf(value);
  return reference === undefined ? value : `arn:aws:lambda:us-east-1:123456789012:function:${reference}`;
}

/** The logical ID of `{"Fn::GetAtt": [ID, "Arn"]}`; undefined for anything else. */
export function logicalIdOf(value: unknown): string | undefined {
  const reference = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)['Fn::GetAtt'] : undefined;
  return Array.isArray(reference) && typeof reference[0] === 'string' && reference[1] === 'Arn' ? reference[0] : undefined;
}
