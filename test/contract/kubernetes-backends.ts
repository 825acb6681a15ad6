import { type Agent, request as httpsRequest } from 'node:https';
import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import { createVirtualClock } from '../../twin/clock.ts';
import type { AwsSide } from '../../twin/contracts.ts';
import { createKubernetesHalf } from '../../twin/kubernetes/kubernetes-half.ts';
import { createRequestLog, startTwinServer } from '../../twin/server.ts';

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

/** What a backend cannot show. */
export type Feature = 'pods run' | 'continue tokens expire' | 'bad tokens';

/** A running API server with its controllers, at least two Linux nodes and nothing else of ours. */
export interface KubernetesBackend {
  readonly name: string;
  readonly unsupported: ReadonlySet<Feature>;
  /** One request. JSON bodies; `contentType` for patches; `token: 'bad'` is nobody's. */
  request(method: string, path: string, options?: { body?: unknown; contentType?: string; token?: 'bad' }): Promise<Answer>;
  /** Follows a watch until the server ends it or `until` says so; answers the events. */
  watch(path: string, until: (events: readonly WatchEvent[]) => boolean): Promise<WatchEvent[]>;
  /** Lets the cluster's time pass until `check` answers something; fails after 3 minutes of it. */
  eventually<T>(check: () => Promise<T | undefined>): Promise<T>;
  /** Makes continue tokens and old resource versions expire. */
  compact(): void;
  close(): Promise<void>;
}

const NODES = ['node-a', 'node-b'].map((name) => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name, labels: { 'kubernetes.io/os': 'linux', 'kubernetes.io/hostname': name } },
  status: { conditions: [{ type: 'Ready', status: 'True' }] },
}));

/** The twin over HTTPS. */
export async function startTwinBackend(): Promise<KubernetesBackend> {
  const clock = createVirtualClock(Date.parse('2026-03-01T12:00:00Z'));
  const aws: AwsSide = {
    webhookSeesAssociation: () => false,
    callerIdentity: () => ({ via: 'none', roleArn: '', assumedRoleArn: '', error: 'no credentials' }),
    authenticate: (token) => (token === 'good' ? { arn: 'arn:aws:iam::111122223333:role/tester' } : undefined),
    isFargate: () => false,
  };
  const delays = { iamPropagation: 0, associationPropagation: 0, addonActive: 0, podStart: 2000, podReady: 3000, cloudTrailDelivery: 0 };
  const half = createKubernetesHalf({ objects: NODES, clock, aws, delays, clusterName: 'contract' });
  const server = await startTwinServer({ service: half.service, log: createRequestLog(clock), tls: true, hold: clock.hold });
  const connect = { ca: server.certificateAuthority, agent: false as unknown as Agent };
  return {
    name: 'twin',
    unsupported: new Set(),
    request: (method, path, { body, contentType = 'application/json', token = 'good' as string } = {}) =>
      new Promise((resolve, reject) => {
        const text = body === undefined ? undefined : JSON.stringify(body);
        const headers = {
          authorization: `Bearer ${token}`,
          'user-agent': 'contract/1.0',
          // Node sends no length by itself with a DELETE.
          ...(text === undefined ? {} : { 'content-type': contentType, 'content-length': String(Buffer.byteLength(text)) }),
        };
        const sent = httpsRequest(`${server.url}${path}`, { method, headers, ...connect }, (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => void chunks.push(chunk));
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
        const sent = httpsRequest(`${server.url}${path}`, { headers: { authorization: 'Bearer good' }, ...connect }, (response) => {
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
    eventually: async (check) => {
      for (const deadline = clock.now() + 180_000; ; ) {
        const found = await check();
        if (found !== undefined) {
          return found;
        }
        if (clock.now() > deadline) {
          throw new Error('it did not come about in 3 minutes');
        }
        await clock.sleep(500);
      }
    },
    compact: () => half.compact(),
    close: async () => {
      half.close();
      await server.close();
    },
  };
}
