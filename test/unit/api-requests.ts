import { gunzipSync } from 'node:zlib';
import { expect } from 'vitest';
import type { HttpHandler } from '../../functions/middleware-http.ts';
import type { ClusterRuntime, ServiceRuntime } from '../../src/migration/runtime.ts';
import type { ErrorName } from '../../src/model/errors.ts';
import type { Problem } from '../../src/service/problem.ts';

/** Who signs the requests of these tests. */
export const CALLER = 'arn:aws:iam::111122223333:user/asks';

/** A digest as plans have it. */
export const DIGEST = 'd'.repeat(64);

export interface Request {
  readonly path?: Record<string, string>;
  readonly query?: Record<string, string>;
  readonly headers?: Record<string, string>;
  /** An object is sent as JSON, text as it is. */
  readonly body?: unknown;
  readonly caller?: string;
}

let requests = 0;

/** What API Gateway hands to a function (payload format 2.0, IAM authorisation). */
export function event({ path, query, headers = {}, body, caller = CALLER }: Request): Record<string, unknown> {
  requests += 1;
  return {
    version: '2.0',
    routeKey: 'unused',
    rawPath: '/unused',
    rawQueryString: '',
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(query === undefined ? {} : { queryStringParameters: query }),
    ...(path === undefined ? {} : { pathParameters: path }),
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    isBase64Encoded: false,
    requestContext: {
      requestId: `request=${requests}`,
      stage: '$default',
      authorizer: { iam: { accountId: '111122223333', callerId: 'AIDA', userArn: caller, accessKey: 'AKIDEXAMPLE' } },
    },
  };
}

export interface Reply {
  readonly status: number;
  readonly headers: Record<string, string>;
  // biome-ignore lint/suspicious/noExplicitAny: a body of whatever kind, which the test looks at
  readonly body: any;
  readonly text: string;
}

/** Calls a function of the API as API Gateway does. */
export async function call(
  handler: HttpHandler<ClusterRuntime & ServiceRuntime>,
  runtime: ClusterRuntime & ServiceRuntime,
  request: Request,
): Promise<Reply> {
  return send(handler, runtime, event(request));
}

/** Calls it with any event. */
export async function send(
  handler: HttpHandler<ClusterRuntime & ServiceRuntime>,
  runtime: ClusterRuntime & ServiceRuntime,
  given: unknown,
): Promise<Reply> {
  const { statusCode = 0, headers = {}, body = '', isBase64Encoded } = await handler.withRuntime(runtime)(given);
  const text = isBase64Encoded === true ? gunzipSync(Buffer.from(body, 'base64')).toString() : body;
  const isJson = String(headers['content-type']).includes('json');
  return { status: statusCode, headers: headers as Record<string, string>, body: isJson ? JSON.parse(text) : text, text };
}

/** The answer is the problem of this error, whole and without a stack trace. */
export function expectProblem(reply: Reply, status: number, name: ErrorName): Problem {
  expect([reply.status, reply.body.type]).toEqual([status, `urn:podshift:error:${name}`]);
  expect(reply.headers).toMatchObject({ 'content-type': 'application/problem+json', 'cache-control': 'no-store' });
  expect(reply.body).toMatchObject({
    status,
    title: expect.stringMatching(/^[A-Z][a-z ]+$/),
    detail: expect.stringMatching(/\S/),
    instance: expect.stringMatching(/^urn:podshift:request:request%3D\d+$/),
    code: expect.stringMatching(/^PE\d{3}$/),
    remedy: expect.stringMatching(/\S/),
  });
  expect(reply.text).not.toMatch(/\n\s+at |\.ts:\d/);
  return reply.body as Problem;
}
