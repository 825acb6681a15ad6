import { setTimeout as sleep } from 'node:timers/promises';
import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import { type Api, must } from './api.ts';

/** How a container ends. */
export interface ContainerEnd {
  readonly exitCode: number;
  /** What it wrote to its termination log. */
  readonly message: string;
}

/** A kubelet for the pods that kwok leaves alone; it works until it is stopped. */
export interface Kubelet {
  stop(): Promise<void>;
}

/** Pods that podshift makes to ask who they are; kwok.yaml leaves them alone. */
const SELECTOR = 'app.kubernetes.io/managed-by=podshift';

/**
 * Runs podshift's own pods, once they are scheduled, the way `end` says, by container; undefined leaves a pod waiting for the
 * next look. Such a pod was admitted by the real API server, so `end` can tell from its variables who it would be.
 */
export function playKubelet(api: Api, end: (pod: KubernetesObject) => ReadonlyMap<string, ContainerEnd> | undefined): Kubelet {
  const stopping = new AbortController();
  const work = (async () => {
    while (!stopping.signal.aborted) {
      const pods: readonly KubernetesObject[] = must(
        await api('GET', `/api/v1/pods?labelSelector=${encodeURIComponent(SELECTOR)}`),
        'pods',
      ).items;
      for (const pod of pods.filter(waits)) {
        const ended = end(pod);
        if (ended !== undefined) {
          await finish(api, pod, ended);
        }
      }
      await sleep(100);
    }
  })();
  // A failure waits for stop(): nobody listens before.
  work.catch(() => undefined);
  return {
    stop: async () => {
      stopping.abort();
      await work;
    },
  };
}

function waits({ metadata, spec, status }: KubernetesObject): boolean {
  return metadata.deletionTimestamp === undefined && spec.nodeName !== undefined && status?.phase === 'Pending';
}

async function finish(api: Api, { metadata, spec }: KubernetesObject, ends: ReadonlyMap<string, ContainerEnd>): Promise<void> {
  const now = new Date().toISOString();
  const containerStatuses = spec.containers.flatMap(({ name, image }: { name: string; image: string }) => {
    const ended = ends.get(name);
    if (ended === undefined) return [];
    const terminated = { ...ended, reason: ended.exitCode === 0 ? 'Completed' : 'Error', startedAt: now, finishedAt: now };
    return [{ name, image, imageID: '', ready: false, restartCount: 0, state: { terminated } }];
  });
  const phase = [...ends.values()].every(({ exitCode }) => exitCode === 0) ? 'Succeeded' : 'Failed';
  const body = { status: { phase, startTime: now, containerStatuses } };
  const path = `/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}/status`;
  const answer = await api('PATCH', path, { body, contentType: 'application/merge-patch+json' });
  // It may have been deleted since it was listed.
  if (answer.status !== 404) {
    must(answer, `status of ${metadata.name}`);
  }
}
