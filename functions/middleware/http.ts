import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import middy from '@middy/core';
import type { APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import type { JournalRuntime, Logger } from '../../src/migration/runtime.ts';
import { isPodshiftError, PodshiftError } from '../../src/model/errors.ts';
import { type ApiAnswer, Text } from '../../src/service/answer.ts';
import { problemOf } from '../../src/service/problem.ts';
import { type ApiRequest, type HttpEvent, readEvent, readRequest } from '../../src/service/request.ts';
import type { Route } from '../../src/service/routes.ts';

/** An operation of the API: a request that fits its route in, an answer out, all effects through the runtime. */
export type Operation<R extends Route, Reach extends JournalRuntime> = (runtime: Reach, request: ApiRequest<R>) => Promise<ApiAnswer>;

type Answer = APIGatewayProxyStructuredResultV2;

/** A Lambda handler of an HTTP API that can also run over a runtime that is handed in, through the same chain. */
export interface HttpHandler<Reach extends JournalRuntime = JournalRuntime> {
  /** What Lambda calls: the runtime is made from the environment, once per cold start. */
  (event: unknown, context: Context): Promise<Answer>;
  /** What a server on this machine calls. */
  withRuntime(runtime: Reach): (event: unknown) => Promise<Answer>;
}

/** Bodies from this size on are compressed for a client that takes it. */
const GZIP_FROM_BYTES = 65_536;
/** The most that a function can answer, less what the answer has beside its body (Lambda quotas: 6 MB, synchronous). */
const MAX_ANSWER_BYTES = 5_900_000;

/**
 * Wraps an operation as a Lambda function of an HTTP API (payload format 2.0): the request is parsed strictly by its route,
 * and whatever is thrown becomes a problem body with the status of its error. Neither requests nor answers are logged. An
 * operation that needs more than the journal is wrapped by `serviceHttpFunction` (middleware-http-service.ts) or
 * `clusterHttpFunction` (middleware-http-cluster.ts).
 */
export function httpFunction<R extends Route>(route: R, operation: Operation<R, JournalRuntime>): HttpHandler {
  return routeFunction(route, operation, runtimeOfEnvironment);
}

/** An operation as a Lambda function over the runtime that `runtimeOfEnvironment` makes at its first use. */
export function routeFunction<R extends Route, Reach extends JournalRuntime>(
  route: R,
  operation: Operation<R, Reach>,
  runtimeOfEnvironment: () => Promise<Reach>,
): HttpHandler<Reach> {
  const chain = (getRuntime: () => Promise<Reach>) =>
    middy<unknown, Answer, Error, Context>(async (event: unknown) => {
      const request = readEvent(event);
      const answer = await operation(await prepared(getRuntime), readRequest(route, request));
      return encoded(answer, request);
    }).use(problems(route, getRuntime));
  const onLambda = chain(runtimeOfEnvironment);
  return Object.assign((event: unknown, context: Context): Promise<Answer> => onLambda(event, context), {
    withRuntime(runtime: Reach) {
      const local = chain(async () => runtime);
      return (event: unknown): Promise<Answer> => local(event, {} as Context);
    },
  });
}

let runtime: Promise<JournalRuntime> | undefined;

/** Imported on first use, so that a local server loads neither the environment nor the clients that it does not need. */
function runtimeOfEnvironment(): Promise<JournalRuntime> {
  runtime ??= import('../runtime/lambda.ts').then((module) => module.createLambdaRuntime(process.env));
  return runtime;
}

/** A function whose environment is wrong is the service's fault, not the client's. */
async function prepared<Reach>(getRuntime: () => Promise<Reach>): Promise<Reach> {
  try {
    return await getRuntime();
  } catch (error) {
    throw new PodshiftError('InternalError', 'the service is not set up to answer', { cause: error });
  }
}

async function encoded({ status, body, headers }: ApiAnswer, { headers: asked, requestContext }: HttpEvent): Promise<Answer> {
  const [text, mediaType] = body instanceof Text ? [body.text, body.mediaType] : [JSON.stringify(body), 'application/json'];
  const answer = { statusCode: status, headers: { ...common(requestContext.requestId), 'content-type': mediaType, ...headers } };
  const size = Buffer.byteLength(text);
  if (size >= GZIP_FROM_BYTES && /\bgzip\b/.test(asked['accept-encoding'] ?? '')) {
    const packed = (await promisify(gzip)(text)).toString('base64');
    if (packed.length > MAX_ANSWER_BYTES) throw tooLarge(packed.length);
    return { ...answer, headers: { ...answer.headers, 'content-encoding': 'gzip' }, body: packed, isBase64Encoded: true };
  }
  if (size > MAX_ANSWER_BYTES) throw tooLarge(size);
  return { ...answer, body: text };
}

function tooLarge(bytes: number): PodshiftError {
  return new PodshiftError('AnswerTooLarge', `the answer has ${bytes} bytes, and a function can give ${MAX_ANSWER_BYTES}`);
}

function common(requestId: string): Record<string, string> {
  return { 'cache-control': 'no-store', 'x-request-id': requestId };
}

/** Whatever was thrown, as a problem body. Faults of the service are logged as errors, those of clients as warnings. */
function problems(route: Route, getRuntime: () => Promise<JournalRuntime>): middy.MiddlewareObj<unknown, Answer, Error> {
  return {
    onError: async (request) => {
      const requestId = requestIdOf(request.event);
      const { problem, headers } = problemOf(request.error, requestId);
      request.response = {
        statusCode: problem.status,
        headers: { ...common(requestId), 'content-type': 'application/problem+json', ...headers },
        body: JSON.stringify(problem),
      };
      const { status, code, detail } = problem;
      const fields = { operation: route.operationId, requestId, status, code };
      const logger = await loggerOf(getRuntime);
      if (status >= 500) logger.error(detail, fields);
      else logger.warn(detail, fields);
    },
  };
}

/** The runtime's logger; a plain one where the function's environment is so wrong that there is no runtime. */
async function loggerOf(getRuntime: () => Promise<JournalRuntime>): Promise<Pick<Logger, 'warn' | 'error'>> {
  try {
    return (await getRuntime()).logger;
  } catch (error) {
    const why = isPodshiftError(error) ? error.message : 'the runtime cannot be made';
    const write = (message: string, fields?: Record<string, unknown>): void => {
      process.stderr.write(`${JSON.stringify({ level: 'ERROR', message, ...fields, why })}\n`);
    };
    return { warn: write, error: write };
  }
}

function requestIdOf(event: unknown): string {
  const { requestContext } = (event ?? {}) as { requestContext?: { requestId?: unknown } };
  return typeof requestContext?.requestId === 'string' ? requestContext.requestId : '';
}
