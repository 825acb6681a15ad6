import type { ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Pair } from './certificates.ts';
import { LOOPBACK } from './ports.ts';

/** A small HTTPS server that answers one POSTed JSON document with another. */
export interface WebhookServer {
  readonly url: string;
  close(): Promise<void>;
}

/** Serves `answer` at `path` on a port of loopback (0: any free one). What `answer` throws is a 500, as from a webhook that fails. */
export async function serveJson(settings: {
  readonly path: string;
  readonly pair: Pair;
  readonly port: number;
  readonly answer: (request: unknown) => Promise<unknown>;
}): Promise<WebhookServer> {
  const server = createServer({ key: settings.pair.key, cert: settings.pair.certificate }, (request, response) => {
    if (request.method !== 'POST' || new URL(request.url ?? '/', 'https://localhost').pathname !== settings.path) {
      send(response, 404, { message: 'not found' });
      return;
    }
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      Promise.resolve()
        .then(() => settings.answer(JSON.parse(Buffer.concat(chunks).toString('utf8'))))
        .then(
          (body) => send(response, 200, body),
          (error: Error) => send(response, 500, { message: error.message }),
        );
    });
  });
  // A kept connection that is closed here races with the next request on it: a pod would not be injected, an audited write would wait.
  server.keepAliveTimeout = 0;
  server.headersTimeout = 0;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(settings.port, LOOPBACK, resolve);
  });
  return {
    url: `https://${LOOPBACK}:${(server.address() as AddressInfo).port}${settings.path}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
