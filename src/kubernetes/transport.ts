import { setTimeout as timer } from 'node:timers/promises';
import { HttpMethod, IsomorphicFetchHttpLibrary, KubeConfig, RequestContext } from '@kubernetes/client-node';
import { isNoting, noteRequest, signedBy } from '../audit/request-notes.ts';
import { currentRun, runAgent } from '../audit/run-session.ts';
import type { Cluster } from '../aws/gateways.ts';
import { type Pacer, sendPaced } from '../aws/pacing.ts';
import type { Contacts } from '../aws/places.ts';
import { PodshiftError } from '../model/errors.ts';
import type { ServerTime } from '../model/server-clock.ts';
import type { ApiAnswer } from './answer.ts';
import { connectionError } from './errors.ts';
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
  /** What sends a request and brings its answer; the library of `@kubernetes/client-node` where absent. */
  readonly exchange?: ((request: ApiRequest, token: string) => Promise<ApiAnswer>) | undefined;
}

/**
 * Milliseconds for one request with its answer. A page of 500 objects can take a slow API server a while. The library leaves no
 * say over the connection: undici, below it, gives one up after 10 seconds.
 */
const REQUEST_TIMEOUT = 60_000;

/** Requests at most for one that the API server throttles (429), and for a read that fails (5xx, reset). */
const THROTTLED_ATTEMPTS = 4;
const READ_ATTEMPTS = 3;

/** Seconds: the wait before a retry where the server names none, and the longest wait that a server is granted. */
const DEFAULT_RETRY_AFTER = 1;
const LONGEST_RETRY_AFTER = 10;

/** The library's pool of connections; undefined means Node's default one, without a certificate authority of the cluster. */
type Dispatcher = ReturnType<RequestContext['getDispatcher']>;

/**
 * The transport of `@kubernetes/client-node`: its configuration and HTTP library, with JSON text in and out. Its generated
 * classes are left out because their models drop fields that they do not know. Its `applySecurityAuthentication` makes a new
 * dispatcher at each call, so the first one is kept, for keep-alive.
 */
export function createTransport(settings: TransportSettings): Transport {
  const { cluster, tokens, onRequest, delay = timer } = settings;
  const paced = { pacer: settings.pacer, service: 'kubernetes', key: settings.pacingKey ?? '' } as const;
  const configuration = kubeConfig(cluster);
  const http = new IsomorphicFetchHttpLibrary();
  const { host } = new URL(cluster.endpoint);
  let shared: Promise<Dispatcher> | undefined;

  /** A dispatcher of its own, with the cluster's certificate authority. */
  const newDispatcher = async (): Promise<Dispatcher> => {
    const context = new RequestContext(cluster.endpoint, HttpMethod.GET);
    await configuration.applySecurityAuthentication(context);
    return context.getDispatcher();
  };

  const overHttp = async (request: ApiRequest, token: string): Promise<ApiAnswer> => {
    const own = request.newConnection === true ? await newDispatcher() : undefined;
    shared ??= newDispatcher();
    const context = requestContext(cluster.endpoint, request, token);
    const dispatcher = own ?? (await shared);
    if (dispatcher !== undefined) {
      context.setDispatcher(dispatcher);
    }
    try {
      const answer = await http.send(context).toPromise();
      return { status: answer.httpStatusCode, headers: answer.headers, body: await answer.body.text() };
    } finally {
      await own?.close();
    }
  };

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

  const exchange = settings.exchange ?? overHttp;

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

function kubeConfig(cluster: Cluster): KubeConfig {
  if (!cluster.endpoint.startsWith('https://')) {
    throw new PodshiftError('ClusterUnreachable', `cluster ${cluster.name} has no https endpoint yet (status ${cluster.status})`);
  }
  const configuration = new KubeConfig();
  configuration.loadFromClusterAndUser(
    {
      name: cluster.name,
      server: cluster.endpoint,
      skipTLSVerify: false,
      ...(cluster.certificateAuthority === '' ? {} : { caData: Buffer.from(cluster.certificateAuthority).toString('base64') }),
    },
    { name: 'podshift' },
  );
  return configuration;
}

function requestContext(endpoint: string, request: ApiRequest, token: string): RequestContext {
  const context = new RequestContext(new URL(request.path, endpoint).href, HttpMethod[request.method]);
  for (const [key, value] of Object.entries(request.query ?? {})) {
    context.setQueryParam(key, value);
  }
  context.setHeaderParam('Authorization', `Bearer ${token}`);
  context.setHeaderParam('Accept', request.accept ?? 'application/json');
  context.setHeaderParam('User-Agent', `podshift ${runAgent(currentRun())}`.trimEnd());
  if (request.body !== undefined) {
    context.setHeaderParam('Content-Type', request.contentType ?? 'application/json');
    context.setBody(JSON.stringify(request.body));
  }
  context.setSignal(AbortSignal.timeout(REQUEST_TIMEOUT));
  return context;
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
