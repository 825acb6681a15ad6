import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
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

/** Listens on a free port of loopback; `behind` says where the account is, once it is known. */
export async function startLambdaApi(behind: () => string): Promise<LambdaApi> {
  const stacks = new Map<string, Invoke>();
  const server: Server = createServer((incoming, outgoing) => {
    const name = INVOCATION.exec(new URL(incoming.url ?? '/', 'http://lambda').pathname)?.[1];
    const work = name === undefined ? handOn(incoming, outgoing, behind()) : invoke(incoming, outgoing, decodeURIComponent(name), stacks);
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
  stacks: ReadonlyMap<string, Invoke>,
): Promise<void> {
  const [stack = '', name = ''] = (arn.split(':').at(-1) ?? '').split('--');
  const called = stacks.get(stack);
  if (called === undefined) throw new Error(`there is no function ${arn}`);
  const { payload, failed } = await called(name, await textOf(incoming));
  outgoing.writeHead(200, { 'content-type': 'application/json', ...(failed ? { 'x-amz-function-error': 'Unhandled' } : {}) }).end(payload);
}

function handOn(incoming: IncomingMessage, outgoing: ServerResponse, endpoint: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const { method, url, headers } = incoming;
    const passed = request(new URL(url ?? '/', endpoint), { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing).on('close', resolve).on('error', reject);
    });
    incoming.pipe(passed).on('error', reject);
  });
}

async function textOf(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
