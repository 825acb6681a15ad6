import {
  createServer as createHttpServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { twinCertificate } from './certificate.ts';
import type { FaultAnswer, TwinClock, TwinHooks, TwinRequest } from './contracts.ts';

/** A request as the halves of the twin see it: its body is read. */
export interface TwinHttpRequest {
  readonly method: string;
  /** Path and query; the host is the server's own. */
  readonly url: URL;
  readonly headers: IncomingHttpHeaders;
  /** Its text; of protobuf, one character for each byte. */
  readonly body: string;
  /** From 0: the number of the TCP connection that it came on. */
  readonly connection: number;
}

/** What goes back. With `stream` the body is what the function sends until it ends the stream or the client goes. */
export interface TwinHttpReply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly stream?: (stream: TwinStream) => void;
}

/** A body that is sent piece by piece. */
export interface TwinStream {
  send(text: string): void;
  end(): void;
  /** Called once, when the stream ends for whatever reason. */
  onClose(listener: () => void): void;
}

/** What a request is, by itself: its place in the log is the log's. */
export type DescribedRequest = Omit<TwinRequest, 'sequence' | 'at'>;

/** A half of the twin, as the server drives it. */
export interface TwinHttpService {
  /** What the request log says of a request; undefined leaves it out of log, hooks and faults. */
  describe(request: TwinHttpRequest): DescribedRequest | undefined;
  handle(request: TwinHttpRequest): TwinHttpReply | Promise<TwinHttpReply>;
  /** How this service says that it throttles, fails or refuses. */
  fault(kind: FaultAnswer, request: TwinHttpRequest): TwinHttpReply;
}

/** All requests that reached a twin, over both its servers. */
export interface RequestLog {
  readonly requests: readonly TwinRequest[];
  add(request: DescribedRequest): TwinRequest;
}

/** An empty log whose requests are stamped with `clock`. */
export function createRequestLog(clock: Pick<TwinClock, 'now'>): RequestLog {
  const requests: TwinRequest[] = [];
  return {
    requests,
    add: (request) => {
      const entry: TwinRequest = { sequence: requests.length + 1, ...request, at: clock.now() };
      requests.push(entry);
      return entry;
    },
  };
}

/** What a server is made of. */
export interface TwinServerSettings {
  readonly service: TwinHttpService;
  readonly log: RequestLog;
  readonly hooks?: TwinHooks | undefined;
  /** HTTPS with the twin's certificate. */
  readonly tls: boolean;
  /** Keeps a virtual clock still while a request is worked on. */
  readonly hold?: (() => () => void) | undefined;
  /** What time answers carry as their `Date`, in milliseconds since the epoch; the machine's where absent. */
  readonly now?: () => number;
  /** Where to listen on 127.0.0.1; by default a free port. */
  readonly port?: number | undefined;
}

/** A server that listens. */
export interface TwinServer {
  /** `http://127.0.0.1:PORT` or `https://127.0.0.1:PORT`. */
  readonly url: string;
  readonly port: number;
  /** The certificate to trust, PEM; undefined without TLS. */
  readonly certificateAuthority: string | undefined;
  /** Ends all connections and streams. */
  close(): Promise<void>;
}

/** The largest body that is read; etcd's own limit for an object is 1.5 MiB. */
const BODY_LIMIT = 8 * 1024 * 1024;

/** Starts a server on 127.0.0.1. */
export async function startTwinServer(settings: TwinServerSettings): Promise<TwinServer> {
  const connections = new WeakMap<Socket, number>();
  let connectionCount = 0;
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    void serve(settings, request, response, connections.get(request.socket) ?? 0);
  };
  const certificate = settings.tls ? await twinCertificate() : undefined;
  const server: Server =
    certificate === undefined
      ? createHttpServer(listener)
      : (createHttpsServer({ key: certificate.key, cert: certificate.certificate }, listener) as unknown as Server);
  server.on(certificate === undefined ? 'connection' : 'secureConnection', (socket: Socket) => {
    connections.set(socket, connectionCount);
    connectionCount += 1;
    socket.setNoDelay(true);
    // A client that goes away mid-reply is no error of the twin.
    socket.on('error', () => socket.destroy());
  });
  // A kept connection that the server closes by itself would race with the next request on it.
  server.keepAliveTimeout = 0;
  server.headersTimeout = 0;
  server.requestTimeout = 0;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(settings.port ?? 0, '127.0.0.1', () => {
      server.off('error', reject);
      resolve();
    });
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `${settings.tls ? 'https' : 'http'}://127.0.0.1:${port}`,
    port,
    certificateAuthority: certificate?.certificate,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function serve(settings: TwinServerSettings, incoming: IncomingMessage, response: ServerResponse, connection: number): Promise<void> {
  const release = settings.hold?.() ?? (() => undefined);
  response.once('close', release);
  try {
    const body = await readBody(incoming);
    if (body === undefined) {
      send(response, { status: 413, body: 'request body too large' });
      return;
    }
    const request: TwinHttpRequest = {
      method: incoming.method ?? 'GET',
      url: new URL(incoming.url ?? '/', 'http://127.0.0.1'),
      headers: incoming.headers,
      body,
      connection,
    };
    const answer = await answerRequest(settings, request);
    if (answer === 'reset') {
      response.socket?.destroy();
      response.destroy();
    } else {
      if (settings.now !== undefined) response.setHeader('date', new Date(settings.now()).toUTCString());
      reply(response, answer, release);
    }
  } catch (error) {
    if (incoming.destroyed && !incoming.complete) {
      // The client left before its request was whole.
      response.destroy();
      return;
    }
    // Whoever waits for the reply must learn of a defect of the twin itself, whatever protocol it speaks.
    process.emitWarning(error instanceof Error ? error : String(error));
    if (!response.headersSent) {
      send(response, { status: 500, body: `the twin failed: ${error instanceof Error ? error.message : String(error)}` });
    } else {
      response.destroy();
    }
  }
}

/** What a twin answers a request with: by its service, by a fault of the hooks, or by closing the connection without a word. */
export async function answerRequest(
  settings: Pick<TwinServerSettings, 'service' | 'log' | 'hooks'>,
  request: TwinHttpRequest,
): Promise<TwinHttpReply | 'reset'> {
  const { service, log, hooks } = settings;
  const described = service.describe(request);
  if (described === undefined) return service.handle(request);
  const entry = log.add(described);
  const fault = hooks?.beforeRequest?.(entry);
  const failed = (): TwinHttpReply | 'reset' =>
    fault === undefined || fault.kind === 'reset' ? 'reset' : service.fault(fault.kind, request);
  if (fault?.when === 'before') {
    const answer = failed();
    hooks?.afterRequest?.(entry, answer === 'reset' ? 0 : answer.status);
    return answer;
  }
  const answer = await service.handle(request);
  hooks?.afterRequest?.(entry, answer.status);
  return fault === undefined ? answer : failed();
}

function reply(response: ServerResponse, answer: TwinHttpReply, release: () => void): void {
  if (answer.stream === undefined) {
    send(response, answer);
    return;
  }
  // A stream may stay open for ever: it must not keep time still.
  release();
  response.writeHead(answer.status, { ...answer.headers });
  response.flushHeaders();
  answer.stream({
    send: (text) => void (response.writableEnded || response.write(text)),
    end: () => void (response.writableEnded || response.end()),
    onClose: (listener) => void response.once('close', listener),
  });
}

function send(response: ServerResponse, answer: TwinHttpReply): void {
  if (response.destroyed) {
    return;
  }
  const body = Buffer.from(answer.body ?? '', 'utf8');
  response.writeHead(answer.status, { ...answer.headers, 'content-length': String(body.length) });
  response.end(body);
}

async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_LIMIT) {
      return undefined;
    }
    chunks.push(chunk);
  }
  const protobuf = request.headers['content-type']?.startsWith('application/vnd.kubernetes.protobuf') === true;
  return Buffer.concat(chunks).toString(protobuf ? 'latin1' : 'utf8');
}
