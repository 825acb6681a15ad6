import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createLocalExecutions } from '../../../engine/local-executions.ts';
import { rehearse } from '../../../engine/rehearsal.ts';
import { loadService } from '../../../engine/service.ts';
import type { ClusterRuntime } from '../../../src/migration/runtime.ts';
import { PodshiftError } from '../../../src/model/errors.ts';
import { createVirtualClock } from '../../../twin/clock.ts';
import { SECOND, START, type Steps, writeProject } from '../fixtures/engine-project.ts';

const SNAPSHOT = fileURLToPath(new URL('../../../examples/shop', import.meta.url));

const REFUSAL = { decision: 'refuse' as const, digest: 'd', by: 'me', at: 't', requestId: 'r' };

const WAITING = {
  StartAt: 'Ask',
  States: {
    Ask: {
      Type: 'Task',
      Resource: 'arn:aws:states:::lambda:invoke.waitForTaskToken',
      Parameters: { FunctionName: SECOND, Payload: { 'taskToken.$': '$$.Task.Token' } },
      TimeoutSeconds: 600,
      Catch: [{ ErrorEquals: ['States.Timeout'], Next: 'Late' }],
      ResultPath: '$.answer',
      Next: 'Last',
    },
    Late: { Type: 'Fail', Error: 'WaveFailed', Cause: 'late' },
    Last: { Type: 'Task', Resource: SECOND, End: true },
  },
};

/** Executions of a test's own machine; `seen` is what its function got. */
async function project(machine: object, second: Steps['second'] = () => ({})) {
  const root = await writeProject(machine);
  const clock = createVirtualClock(START);
  const seen: Record<string, unknown>[] = [];
  const logs: unknown[] = [];
  let id = 0;
  const runtime = {
    clock: clock.engine,
    ids: { next: () => `id-${id++}` },
    logger: { error: (...line: unknown[]) => logs.push(line) },
    steps: {
      second: (event: never) => {
        seen.push(event);
        return second?.(event);
      },
    },
  } as unknown as ClusterRuntime;
  const executions = createLocalExecutions({ runtime, clock: clock.engine, service: await loadService(root) });
  onTestFinished(() => executions.close());
  const tokens = async (): Promise<string> => {
    while (seen.length === 0) await new Promise((resolve) => setImmediate(resolve));
    return String(seen[0]?.taskToken);
  };
  return { executions, clock, seen, logs, tokens };
}

describe('executions of this process', () => {
  it('run in the background, once for a name and an input', async () => {
    const { executions, seen } = await project({ StartAt: 'Last', States: { Last: WAITING.States.Last } });
    expect(await executions.status('migrate-cluster', 'r1')).toBeUndefined();
    const first = await executions.start('migrate-cluster', 'r1', { a: 1 });
    expect(await executions.status('migrate-cluster', 'r1')).toBe('RUNNING');
    expect(await executions.start('migrate-cluster', 'r1', { a: 1 })).toEqual(first);
    await expect(executions.start('migrate-cluster', 'r1', { a: 2 })).rejects.toMatchObject({ name: 'ExecutionExists' });
    await executions.settled();
    expect(await executions.status('migrate-cluster', 'r1')).toBe('SUCCEEDED');
    expect(seen).toEqual([{ a: 1 }]);
    await expect(executions.start('migrate-cluster', 'r1', { a: 1 })).rejects.toMatchObject({ name: 'ExecutionExists' });
  });

  it('wait for their token’s answer, and take one', async () => {
    const { executions, seen, tokens } = await project(WAITING);
    await executions.start('migrate-cluster', 'r1', {});
    const token = await tokens();
    await executions.succeedTask(token, { digest: 'd' });
    await expect(executions.succeedTask(token, { digest: 'd' })).rejects.toMatchObject({ name: 'TaskTokenGone' });
    await executions.settled();
    expect(seen[1]).toEqual({ answer: { digest: 'd' } });
    expect(await executions.status('migrate-cluster', 'r1')).toBe('SUCCEEDED');
  });

  it('take an answer that comes before the function that asked has ended', async () => {
    let answer = async (_token: string): Promise<void> => undefined;
    const { executions, seen } = await project(WAITING, async ({ taskToken }: { taskToken?: string }) => {
      if (taskToken !== undefined) await answer(taskToken);
      return {};
    });
    answer = (token) => executions.succeedTask(token, 'early');
    await executions.start('migrate-cluster', 'r1', {});
    await executions.settled();
    expect(seen[1]).toEqual({ answer: 'early' });
  });

  it('fail by their token’s failure', async () => {
    const { executions, tokens } = await project(WAITING);
    await executions.start('migrate-cluster', 'r1', {});
    await executions.failTask(await tokens(), 'ApprovalMismatch', 'another digest');
    expect(await executions.failure('migrate-cluster', 'r1')).toBeUndefined();
    await executions.settled();
    expect(await executions.status('migrate-cluster', 'r1')).toBe('FAILED');
    expect(await executions.failure('migrate-cluster', 'r1')).toEqual({
      error: 'ApprovalMismatch',
      cause: 'another digest',
    });
    expect(await executions.failure('migrate-cluster', 'none')).toBeUndefined();
  });

  it('stop waiting at the state’s time-out', async () => {
    const { executions, clock, tokens, logs } = await project(WAITING);
    await executions.start('migrate-cluster', 'r1', {});
    const token = await tokens();
    await clock.advance(601_000);
    await expect(executions.succeedTask(token, {})).rejects.toMatchObject({ name: 'TaskTokenGone' });
    await executions.settled();
    expect(await executions.status('migrate-cluster', 'r1')).toBe('FAILED');
    expect(JSON.stringify(logs)).not.toContain(token);
  });

  it('forget the token of a function that failed', async () => {
    const { executions, seen } = await project(WAITING, () => {
      throw new PodshiftError('Throttled', 'slow down');
    });
    await executions.start('migrate-cluster', 'r1', {});
    await executions.settled();
    expect(await executions.status('migrate-cluster', 'r1')).toBe('FAILED');
    expect(await executions.failure('migrate-cluster', 'r1')).toEqual({
      error: 'Throttled',
      cause: JSON.stringify({ errorType: 'Throttled', errorMessage: 'slow down' }),
    });
    await expect(executions.succeedTask(String(seen[0]?.taskToken), {})).rejects.toMatchObject({ name: 'TaskTokenGone' });
  });

  it('end when they are closed, and start no more', async () => {
    const { executions, tokens } = await project(WAITING);
    await executions.start('migrate-cluster', 'r1', {});
    await tokens();
    await executions.close();
    expect(await executions.status('migrate-cluster', 'r1')).toBe('ABORTED');
    expect(await executions.status('rollback-run', 'r1-after-failure')).toBeUndefined();
    await expect(executions.start('migrate-cluster', 'r2', {})).rejects.toMatchObject({ name: 'ServiceUnavailable' });
  });
});

describe('migrate-cluster in the background', () => {
  const input = (run: Awaited<ReturnType<typeof rehearse>>, more: object = {}) => ({
    runId: 'a'.repeat(26),
    target: run.target,
    mode: 'run',
    approval: 'none',
    expectedDigest: null,
    options: {},
    ...more,
  });
  const planned = async () => {
    const run = await rehearse({ snapshot: SNAPSHOT, startAt: START, journal: 'memory', mode: 'plan' });
    onTestFinished(() => run.close());
    return { run, executions: await run.runtime.executions() };
  };

  it('migrates', async () => {
    const { run, executions } = await planned();
    await executions.start('migrate-cluster', 'r1', input(run));
    await executions.settled();
    expect(await executions.status('migrate-cluster', 'r1')).toBe('SUCCEEDED');
    expect(await run.journal.getRun('a'.repeat(26))).toMatchObject({ status: 'migrated' });
  });

  it('is followed by the way back where it fails', async () => {
    const { run, executions } = await planned();
    await executions.start('migrate-cluster', 'r1', input(run, { expectedDigest: 'f'.repeat(64) }));
    await executions.settled();
    expect(await executions.status('migrate-cluster', 'r1')).toBe('FAILED');
    expect(await executions.status('rollback-run', 'r1-after-failure')).toBe('SUCCEEDED');
    expect(await run.journal.getRun('a'.repeat(26))).toMatchObject({ status: 'held' });
    expect(run.twin.requests.filter((request) => request.write)).toEqual([]);
  });

  it('is taken back when it is stopped', async () => {
    const { run, executions } = await planned();
    await executions.start('migrate-cluster', 'r1', input(run, { approval: 'required' }));
    while ((await run.journal.answerTaskToken('a'.repeat(26), REFUSAL)) === undefined)
      await new Promise((resolve) => setImmediate(resolve));
    await executions.stop('migrate-cluster', 'r1', 'asked for');
    await executions.settled();
    expect(await executions.status('migrate-cluster', 'r1')).toBe('ABORTED');
    expect(await run.journal.getRun('a'.repeat(26))).toMatchObject({ status: 'held', endedAt: expect.any(String) });
    await executions.stop('migrate-cluster', 'r1', 'once more');
    await expect(executions.stop('migrate-cluster', 'r2', 'asked for')).rejects.toMatchObject({ name: 'NotFound' });
  });

  it('leaves alone a run that it was refused to take up', async () => {
    const { run, executions } = await planned();
    await executions.start('migrate-cluster', 'r1', input(run, { runId: run.runId, target: { ...run.target, region: 'elsewhere' } }));
    await executions.settled();
    expect(await executions.status('migrate-cluster', 'r1')).toBe('FAILED');
    expect(await executions.status('rollback-run', 'r1-after-failure')).toBe('SUCCEEDED');
    expect(await run.journal.getRun(run.runId)).toMatchObject({ status: 'planned' });
  });
});
