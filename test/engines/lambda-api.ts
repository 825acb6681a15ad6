import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestOptions,
  request,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { LOOPBACK } from '../cluster/ports.ts';
import type { Invoke } from './lambda.ts';

/** `POST /2015-03-31/functions/FunctionName/invocations` (Lambda API reference: Invoke). */
const INVOCATION = /^\/2015-03-31\/functions\/([^/]+)\/invocations$/;

/** A server in front of an AWS account: it answers Lambda's Invoke itself, and hands everything else on. */
export interface LambdaApi {
  readonly port: number;
  /** Serves the functions of a stack: those whose names begin with its own and `--`. */
  serve(stack: string, invoke: Invoke): void;
  close(): Promise<void>;
}

/** A request as it arrived; its headers are those of the client. */
export interface Arrived {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** An answer in the account's place. */
export interface InPlace {
  readonly status: number;
  readonly body: string;
}

/** What else is done in front of the account. */
export interface InFront {
  /** Invokes a function that is in no stack of {@link LambdaApi.serve}, by its ARN or name as it was asked for. */
  readonly invoke?: Invoke;
  /** What is handed on in place of a request, or what it is answered. */
  readonly handOn?: (arrived: Arrived) => Promise<Arrived | InPlace>;
}

/** Listens on a free port of loopback; `behind` says where the account is, once it is known. */
export async function startLambdaApi(behind: () => string, inFront: InFront = {}): Promise<LambdaApi> {
  const stacks = new Map<string, Invoke>();
  const server: Server = createServer((incoming, outgoing) => {
    const name = INVOCATION.exec(new URL(incoming.url ?? '/', 'http://lambda').pathname)?.[1];
    const work =
      name === undefined
        ? handOn(incoming, outgoing, behind(), inFront)
        : invoke(incoming, outgoing, decodeURIComponent(name), { stacks, otherwise: inFront.invoke });
    work.catch((error: unknown) => {
      outgoing.writeHead(500, { 'x-amzn-errortype': 'ServiceException' }).end(JSON.stringify({ message: String(error) }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, LOOPBACK, resolve));
  return {
    port: (server.address() as AddressInfo).port,
    serve: (stack, invoke) => void stacks.set(stack, invoke),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function invoke(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  arn: string,
  { stacks, otherwise }: { readonly stacks: ReadonlyMap<string, Invoke>; readonly otherwise: Invoke | undefined },
): Promise<void> {
  const [stack = '', name = ''] = (arn.split(':').at(-1) ?? '').split('--');
  const own = stacks.get(stack);
  const called = own ?? otherwise;
  if (called === undefined) throw new Error(`there is no function ${arn}`);
  const { payload, failed } = await called(own === undefined ? arn : name, (await bodyOf(incoming)).toString('utf8'));
  outgoing.writeHead(200, { 'content-type': 'application/json', ...(failed ? { 'x-amz-function-error': 'Unhandled' } : {}) }).end(payload);
}

async function handOn(incoming: IncomingMessage, outgoing: ServerResponse, endpoint: string, inFront: InFront): Promise<void> {
  const { method = 'GET', url = '/', headers } = incoming;
  if (inFront.handOn === undefined) return pass(incoming, outgoing, new URL(url, endpoint), { method, headers });
  const answered = await inFront.handOn({ method, path: url, headers, body: await bodyOf(incoming) });
  if ('status' in answered) {
    outgoing.writeHead(answered.status, { 'content-type': 'text/xml' }).end(answered.body);
    return;
  }
  const sent = { ...answered.headers, 'content-length': String(answered.body.length) };
  await pass(Readable.from([answered.body]), outgoing, new URL(answered.path, endpoint), { method: answered.method, headers: sent });
}

function pass(body: Readable, outgoing: ServerResponse, to: URL, options: RequestOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const passed = request(to, options, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing).on('close', resolve).on('error', reject);
    });
    body.pipe(passed).on('error', reject);
  });
}

async function bodyOf(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
