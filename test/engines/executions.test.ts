import { afterAll, afterEach, beforeAll, describe, expect } from 'vitest';
import type { Machine } from '../../engine/asl.ts';
import { createLocalExecutions } from '../../engine/local-executions.ts';
import type { Service } from '../../engine/service.ts';
import type { ClusterRuntime } from '../../src/migration/runtime.ts';
import type { Executions } from '../../src/service/executions.ts';
import { createVirtualClock } from '../../twin/clock.ts';
import { behavioursWith, type Exceptions } from '../contract/behaviours.ts';
import { findPython } from '../python/python.ts';
import { type Cloud, startCloud } from './cloud.ts';

/** Something that executes the machine below, whose one function is told what it is called with. */
interface Backend {
  readonly name: string;
  readonly exceptions: Exceptions;
  start(called: (event: { readonly taskToken: string }) => void): Promise<{ readonly executions: Executions; close(): Promise<void> }>;
}

/** Waits for an answer, and ends with it. */
const MACHINE = {
  StartAt: 'Ask',
  States: {
    Ask: {
      Type: 'Task',
      Resource: 'arn:aws:states:::lambda:invoke.waitForTaskToken',
      Parameters: { FunctionName: { 'Fn::GetAtt': ['AskLambdaFunction', 'Arn'] }, Payload: { 'taskToken.$': '$$.Task.Token' } },
      TimeoutSeconds: 600,
      ResultPath: '$.answer',
      End: true,
    },
  },
} as unknown as Machine;

const NAME = 'migrate-cluster';

const LOCAL: Backend = {
  name: "podshift's engine",
  exceptions: {},
  start: async (called) => {
    const clock = createVirtualClock(Date.parse('2026-03-02T09:00:00Z')).engine;
    const service: Service = {
      stateMachine: async () => MACHINE,
      handler: async () => ({ withRuntime: () => async (event) => called(event as { taskToken: string }) ?? {} }),
    };
    let id = 0;
    const runtime = { clock, ids: { next: () => `id-${id++}` }, logger: { error: () => undefined } } as unknown as ClusterRuntime;
    const executions = createLocalExecutions({ runtime, clock, service });
    return { executions, close: () => executions.close() };
  },
};

const python = await findPython(process.env, (line) => process.stderr.write(`${line}\n`));
const started: { cloud?: Cloud; stacks: number } = { stacks: 0 };

const CLOUD: Backend = {
  name: "moto's Step Functions",
  exceptions: {
    'take no failure for a token whose execution has ended':
      'moto looks for the token among all executions, ended ones too, and says nothing',
    'tell the cause that a token is answered with': 'moto keeps the error of a failed task, and not its cause',
    'are aborted when they are stopped, once':
      'moto stops an execution between two states only: one that waits for a token goes on waiting',
  },
  start: async (called) => {
    if (started.cloud === undefined) throw new TypeError('moto is not started');
    started.stacks += 1;
    const { executions } = await started.cloud.deploy({
      name: `executions-${started.stacks}`,
      service: { stateMachine: async () => MACHINE, handler: () => Promise.reject(new TypeError('moto loads no handler')) },
      machines: [NAME],
      functionName: (id) => id,
      invoke: async (_id, event) => {
        called(JSON.parse(event));
        return { payload: '{}', failed: false };
      },
    });
    return { executions, close: () => Promise.resolve() };
  },
};

for (const backend of 'missing' in python ? [LOCAL] : [LOCAL, CLOUD]) {
  describe(`executions over ${backend.name}`, () => {
    const behaviour = behavioursWith(backend.exceptions);
    const open: { executions?: Executions; close?: () => Promise<void>; tokens: readonly string[] } = { tokens: [] };

    beforeAll(async () => {
      if (backend === CLOUD) started.cloud = await startCloud('bin' in python ? python.bin : '');
    });
    afterAll(async () => {
      if (backend === CLOUD) await started.cloud?.close();
    });
    afterEach(async () => {
      await open.close?.();
    });

    const begin = async (): Promise<Executions> => {
      const tokens: string[] = [];
      Object.assign(open, await backend.start(({ taskToken }) => tokens.push(taskToken)), { tokens });
      if (open.executions === undefined) throw new TypeError('nothing was started');
      return open.executions;
    };
    const token = async (): Promise<string> => {
      while (open.tokens.length === 0) await soon();
      return open.tokens[0] ?? '';
    };
    const ended = async (executions: Executions, name: string): Promise<string | undefined> => {
      while ((await executions.status(NAME, name)) === 'RUNNING') await soon();
      return executions.status(NAME, name);
    };

    behaviour('know of none that was not started', async () => {
      const executions = await begin();
      expect(await executions.status(NAME, 'none')).toBeUndefined();
      expect(await executions.failure(NAME, 'none')).toBeUndefined();
      await expect(executions.stop(NAME, 'none', 'no reason')).rejects.toMatchObject({ name: 'NotFound' });
    });

    behaviour('start once under a name and an input, and refuse the name to anything else', async () => {
      const executions = await begin();
      const first = await executions.start(NAME, 'one', { a: 1 });
      expect(await executions.start(NAME, 'one', { a: 1 })).toEqual(first);
      expect(await executions.status(NAME, 'one')).toBe('RUNNING');
      await expect(executions.start(NAME, 'one', { a: 2 })).rejects.toMatchObject({ name: 'ExecutionExists' });
      await executions.succeedTask(await token(), { digest: 'd' });
      expect(await ended(executions, 'one')).toBe('SUCCEEDED');
      expect(open.tokens).toHaveLength(1);
      await expect(executions.start(NAME, 'one', { a: 2 })).rejects.toMatchObject({ name: 'ExecutionExists' });
      await executions.start(NAME, 'other', { a: 1 });
    });

    behaviour('refuse a name for good once its execution has ended', async () => {
      const executions = await begin();
      await executions.start(NAME, 'one', {});
      await executions.succeedTask(await token(), {});
      await ended(executions, 'one');
      await expect(executions.start(NAME, 'one', {})).rejects.toMatchObject({ name: 'ExecutionExists' });
    });

    behaviour('take one answer for a token, and none for a token that nobody has', async () => {
      const executions = await begin();
      await executions.start(NAME, 'one', {});
      const waiting = await token();
      await executions.succeedTask(waiting, { digest: 'd' });
      await ended(executions, 'one');
      expect(await executions.failure(NAME, 'one')).toBeUndefined();
      await expect(executions.succeedTask(waiting, {})).rejects.toMatchObject({ name: 'TaskTokenGone' });
      await expect(executions.succeedTask('nobody-has-this-token', {})).rejects.toMatchObject({ name: 'TaskTokenGone' });
      await expect(executions.failTask('nobody-has-this-token', 'ApprovalMismatch', 'no')).rejects.toMatchObject({ name: 'TaskTokenGone' });
    });

    behaviour('take no failure for a token whose execution has ended', async () => {
      const executions = await begin();
      await executions.start(NAME, 'one', {});
      const waiting = await token();
      await executions.succeedTask(waiting, {});
      await ended(executions, 'one');
      await expect(executions.failTask(waiting, 'ApprovalMismatch', 'late')).rejects.toMatchObject({ name: 'TaskTokenGone' });
    });

    behaviour('fail with the error that a token is answered with', async () => {
      const executions = await begin();
      await executions.start(NAME, 'one', {});
      await executions.failTask(await token(), 'ApprovalMismatch', 'the plan was refused');
      expect(await ended(executions, 'one')).toBe('FAILED');
      expect(await executions.failure(NAME, 'one')).toMatchObject({ error: 'ApprovalMismatch' });
    });

    behaviour('tell the cause that a token is answered with', async () => {
      const executions = await begin();
      await executions.start(NAME, 'one', {});
      await executions.failTask(await token(), 'ApprovalMismatch', 'the plan was refused');
      await ended(executions, 'one');
      expect(await executions.failure(NAME, 'one')).toMatchObject({ cause: 'the plan was refused' });
    });

    behaviour('are aborted when they are stopped, once', async () => {
      const executions = await begin();
      await executions.start(NAME, 'one', {});
      await token();
      await executions.stop(NAME, 'one', 'asked for');
      for (let looks = 0; looks < 100 && (await executions.status(NAME, 'one')) === 'RUNNING'; looks += 1) await soon();
      expect(await executions.status(NAME, 'one')).toBe('ABORTED');
      await executions.stop(NAME, 'one', 'asked for again');
      expect(await executions.failure(NAME, 'one')).toEqual({ error: 'Stopped', cause: 'asked for' });
    });
  });
}

function soon(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 20));
}
