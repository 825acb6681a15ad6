import { setTimeout as sleep } from 'node:timers/promises';
import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import { must } from './api.ts';
import type { Cluster } from './cluster.ts';
import type { ServedResource } from './served.ts';
import { WatchRefused } from './watch.ts';

/** A resource of a cluster, followed as client-go's reflectors do: a list, then watches from there; where its version has expired, a list again. */
export interface Reflector {
  readonly resource: ServedResource;
  /** By `NAMESPACE/NAME`. */
  readonly objects: ReadonlyMap<string, KubernetesObject>;
  /** Lists again, and resolves when all that the list says is known. */
  catchUp(): Promise<void>;
  /** Resolves once the watch has ended and every change that came is told. Throws what failed meanwhile. */
  stop(): Promise<void>;
}

/** A change of an object, as it was seen. */
export type Seen = (before: KubernetesObject | undefined, after: KubernetesObject | undefined) => void;

/** Failures in a row after which the API server counts as gone. */
const ATTEMPTS = 20;
const PAUSE_MILLISECONDS = 250;

/**
 * Starts to follow a resource. Changes are told one by one in their order, each after what `hold` answered when it came has
 * resolved. The end of a watch is no failure: API servers end watches at will.
 */
export async function reflect(
  cluster: Pick<Cluster, 'api' | 'watch'>,
  resource: ServedResource,
  { seen, hold }: { readonly seen: Seen; readonly hold: () => Promise<unknown> },
): Promise<Reflector> {
  const objects = new Map<string, KubernetesObject>();
  const stopping = new AbortController();
  let told: Promise<void> = Promise.resolve();
  let failure: unknown;
  /** Everything up to here is in `objects`, or waits to be told. */
  let version = 0n;

  const tell = (key: string, after: KubernetesObject | undefined): void => {
    const before = objects.get(key);
    if (before?.metadata.resourceVersion === after?.metadata.resourceVersion) return;
    if (after === undefined) objects.delete(key);
    else objects.set(key, after);
    seen(before, after);
  };
  const later = (work: () => void): Promise<void> => {
    const held = hold();
    told = told.then(() => held).then(work);
    told.catch((error: unknown) => {
      failure ??= error;
    });
    return told;
  };
  const list = async (): Promise<KubernetesObject[]> => {
    for (;;) {
      const answer = must(await cluster.api('GET', resource.path), resource.path);
      const listed = BigInt(answer.metadata.resourceVersion);
      // The watch was faster: what it told must not be undone.
      if (listed < version) continue;
      version = listed;
      // Items of a list carry neither kind nor version.
      return answer.items.map((item: KubernetesObject) => ({ ...item, kind: resource.kind, apiVersion: resource.apiVersion }));
    }
  };
  const catchUp = async (): Promise<void> => {
    const items = await list();
    await later(() => {
      const now = new Map(items.map((item) => [keyOf(item), item]));
      for (const key of [...objects.keys()]) if (!now.has(key)) tell(key, undefined);
      for (const [key, item] of now) tell(key, item);
    });
  };
  const follow = async (): Promise<void> => {
    const query = `watch=1&allowWatchBookmarks=true&resourceVersion=${version}`;
    await cluster.watch(`${resource.path}?${query}`, stopping.signal, ({ type, object }) => {
      if (type === 'ERROR') throw new WatchRefused(object.code, `the watch of ${resource.path} failed: ${object.message}`);
      const at = BigInt(object.metadata.resourceVersion ?? 0);
      // A list was faster.
      if (at <= version) return;
      version = at;
      if (type !== 'BOOKMARK') later(() => tell(keyOf(object), type === 'DELETED' ? undefined : object));
    });
  };
  const work = async (): Promise<void> => {
    for (let attempt = 1; !stopping.signal.aborted; attempt += 1) {
      const from = version;
      try {
        await follow();
      } catch (error) {
        if (error instanceof WatchRefused && error.code === 410) await catchUp();
        else if (attempt >= ATTEMPTS) throw error;
      }
      if (version > from) attempt = 0;
      await sleep(PAUSE_MILLISECONDS, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  };

  for (const item of await list()) objects.set(keyOf(item), item);
  const ended = work();
  // A failure waits for stop(): nobody listens before.
  ended.catch(() => undefined);
  return {
    resource,
    objects,
    catchUp,
    stop: async () => {
      stopping.abort();
      await ended;
      await told.catch(() => undefined);
      if (failure !== undefined) throw failure;
    },
  };
}

function keyOf({ metadata }: KubernetesObject): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}
