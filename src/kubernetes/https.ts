import type { IncomingMessage } from 'node:http';
import { Agent, request as openRequest, type RequestOptions } from 'node:https';
import { text } from 'node:stream/consumers';
import { createGunzip } from 'node:zlib';
import type { ApiAnswer } from './answer.ts';
import { createListReader, type ItemSink } from './list-items.ts';

/** A request as it goes over the wire. */
export interface WireRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Over a TCP connection of its own, closed behind it. */
  readonly newConnection: boolean;
  /** Takes the items of the list that is asked for, as they come; they are left out of the answer's body. */
  readonly items?: ItemSink | undefined;
}

/** Milliseconds until a connection has to stand. */
const CONNECT_TIMEOUT = 10_000;

/** Milliseconds for one request with its answer. A page of 500 objects can take a slow API server a while. */
const REQUEST_TIMEOUT = 60_000;

/** Milliseconds that an unused connection is kept: load balancers drop theirs without a word after some minutes. */
const IDLE_TIMEOUT = 4_000;

/** Milliseconds between two signs of life of a connection, as client-go has them. */
const KEEP_ALIVE = 30_000;

/**
 * Sends requests to one server over HTTPS, with text in and out, over connections that are kept for the next request. Rejects with
 * the error of the socket, of TLS or of name resolution, with a `TimeoutError` after a minute, and with `ETIMEDOUT` where no
 * connection comes about. Redirects are answers: a token goes to nobody else.
 *
 * @param certificateAuthority PEM; those that Node trusts where empty
 */
export function createHttps(certificateAuthority: string): (request: WireRequest) => Promise<ApiAnswer> {
  const trusted = certificateAuthority === '' ? {} : { ca: certificateAuthority };
  const kept = new Agent({ ...trusted, keepAlive: true, keepAliveMsecs: KEEP_ALIVE, timeout: IDLE_TIMEOUT });
  return async ({ method, url, headers, body, newConnection, items }) => {
    const agent = newConnection ? new Agent({ ...trusted, keepAlive: false }) : kept;
    const signal = AbortSignal.timeout(REQUEST_TIMEOUT);
    try {
      const length = body === undefined ? {} : { 'Content-Length': Buffer.byteLength(body) };
      const response = await open(url, { method, agent, signal, headers: { ...headers, ...length, 'Accept-Encoding': 'gzip' } }, body);
      const { statusCode = 0 } = response;
      const isList = items !== undefined && statusCode === 200;
      const read = await (isList ? readList(decoded(response), items) : text(decoded(response)));
      return { status: statusCode, headers: singleHeaders(response), body: read };
    } catch (error) {
      throw signal.aborted ? signal.reason : error;
    }
  };
}

function open(url: URL, options: RequestOptions, body: string | undefined): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = openRequest(url, options, resolve);
    request.on('error', reject);
    request.on('socket', (socket) => {
      if (!socket.connecting) return;
      const timer = setTimeout(() => {
        request.destroy(Object.assign(new Error('no connection came about'), { code: 'ETIMEDOUT' }));
      }, CONNECT_TIMEOUT);
      for (const event of ['secureConnect', 'close']) socket.once(event, () => clearTimeout(timer));
    });
    request.end(body);
  });
}

/** The body, unpacked; an API server packs what is large. */
function decoded(response: IncomingMessage): AsyncIterable<Buffer> {
  if (response.headers['content-encoding'] !== 'gzip') return response;
  const unpacked = createGunzip();
  response.on('error', (error) => unpacked.destroy(error));
  return response.pipe(unpacked);
}

/** The text of a list without the items, which the sink is given. */
async function readList(body: AsyncIterable<Buffer>, sink: ItemSink): Promise<string> {
  sink.begin();
  const reader = createListReader(sink.item);
  for await (const chunk of body) reader.write(chunk);
  return reader.rest();
}

/** Names in lower case; a header that came several times in one line. */
function singleHeaders({ headers }: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, Array.isArray(value) ? value.join(', ') : value]],
    ),
  );
}
