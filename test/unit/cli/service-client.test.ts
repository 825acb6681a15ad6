import { createHash, createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createServiceClient } from '../../../cli/service/client.ts';
import { type ServiceAccess, send } from '../../../cli/service/requests.ts';
import { migrationOptions } from '../../../src/model/options.ts';
import { noCalls } from '../../../src/model/run.ts';
import { describeRun } from '../../../src/service/resources.ts';
import { type ScriptedReply, type SeenRequest, startScript } from '../fixtures/scripted-server.ts';

const SECRET = 'SECRETSECRETSECRETSECRET';
const run = (id: string) =>
  describeRun({
    runId: id,
    target: { clusterName: 'shop', region: 'eu-west-1', assumeRoleArn: null },
    clusterArn: '',
    status: 'running',
    reason: '',
    digest: '',
    options: migrationOptions.parse({}),
    approval: null,
    startedAt: '2025-01-01T00:00:00.000Z',
    endedAt: null,
    calls: noCalls(),
  });
const list = (ids: string[], next: string | null) => ({ apiVersion: 'podshift/v1', kind: 'RunList', runs: ids.map(run), next });
const problem = (status: number, name: string, headers: Record<string, string> = {}): ScriptedReply => ({
  status,
  headers: { 'content-type': 'application/problem+json', ...headers },
  body: { type: `urn:podshift:error:${name}`, status, detail: 'what happened' },
});

/** A scripted service, and the way to it. */
async function service(script: (request: SeenRequest, index: number) => ScriptedReply, settings: Partial<ServiceAccess> = {}) {
  const server = await startScript(script);
  const access: ServiceAccess = { url: new URL(server.url), signal: new AbortController().signal, ...settings };
  return { access, client: createServiceClient(access), seen: server.seen };
}

const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest();
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

/** The signature that AWS would compute for the request (IAM User Guide, "Create a signed AWS API request"). */
function signatureOf({ method, path, query, headers, body }: SeenRequest): string {
  const [, scope = '', names = ''] = /Credential=AKIDEXAMPLE\/([^,]+), SignedHeaders=([^,]+)/.exec(headers.authorization ?? '') ?? [];
  const signed = names.split(';').map((name) => `${name}:${String(headers[name])}\n`);
  const canonical = [
    method,
    path,
    [...query]
      .sort()
      .map((pair) => pair.map(encodeURIComponent).join('='))
      .join('&'),
    signed.join(''),
    names,
    sha256(body),
  ];
  const toSign = ['AWS4-HMAC-SHA256', headers['x-amz-date'], scope, sha256(canonical.join('\n'))].join('\n');
  const key = scope.split('/').reduce<string | Buffer>((secret, part) => hmac(secret, part), `AWS4${SECRET}`);
  return hmac(key, toSign).toString('hex');
}

describe('a request to the service', () => {
  it('is signed for execute-api in its region, as AWS checks it', async () => {
    const credentials = async () => ({ accessKeyId: 'AKIDEXAMPLE', secretAccessKey: SECRET, sessionToken: 'SESSION' });
    const { client, access, seen } = await service((request) => ({ body: request.method === 'GET' ? list([], null) : run('r1') }), {
      signing: { region: 'eu-west-1', credentials },
    });
    await client.listRuns();
    await createServiceClient(access).startRun('key', { target: { clusterName: 'shop', region: 'eu-west-1' }, mode: 'plan' });
    expect(seen).toHaveLength(2);
    for (const request of seen) {
      const { authorization = '', 'x-amz-security-token': token } = request.headers;
      expect(authorization).toMatch(/^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/eu-west-1\/execute-api\/aws4_request, /);
      expect(/SignedHeaders=([^,]+)/.exec(authorization)?.[1]?.split(';')).toContain('host');
      expect([token, /Signature=(\w+)/.exec(authorization)?.[1]]).toEqual(['SESSION', signatureOf(request)]);
    }
    expect(seen[1]?.headers).toMatchObject({ 'idempotency-key': 'key', 'content-type': 'application/json' });
  });

  it('goes unsigned where nothing signs it', async () => {
    const { client, seen } = await service(() => ({ body: run('r1') }));
    await client.getRun('r1');
    expect(seen[0]?.headers).not.toHaveProperty('authorization');
  });

  it('keeps the stage of a URL that has one', async () => {
    const { access, seen } = await service(() => ({ body: run('r1') }));
    await createServiceClient({ ...access, url: new URL('/prod/', access.url) }).getRun('a/b');
    expect(seen[0]?.path).toBe('/prod/runs/a%2Fb');
  });

  it('goes through all pages', async () => {
    const { client, seen } = await service(({ query }) => ({
      body: query.get('cursor') === null ? list(['r3', 'r2'], 'next') : list(['r1'], null),
    }));
    expect((await client.listRuns()).map(({ id }) => id)).toEqual(['r3', 'r2', 'r1']);
    expect(seen.map(({ query }) => [query.get('limit'), query.get('cursor')])).toEqual([
      ['100', null],
      ['100', 'next'],
    ]);
  });

  it.each([
    ['throttled', problem(429, 'Throttled', { 'retry-after': '0' })],
    ['unavailable', problem(503, 'ServiceUnavailable', { 'retry-after': '0' })],
    ['broken', 'reset' as const],
  ])('is sent again where the service is %s', async (_title, reply) => {
    const { client, seen } = await service((_request, index) => (index < 1 ? reply : { body: run('r1') }));
    expect((await client.getRun('r1')).id).toBe('r1');
    expect(seen).toHaveLength(2);
  });

  it('is sent five times at most', async () => {
    const { client, seen } = await service(() => problem(503, 'ServiceUnavailable', { 'retry-after': '0' }));
    await expect(client.getRun('r1')).rejects.toMatchObject({ name: 'ServiceUnavailable', message: 'what happened' });
    expect(seen).toHaveLength(5);
  });

  it('is not sent again where a second answer would be told something else', async () => {
    const { client, seen } = await service(() => 'reset');
    const answer = client.answerApproval('r1', { decision: 'approve', digest: 'd'.repeat(64) });
    await expect(answer).rejects.toMatchObject({ name: 'ServiceUnavailable' });
    expect(seen).toHaveLength(1);
  });

  it.each<[string, ScriptedReply, string]>([
    ['a problem of the service', problem(409, 'ApprovalMismatch'), 'ApprovalMismatch'],
    ['a problem of a newer service', problem(409, 'SomethingNew'), 'InvalidRequest'],
    ['a signature that API Gateway refuses', { status: 403, body: { message: 'Forbidden' } }, 'AccessDenied'],
    ['a route that is not there', { status: 404, body: { message: 'Not Found' } }, 'InvalidRequest'],
    ['a page of something else', { status: 200, body: '<html></html>' }, 'InvalidRequest'],
    ['an answer of another version', { status: 200, body: { kind: 'Run' } }, 'InvalidRequest'],
    ['a fault', { status: 500, body: 'no' }, 'ServiceUnavailable'],
  ])('names %s', async (_title, reply, name) => {
    const { client } = await service(() => reply);
    await expect(client.getRun('r1')).rejects.toMatchObject({ name });
  });

  it('ends with an interrupt', async () => {
    const controller = new AbortController();
    const reason = new Error('interrupted');
    const { access } = await service(
      () => {
        controller.abort(reason);
        return problem(503, 'ServiceUnavailable', { 'retry-after': '60' });
      },
      { signal: controller.signal },
    );
    await expect(send(access, { method: 'GET', path: '/runs', again: true })).rejects.toThrow();
  });
});
