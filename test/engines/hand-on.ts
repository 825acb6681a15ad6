import { createServer, type IncomingMessage, type OutgoingHttpHeaders, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Readable } from 'node:stream';
import { LOOPBACK } from '../cluster/ports.ts';

/** A server of loopback. */
export interface Listening {
  readonly port: number;
  close(): Promise<void>;
}

/** Listens on a free port of loopback. Where `answer` fails the request is answered with 500, as an AWS service says it. */
export async function listen(answer: (incoming: IncomingMessage, outgoing: ServerResponse) => Promise<void>): Promise<Listening> {
  const server: Server = createServer((incoming, outgoing) => {
    answer(incoming, outgoing).catch((error: unknown) => {
      outgoing.writeHead(500, { 'x-amzn-errortype': 'ServiceException' }).end(JSON.stringify({ message: String(error) }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, LOOPBACK, resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Hands a request on to `endpoint` and its answer back, with the time of `now` (milliseconds since the epoch) as its `Date` where given. */
export function handOn(incoming: IncomingMessage, outgoing: ServerResponse, endpoint: string, now?: () => number): Promise<void> {
  const { method, url, headers } = incoming;
  return pass(incoming, outgoing, new URL(url ?? '/', endpoint), { method, headers }, now);
}

/** Sends a body to a URL, and the answer back; `now` is as with {@link handOn}. */
export function pass(
  body: Readable,
  outgoing: ServerResponse,
  to: URL,
  options: { readonly method?: string | undefined; readonly headers: OutgoingHttpHeaders },
  now?: () => number,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const passed = request(to, options, (answer) => {
      const date = now === undefined ? {} : { date: new Date(now()).toUTCString() };
      outgoing.writeHead(answer.statusCode ?? 502, { ...answer.headers, ...date });
      answer.pipe(outgoing).on('close', resolve).on('error', reject);
    });
    body.pipe(passed).on('error', reject);
  });
}
