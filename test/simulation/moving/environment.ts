import { HttpResponse } from '@smithy/core/protocols';
import type { SendsRequests } from '../../../src/aws/clients.ts';
import { createPacer, type Pacer } from '../../../src/aws/pacing.ts';
import type { Table } from '../../../src/journal/table.ts';
import { createTableJournal } from '../../../src/journal/table-journal.ts';
import type { ApiAnswer } from '../../../src/kubernetes/answer.ts';
import { createClusterConnections } from '../../../src/kubernetes/connections.ts';
import type { ApiRequest } from '../../../src/kubernetes/transport.ts';
import type { ClusterRuntime, Logger } from '../../../src/migration/runtime.ts';
import type { Ids } from '../../../src/model/clock.ts';
import { PodshiftError } from '../../../src/model/errors.ts';
import { createServerClock, type ServerClock } from '../../../src/model/server-clock.ts';
import { answerRequest, type TwinHttpReply, type TwinHttpRequest, type TwinHttpService } from '../../../twin/server.ts';
import type { UnservedTwin } from '../../../twin/twin.ts';
import type { SimulatedClock } from './clock.ts';
import type { Call, Delivered, Network } from './network.ts';
import type { Writers } from './writers.ts';

/** What all environments of a world share. */
export interface Shared {
  readonly clock: SimulatedClock;
  readonly network: Network;
  readonly twin: UnservedTwin;
  readonly aws: TwinHttpService;
  /** The journal's table, as the service behind it keeps it. */
  readonly table: Table;
  readonly ids: Ids;
  readonly logger: Logger;
  readonly writers: Writers;
  /** Paces the requests to AWS of all of them together; nothing is paced where it is absent. */
  readonly pacer?: Pacer | undefined;
}

/** Tries of one request by the SDK, and milliseconds until the second: src/aws/clients.ts, without its jitter. */
const ATTEMPTS = 5;
const BACK_OFF = 100;

/** Where DescribeCluster says that the cluster is. */
export const CLUSTER_ENDPOINT = { url: 'https://kubernetes.invalid', certificateAuthority: '' };

/**
 * An execution environment of a function, or a process of this machine: it has clients and a clock of its own, and it can die
 * at any await. Whatever it has sent by then still arrives.
 */
export class Environment {
  readonly runtime: ClusterRuntime;
  /** Milliseconds by which its clock is ahead. */
  skew = 0;
  /** Called ahead of each effect, with its number in the environment's life; it may {@link die} there. */
  onEffect: (call: Call) => void = () => undefined;
  readonly #shared: Shared;
  readonly #clock: ServerClock;
  #alive = true;
  #connections = 0;

  /** `heartbeat`: the process carries whole runs out, and renews their locks meanwhile. */
  constructor(shared: Shared, heartbeat = false) {
    this.#shared = shared;
    const { ids, logger, twin } = shared;
    const clock = createServerClock({ now: () => shared.clock.now() + this.skew });
    this.#clock = clock;
    this.runtime = {
      clock,
      ids,
      logger,
      ...(heartbeat ? { heartbeat } : {}),
      journal: createTableJournal(this.#table(shared.table), clock),
      ...createClusterConnections({
        clock,
        serverTime: clock,
        endpoint: 'http://aws.invalid',
        credentials: twin.credentials,
        ...(shared.pacer === undefined ? {} : { pacer: pacerOf(shared.pacer, shared.clock) }),
        retryDelays: 'none',
        // The SDK waits on timers of Node between its tries: they are made here, in virtual time.
        maxAttempts: 1,
        requestHandler: this.#requestHandler(),
        exchange: (request, token) => this.#exchange(request, token),
      }),
    };
  }

  get isAlive(): boolean {
    return this.#alive;
  }

  /** Nothing of it goes on any more. */
  die(): void {
    this.#alive = false;
  }

  /** Sends a call for it. Never comes back where the environment is dead by then. */
  async #send<T>(call: Call, apply: () => T | Promise<T>, fail: Parameters<Network['send']>[2]): Promise<Delivered<T>> {
    if (!this.#alive) return never();
    this.onEffect(call);
    const delivered = await this.#shared.network.send(call, apply, fail as (failure: 'throttle' | 'server-error' | 'denied') => T);
    return this.#alive ? delivered : never();
  }

  async #ask(service: TwinHttpService, request: TwinHttpRequest): Promise<TwinHttpReply> {
    const { endpoints } = this.#shared.twin;
    const described = service.describe(request);
    const call = { service: 'kubernetes', operation: '', object: '', write: false, ...described } as Call;
    const sentAt = this.#shared.clock.now();
    const delivered = await this.#send<TwinHttpReply>(
      call,
      async () => {
        // It is applied before the first await.
        const answer = this.#shared.writers.asPodshift(sentAt, () =>
          answerRequest({ service, log: endpoints.log, hooks: endpoints.hooks }, request),
        );
        const reply = await answer;
        if (reply === 'reset') throw new TypeError('the twin has no faults of its own here');
        return this.#dated(reply);
      },
      (kind) => this.#dated(service.fault(kind, request)),
    );
    if ('answer' in delivered) return delivered.answer;
    throw delivered.broken === 'timeout'
      ? Object.assign(new Error('the time is over'), { name: 'TimeoutError' })
      : Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
  }

  /** A reply with its date, as any service sends it. */
  #dated(reply: TwinHttpReply): TwinHttpReply {
    return { ...reply, headers: { ...reply.headers, date: new Date(this.#shared.clock.now()).toUTCString() } };
  }

  #requestHandler(): SendsRequests {
    return {
      handle: async (request) => {
        const query = new URLSearchParams();
        for (const [key, value] of Object.entries(request.query ?? {}))
          for (const one of Array.isArray(value) ? value : [value ?? '']) query.append(key, one);
        const reply = await this.#tried({
          method: request.method,
          url: new URL(`http://127.0.0.1${request.path}${query.size === 0 ? '' : `?${query}`}`),
          headers: Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name.toLowerCase(), value])),
          body: textOf(request.body),
          connection: 0,
        });
        const body = Buffer.from(reply.body ?? '', 'utf8');
        return { response: new HttpResponse({ statusCode: reply.status, headers: { ...reply.headers }, body }) };
      },
    };
  }

  /** Sends as the SDK does in its standard mode: again what was throttled, failed or broke, after a while that doubles. */
  async #tried(request: TwinHttpRequest): Promise<TwinHttpReply> {
    for (let attempt = 1; ; attempt += 1) {
      const outcome = await this.#ask(this.#shared.aws, request).catch((error: unknown) => ({ error }));
      const failed = 'error' in outcome || outcome.status >= 500 || isThrottle(outcome);
      if (!failed || attempt === ATTEMPTS) {
        if ('error' in outcome) throw outcome.error;
        return outcome;
      }
      await this.#shared.clock.sleep(BACK_OFF * 2 ** (attempt - 1));
    }
  }

  async #exchange(request: ApiRequest, token: string): Promise<ApiAnswer> {
    const query = new URLSearchParams({ ...request.query });
    if (request.newConnection === true) this.#connections += 1;
    const reply = await this.#ask(this.#shared.twin.endpoints.kubernetes, {
      method: request.method,
      url: new URL(`http://127.0.0.1${request.path}${query.size === 0 ? '' : `?${query}`}`),
      headers: {
        authorization: `Bearer ${token}`,
        'user-agent': 'podshift',
        ...(request.body === undefined ? {} : { 'content-type': request.contentType ?? 'application/json' }),
      },
      body: request.body === undefined ? '' : JSON.stringify(request.body),
      connection: this.#connections,
    });
    return { status: reply.status, headers: { ...reply.headers }, body: reply.body ?? '' };
  }

  #table(table: Table): Table {
    const send = async <T>(operation: string, object: string, write: boolean, apply: () => Promise<T>): Promise<T> => {
      const heard = this.#clock.asked();
      const dated = (answer: () => T): (() => T) => {
        const date = new Date(this.#shared.clock.now()).toUTCString();
        return () => {
          heard(date);
          return answer();
        };
      };
      const delivered = await this.#send<() => T>(
        { service: 'journal', operation, object, write },
        async () => {
          const value = await apply();
          return dated(() => value);
        },
        (kind) =>
          dated(() => {
            throw new PodshiftError(
              kind === 'throttle' ? 'Throttled' : kind === 'denied' ? 'AccessDenied' : 'ServiceUnavailable',
              `the journal: ${kind}`,
            );
          }),
      );
      if ('answer' in delivered) return delivered.answer();
      throw new PodshiftError('ServiceUnavailable', `dynamodb:${operation} failed or did not answer (${delivered.broken})`);
    };
    const named = ({ pk, sk }: { pk: string; sk: string }): string => `${pk}/${sk}`;
    return {
      get: (key) => send('GetItem', named(key), false, () => table.get(key)),
      query: (pk, prefix, ...rest) => send('Query', `${pk}/${prefix}`, false, () => table.query(pk, prefix, ...rest)),
      put: (item, condition) => send('PutItem', named(item), true, () => table.put(item, condition)),
      update: (key, update, condition) => send('UpdateItem', named(key), true, () => table.update(key, update, condition)),
      remove: (key, condition) => send('DeleteItem', named(key), true, () => table.remove(key, condition)),
    };
  }
}

/** As functions/runtime/pacing.ts: the API server shares out its room itself. */
function pacerOf(aws: Pacer, clock: SimulatedClock): Pacer {
  const own = createPacer(clock, (milliseconds) => clock.sleep(milliseconds));
  const of = (service: Parameters<Pacer['acquire']>[0]): Pacer => (service === 'kubernetes' ? own : aws);
  return {
    acquire: (service, key) => of(service).acquire(service, key),
    report: (service, key, outcome) => of(service).report(service, key, outcome),
    rate: (service, key) => of(service).rate(service, key),
  };
}

function never(): Promise<never> {
  return new Promise(() => undefined);
}

function isThrottle({ status, body = '' }: TwinHttpReply): boolean {
  return status === 429 || (status === 400 && body.includes('Throttling'));
}

/** The SDK hands out strings or byte arrays, never streams, for these services. */
function textOf(body: unknown): string {
  if (body === undefined || body === null) return '';
  if (ArrayBuffer.isView(body)) return Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8');
  return String(body);
}
