import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import type { TwinClock } from '../contracts.ts';
import type { TwinStream } from '../server.ts';
import { apiVersionOf, type Kind } from './kinds.ts';
import { chooser } from './lists.ts';
import { badRequest, expired } from './status.ts';
import type { Store, StoredChange } from './store.ts';

/** Open watches of one API server. */
export class Watches {
  readonly #store: Store;
  readonly #clock: TwinClock;
  readonly #open = new Set<() => void>();

  constructor(store: Store, clock: TwinClock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Prepares a watch; what it answers sends it. Throws 400 for a bad selector or resource version. */
  start(kind: Kind, version: string, namespace: string | undefined, name: string, query: URLSearchParams): (stream: TwinStream) => void {
    const chosen = chooser(kind, query);
    const matches = (object: KubernetesObject | undefined): object is KubernetesObject =>
      object !== undefined &&
      (namespace === undefined || object.metadata.namespace === namespace) &&
      (name === '' || object.metadata.name === name) &&
      (chosen === undefined || chosen(object));
    const since = query.get('resourceVersion') ?? '';
    if (!/^\d*$/.test(since)) {
      throw badRequest(`Invalid value: "${since}": strconv.ParseUint: parsing "${since}": invalid syntax`);
    }
    const apiVersion = apiVersionOf(kind.group, version);
    return (stream) => {
      const event = (type: string, object: unknown): void => stream.send(`${JSON.stringify({ type, object })}\n`);
      const send = (type: string, object: KubernetesObject): void => event(type, { ...object, apiVersion });
      const announce = ({
        kind: changed,
        before,
        after,
        resourceVersion,
      }: Pick<StoredChange, 'kind' | 'before' | 'after' | 'resourceVersion'>): void => {
        if (changed.kind !== kind.kind || changed.group !== kind.group) {
          return;
        }
        const was = matches(before);
        if (matches(after)) {
          send(was ? 'MODIFIED' : 'ADDED', after);
        } else if (was) {
          send('DELETED', { ...before, metadata: { ...before.metadata, resourceVersion: String(resourceVersion) } });
        }
      };
      const initial = since === '' || since === '0' || query.get('sendInitialEvents') === 'true';
      const past = initial ? [] : this.#store.changesSince(kind, Number(since));
      if (past === undefined) {
        event('ERROR', expired(`too old resource version: ${since} (${this.#store.resourceVersion})`).status);
        stream.end();
        return;
      }
      if (initial) {
        for (const object of this.#store.list(kind, namespace).filter(matches)) {
          send('ADDED', object);
        }
      }
      if (query.get('sendInitialEvents') === 'true') {
        const annotations = { 'k8s.io/initial-events-end': 'true' };
        event('BOOKMARK', { kind: kind.kind, apiVersion, metadata: { resourceVersion: String(this.#store.resourceVersion), annotations } });
      }
      past.forEach(announce);
      this.#follow(stream, announce, Number(query.get('timeoutSeconds') ?? 0));
    };
  }

  /** Ends all watches. */
  close(): void {
    for (const end of [...this.#open]) {
      end();
    }
  }

  #follow(stream: TwinStream, announce: (change: StoredChange) => void, timeoutSeconds: number): void {
    const unsubscribe = this.#store.subscribe(announce);
    const end = (): void => stream.end();
    const cancel = timeoutSeconds > 0 ? this.#clock.schedule(timeoutSeconds * 1000, end) : undefined;
    this.#open.add(end);
    stream.onClose(() => {
      unsubscribe();
      cancel?.();
      this.#open.delete(end);
    });
  }
}
