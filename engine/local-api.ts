import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { PodshiftError } from '../src/model/errors.ts';
import type { LocalRuntime } from './local-runtime.ts';
import { loadHttpRoutes } from './service.ts';
import { createLocalPages, type LocalPages } from './store/pages.ts';

/** Who asks where a request does not say it: there is no signature on loopback that could. */
export const LOCAL_CALLER = 'arn:aws:iam::000000000000:user/local';

/** The header that says it. API Gateway takes the caller from the signature and hands this header on unread. */
const CALLER_HEADER = 'x-podshift-caller';

/** The largest payload of an HTTP API (API Gateway quotas). */
const PAYLOAD_BYTES = 10 * 1024 * 1024;

/** What the API of this process is made of. */
export interface LocalApiSettings {
  readonly runtime: LocalRuntime;
  /** A free one for 0. */
  readonly port: number;
  /** The folder with serverless.yml; this project's own where absent. */
  readonly root?: string;
}

/** An API that listens on loopback. */
export interface LocalApi {
  readonly url: string;
  /** Ends all connections. */
  close(): Promise<void>;
}

/** What goes back to the client. */
interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

type Handle = (request: IncomingMessage, url: URL) => Promise<Reply>;

/**
 * Serves the routes of serverless.yml on 127.0.0.1 as API Gateway does: each request becomes an event of payload format 2.0
 * for the function of its route. Nothing is signed; only this machine can ask, and a page in its browser cannot, since it
 * could neither send JSON nor name this host without being asked first. Pages of runs are stored here, too, and opened by their links.
 */
export async function startLocalApi({ runtime, port, root }: LocalApiSettings): Promise<LocalApi> {
  // Whatever the time of the runs is, a browser's is this machine's.
  const pages = createLocalPages({ now: () => Date.now() }, () => urlOf(server));
  const handle = await router({ ...runtime, pages }, root, pages);
  const server = createServer((request, response) => void serve(handle, request, response));
  // A kept connection that the server closes by itself would race with the next request on it.
  server.keepAliveTimeout = 0;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(error.code === 'EADDRINUSE' ? new PodshiftError('UsageError', `port ${port} is in use`) : error),
    );
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    url: urlOf(server),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function urlOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function serve(handle: Handle, request: IncomingMessage, response: ServerResponse): Promise<void> {
  // A client that goes away is no error of the server.
  response.on('error', () => response.destroy());
  const { status, headers = {}, body = '' } = await answer(handle, request);
  if (response.destroyed) return;
  response.writeHead(status, { 'content-length': Buffer.byteLength(body), ...headers });
  response.end(body);
}

async function answer(handle: Handle, request: IncomingMessage): Promise<Reply> {
  try {
    const url = new URL(request.url ?? '/', `http://${request.headers.host ?? '127.0.0.1'}`);
    // A page whose name leads to this machine (DNS rebinding) sends its own name along.
    if (!['127.0.0.1', 'localhost'].includes(url.hostname)) return gatewayAnswer(403, 'Forbidden');
    return await handle(request, url);
  } catch {
    // What a function cannot answer itself; its own log has why.
    return gatewayAnswer(500, 'Internal Server Error');
  }
}

async function router(runtime: LocalRuntime, root: string | undefined, pages: LocalPages): Promise<Handle> {
  const routes = (await loadHttpRoutes(root)).map(({ method, path, handler }) => ({
    key: `${method} ${path}`,
    method,
    pattern: new RegExp(`^${path.replaceAll(/\{(\w+)\}/g, '(?<$1>[^/]+)')}$`),
    run: handler.withRuntime(runtime),
  }));
  return async (request, url) => {
    const found = routes.find(({ method, pattern }) => method === request.method && pattern.test(url.pathname));
    if (found === undefined) return pageAnswer(request.method === 'GET' ? pages.opened(url) : undefined);
    const parameters = decoded(found.pattern.exec(url.pathname)?.groups ?? {});
    if (parameters === undefined) return gatewayAnswer(400, 'Bad Request');
    const body = await readBody(request);
    if (body === undefined) return gatewayAnswer(413, 'Request Too Long');
    const event = eventOf(request, url, found.key, parameters, body, runtime);
    return replyOf((await found.run(event)) as APIGatewayProxyStructuredResultV2);
  };
}

/** Undefined where an escape is none. */
function decoded(parameters: Readonly<Record<string, string>>): Record<string, string> | undefined {
  try {
    return Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, decodeURIComponent(value)]));
  } catch {
    return undefined;
  }
}

/** Undefined where it is too long. */
async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= PAYLOAD_BYTES) chunks.push(chunk);
  }
  return size > PAYLOAD_BYTES ? undefined : Buffer.concat(chunks);
}

/** The event that API Gateway would make of the request (Developer Guide, "Lambda proxy integrations for HTTP APIs"). */
function eventOf(
  request: IncomingMessage,
  url: URL,
  routeKey: string,
  pathParameters: Record<string, string>,
  body: Buffer,
  runtime: LocalRuntime,
): unknown {
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(',') : (value ?? '')]),
  );
  const query: Record<string, string> = {};
  for (const [name, value] of url.searchParams) query[name] = query[name] === undefined ? value : `${query[name]},${value}`;
  return {
    version: '2.0',
    routeKey,
    rawPath: url.pathname,
    rawQueryString: url.search.slice(1),
    headers,
    ...(Object.keys(query).length === 0 ? {} : { queryStringParameters: query }),
    ...(Object.keys(pathParameters).length === 0 ? {} : { pathParameters }),
    ...(body.length === 0 ? {} : { body: body.toString('base64') }),
    isBase64Encoded: body.length > 0,
    requestContext: {
      requestId: runtime.ids.next(),
      routeKey,
      stage: '$default',
      http: { method: request.method ?? '', path: url.pathname, protocol: 'HTTP/1.1', sourceIp: '127.0.0.1' },
      authorizer: { iam: { userArn: headers[CALLER_HEADER] || LOCAL_CALLER } },
    },
  };
}

function replyOf({ statusCode = 200, headers = {}, body = '', isBase64Encoded = false }: APIGatewayProxyStructuredResultV2): Reply {
  return {
    status: statusCode,
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)])),
    body: isBase64Encoded ? Buffer.from(body, 'base64') : body,
  };
}

/** A page that was opened by its link. */
function pageAnswer(html: string | undefined): Reply {
  if (html === undefined) return gatewayAnswer(404, 'Not Found');
  return { status: 200, headers: { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'private, no-store' }, body: html };
}

/** What API Gateway answers by itself. */
function gatewayAnswer(status: number, message: string): Reply {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ message }) };
}
