import { setTimeout as timer } from 'node:timers/promises';
import { isNoting, noteRequest, signedBy } from '../audit/request-notes.ts';
import { currentRun, runAgent } from '../audit/run-session.ts';
import type { Cluster } from '../aws/gateways.ts';
import { type Pacer, sendPaced } from '../aws/pacing.ts';
import type { Contacts } from '../aws/places.ts';
import { PodshiftError } from '../model/errors.ts';
import type { ServerTime } from '../model/server-clock.ts';
import type { ApiAnswer } from './answer.ts';
import { connectionError } from './errors.ts';
import { createHttps, type WireRequest } from './https.ts';
import type { ItemSink } from './list-items.ts';
import type { TokenSource } from './token.ts';

/** One request to the API server. */
export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Absolute path, segments encoded. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Of the body; JSON where absent. */
  readonly contentType?: string;
  /** Of the answer; JSON where absent. */
  readonly accept?: string;
  /** Over a TCP connection of its own, so that a load balancer can pick another API server. */
  readonly newConnection?: boolean;
  /** Takes the items of a list ahead of the answer, where the exchange can: those that it did not take are in the body. Throws nothing. */
  readonly items?: ItemSink;
  /** What is done to what, for messages: `patch deployments in namespace shop`. */
  readonly what: string;
}

/** Sends requests to one API server. Throws `ClusterUnreachable`, `ServiceUnavailable`, `CredentialsMissing`. */
export type Transport = (request: ApiRequest) => Promise<ApiAnswer>;

/** How one cluster is reached. */
export interface TransportSettings {
  readonly cluster: Cluster;
  readonly tokens: TokenSource;
  readonly retryDelays: 'standard' | 'none';
  /** Waits so many milliseconds; a timer where absent. */
  readonly delay?: (milliseconds: number) => Promise<unknown>;
  /** Called for every request that is sent, retries included. */
  readonly onRequest: () => void;
  /** Paces requests under the key; none are paced where absent. */
  readonly pacer?: Pacer | undefined;
  readonly pacingKey?: string;
  /** Told of the time that the answers carry; nobody is where absent. */
  readonly serverTime?: ServerTime | undefined;
  /** Told of each try to reach the API server; nobody is where absent. */
  readonly contacts?: Contacts | undefined;
  /** ARN of the principal whom the tokens are of; null where nobody knows. */
  readonly principal?: (() => Promise<string | null>) | undefined;
  /** What sends a request and brings its answer; HTTPS where absent. */
  readonly exchange?: ((request: ApiRequest, token: string) => Promise<ApiAnswer>) | undefined;
}

/** Requests at most for one that the API server throttles (429), and for a read that fails (5xx, reset). */
const THROTTLED_ATTEMPTS = 4;
const READ_ATTEMPTS = 3;

/** Seconds: the wait before a retry where the server names none, and the longest wait that a server is granted. */
const DEFAULT_RETRY_AFTER = 1;
const LONGEST_RETRY_AFTER = 10;

/** The way to one API server: who asks, how often, and what of it is told; JSON text in and out. */
export function createTransport(settings: TransportSettings): Transport {
  const { cluster, tokens, onRequest, delay = timer } = settings;
  const paced = { pacer: settings.pacer, service: 'kubernetes', key: settings.pacingKey ?? '' } as const;
  if (!cluster.endpoint.startsWith('https://')) {
    throw new PodshiftError('ClusterUnreachable', `cluster ${cluster.name} has no https endpoint yet (status ${cluster.status})`);
  }
  const https = createHttps(cluster.certificateAuthority);
  const { host } = new URL(cluster.endpoint);
  const overHttps = (request: ApiRequest, token: string): Promise<ApiAnswer> => https(wireRequest(cluster.endpoint, request, token));

  const sendOnce = async (request: ApiRequest): Promise<ApiAnswer> => {
    const token = await tokens.token();
    const send = async (): Promise<ApiAnswer> => {
      onRequest();
      const heard = settings.serverTime?.asked();
      const answer = await exchange(request, token);
      heard?.(answer.headers.date);
      await note(request, answer);
      return answer;
    };
    try {
      const answer = await sendPaced(paced, send, (outcome) => 'answer' in outcome && isThrottle(outcome.answer));
      settings.contacts?.answered(host);
      return answer;
    } catch (thrown) {
      const error = connectionError(thrown, request.what, host);
      if (error.name === 'ClusterUnreachable') settings.contacts?.failed(host, String(error.details.code), 'kubernetes');
      throw error;
    }
  };

  const exchange = settings.exchange ?? overHttps;

  /** Notes a request that changes something, by the id that the API server's audit log has. */
  const note = async ({ method, query, what }: ApiRequest, { status, headers }: ApiAnswer): Promise<void> => {
    if (method === 'GET' || query?.dryRun !== undefined || !isNoting()) return;
    noteRequest({
      service: 'kubernetes',
      operation: what,
      requestId: headers['audit-id'] ?? null,
      principal: await signedBy(settings.principal),
      error: status < 400 ? null : `HTTP ${status}`,
    });
  };

  return async (request) => {
    for (let attempt = 1; ; attempt += 1) {
      const answer = await sendOnce(request).catch((error: unknown) => {
        if (request.method === 'GET' && attempt < READ_ATTEMPTS && error instanceof PodshiftError && error.name === 'ServiceUnavailable') {
          return undefined;
        }
        throw error;
      });
      if (answer !== undefined && !shouldRetry(request, answer, attempt)) {
        return answer;
      }
      if (settings.retryDelays === 'standard') {
        await delay(retryAfter(answer) * 1000);
      }
    }
  };
}

function wireRequest(endpoint: string, request: ApiRequest, token: string): WireRequest {
  const url = new URL(request.path, endpoint);
  for (const [key, value] of Object.entries(request.query ?? {})) url.searchParams.append(key, value);
  const { method, body, contentType = 'application/json', accept = 'application/json', newConnection = false, items } = request;
  const headers = {
    Authorization: `Bearer ${token}`,
    Accept: accept,
    'User-Agent': `podshift ${runAgent(currentRun())}`.trimEnd(),
    ...(body === undefined ? {} : { 'Content-Type': contentType }),
  };
  return { method, url, headers, newConnection, items, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
}

/** A 429 was not applied, whatever the verb; a PodDisruptionBudget's 429 is an answer and not a throttle. */
function shouldRetry(request: ApiRequest, answer: ApiAnswer, attempt: number): boolean {
  if (answer.status === 429) {
    return attempt < THROTTLED_ATTEMPTS && isThrottle(answer);
  }
  return request.method === 'GET' && answer.status >= 500 && attempt < READ_ATTEMPTS;
}

function isThrottle(answer: ApiAnswer): boolean {
  return answer.status === 429 && !isDisruptionBudget(answer);
}

/** Whether a 429 is the eviction API's refusal: its Status has the cause `DisruptionBudget` (Kubernetes, "API-initiated eviction"). */
export function isDisruptionBudget(answer: ApiAnswer): boolean {
  return answer.status === 429 && /"reason":\s*"DisruptionBudget"/.test(answer.body);
}

function retryAfter(answer: ApiAnswer | undefined): number {
  const seconds = Number(answer?.headers['retry-after'] ?? DEFAULT_RETRY_AFTER);
  return Number.isFinite(seconds) ? Math.min(Math.max(seconds, 0), LONGEST_RETRY_AFTER) : DEFAULT_RETRY_AFTER;
}
