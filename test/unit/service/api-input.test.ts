import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { handler as answerApproval } from '../../../functions/api/answer-approval.ts';
import { handler as getAudit } from '../../../functions/api/get-audit.ts';
import { handler as getPage } from '../../../functions/api/get-page.ts';
import { handler as getReport } from '../../../functions/api/get-report.ts';
import { handler as getRun } from '../../../functions/api/get-run.ts';
import { handler as listRuns } from '../../../functions/api/list-runs.ts';
import { handler as listUnits } from '../../../functions/api/list-units.ts';
import { handler as rollBackRun } from '../../../functions/api/roll-back-run.ts';
import { handler as startRun } from '../../../functions/api/start-run.ts';
import type { HttpHandler } from '../../../functions/middleware/http.ts';
import type { ClusterRuntime, ServiceRuntime } from '../../../src/migration/runtime.ts';
import { MAX_BODY_BYTES } from '../../../src/service/request.ts';
import { call, DIGEST, event, expectProblem, type Request, send } from '../fixtures/api-requests.ts';
import { beginRun, type FakeMigration, fakeMigration, planWith, RUN } from '../fixtures/fake-migration.ts';

const target = { clusterName: 'shop', region: 'eu-west-1' };
const key = { 'idempotency-key': 'key-1' };
const body = { target, mode: 'run' };
const runPath = { runId: RUN };

let fake: FakeMigration;
beforeEach(async () => {
  fake = await fakeMigration();
  await beginRun(fake, planWith([], []));
});
afterEach(() => fake[Symbol.asyncDispose]());

const ROUTES: Readonly<Record<string, HttpHandler<ClusterRuntime & ServiceRuntime>>> = {
  startRun,
  listRuns,
  getRun,
  listUnits,
  answerApproval,
  rollBackRun,
  getReport,
  getAudit,
  getPage,
};

/** Every kind of bad input: the operation, the request, the place and field that the problem names. */
const WRONG: readonly (readonly [title: string, operation: string, request: Request, place: string, field: string])[] = [
  ['no body', 'startRun', { headers: key }, 'body', ''],
  ['a body that is no JSON', 'startRun', { headers: key, body: '{' }, 'body', ''],
  ['a body that is no object', 'startRun', { headers: key, body: '[]' }, 'body', ''],
  ['an unknown field', 'startRun', { headers: key, body: { ...body, moed: 'run' } }, 'body', ''],
  ['an unknown field further down', 'startRun', { headers: key, body: { ...body, target: { ...target, account: '1' } } }, 'body', 'target'],
  ['an unknown option', 'startRun', { headers: key, body: { ...body, options: { wavSize: 3 } } }, 'body', 'options'],
  ['a __proto__', 'startRun', { headers: key, body: `{"target":${JSON.stringify(target)},"mode":"run","__proto__":{"a":1}}` }, 'body', ''],
  ['an option of a wrong type', 'startRun', { headers: key, body: { ...body, options: { waveSize: '7' } } }, 'body', 'options.waveSize'],
  ['an option out of bounds', 'startRun', { headers: key, body: { ...body, options: { waveSize: 0 } } }, 'body', 'options.waveSize'],
  ['no cluster', 'startRun', { headers: key, body: { mode: 'run' } }, 'body', 'target'],
  [
    'a cluster name that EKS has not',
    'startRun',
    { headers: key, body: { ...body, target: { ...target, clusterName: '-a' } } },
    'body',
    'target.clusterName',
  ],
  [
    'a region that is none',
    'startRun',
    { headers: key, body: { ...body, target: { ...target, region: 'evil.com/' } } },
    'body',
    'target.region',
  ],
  [
    'a role that is none',
    'startRun',
    { headers: key, body: { ...body, target: { ...target, assumeRoleArn: 'role' } } },
    'body',
    'target.assumeRoleArn',
  ],
  [
    'an external id, which the deployment has',
    'startRun',
    { headers: key, body: { ...body, target: { ...target, externalId: 'x' } } },
    'body',
    'target',
  ],
  ['an unknown mode', 'startRun', { headers: key, body: { ...body, mode: 'force' } }, 'body', 'mode'],
  ['a digest that is none', 'startRun', { headers: key, body: { ...body, expectedDigest: 'abc' } }, 'body', 'expectedDigest'],
  ['no key', 'startRun', { body }, 'header', 'idempotency-key'],
  ['an empty key', 'startRun', { headers: { 'idempotency-key': '""' }, body }, 'header', 'idempotency-key'],
  ['a key with a space', 'startRun', { headers: { 'idempotency-key': 'a b' }, body }, 'header', 'idempotency-key'],
  ['a key that is too long', 'startRun', { headers: { 'idempotency-key': 'a'.repeat(129) }, body }, 'header', 'idempotency-key'],
  ['an unknown query parameter', 'listRuns', { query: { page: '2' } }, 'query', ''],
  ['a limit that is no number', 'listRuns', { query: { limit: 'many' } }, 'query', 'limit'],
  ['a limit of none', 'listRuns', { query: { limit: '0' } }, 'query', 'limit'],
  ['a limit that is too high', 'listUnits', { path: runPath, query: { limit: '101' } }, 'query', 'limit'],
  ['half an item', 'listUnits', { path: runPath, query: { limit: '1.5' } }, 'query', 'limit'],
  ['a cursor in another alphabet', 'listRuns', { query: { cursor: '§' } }, 'query', 'cursor'],
  ['a run id that is none', 'getRun', { path: { runId: '../x' } }, 'path', 'runId'],
  ['no run id', 'getRun', {}, 'path', 'runId'],
  ['a body where none is read', 'getRun', { path: runPath, body: {} }, 'body', ''],
  ['an approval without a decision', 'answerApproval', { path: runPath, body: { digest: DIGEST } }, 'body', 'decision'],
  ['an unknown decision', 'answerApproval', { path: runPath, body: { digest: DIGEST, decision: 'yes' } }, 'body', 'decision'],
  ['an approval without a digest', 'answerApproval', { path: runPath, body: { decision: 'approve' } }, 'body', 'digest'],
  ['a task token', 'answerApproval', { path: runPath, body: { decision: 'approve', digest: DIGEST, taskToken: 't' } }, 'body', ''],
  ['a unit that is no unit', 'rollBackRun', { path: runPath, body: { units: ['shop'] } }, 'body', 'units.0'],
  ['no units', 'rollBackRun', { path: runPath, body: { units: [] } }, 'body', 'units'],
  ['a stop of a wrong type', 'rollBackRun', { path: runPath, body: { stop: 'yes' } }, 'body', 'stop'],
  ['an unknown report format', 'getReport', { path: runPath, query: { format: 'pdf' } }, 'query', 'format'],
];

describe('a request that is wrong', () => {
  it.each(WRONG)('is refused with 400 for %s, by %s', async (_title, operation, request, place, field) => {
    const handler = ROUTES[operation] as HttpHandler<ClusterRuntime & ServiceRuntime>;
    const before = await fake.runtime.journal.getRun(RUN);
    const problem = expectProblem(await call(handler, fake.runtime, request), 400, 'InvalidInput');
    expect(problem.problems).toContainEqual({ in: place, field, message: expect.stringMatching(/\S/) });
    expect([fake.executions.started, fake.account.writes, (await fake.runtime.journal.listRuns()).length]).toEqual([[], [], 1]);
    expect(await fake.runtime.journal.getRun(RUN)).toEqual(before);
  });

  it('is told all that is wrong at once', async () => {
    const reply = await call(startRun, fake.runtime, { body: { target: { ...target, region: 1 }, mode: 'x', options: { waveSize: -1 } } });
    const { problems, detail } = expectProblem(reply, 400, 'InvalidInput');
    expect(problems?.map(({ in: place, field }) => `${place} ${field}`)).toEqual([
      'header idempotency-key',
      'body target.region',
      'body mode',
      'body options.waveSize',
    ]);
    expect(detail).toContain('body options.waveSize: ');
  });

  it('never reads its own values in the answer', async () => {
    const reply = await call(startRun, fake.runtime, {
      headers: { 'idempotency-key': 'se cret' },
      body: { ...body, mode: 'secret', target: { clusterName: '-secret' } },
    });
    expect(reply.text).not.toContain('secret');
    expect(fake.logs.join('\n')).not.toContain('secret');
  });

  it('is refused with 413 where its body is too large, whatever is in it', async () => {
    const large = 'x'.repeat(MAX_BODY_BYTES + 1);
    for (const request of [{ body: large }, { body: large, headers: { 'content-type': 'text/plain' } }]) {
      expectProblem(await call(startRun, fake.runtime, request), 413, 'PayloadTooLarge');
      expectProblem(await call(rollBackRun, fake.runtime, { path: runPath, ...request }), 413, 'PayloadTooLarge');
    }
    const fits = JSON.stringify({ ...body, options: { namespaces: ['n'.repeat(MAX_BODY_BYTES - 150)] } });
    expect((await call(startRun, fake.runtime, { headers: key, body: fits })).status).toBe(202);
    // As API Gateway hands on a body that it takes for binary: its size is that of the bytes.
    const base64 = {
      ...event({ headers: { ...key, 'content-type': 'application/json' } }),
      body: Buffer.from(large).toString('base64'),
      isBase64Encoded: true,
    };
    expectProblem(await send(startRun, fake.runtime, base64), 413, 'PayloadTooLarge');
  });

  it.each([undefined, 'text/plain', 'application/jsonp', 'application/x-www-form-urlencoded'])(
    'is refused with 415 where its body is declared as %s',
    async (type) => {
      const { headers, ...rest } = event({ headers: key, body });
      const { 'content-type': _type, ...others } = headers as Record<string, string>;
      const reply = await send(startRun, fake.runtime, {
        ...rest,
        headers: { ...others, ...(type === undefined ? {} : { 'Content-Type': type }) },
      });
      expectProblem(reply, 415, 'UnsupportedMediaType');
    },
  );

  it('is read in UTF-8 alone, and from base64 too', async () => {
    const given = event({ headers: key, body });
    const text = String(given.body);
    const good = { ...given, body: Buffer.from(text).toString('base64'), isBase64Encoded: true };
    expect((await send(startRun, fake.runtime, good)).status).toBe(202);
    const bad = { ...given, body: Buffer.concat([Buffer.from([0xff]), Buffer.from(text)]).toString('base64'), isBase64Encoded: true };
    expectProblem(await send(startRun, fake.runtime, bad), 400, 'InvalidInput');
  });

  it('is a fault of the service where it is no signed request of an HTTP API', async () => {
    const { requestContext: _context, ...rest } = event({ path: runPath });
    const unsigned = { ...rest, requestContext: { requestId: 'request=0' } };
    const { detail } = expectProblem(await send(getRun, fake.runtime, unsigned), 500, 'InternalError');
    expect(detail).toContain('requestContext.authorizer');
    for (const strange of [null, 'text', {}, { version: '1.0' }]) expect((await send(getRun, fake.runtime, strange)).status).toBe(500);
  });

  it('has an answer for any body', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), fc.json()), async (text) => {
        const reply = await call(answerApproval, fake.runtime, { path: runPath, body: text });
        expectProblem(reply, 400, 'InvalidInput');
      }),
      { numRuns: 200 },
    );
  });
});
