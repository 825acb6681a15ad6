import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { handOn, type Listening, listen, pass } from './hand-on.ts';
import type { Invoke } from './lambda.ts';

/** `POST /2015-03-31/functions/FunctionName/invocations` (Lambda API reference: Invoke). */
const INVOCATION = /^\/2015-03-31\/functions\/([^/]+)\/invocations$/;

/** A server in front of an AWS account: it answers Lambda's Invoke itself, and hands everything else on. */
export interface LambdaApi extends Listening {
  /** Serves the functions of a stack: those whose names begin with its own and `--`. */
  serve(stack: string, invoke: Invoke): void;
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
  const listening = await listen((incoming, outgoing) => {
    const name = INVOCATION.exec(new URL(incoming.url ?? '/', 'http://lambda').pathname)?.[1];
    return name === undefined
      ? handOnChanged(incoming, outgoing, behind(), inFront)
      : invoke(incoming, outgoing, decodeURIComponent(name), { stacks, otherwise: inFront.invoke });
  });
  return { ...listening, serve: (stack, invoked) => void stacks.set(stack, invoked) };
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

async function handOnChanged(incoming: IncomingMessage, outgoing: ServerResponse, endpoint: string, inFront: InFront): Promise<void> {
  const { method = 'GET', url = '/', headers } = incoming;
  if (inFront.handOn === undefined) return handOn(incoming, outgoing, endpoint);
  const answered = await inFront.handOn({ method, path: url, headers, body: await bodyOf(incoming) });
  if ('status' in answered) {
    outgoing.writeHead(answered.status, { 'content-type': 'text/xml' }).end(answered.body);
    return;
  }
  const sent = { ...answered.headers, 'content-length': String(answered.body.length) };
  await pass(Readable.from([answered.body]), outgoing, new URL(answered.path, endpoint), { method: answered.method, headers: sent });
}

async function bodyOf(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
