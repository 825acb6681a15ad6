import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import type { KubernetesSide, ObjectChange } from '../../twin/contracts.ts';
import { must } from './api.ts';
import type { ClientWrite, ClientWrites } from './client-writes.ts';
import type { Cluster } from './cluster.ts';
import { mergePatch } from './merge-patch.ts';
import { type Reflector, reflect } from './reflector.ts';
import { type ServedResource, watchableResources } from './served.ts';
import { withoutServerFields } from './server-fields.ts';

/** The real cluster as the Kubernetes half of a twin. */
export interface Mirror {
  readonly side: KubernetesSide;
  /** Resolves when everything that has happened in the cluster until now is known and judged. */
  catchUp(): Promise<void>;
  /** Ends it; throws what failed meanwhile: a watch that could not go on, a write of EKS' that was refused. */
  stop(): Promise<void>;
}

/**
 * Follows every resource of a real cluster, so that what judges a twin can judge it: who each container would be, and the
 * promises. What EKS itself would write is written by the administrator. A change is a client's (`by: request`) where the API
 * server's audit says so; `onWrite` is called right before the listeners then.
 */
export async function mirrorCluster(
  cluster: Pick<Cluster, 'api' | 'watch'>,
  writes: ClientWrites,
  onWrite: (write: ClientWrite) => void,
): Promise<Mirror> {
  const listeners: ((change: ObjectChange) => void)[] = [];
  const failures: unknown[] = [];
  const byKind = new Map<string, Reflector[]>();
  let written: Promise<void> = Promise.resolve();

  const start = async (resource: ServedResource): Promise<Reflector> => {
    const seen = (before: KubernetesObject | undefined, after: KubernetesObject | undefined): void => {
      const write = writes.behind(resource.name, before, after);
      if (write !== undefined) onWrite(write);
      for (const listener of listeners) listener({ before, after, by: write === undefined ? 'system' : 'request' });
    };
    return reflect(cluster, resource, { seen, hold: () => writes.underWay(resource.name) });
  };
  const reflectors = await Promise.all((await watchableResources(cluster.api)).map(start));
  for (const reflector of reflectors) {
    const { kind } = reflector.resource;
    byKind.set(kind, [...(byKind.get(kind) ?? []), reflector]);
  }
  const find = (kind: string, namespace: string | undefined, name: string): KubernetesObject | undefined =>
    byKind
      .get(kind)
      ?.map(({ objects }) => objects.get(`${namespace ?? ''}/${name}`))
      .find((object) => object !== undefined);
  const pathOf = (kind: string, namespace: string | undefined): string => {
    const resource = byKind.get(kind)?.[0]?.resource;
    if (resource === undefined) throw new Error(`the cluster does not serve ${kind}`);
    return resource.namespaced ? resource.path.replace(/\/([^/]+)$/, `/namespaces/${namespace}/$1`) : resource.path;
  };
  // One after another, as they were asked for.
  const write = (work: () => Promise<void>): void => {
    written = written.then(work).catch((error: unknown) => void failures.push(error));
  };

  return {
    side: {
      objects: (kind) => (byKind.get(kind) ?? []).flatMap(({ objects }) => [...objects.values()]),
      object: find,
      apply: (object) => {
        const { kind, metadata } = object;
        const known = find(kind, metadata.namespace, metadata.name);
        const wanted = withoutServerFields(object, new Map());
        const patch = known === undefined ? wanted : mergePatch(withoutServerFields(known, new Map()), wanted);
        if (patch === undefined) return;
        write(async () => {
          const path = pathOf(kind, metadata.namespace);
          const answer =
            known === undefined
              ? await cluster.api('POST', `${path}?fieldManager=eks`, { body: patch })
              : await cluster.api('PATCH', `${path}/${metadata.name}?fieldManager=eks`, {
                  body: patch,
                  contentType: 'application/merge-patch+json',
                });
          must(answer, `apply ${kind} ${metadata.name}`);
        });
      },
      remove: (kind, namespace, name) =>
        write(async () => {
          const answer = await cluster.api('DELETE', `${pathOf(kind, namespace)}/${name}`);
          // To remove what is not there is no failure of a twin's either.
          if (answer.status !== 404) must(answer, `delete ${kind} ${name}`);
        }),
      onChange: (listener) => void listeners.push(listener),
    },
    catchUp: async () => {
      await written;
      await Promise.all(reflectors.map((reflector) => reflector.catchUp()));
    },
    stop: async () => {
      await written;
      const ends = await Promise.allSettled(reflectors.map((reflector) => reflector.stop()));
      failures.push(...ends.flatMap((end) => (end.status === 'rejected' ? [end.reason] : [])));
      if (failures.length > 0) throw new AggregateError(failures, `the mirror of the cluster failed: ${failures.map(String).join('; ')}`);
    },
  };
}
