import { describe, expect, it } from 'vitest';
import type { Progress } from '../../../engine/state-machine.ts';
import { PodshiftError } from '../../../src/model/errors.ts';
import { createVirtualClock } from '../../../twin/clock.ts';
import { execute, FIRST, oneTask, SECOND, START } from '../fixtures/engine-project.ts';

const each = (map: object, processor: unknown = oneTask()) => ({
  StartAt: 'Each',
  States: { Each: { Type: 'Map', ItemProcessor: processor, End: true, ...map } },
});
const distributed = (machine: object) => ({ ...machine, ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' } });

describe('Map states', () => {
  it('runs a processor that lies in a file of its own', async () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: Serverless' own variable, which the engine resolves
    const machine = each({ ItemsPath: '$.items', MaxConcurrency: 2 }, '${file(processor.asl.json)}');
    const { output } = await execute(
      machine,
      { items: [1, 2, 3] },
      { first: (item: number) => item * 2 },
      { processor: distributed(oneTask()) },
    );
    expect(output).toEqual([2, 4, 6]);
  });

  it('selects each item from the item, its index and the input of the state', async () => {
    const selector = { 'unitId.$': '$$.Map.Item.Value', 'index.$': '$$.Map.Item.Index', 'runId.$': '$.runId', kind: 'x' };
    const { output } = await execute(
      each({ ItemsPath: '$.unitIds', ItemSelector: selector }),
      { runId: 'r', unitIds: ['a/b'] },
      { first: (event) => event },
    );
    expect(output).toEqual([{ unitId: 'a/b', index: 0, runId: 'r', kind: 'x' }]);
  });

  it('lets items wait side by side, so many at once as the state allows', async () => {
    const processor = { StartAt: 'Wait', States: { Wait: { Type: 'Wait', Seconds: 10, End: true } } };
    const items = Array.from({ length: 6 }, (_, index) => `item ${index}`);
    expect((await execute(each({}, processor), items, {})).seconds).toBe(10);
    expect((await execute(each({ MaxConcurrency: 2 }, processor), items, {})).seconds).toBe(30);
    expect((await execute(each({ MaxConcurrency: 1 }, processor), items, {})).seconds).toBe(60);
  });

  it('answers an empty list for no items', async () => {
    expect((await execute(each({ ResultPath: '$.results', ItemsPath: '$.items' }), { items: [] }, {})).output).toEqual({
      items: [],
      results: [],
    });
  });

  it('tells which units a state works on', async () => {
    const events: Progress[] = [];
    const machine = each({ ItemsPath: '$.items' });
    await execute(
      machine,
      { items: [{ batch: { units: [{ unitId: 'shop/cart' }], undoing: [{ unitId: 'shop/mail' }] } }] },
      { first: () => 'x' },
      { onEvent: (event) => events.push(event) },
    );
    expect(events.map(({ type, state, unitIds }) => [type, state, unitIds])).toEqual([
      ['state-entered', 'Each', undefined],
      ['state-entered', 'Only', ['shop/cart', 'shop/mail']],
      ['state-exited', 'Only', ['shop/cart', 'shop/mail']],
      ['state-exited', 'Each', undefined],
    ]);
  });

  it('starts no further item once one failed, and waits for those under way', async () => {
    const started: number[] = [];
    const ended: number[] = [];
    const first = async (item: number) => {
      started.push(item);
      if (item === 2) {
        throw new PodshiftError('AccessDenied', 'no');
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
      ended.push(item);
      return item;
    };
    await expect(execute(each({ MaxConcurrency: 2 }), [1, 2, 3, 4], { first })).rejects.toMatchObject({ name: 'AccessDenied' });
    expect(started).toEqual([1, 2]);
    expect(ended).toEqual([1]);
  });

  it('fails a distributed Map by its threshold, which rules can catch', async () => {
    const machine = {
      StartAt: 'Each',
      States: {
        Each: {
          Type: 'Map',
          ItemProcessor: distributed(oneTask()),
          Catch: [{ ErrorEquals: ['States.ExceedToleratedFailureThreshold'], ResultPath: null, Next: 'Caught' }],
          End: true,
        },
        Caught: { Type: 'Pass', Result: 'caught', End: true },
      },
    };
    const first = () => Promise.reject(new PodshiftError('AccessDenied', 'no'));
    expect((await execute(machine, [1], { first })).output).toBe('caught');
  });

  it('refuses items that are no array', async () => {
    await expect(execute(each({}), { a: 1 }, {})).rejects.toMatchObject({ name: 'InternalError', details: { error: 'States.Runtime' } });
  });

  it('runs a Map within a Map', async () => {
    const inner = { StartAt: 'Inner', States: { Inner: { Type: 'Map', ItemProcessor: oneTask(), End: true } } };
    const { output } = await execute(each({}, inner), [[1, 2], [3]], { first: (item: number) => -item });
    expect(output).toEqual([[-1, -2], [-3]]);
  });
});

describe('an approval', () => {
  const waiting = {
    StartAt: 'Approve',
    States: {
      Approve: {
        Type: 'Task',
        Resource: 'arn:aws:states:::lambda:invoke.waitForTaskToken',
        Parameters: { FunctionName: SECOND, Payload: { 'runId.$': '$.runId', 'taskToken.$': '$$.Task.Token' } },
        ResultPath: '$.approval',
        End: true,
      },
    },
  };

  it('gives the function a token, and goes on with the answer', async () => {
    const events: unknown[] = [];
    let payload: unknown;
    const second = (event: never) => {
      payload = event;
      return { digest: 'd' };
    };
    const { output, seconds } = await execute(
      waiting,
      { runId: 'r' },
      { second },
      {
        approve: async (request) => ({ asked: request.input, requested: request.requested }),
        onEvent: (event) => events.push(event),
      },
    );
    expect(payload).toEqual({ runId: 'r', taskToken: expect.stringMatching(/^local-id-/) });
    expect(output).toEqual({ runId: 'r', approval: { asked: { runId: 'r' }, requested: { digest: 'd' } } });
    expect(seconds).toBe(0);
    expect(JSON.stringify(events)).not.toContain('local-id-');
  });

  it('fails where nobody can give it', async () => {
    await expect(execute(waiting, { runId: 'r' }, { second: () => ({}) })).rejects.toMatchObject({ name: 'UsageError' });
  });
});

describe('an abort', () => {
  const reason = new Error('interrupted');
  const machine = {
    StartAt: 'Work',
    States: {
      Work: {
        Type: 'Task',
        Resource: FIRST,
        Retry: [{ ErrorEquals: ['States.ALL'], MaxAttempts: 9 }],
        Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Wait' }],
        Next: 'Wait',
      },
      Wait: { Type: 'Wait', Seconds: 1000, Next: 'Last' },
      Last: { Type: 'Task', Resource: FIRST, End: true },
    },
  };

  it('waits for the call under way, starts nothing more, and throws its reason', async () => {
    const controller = new AbortController();
    let calls = 0;
    let ended = false;
    const first = async () => {
      calls += 1;
      controller.abort(reason);
      await new Promise((resolve) => setTimeout(resolve, 20));
      ended = true;
      return {};
    };
    await expect(execute(machine, {}, { first }, { signal: controller.signal })).rejects.toBe(reason);
    expect([calls, ended]).toEqual([1, true]);
  });

  it('wakes a state that waits', async () => {
    const controller = new AbortController();
    const clock = createVirtualClock(START);
    const release = clock.hold();
    const run = execute(
      { StartAt: 'Wait', States: { Wait: { Type: 'Wait', Seconds: 1000, End: true } } },
      {},
      {},
      { signal: controller.signal, clock: clock.engine },
    );
    setTimeout(() => controller.abort(reason), 20);
    await expect(run).rejects.toBe(reason);
    expect(clock.now()).toBe(START);
    release();
  });

  it('ends all items of a Map', async () => {
    const controller = new AbortController();
    let calls = 0;
    const first = () => {
      calls += 1;
      controller.abort(reason);
      return {};
    };
    await expect(execute(each({ MaxConcurrency: 1 }), [1, 2, 3], { first }, { signal: controller.signal })).rejects.toBe(reason);
    expect(calls).toBe(1);
  });

  it('ends the execution where a listener throws', async () => {
    const run = execute(
      oneTask(),
      {},
      { first: () => ({}) },
      {
        onEvent: () => {
          throw new Error('broken pipe');
        },
      },
    );
    await expect(run).rejects.toMatchObject({ name: 'InternalError' });
  });
});

describe('definitions that the engine would not run as Step Functions does', () => {
  it.each([
    ['JSONata', { QueryLanguage: 'JSONata', ...oneTask() }],
    ['a tolerated failure', each({ ToleratedFailurePercentage: 50 })],
    ['a heartbeat', oneTask({ HeartbeatSeconds: 10, TimeoutSeconds: 20 })],
    ['a variable', oneTask({ Assign: { a: 1 } })],
    ['a rule for an error that no rule can see', oneTask({ Retry: [{ ErrorEquals: ['States.Runtime'] }] })],
    ['a context field that is not there', oneTask({ Parameters: { 'a.$': '$$.StateMachine.Name' } })],
    ['an unknown integration', oneTask({ Resource: 'arn:aws:states:::aws-sdk:eks:listClusters' })],
    ['a function that serverless.yml lacks', oneTask({ Resource: { 'Fn::GetAtt': ['ThirdLambdaFunction', 'Arn'] } })],
    ['a state that leads nowhere', oneTask({ End: undefined, Next: 'Nowhere' })],
    ['a name used twice', each({}, { StartAt: 'Each', States: { Each: { Type: 'Pass', End: true } } })],
  ])('refuses %s', async (_title, machine) => {
    await expect(execute(machine, [], { first: () => ({}) })).rejects.toMatchObject({ name: 'InternalError' });
  });
});
