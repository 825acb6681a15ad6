import type { IncomingMessage, ServerResponse } from 'node:http';
import { handOn, type Listening, listen } from './hand-on.ts';
import type { Invoke } from './lambda.ts';

/** `POST /2015-03-31/functions/FunctionName/invocations` (Lambda API reference: Invoke). */
const INVOCATION = /^\/2015-03-31\/functions\/([^/]+)\/invocations$/;

/** A server in front of an AWS account: it answers Lambda's Invoke itself, and hands everything else on. */
export interface LambdaApi extends Listening {
  /** Serves the functions of a stack: those whose names begin with its own and `--`. */
  serve(stack: string, invoke: Invoke): void;
}

/** Listens on a free port of loopback; `behind` says where the account is, once it is known. */
export async function startLambdaApi(behind: () => string): Promise<LambdaApi> {
  const stacks = new Map<string, Invoke>();
  const listening = await listen((incoming, outgoing) => {
    const name = INVOCATION.exec(new URL(incoming.url ?? '/', 'http://lambda').pathname)?.[1];
    return name === undefined ? handOn(incoming, outgoing, behind()) : invoke(incoming, outgoing, decodeURIComponent(name), stacks);
  });
  return { ...listening, serve: (stack, invoked) => void stacks.set(stack, invoked) };
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

async function textOf(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
