import { setTimeout as sleep } from 'node:timers/promises';
import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import { type Api, must } from './api.ts';

/** Workloads whose roll-out {@link settle} waits for. */
const KINDS = ['deployments', 'statefulsets', 'daemonsets'] as const;

/**
 * Waits until every Deployment, StatefulSet and DaemonSet has all its pods ready, and gives claims their volumes (there
 * is no provisioner here). Answers what was not ready in the time (milliseconds): `deployments NAMESPACE/NAME: 1 of 3`.
 */
export async function settle(api: Api, within: number): Promise<string[]> {
  const deadline = Date.now() + within;
  for (;;) {
    await provisionVolumes(api);
    const unready: string[] = [];
    for (const plural of KINDS) {
      const items: readonly KubernetesObject[] = must(await api('GET', `/apis/apps/v1/${plural}`), plural).items;
      for (const item of items) {
        const { wanted, ready } = progress(plural, item);
        if (ready < wanted) {
          unready.push(`${plural} ${item.metadata.namespace}/${item.metadata.name}: ${ready} of ${wanted}`);
        }
      }
    }
    if (unready.length === 0 || Date.now() >= deadline) {
      return unready;
    }
    await sleep(250);
  }
}

function progress(plural: (typeof KINDS)[number], { metadata, spec, status = {} }: KubernetesObject): { wanted: number; ready: number } {
  const perNode = plural === 'daemonsets';
  const wanted = perNode ? (status.desiredNumberScheduled ?? 0) : (spec.replicas ?? 1);
  const ready = perNode ? Math.min(status.numberReady ?? 0, status.updatedNumberScheduled ?? 0) : (status.readyReplicas ?? 0);
  // A DaemonSet wants none until its controller has counted the nodes, so one that it has not seen counts as short of one.
  return status.observedGeneration === metadata.generation ? { wanted, ready } : { wanted: Math.max(wanted, 1), ready: 0 };
}

async function provisionVolumes(api: Api): Promise<void> {
  const claims: readonly KubernetesObject[] = must(await api('GET', '/api/v1/persistentvolumeclaims'), 'claims').items;
  for (const { metadata, spec, status } of claims) {
    if (status?.phase !== 'Pending') {
      continue;
    }
    const volume = {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name: `pv-${metadata.uid}` },
      spec: {
        accessModes: spec.accessModes,
        capacity: spec.resources.requests,
        claimRef: {
          apiVersion: 'v1',
          kind: 'PersistentVolumeClaim',
          namespace: metadata.namespace,
          name: metadata.name,
          uid: metadata.uid,
        },
        hostPath: { path: '/nowhere' },
        ...(spec.storageClassName === undefined ? {} : { storageClassName: spec.storageClassName }),
      },
    };
    const answer = await api('POST', '/api/v1/persistentvolumes', { body: volume });
    if (answer.status !== 409) {
      must(answer, `volume for ${metadata.namespace}/${metadata.name}`);
    }
  }
}
