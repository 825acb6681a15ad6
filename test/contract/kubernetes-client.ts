import { type Agent, request as httpsRequest } from 'node:https';
import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';

/** An answer of an API server. */
export interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: whatever the API server answers; tests look at what they need
  readonly body: any;
}

/** An event of a watch. */
export interface WatchEvent {
  readonly type: string;
  readonly object: KubernetesObject;
}

/** Who asks: everybody's administrator, someone who may only read ConfigMaps, and nobody. */
export type Caller = 'admin' | 'limited' | 'bad';

/** How the suites talk to an API server. It shares nothing with the product's gateway. */
export interface KubernetesClient {
  /** One request. JSON bodies; `contentType` for patches. */
  request(method: string, path: string, options?: { body?: unknown; contentType?: string; as?: Caller }): Promise<Answer>;
  /** Follows a watch until the server ends it or `until` says so; answers the events. */
  watch(path: string, until: (events: readonly WatchEvent[]) => boolean): Promise<WatchEvent[]>;
}

/** A client that sends each caller's name as its bearer token. */
export function createClient(url: string, certificateAuthority: string): KubernetesClient {
  const connect = { ca: certificateAuthority, agent: false as unknown as Agent };
  return {
    request: (method, path, { body, contentType = 'application/json', as = 'admin' } = {}) =>
      new Promise((resolve, reject) => {
        const text = body === undefined ? undefined : JSON.stringify(body);
        const headers = {
          authorization: `Bearer ${as}`,
          'user-agent': 'contract/1.0',
          // Node sends no length by itself with a DELETE.
          ...(text === undefined ? {} : { 'content-type': contentType, 'content-length': String(Buffer.byteLength(text)) }),
        };
        const sent = httpsRequest(`${url}${path}`, { method, headers, ...connect }, (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => void chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () => {
            const reply = Buffer.concat(chunks).toString('utf8');
            const json = (response.headers['content-type'] ?? '').startsWith('application/json');
            resolve({ status: response.statusCode ?? 0, body: json ? JSON.parse(reply) : reply });
          });
        });
        sent.on('error', reject);
        sent.end(text);
      }),
    watch: (path, until) =>
      new Promise((resolve, reject) => {
        const events: WatchEvent[] = [];
        const sent = httpsRequest(`${url}${path}`, { headers: { authorization: 'Bearer admin' }, ...connect }, (response) => {
          let rest = '';
          response.setEncoding('utf8');
          response.on('data', (chunk: string) => {
            const lines = (rest + chunk).split('\n');
            rest = lines.pop() ?? '';
            events.push(...lines.map((line) => JSON.parse(line) as WatchEvent));
            if (until(events)) {
              resolve(events);
              sent.destroy();
            }
          });
          response.on('end', () => resolve(events));
        });
        sent.on('error', reject);
        sent.end();
      }),
  };
}
