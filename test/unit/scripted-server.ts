import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { twinCertificate } from '../../twin/certificate.ts';

/** One request as it came in. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  /** Number of its TCP connection, from 1. */
  readonly connection: number;
}

/** What the script answers; `reset` breaks the connection. */
export type ScriptedReply = 'reset' | { readonly status?: number; readonly headers?: Record<string, string>; readonly body?: unknown };

export interface ScriptedServer {
  readonly url: string;
  readonly seen: SeenRequest[];
  /** PEM; empty without TLS. */
  readonly certificateAuthority: string;
}

/** A server on loopback that answers as `script` says and keeps what it was asked. It goes away after the test. */
export async function startScript(script: (request: SeenRequest, index: number) => ScriptedReply, tls = false): Promise<ScriptedServer> {
  const seen: SeenRequest[] = [];
  const connections = new Map<Socket, number>();
  const listener = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) {
      chunks.push(chunk);
    }
    const url = new URL(request.url ?? '/', 'http://localhost');
    const entry: SeenRequest = {
      method: request.method ?? '',
      path: url.pathname,
      query: url.searchParams,
      headers: request.headers,
      body: Buffer.concat(chunks).toString(),
      connection: connections.get(request.socket) ?? 0,
    };
    const reply = script(entry, seen.push(entry) - 1);
    if (reply === 'reset') {
      request.socket.destroy();
      return;
    }
    response.writeHead(reply.status ?? 200, reply.headers ?? {});
    response.end(typeof reply.body === 'string' ? reply.body : JSON.stringify(reply.body ?? {}));
  };
  const certificate = tls ? await twinCertificate() : undefined;
  const server =
    certificate === undefined
      ? createHttpServer((request, response) => void listener(request, response))
      : createHttpsServer({ key: certificate.key, cert: certificate.certificate }, (request, response) => void listener(request, response));
  server.on(tls ? 'secureConnection' : 'connection', (socket: Socket) => connections.set(socket, connections.size + 1));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  const { port } = server.address() as AddressInfo;
  return { url: `${tls ? 'https' : 'http'}://127.0.0.1:${port}`, seen, certificateAuthority: certificate?.certificate ?? '' };
}
