import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { handler } from '../../../functions/api/start-run.ts';
import { handler as openRunHandler } from '../../../functions/migrate-cluster/open-run.ts';
import type { Runtime } from '../../../src/migration/runtime.ts';
import { type ErrorName, PodshiftError } from '../../../src/model/errors.ts';
import { migrationOptions } from '../../../src/model/options.ts';
import { noCalls } from '../../../src/model/run.ts';
import { runResource } from '../../../src/service/resources.ts';
import { startRun } from '../../../src/service/start-run.ts';
import { CALLER, call, expectProblem, type Reply, type Request } from '../fixtures/api-requests.ts';
import { deployedWith } from '../fixtures/deployment.ts';
import { type FakeMigration, fakeMigration } from '../fixtures/fake-migration.ts';

const target = { clusterName: 'shop', region: 'eu-west-1', assumeRoleArn: null };
const body = { target: { clusterName: 'shop', region: 'eu-west-1' }, mode: 'run' };
const headers = { 'Idempotency-Key': 'key-1' };

let fake: FakeMigration;
beforeEach(async () => {
  fake = await fakeMigration();
});
afterEach(() => fake[Symbol.asyncDispose]());

const post = (request: Request = {}): Promise<Reply> => call(handler, fake.runtime, { headers, body, ...request });
const runs = () => fake.runtime.journal.listRuns();

describe('POST /runs', () => {
  it('starts a run, and says where it is', async () => {
    const { status, headers: answered, body: run } = await post();
    expect(status).toBe(202);
    expect(answered).toMatchObject({
      location: `/runs/${run.id}`,
      'content-type': 'application/json',
      'x-request-id': expect.stringMatching(/^request=\d+$/),
    });
    expect(runResource.parse(run)).toEqual(run);
    expect(run).toMatchObject({ kind: 'Run', status: 'pending', target, approval: null, endedAt: null });
    const options = migrationOptions.parse({});
    const input = { runId: run.id, target, mode: 'run', approval: 'required', expectedDigest: null, options };
    expect(fake.executions.started).toEqual([{ stateMachine: 'migrate-cluster', name: run.id, input, status: 'RUNNING' }]);
    expect(await runs()).toMatchObject([{ runId: run.id, target, options }]);
    expect(fake.account.writes).toEqual([]);
  });

  it('has on record who asked before the execution starts, and what for', async () => {
    let noted: unknown;
    const start = async (...given: Parameters<typeof fake.executions.start>) => {
      noted = await fake.runtime.journal.getRequest(given[1]);
      return fake.executions.start(...given);
    };
    const runtime = { ...fake.runtime, executions: async () => ({ ...fake.executions, start }) };
    const { body: run } = await call(handler, runtime, { headers, body });
    const requester = { by: CALLER, source: 'api', at: new Date(fake.now()).toISOString(), known: true };
    expect(noted).toEqual({ requester, fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect(run.requester).toEqual(requester);
    expect((await fake.runtime.journal.getRun(run.id)).terms).toEqual({ mode: 'run', approval: 'required', expectedDigest: null });
  });

  it('is asked for by who came first with the key', async () => {
    fake.executions.failures.start = ['ServiceUnavailable'];
    await post();
    expect((await post({ caller: 'arn:aws:iam::111122223333:user/late' })).body.requester.by).toBe(CALLER);
  });

  it('starts what its first state takes for the same request', async () => {
    const deployed = { ...fake.runtime, deployment: deployedWith({ approvalMode: 'required-by-another' }) };
    await call(handler, deployed, { headers, body });
    const [execution] = fake.executions.started;
    // Step Functions hands JSON on, in whatever order it likes.
    const input = Object.fromEntries(Object.entries(JSON.parse(JSON.stringify(execution?.input))).reverse());
    expect(await openRunHandler.withRuntime(deployed)({ ...input, executionId: 'e', input })).toMatchObject({ approval: 'required' });
  });

  it('hands on what it is told', async () => {
    const assumeRoleArn = 'arn:aws:iam::444455556666:role/podshift-member';
    const expectedDigest = 'e'.repeat(64);
    const given = {
      target: { ...target, assumeRoleArn },
      mode: 'plan',
      approval: 'none',
      expectedDigest,
      options: { waveSize: 7 },
    };
    const { body: run } = await post({ body: given });
    expect(fake.executions.started[0]?.input).toEqual({ runId: run.id, ...given, options: migrationOptions.parse({ waveSize: 7 }) });
  });

  it('gives the same run for the same key and request, however it is written', async () => {
    const first = await post();
    const again = await post({ headers: { 'idempotency-key': '"key-1"' }, body: { mode: 'run', options: {}, target: { ...target } } });
    expect([again.status, again.body.id]).toEqual([202, first.body.id]);
    expect(fake.executions.started).toHaveLength(1);
    const other = await post({ headers: { 'idempotency-key': 'key-2' } });
    expect(other.body.id).not.toBe(first.body.id);
  });

  it('gives the run as it stands to who comes late, even where its cluster is gone', async () => {
    const { body: run } = await post();
    await fake.runtime.journal.updateRun(run.id, { status: 'migrated', endedAt: '2025-01-02T00:00:00.000Z' });
    fake.account.failures.connect = ['ClusterUnreachable'];
    expect(await post()).toMatchObject({ status: 202, body: { id: run.id, status: 'migrated' } });
  });

  it('refuses a key that came with another request', async () => {
    const { body: run } = await post();
    const reply = await post({ body: { ...body, mode: 'plan' } });
    expect(expectProblem(reply, 422, 'IdempotencyKeyReused').detail).toContain(run.id);
    expect(await runs()).toHaveLength(1);
    expect(fake.executions.started).toHaveLength(1);
  });

  it('starts one run for many requests at once with one key', async () => {
    const replies = await Promise.all(Array.from({ length: 10 }, () => post()));
    expect(new Set(replies.map(({ status, body: run }) => `${status} ${run.id}`)).size).toBe(1);
    expect(fake.executions.started).toHaveLength(1);
    expect(await runs()).toHaveLength(1);
  });

  it.each([
    ['the start failed', 'start', 503],
    ['its reply was lost', 'start reply', 503],
  ])('is taken up by the next try where %s', async (_title, failure, status) => {
    fake.executions.failures[failure] = ['ServiceUnavailable'];
    const failed = await post();
    expectProblem(failed, status, 'ServiceUnavailable');
    expect(failed.headers['retry-after']).toBe('5');
    expect(await runs()).toEqual([]);
    expect((await post()).status).toBe(202);
    expect(fake.executions.started).toHaveLength(1);
    expect(await runs()).toHaveLength(1);
  });

  it('finds the run whose execution ended before the next try', async () => {
    fake.executions.failures['start reply'] = ['ServiceUnavailable'];
    await post();
    const [execution] = fake.executions.started;
    const runId = execution?.name ?? '';
    // What the execution's first state does, behind the look of the second request.
    fake.executions.failures.start = [];
    const start = async (...given: Parameters<typeof fake.executions.start>) => {
      await fake.runtime.journal.createRun({ runId, target, options: migrationOptions.parse({}), startedAt: '2025-01-01T00:00:00.000Z' });
      if (execution !== undefined) execution.status = 'SUCCEEDED';
      return fake.executions.start(...given);
    };
    const runtime = { ...fake.runtime, executions: async () => ({ ...fake.executions, start }) };
    expect(await call(handler, runtime, { headers, body })).toMatchObject({ status: 202, body: { id: runId } });
  });

  it('asks for a new key where the execution ended without a run', async () => {
    fake.executions.failures['start reply'] = ['ServiceUnavailable'];
    await post();
    for (const execution of fake.executions.started) execution.status = 'FAILED';
    expectProblem(await post(), 409, 'ExecutionExists');
    expect(await runs()).toEqual([]);
  });

  it.each<[string, ErrorName, number]>([
    ['does not answer', 'ClusterUnreachable', 504],
    ['does not exist', 'ClusterNotFound', 422],
    ['is in an account whose role refuses podshift', 'AccessDenied', 424],
    ['does not know podshift', 'KubernetesUnauthorized', 424],
    ['is throttled', 'Throttled', 429],
  ])('starts nothing for a cluster that %s', async (_title, name, status) => {
    fake.account.failures.connect = [name];
    expectProblem(await post(), status, name);
    expect(fake.executions.started).toEqual([]);
    expect(await runs()).toEqual([]);
    expect((await post()).status).toBe(202);
  });

  it('starts nothing for a cluster that is being made', async () => {
    fake.account.cluster = { ...fake.account.cluster, status: 'CREATING' };
    expectProblem(await post(), 422, 'InvalidRequest');
    fake.account.cluster = { ...fake.account.cluster, status: 'ACTIVE', authenticationMode: 'CONFIG_MAP' };
    fake.account.failures.connect = ['KubernetesUnauthorized'];
    expectProblem(await post(), 424, 'ConfigMapAuthentication');
    expect(fake.executions.started).toEqual([]);
  });

  it('waits for a cluster only so long', async () => {
    const runtime = { ...fake.runtime, kubernetes: () => new Promise<never>(() => undefined) };
    const request = {
      path: {},
      query: {},
      headers: { 'idempotency-key': 'k' },
      body: { ...body, target } as never,
      caller: 'me',
      requestId: 'r',
    };
    await expect(startRun(runtime, request, 0.01)).rejects.toMatchObject({
      name: 'ClusterUnreachable',
      message: expect.stringContaining('0.01 seconds'),
    });
  });

  it('counts the requests that it sent to the run, and none that went before', async () => {
    const taken: (() => ReturnType<Runtime['takeCalls']>)[] = [
      () => ({ ...noCalls(), eks: 9 }),
      () => ({ ...noCalls(), eks: 1, kubernetes: 2 }),
    ];
    const runtime = { ...fake.runtime, takeCalls: () => taken.shift()?.() ?? noCalls() };
    const { body: run } = await call(handler, runtime, { headers, body });
    expect((await fake.runtime.journal.getRun(run.id)).calls).toEqual({ ...noCalls(), eks: 1, kubernetes: 2 });
  });

  it('shows nothing of a fault but that it is one', async () => {
    const runtime = { ...fake.runtime, executions: () => Promise.reject(new TypeError('Bearer secret')) };
    const reply = await call(handler, runtime, { headers, body });
    expectProblem(reply, 500, 'InternalError');
    expect(reply.text + fake.logs.join('')).not.toContain('secret');
    const unset = {
      ...fake.runtime,
      executions: () => Promise.reject(new PodshiftError('AccessDenied', 'not allowed to perform states:StartExecution')),
    };
    expectProblem(await call(handler, unset, { headers, body }), 424, 'AccessDenied');
  });
});
