import { describe, expect, it } from 'vitest';
import type { Machine, State } from '../../../engine/asl.ts';
import { createHistoryCounter, historyEvents } from '../../../engine/history.ts';
import type { Progress } from '../../../engine/progress.ts';
import { PodshiftError } from '../../../src/model/errors.ts';
import { execute, FIRST, SECOND, type Steps } from '../fixtures/engine-project.ts';

const RETRY = [{ ErrorEquals: ['Throttled'], IntervalSeconds: 1, MaxAttempts: 3 }];
const DISTRIBUTED = { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' };

/** Runs a machine, and answers with how many events the history of each of its executions has. */
async function counted(machine: object, input: unknown, steps: Steps): Promise<Readonly<Record<string, number>>> {
  const counter = createHistoryCounter(machine as Machine);
  const run = execute(machine, input, steps, { onEvent: counter.onEvent });
  await run.catch((error: unknown) => {
    if (!(error instanceof PodshiftError)) throw error;
  });
  return Object.fromEntries(counter.executions);
}

const throttledOnce = () => {
  let calls = 0;
  return () => {
    calls += 1;
    if (calls === 1) throw new PodshiftError('Throttled', 'not now');
    return {};
  };
};

const refused = () => {
  throw new PodshiftError('AccessDenied', 'no');
};

describe('the history of an execution', () => {
  it.each([
    { what: 'a function', machine: task({ End: true }), first: () => ({}), events: 2 + 5 },
    { what: 'a function that is tried again', machine: task({ Retry: RETRY, End: true }), first: throttledOnce(), events: 2 + 8 },
    { what: 'a function that fails', machine: task({ End: true }), first: refused, events: 2 + 4 },
    {
      what: 'a function whose failure is caught',
      machine: task({ Catch: [{ ErrorEquals: ['States.ALL'], Next: 'After' }], End: true }, { After: { Type: 'Pass', End: true } }),
      first: refused,
      events: 2 + 5 + 2,
    },
    {
      what: 'a choice, a wait and an end',
      machine: {
        StartAt: 'Choose',
        States: {
          Choose: { Type: 'Choice', Choices: [{ Variable: '$.go', BooleanEquals: true, Next: 'Wait' }] },
          Wait: { Type: 'Wait', Seconds: 3, Next: 'No' },
          No: { Type: 'Fail', Error: 'WaveFailed', Cause: 'so' },
        },
      },
      first: () => ({}),
      events: 2 + 2 + 2 + 1,
    },
  ])('has, for $what, $events events', async ({ machine, first, events }) => {
    expect(await counted(machine, { go: true }, { first })).toEqual({ '': events });
  });

  it('leaves those of a distributed Map to its children, each time it is entered', async () => {
    const machine = {
      StartAt: 'Each',
      States: {
        Each: { Type: 'Map', ItemProcessor: { ...task({ End: true }), ProcessorConfig: DISTRIBUTED }, Next: 'Again' },
        Again: { Type: 'Map', ItemProcessor: { ...task({ End: true }, {}, 'Other'), ProcessorConfig: DISTRIBUTED }, End: true },
      },
    };
    expect(await counted(machine, [1, 2], { first: () => ({}), second: () => ({}) })).toEqual({
      '': 2 + 6 + 6,
      'Each#1/0': 7,
      'Each#1/1': 7,
      'Again#2/0': 7,
      'Again#2/1': 7,
    });
  });

  it('has its own events for a service that calls a function, and for one that waits for a token', () => {
    const progress = (type: Progress['type'], more: Partial<Progress> = {}): Progress => ({
      type,
      state: 'S',
      execution: '',
      at: 0,
      ...more,
    });
    const invoke: State = { Type: 'Task', Resource: 'arn:aws:states:::lambda:invoke' };
    const waiting: State = { Type: 'Task', Resource: 'arn:aws:states:::lambda:invoke.waitForTaskToken' };
    expect(historyEvents(progress('state-entered'), invoke)).toEqual(['TaskStateEntered', 'TaskScheduled', 'TaskStarted']);
    expect(historyEvents(progress('state-exited'), invoke)).toEqual(['TaskSucceeded', 'TaskStateExited']);
    expect(historyEvents(progress('state-entered'), waiting)).toContain('TaskSubmitted');
    expect(historyEvents(progress('state-failed', { error: 'States.Timeout' }), waiting)).toEqual(['TaskTimedOut']);
    expect(historyEvents(progress('state-failed', { error: 'States.Timeout' }), { Type: 'Task', Resource: FIRST })).toEqual([
      'LambdaFunctionTimedOut',
    ]);
  });

  it.each([
    ['an inline Map', { Each: { Type: 'Map', ItemProcessor: task({ End: true }), End: true } }],
    ['a Parallel state', { Both: { Type: 'Parallel', Branches: [task({ End: true })], End: true } }],
  ])('is not reckoned for %s', (_what, States) => {
    expect(() => createHistoryCounter({ StartAt: '', States } as unknown as Machine)).toThrow(/cannot be counted/);
  });
});

/** A machine that begins with a Task. */
function task(more: object, States: object = {}, name = 'Only'): object {
  return { StartAt: name, States: { [name]: { Type: 'Task', Resource: name === 'Only' ? FIRST : SECOND, ...more }, ...States } };
}
