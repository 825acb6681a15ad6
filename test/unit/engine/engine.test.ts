import { describe, expect, it } from 'vitest';
import type { Progress } from '../../../engine/state-machine.ts';
import { PodshiftError } from '../../../src/model/errors.ts';
import { execute, FIRST, oneTask, SECOND, START } from '../fixtures/engine-project.ts';

const throttled = () => {
  throw new PodshiftError('Throttled', 'iam:UpdateAssumeRolePolicy is throttled');
};

/** Fails so many times, then answers. */
const flaky = (failures: number, answer: unknown) => {
  let calls = 0;
  return () => {
    calls += 1;
    return calls <= failures ? throttled() : answer;
  };
};

describe('runStateMachine', () => {
  it('runs the functions that serverless.yml names, in the order of the definition', async () => {
    const machine = {
      StartAt: 'First',
      States: {
        First: { Type: 'Task', Resource: FIRST, ResultPath: '$.first', Next: 'Second' },
        Second: { Type: 'Task', Resource: SECOND, Parameters: { 'value.$': '$.first.value', fixed: [1, 'a'] }, End: true },
      },
    };
    const { output, seconds } = await execute(machine, { a: 1 }, { first: () => ({ value: 'x' }), second: (event) => ({ got: event }) });
    expect(output).toEqual({ got: { value: 'x', fixed: [1, 'a'] } });
    expect(seconds).toBe(0);
  });

  it.each([
    ['Seconds', { Seconds: 90 }, 90],
    ['Seconds of nothing', { Seconds: 0 }, 0],
    ['SecondsPath', { SecondsPath: '$.wait' }, 7],
    ['Timestamp', { Timestamp: new Date(START + 60_000).toISOString() }, 60],
    ['TimestampPath', { TimestampPath: '$.at' }, 3600],
    ['a Timestamp in the past', { Timestamp: '2001-01-01T00:00:00Z' }, 0],
  ])('waits on the engine clock by %s and passes its input on', async (_title, wait, expected) => {
    const input = { wait: 7, at: new Date(START + 3_600_000).toISOString() };
    const { output, seconds } = await execute({ StartAt: 'Wait', States: { Wait: { Type: 'Wait', ...wait, End: true } } }, input, {});
    expect(output).toEqual(input);
    expect(seconds).toBe(expected);
  });

  it('polls: a task, a choice and a wait in a loop', async () => {
    let polls = 0;
    const machine = {
      StartAt: 'Poll',
      States: {
        Poll: { Type: 'Task', Resource: FIRST, ResultPath: '$.poll', Next: 'Ready?' },
        'Ready?': { Type: 'Choice', Choices: [{ Variable: '$.poll.status', StringEquals: 'ready', Next: 'Done' }], Default: 'Wait' },
        Wait: { Type: 'Wait', SecondsPath: '$.poll.waitSeconds', Next: 'Poll' },
        Done: { Type: 'Pass', OutputPath: '$.poll', End: true },
      },
    };
    const first = () => {
      polls += 1;
      return { status: polls === 4 ? 'ready' : 'waiting', waitSeconds: polls * 10 };
    };
    expect(await execute(machine, {}, { first })).toEqual({ output: { status: 'ready', waitSeconds: 40 }, seconds: 60 });
  });

  it('runs Parallel branches side by side', async () => {
    const branch = (name: string) => ({
      StartAt: `${name} wait`,
      States: { [`${name} wait`]: { Type: 'Wait', Seconds: 30, Next: name }, [name]: { Type: 'Task', Resource: FIRST, End: true } },
    });
    const machine = { StartAt: 'Both', States: { Both: { Type: 'Parallel', Branches: [branch('A'), branch('B')], End: true } } };
    expect(await execute(machine, { n: 1 }, { first: (event) => event })).toEqual({ output: [{ n: 1 }, { n: 1 }], seconds: 30 });
  });

  it('gives the context object of the execution, by the engine clock', async () => {
    const machine = oneTask({
      Parameters: { 'id.$': '$$.Execution.Id', 'startedAt.$': '$$.Execution.StartTime', 'input.$': '$$.Execution.Input' },
    });
    const { output } = await execute(machine, { a: 1 }, { first: (event) => event });
    expect(output).toEqual({ id: 'migrate-cluster-id-1', startedAt: '2025-06-01T00:00:00.000Z', input: { a: 1 } });
  });
});

describe('retries', () => {
  const retry = [{ ErrorEquals: ['Throttled'], IntervalSeconds: 2, BackoffRate: 2, MaxAttempts: 4, MaxDelaySeconds: 7 }];

  it('waits by the rule on the engine clock, growing up to the longest delay', async () => {
    const { output, seconds } = await execute(oneTask({ Retry: retry }), {}, { first: flaky(4, 'done') });
    expect(output).toBe('done');
    expect(seconds).toBe(2 + 4 + 7 + 7);
  });

  it('draws delays with full jitter between none and the whole, for every item of a Map its own, and the same ones each time', async () => {
    const Retry = retry.map((rule) => ({ ...rule, JitterStrategy: 'FULL' }));
    const machine = { StartAt: 'Each', States: { Each: { Type: 'Map', ItemProcessor: oneTask({ Retry }), End: true } } };
    const delays = async () => {
      const told: number[] = [];
      const failed = new Set<string>();
      const first = (item: string) => (failed.size === failed.add(item).size ? item : throttled());
      const onEvent = ({ type, delaySeconds }: Progress) => void (type === 'task-retried' && told.push(delaySeconds ?? -1));
      await execute(
        machine,
        Array.from({ length: 40 }, (_, index) => `item-${index}`),
        { first },
        { onEvent },
      );
      return told;
    };
    const told = await delays();
    expect(new Set(told).size).toBe(40);
    expect(Math.min(...told)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...told)).toBeLessThan(2);
    expect(told.reduce((sum, delay) => sum + delay, 0) / 40).toBeCloseTo(1, 0);
    expect(await delays()).toEqual(told);
  });

  it('gives up after the most attempts with the error of the handler', async () => {
    await expect(execute(oneTask({ Retry: retry }), {}, { first: flaky(5, 'done') })).rejects.toMatchObject({
      name: 'Throttled',
      message: 'iam:UpdateAssumeRolePolicy is throttled; gave up after 5 tries in 20 s',
      details: { tries: 5, milliseconds: 20_000 },
    });
  });

  it('says how often it tried to whoever catches the failure too, and of one that was not tried again nothing', async () => {
    const Catch = [{ ErrorEquals: ['States.ALL'], ResultPath: '$.failure', Next: 'Caught' }];
    const machine = (rules: object) => ({
      StartAt: 'Work',
      States: { Work: { Type: 'Task', Resource: FIRST, Catch, End: true, ...rules }, Caught: { Type: 'Pass', End: true } },
    });
    const messageOf = async (rules: object, failures: number): Promise<unknown> => {
      const { output } = await execute(machine(rules), {}, { first: flaky(failures, 'done') });
      return JSON.parse((output as { failure: { Cause: string } }).failure.Cause).errorMessage;
    };
    expect(await messageOf({ Retry: retry }, 9)).toBe('iam:UpdateAssumeRolePolicy is throttled; gave up after 5 tries in 20 s');
    expect(await messageOf({}, 9)).toBe('iam:UpdateAssumeRolePolicy is throttled');
  });

  it('counts afresh each time a state is entered', async () => {
    let round = 0;
    let calls = 0;
    const machine = {
      StartAt: 'Work',
      States: {
        Work: {
          Type: 'Task',
          Resource: FIRST,
          Retry: [{ ErrorEquals: ['Throttled'], IntervalSeconds: 1, MaxAttempts: 1 }],
          Next: 'Again?',
        },
        'Again?': { Type: 'Choice', Choices: [{ Variable: '$.round', NumericLessThan: 3, Next: 'Work' }], Default: 'Done' },
        Done: { Type: 'Succeed' },
      },
    };
    const first = () => {
      calls += 1;
      if (calls % 2 === 1) {
        throttled();
      }
      round += 1;
      return { round };
    };
    expect(await execute(machine, {}, { first })).toEqual({ output: { round: 3 }, seconds: 3 });
  });

  it('keeps the retries of each item of a Map apart', async () => {
    const calls = new Map<string, number>();
    const processor = oneTask({ Retry: [{ ErrorEquals: ['States.ALL'], IntervalSeconds: 10, BackoffRate: 1, MaxAttempts: 2 }] });
    const machine = { StartAt: 'Each', States: { Each: { Type: 'Map', ItemProcessor: processor, End: true } } };
    const first = (item: string) => {
      calls.set(item, (calls.get(item) ?? 0) + 1);
      return calls.get(item) === 3 ? item : throttled();
    };
    expect(await execute(machine, ['a', 'b', 'c'], { first })).toEqual({ output: ['a', 'b', 'c'], seconds: 20 });
  });

  it('catches what is left, with the cause as Lambda words it', async () => {
    const machine = {
      StartAt: 'Work',
      States: {
        Work: {
          Type: 'Task',
          Resource: FIRST,
          Catch: [{ ErrorEquals: ['States.ALL'], ResultPath: '$.failure', Next: 'Caught' }],
          End: true,
        },
        Caught: { Type: 'Pass', End: true },
      },
    };
    const { output } = await execute(machine, { a: 1 }, { first: throttled });
    const cause = JSON.stringify({ errorType: 'Throttled', errorMessage: 'iam:UpdateAssumeRolePolicy is throttled' });
    expect(output).toEqual({ a: 1, failure: { Error: 'Throttled', Cause: cause } });
  });

  it('tells each retry, and no time passes without one', async () => {
    const events: Progress[] = [];
    await execute(oneTask({ Retry: retry }), { n: 1 }, { first: flaky(1, 'done') }, { onEvent: (event) => events.push(event) });
    expect(events.map(({ type, state, error, at }) => [type, state, error, (at - START) / 1000])).toEqual([
      ['state-entered', 'Only', undefined, 0],
      ['task-retried', 'Only', 'Throttled', 0],
      ['state-failed', 'Only', 'Throttled', 2],
      ['state-exited', 'Only', undefined, 2],
    ]);
  });
});

describe('failures', () => {
  it('throws the very error of the handler', async () => {
    const error = new PodshiftError('ClusterLocked', 'held by another run', { details: { owner: 'r2' } });
    const run = execute(oneTask(), {}, { first: () => Promise.reject(error) });
    await expect(run).rejects.toBe(error);
  });

  it('throws a Fail state under its own name where that is one of the table', async () => {
    const machine = { StartAt: 'No', States: { No: { Type: 'Fail', Error: 'ProofFailed', Cause: 'no pod had the role' } } };
    await expect(execute(machine, {}, {})).rejects.toMatchObject({
      name: 'ProofFailed',
      message: expect.stringContaining('no pod had the role'),
    });
  });

  it('throws anything else as an internal error', async () => {
    await expect(execute(oneTask(), {}, { first: () => Promise.reject(new TypeError('x is undefined')) })).rejects.toMatchObject({
      name: 'InternalError',
      details: { error: 'TypeError' },
    });
  });

  it('ends a machine at its time-out, which no rule catches', async () => {
    const machine = {
      TimeoutSeconds: 100,
      StartAt: 'Wait',
      States: {
        Wait: { Type: 'Wait', Seconds: 40, Next: 'Work' },
        Work: { Type: 'Task', Resource: FIRST, Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Wait' }], Next: 'Done?' },
        'Done?': { Type: 'Choice', Choices: [{ Variable: '$.done', BooleanEquals: true, Next: 'Done' }], Default: 'Wait' },
        Done: { Type: 'Succeed' },
      },
    };
    let calls = 0;
    const first = () => {
      calls += 1;
      return { done: false };
    };
    await expect(execute(machine, {}, { first })).rejects.toMatchObject({ name: 'StepTimedOut' });
    expect(calls).toBe(2);
  });

  it('fails a task that ended after its time-out, and lets rules see that', async () => {
    let now = START;
    const clock = {
      now: () => now,
      sleep: () => Promise.resolve(),
      after: () => () => undefined,
      busy: <T>(work: () => Promise<T>) => work(),
      pause: () => Promise.resolve(),
    };
    const machine = {
      StartAt: 'Work',
      States: {
        Work: { Type: 'Task', Resource: FIRST, TimeoutSeconds: 60, Catch: [{ ErrorEquals: ['States.Timeout'], Next: 'Late' }], End: true },
        Late: { Type: 'Pass', Result: 'late', End: true },
      },
    };
    const first = () => {
      now += 61_000;
      return {};
    };
    expect((await execute(machine, {}, { first }, { clock })).output).toBe('late');
  });

  it.each([
    ['undefined', () => undefined],
    ['a Date', () => ({ at: new Date(0) })],
    ['a field that is undefined', () => ({ list: [{ a: undefined }] })],
    ['a Map', () => ({ map: new Map() })],
    ['not a number', () => ({ n: Number.NaN })],
  ])('refuses an output that JSON would change: %s', async (_title, first) => {
    await expect(execute(oneTask(), {}, { first })).rejects.toMatchObject({
      name: 'InternalError',
      message: expect.stringContaining('not plain JSON'),
    });
  });
});

describe('the 256 KiB of a state', () => {
  const large = 'x'.repeat(262_145);
  const catchAll = [{ ErrorEquals: ['States.ALL'], Next: 'Caught' }];
  const machine = (work: object) => ({
    StartAt: 'Work',
    States: { Work: { Type: 'Task', Resource: FIRST, Catch: catchAll, End: true, ...work }, Caught: { Type: 'Pass', End: true } },
  });
  const refused = { name: 'InternalError', details: { error: 'States.DataLimitExceeded' } };

  it('refuses a larger output, even where the state drops it', async () => {
    await expect(execute(machine({ ResultPath: null }), {}, { first: () => large })).rejects.toMatchObject(refused);
  });

  it('refuses a larger input, even where the state picks a part of it', async () => {
    let calls = 0;
    const first = () => {
      calls += 1;
      return {};
    };
    await expect(execute(machine({ Parameters: { 'a.$': '$.a' } }), { a: 1, large }, { first })).rejects.toMatchObject(refused);
    expect(calls).toBe(0);
  });

  it('refuses it between states that the library runs alone', async () => {
    const passes = {
      StartAt: 'Grow',
      States: {
        Grow: { Type: 'Pass', Parameters: { 'a.$': 'States.Array($.half, $.half)' }, Next: 'Shrink' },
        Shrink: { Type: 'Pass', Result: 'small', End: true },
      },
    };
    await expect(execute(passes, { half: 'x'.repeat(140_000) }, {})).rejects.toMatchObject(refused);
  });

  it('takes what just fits', async () => {
    const fits = 'x'.repeat(262_142);
    expect((await execute(oneTask(), {}, { first: () => fits })).output).toBe(fits);
  });
});
