import { createHash } from 'node:crypto';
import type { KubernetesObject } from '../src/kubernetes/gateway.ts';

/** The size of a pod as `kubectl get pods -o json --show-managed-fields` gives it, of two containers. */
export const POD_BYTES = 8_000;

/** That of a node, with its images and what the kubelet says of itself. */
export const NODE_BYTES = 10_000;

/** The same object, with the status and the managed fields that bring one of its kind to its real size. */
export function atRealSize(object: KubernetesObject): KubernetesObject {
  if (object.kind === 'Pod') {
    const status = { ...object.status, ...podStatus(object) };
    return filled({ ...object, spec: withOwnToken(object), status }, 'kubelet', POD_BYTES);
  }
  if (object.kind === 'Node') return filled({ ...object, status: { ...object.status, images: IMAGES } }, 'kubelet', NODE_BYTES);
  return object;
}

/** The spec with what admission adds: the token of the API server, in a volume whose name is another one for each pod. */
function withOwnToken({ spec, metadata }: KubernetesObject): unknown {
  const name = `kube-api-access-${createHash('sha256')
    .update(metadata.uid ?? metadata.name)
    .digest('hex')
    .slice(0, 5)}`;
  const sources = [{ serviceAccountToken: { expirationSeconds: 3607, path: 'token' } }, { configMap: { name: 'kube-root-ca.crt' } }];
  const mount = { name, mountPath: '/var/run/secrets/kubernetes.io/serviceaccount', readOnly: true };
  return {
    ...spec,
    volumes: [...(spec.volumes ?? []), { name, projected: { sources, defaultMode: 420 } }],
    containers: spec.containers.map((container: { readonly volumeMounts?: readonly unknown[] }) => ({
      ...container,
      volumeMounts: [...(container.volumeMounts ?? []), mount],
    })),
  };
}

/** What the kubelet reports of each container. */
function podStatus(pod: KubernetesObject): Record<string, unknown> {
  const containers: readonly { readonly name: string; readonly image: string }[] = pod.spec?.containers ?? [];
  return {
    startTime: '2026-03-02T09:00:00Z',
    qosClass: 'Burstable',
    containerStatuses: containers.map(({ name, image }) => ({
      name,
      image,
      imageID: `${image}@sha256:${'0123456789abcdef'.repeat(4)}`,
      containerID: `containerd://${'0123456789abcdef'.repeat(4)}`,
      ready: true,
      started: true,
      restartCount: 0,
      lastState: {},
      state: { running: { startedAt: '2026-03-02T09:00:02Z' } },
    })),
  };
}

/** As many as a node that has been up for a while. */
const IMAGES = Array.from({ length: 20 }, (_, index) => ({
  names: [
    `registry.example.com/team-${index}/server@sha256:${'0123456789abcdef'.repeat(4)}`,
    `registry.example.com/team-${index}/server:1.${index}.0`,
  ],
  sizeBytes: 123_456_789 + index,
}));

/** Managed fields for what is left of the size: most of what an API server sends of an object is these. */
function filled(object: KubernetesObject, manager: string, bytes: number): KubernetesObject {
  const FIELD_BYTES = 31;
  const count = Math.max(0, Math.floor((bytes - JSON.stringify(object).length - 150) / FIELD_BYTES));
  const fieldsV1 = Object.fromEntries(Array.from({ length: count }, (_, index) => [`f:status-of-container-${index}`, {}]));
  const managedFields = [{ manager, operation: 'Update', apiVersion: 'v1', fieldsType: 'FieldsV1', fieldsV1 }];
  return { ...object, metadata: { ...object.metadata, managedFields } };
}
