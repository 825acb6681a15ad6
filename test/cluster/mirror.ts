import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import type { KubernetesSide, ObjectChange } from '../../twin/contracts.ts';
import { must } from './api.ts';
import type { Cluster } from './cluster.ts';
import { withoutServerFields } from './server-fields.ts';

/** What the twin's AWS half and its watch look at, and where the API serves it. */
const MIRRORED: Readonly<Record<string, string>> = {
  Node: '/api/v1/nodes',
  ServiceAccount: '/api/v1/serviceaccounts',
  ConfigMap: '/api/v1/configmaps',
  Secret: '/api/v1/secrets',
  Deployment: '/apis/apps/v1/deployments',
  StatefulSet: '/apis/apps/v1/statefulsets',
  DaemonSet: '/apis/apps/v1/daemonsets',
  ReplicaSet: '/apis/apps/v1/replicasets',
  ReplicationController: '/api/v1/replicationcontrollers',
  Job: '/apis/batch/v1/jobs',
  CronJob: '/apis/batch/v1/cronjobs',
  Pod: '/api/v1/pods',
};

/** The real cluster as the Kubernetes half of a twin. */
export interface Mirror {
  readonly side: KubernetesSide;
  /** Ends it; throws what failed meanwhile: a watch that ended, a write of EKS' that was refused. */
  stop(): Promise<void>;
}

/**
 * Follows a real cluster by lists and watches, so that what judges a twin can judge it: who each container would be, and
 * the promises. What EKS itself would write is written by the administrator. A change is a client's (`by: request`) where
 * the field manager `manager` made it; deletions are nobody's.
 */
export async function mirrorCluster(cluster: Pick<Cluster, 'api' | 'watch'>, manager: string): Promise<Mirror> {
  const objects = new Map(Object.keys(MIRRORED).map((kind) => [kind, new Map<string, KubernetesObject>()]));
  const listeners: ((change: ObjectChange) => void)[] = [];
  const failures: unknown[] = [];
  const writes = new Set<Promise<void>>();
  const stopping = new AbortController();

  const note = (kind: string, after: KubernetesObject | undefined, key: string): void => {
    const known = objects.get(kind);
    const before = known?.get(key);
    if (after === undefined) known?.delete(key);
    else known?.set(key, after);
    const by = after !== undefined && entryOf(after, manager) !== entryOf(before, manager) ? 'request' : 'system';
    for (const listener of listeners) listener({ before, after, by });
  };
  const follow = async (kind: string, path: string): Promise<{ readonly ended: Promise<void> }> => {
    const list = must(await cluster.api('GET', path), path);
    // Items of a list carry neither kind nor version.
    for (const item of list.items) objects.get(kind)?.set(keyOf(item), { ...item, kind, apiVersion: list.apiVersion });
    const from = `${path}?watch=1&allowWatchBookmarks=true&resourceVersion=${list.metadata.resourceVersion}`;
    const ended = cluster.watch(from, stopping.signal, ({ type, object }) => {
      if (type === 'ERROR') throw new Error(`the watch of ${path} failed: ${JSON.stringify(object)}`);
      if (type !== 'BOOKMARK') note(kind, type === 'DELETED' ? undefined : object, keyOf(object));
    });
    ended.then(
      () => stopping.signal.aborted || failures.push(new Error(`the watch of ${path} ended`)),
      (error: unknown) => stopping.signal.aborted || failures.push(error),
    );
    return { ended };
  };
  const watches: Promise<void>[] = [];
  for (const [kind, path] of Object.entries(MIRRORED)) watches.push((await follow(kind, path)).ended);
  const write = (work: () => Promise<void>): void => {
    const done = work()
      .catch((error: unknown) => void failures.push(error))
      .finally(() => writes.delete(done));
    writes.add(done);
  };
  const pathOf = (kind: string, namespace: string | undefined): string => {
    const path = MIRRORED[kind] ?? '';
    return namespace === undefined ? path : path.replace(/\/([^/]+)$/, `/namespaces/${namespace}/$1`);
  };

  return {
    side: {
      objects: (kind) => [...(objects.get(kind)?.values() ?? [])],
      object: (kind, namespace, name) => objects.get(kind)?.get(`${namespace ?? ''}/${name}`),
      apply: (object) => write(() => createOrChange(cluster, pathOf(object.kind, object.metadata.namespace), object)),
      remove: (kind, namespace, name) =>
        write(async () => {
          must(await cluster.api('DELETE', `${pathOf(kind, namespace)}/${name}`), `delete ${kind} ${name}`);
        }),
      onChange: (listener) => void listeners.push(listener),
    },
    stop: async () => {
      await Promise.all(writes);
      stopping.abort();
      await Promise.allSettled(watches);
      if (failures.length > 0) throw new AggregateError(failures, 'the mirror of the cluster failed');
    },
  };
}

async function createOrChange(cluster: Pick<Cluster, 'api'>, path: string, object: KubernetesObject): Promise<void> {
  const body = withoutServerFields(object, new Map());
  const created = await cluster.api('POST', `${path}?fieldManager=eks`, { body });
  if (created.status !== 409) {
    must(created, `create ${object.kind} ${object.metadata.name}`);
    return;
  }
  const changed = `${path}/${object.metadata.name}?fieldManager=eks`;
  must(await cluster.api('PATCH', changed, { body, contentType: 'application/merge-patch+json' }), `change ${object.metadata.name}`);
}

function keyOf({ metadata }: KubernetesObject): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}

/** What the object says of the manager's own writes. */
function entryOf(object: KubernetesObject | undefined, manager: string): string {
  return JSON.stringify((object?.metadata.managedFields ?? []).filter((entry) => entry.manager === manager));
}
