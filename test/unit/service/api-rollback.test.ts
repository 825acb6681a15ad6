import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { handler } from '../../../functions/api/roll-back-run.ts';
import { CALLER, call, expectProblem, type Reply } from '../fixtures/api-requests.ts';
import { beginRun, CLUSTER_ARN, type FakeMigration, fakeMigration, planWith, RUN, unitPlan } from '../fixtures/fake-migration.ts';

const ENDED = '2026-01-06T10:00:00.000Z';
const OTHER = 'arn:aws:iam::111122223333:user/other';

let fake: FakeMigration;
beforeEach(async () => {
  fake = await fakeMigration();
  await beginRun(fake, planWith([unitPlan(), unitPlan({ id: 'shop/cart', serviceAccount: 'cart' })], []));
});
afterEach(() => fake[Symbol.asyncDispose]());

const post = (body?: unknown, caller = CALLER): Promise<Reply> =>
  call(handler, fake.runtime, { path: { runId: RUN }, caller, ...(body === undefined ? {} : { body }) });
const journal = () => fake.runtime.journal;
const run = () => journal().getRun(RUN);

/** The run wrote something for a unit. */
async function wrote(unitId: string | null = 'shop/orders'): Promise<string> {
  const key = `association#${unitId}`;
  await journal().recordIntent({ runId: RUN, key, unitId, kind: 'association', object: 'o', before: null });
  await journal().markApplied(RUN, key, { id: 'a-1' });
  return key;
}
const ends = (status: 'migrated' | 'held' | 'rolled-back') => journal().updateRun(RUN, { status, endedAt: ENDED });
const started = () => fake.executions.started.map(({ stateMachine, name, input }) => ({ stateMachine, name, input }));
const input = (unitIds: string[] | null = null) => ({ runId: RUN, unitIds, reason: `asked for by ${CALLER}` });

describe('POST /runs/{runId}/rollback', () => {
  it.each([undefined, {}, { units: null }, { units: null, stop: false }])('takes a whole run back: %j', async (body) => {
    await wrote();
    await ends('migrated');
    expect(await post(body)).toMatchObject({ status: 202, body: { kind: 'Run', id: RUN } });
    expect(started()).toEqual([{ stateMachine: 'rollback-run', name: `${RUN}-1`, input: input() }]);
  });

  it('takes some units back, each once', async () => {
    await wrote();
    await ends('migrated');
    await post({ units: ['shop/orders', 'shop/cart', 'shop/orders'] });
    expect(started()[0]?.input).toEqual(input(['shop/cart', 'shop/orders']));
  });

  it('knows no other units, and starts nothing for them', async () => {
    await wrote();
    await ends('migrated');
    expect(expectProblem(await post({ units: ['shop/orders', 'shop/ordres'] }), 400, 'InvalidInput').detail).toContain('shop/ordres');
    expect(started()).toEqual([]);
  });

  it('knows no other run', async () => {
    expectProblem(await call(handler, fake.runtime, { path: { runId: 'nope' } }), 404, 'RunNotFound');
  });

  it('refuses a run that never wrote, and leaves it as it is', async () => {
    await ends('held');
    const before = await run();
    expectProblem(await post(), 409, 'NothingToUndo');
    expect([await run(), started()]).toEqual([before, []]);
  });

  it('refuses a unit of which nothing is left to undo', async () => {
    await wrote();
    await ends('migrated');
    expectProblem(await post({ units: ['shop/cart'] }), 409, 'NothingToUndo');
    await journal().markUndone(RUN, 'association#shop/orders');
    expectProblem(await post({ units: ['shop/orders'] }), 409, 'NothingToUndo');
    expect(started()).toEqual([]);
  });

  it('has nothing to do for a run that is rolled back', async () => {
    await journal().markUndone(RUN, await wrote());
    await ends('rolled-back');
    expect(await post()).toMatchObject({ status: 200, body: { status: 'rolled-back' } });
    expect(started()).toEqual([]);
  });

  it('refuses a run that goes forward, and says how to stop it', async () => {
    await wrote();
    await fake.executions.start('migrate-cluster', RUN, {});
    for (const body of [undefined, { units: ['shop/orders'] }]) {
      expect(expectProblem(await post(body), 409, 'RunUnderWay').remedy).toContain('"stop": true');
    }
    expect(started()).toHaveLength(1);
    expect(fake.executions.started[0]?.status).toBe('RUNNING');
  });

  it('stops a run that goes forward where it is told to; its end starts the way back', async () => {
    await fake.executions.start('migrate-cluster', RUN, {});
    expect((await post({ stop: true })).status).toBe(202);
    expect(fake.executions.started.map(({ stateMachine, status }) => [stateMachine, status])).toEqual([['migrate-cluster', 'ABORTED']]);
  });

  it('takes up a run that crashed, whether it wrote or not', async () => {
    await fake.executions.start('migrate-cluster', RUN, {});
    for (const execution of fake.executions.started) execution.status = 'TIMED_OUT';
    expect((await post({ stop: true })).status).toBe(202);
    expect(started()[1]).toEqual({ stateMachine: 'rollback-run', name: `${RUN}-1`, input: input() });
  });

  it('joins the way back that is under way, and refuses another one beside it', async () => {
    await wrote();
    await ends('migrated');
    const replies = await Promise.all([post(), post(), post()]);
    expect(replies.map(({ status }) => status)).toEqual([202, 202, 202]);
    await journal().updateRun(RUN, { status: 'rolling-back', endedAt: null });
    expect((await post()).status).toBe(202);
    expect(started()).toHaveLength(1);
    expectProblem(await post({ units: ['shop/orders'] }), 409, 'RunUnderWay');
    expectProblem(await post(undefined, OTHER), 409, 'RunUnderWay');
    expect(started()).toHaveLength(1);
  });

  it('starts a new way back after one that failed or took only some units', async () => {
    await wrote();
    await ends('migrated');
    await post({ units: ['shop/orders'] });
    for (const execution of fake.executions.started) execution.status = 'SUCCEEDED';
    await wrote('shop/cart');
    expect((await post()).status).toBe(202);
    for (const execution of fake.executions.started) execution.status = 'FAILED';
    await journal().updateRun(RUN, { status: 'rolling-back', endedAt: null });
    expect((await post()).status).toBe(202);
    expect(started().map(({ name }) => name)).toEqual([`${RUN}-1`, `${RUN}-2`, `${RUN}-3`]);
  });

  it('refuses a run whose cluster another one works on', async () => {
    await wrote();
    await ends('migrated');
    await journal().releaseLock(CLUSTER_ARN, RUN);
    await journal().acquireLock(CLUSTER_ARN, 'run-2', 900);
    expect(expectProblem(await post(), 409, 'ClusterLocked').detail).toContain('run-2');
    expect(started()).toEqual([]);
  });

  it('passes on what Step Functions answers', async () => {
    await wrote();
    await ends('migrated');
    fake.executions.failures.start = ['Throttled'];
    const reply = await post();
    expectProblem(reply, 429, 'Throttled');
    expect(reply.headers['retry-after']).toBe('5');
    expect((await post()).status).toBe(202);
  });
});
