import type { IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Pair } from './certificates.ts';

/** Who asks: by client certificate, by bearer token, or nobody. */
export type Caller = { readonly pair: Pair } | { readonly token: string } | undefined;

/** An answer of the API server. */
export interface ApiAnswer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: whatever the API server answers; tests look at what they need
  readonly body: any;
}

/** Asks the API server, once and without any retry. */
export type Api = (
  method: string,
  path: string,
  options?: { readonly body?: unknown; readonly contentType?: string },
) => Promise<ApiAnswer>;

/** A plain client for the tests' own use: it shares nothing with the product's gateway. */
export function createApi(endpoint: string, certificateAuthority: string, caller: Caller): Api {
  return (method, path, { body, contentType = 'application/json' } = {}) =>
    new Promise((resolve, reject) => {
      const headers = {
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': contentType }),
        ...(caller !== undefined && 'token' in caller ? { authorization: `Bearer ${caller.token}` } : {}),
      };
      const identity = caller !== undefined && 'pair' in caller ? { key: caller.pair.key, cert: caller.pair.certificate } : {};
      const sent = httpsRequest(
        `${endpoint}${path}`,
        { method, headers, ca: certificateAuthority, agent: false, ...identity },
        (response) => {
          readAnswer(response).then(resolve, reject);
        },
      );
      sent.on('error', reject);
      sent.end(body === undefined ? undefined : JSON.stringify(body));
    });
}

async function readAnswer(response: IncomingMessage): Promise<ApiAnswer> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) {
    chunks.push(chunk as Buffer);
  }
  const text = Buffer.concat(chunks).toString('utf8');
  const json = (response.headers['content-type'] ?? '').startsWith('application/json');
  return { status: response.statusCode ?? 0, body: json ? JSON.parse(text) : text };
}

/** The body of an answer that must be a success; throws with the server's own message otherwise. */
export function must({ status, body }: ApiAnswer, what: string): ApiAnswer['body'] {
  if (status >= 300) {
    throw new Error(`${what}: ${status} ${typeof body === 'string' ? body : body.message}`);
  }
  return body;
}
