import type { KubernetesObject } from '../../../src/kubernetes/gateway.ts';
import { isFinished, isReady } from '../objects.ts';
import type { World } from '../world.ts';
import { cleanUpRevisions, ensureRevision, REVISION_LABEL, revisionNamed, type TemplateRevision } from './controller-revisions.ts';
import { countPods } from './replica-set.ts';

interface Retry {
  readonly key: string;
  readonly work: () => void;
}

/** The StatefulSet controller (k8s.io/kubernetes pkg/controller/statefulset/stateful_set_control.go). */
export function reconcileStatefulSet(world: World, set: KubernetesObject, retry: Retry): void {
  const update = ensureRevision(world, set);
  const current = revisionNamed(world, set, set.status?.currentRevision) ?? update;
  act(world, set, current, update, retry);
  report(world, set, current, update, retry);
}

function act(world: World, set: KubernetesObject, current: TemplateRevision, update: TemplateRevision, retry: Retry): void {
  const { spec } = set;
  const ordered = spec.podManagementPolicy !== 'Parallel';
  const first: number = spec.ordinals?.start ?? 0;
  const wanted: number = spec.replicas ?? 1;
  const pods = new Map(world.podsOf(set).map((pod) => [ordinalOf(pod), pod]));
  for (let ordinal = first; ordinal < first + wanted; ordinal += 1) {
    const pod = pods.get(ordinal);
    if (pod === undefined) {
      createPod(world, set, ordinal, needsCurrent(set, current, ordinal) ? current : update, retry);
    } else if (isFinished(pod)) {
      world.deletePod(pod);
    }
    if (ordered && (pod === undefined || !isHealthy(pod))) {
      return;
    }
  }
  const condemned = [...pods].filter(([ordinal]) => ordinal < first || ordinal >= first + wanted).sort(([left], [right]) => right - left);
  for (const [, pod] of condemned) {
    if (pod.metadata.deletionTimestamp === undefined) {
      world.deletePod(pod);
    }
    if (ordered) {
      return;
    }
  }
  if (spec.updateStrategy?.type === 'OnDelete') {
    return;
  }
  const lowest = Math.max(first, first + (spec.updateStrategy?.rollingUpdate?.partition ?? 0));
  for (let ordinal = first + wanted - 1; ordinal >= lowest; ordinal -= 1) {
    const pod = pods.get(ordinal);
    if (pod !== undefined && pod.metadata.deletionTimestamp === undefined && pod.metadata.labels?.[REVISION_LABEL] !== update.label) {
      world.deletePod(pod);
      return;
    }
    if (pod === undefined || !isHealthy(pod)) {
      return;
    }
  }
}

/** Whether a pod that is missing comes back as it was: below the partition, or not yet reached by the update. */
function needsCurrent(set: KubernetesObject, current: TemplateRevision, ordinal: number): boolean {
  const { updateStrategy, ordinals } = set.spec;
  return (
    updateStrategy?.type !== 'OnDelete' &&
    set.status?.currentRevision === current.label &&
    ordinal < (ordinals?.start ?? 0) + (updateStrategy?.rollingUpdate?.partition ?? 0)
  );
}

function createPod(world: World, set: KubernetesObject, ordinal: number, revision: TemplateRevision, retry: Retry): void {
  const name = `${set.metadata.name}-${ordinal}`;
  const claims = (set.spec.volumeClaimTemplates ?? []) as { metadata: { name: string } }[];
  const volumes = claims.map(({ metadata }) => ({ name: metadata.name, persistentVolumeClaim: { claimName: `${metadata.name}-${name}` } }));
  const template = revision.template;
  world.createPod(
    set,
    template,
    {
      name,
      labels: {
        [REVISION_LABEL]: revision.label,
        'statefulset.kubernetes.io/pod-name': name,
        'apps.kubernetes.io/pod-index': String(ordinal),
      },
      spec: {
        hostname: name,
        ...(set.spec.serviceName === undefined ? {} : { subdomain: set.spec.serviceName }),
        ...(volumes.length === 0 ? {} : { volumes: [...(template.spec.volumes ?? []), ...volumes] }),
      },
    },
    retry,
  );
}

function report(world: World, set: KubernetesObject, current: TemplateRevision, update: TemplateRevision, retry: Retry): void {
  const pods = world.podsOf(set);
  const staying = pods.filter((pod) => pod.metadata.deletionTimestamp === undefined);
  const at = ({ label }: TemplateRevision): number => staying.filter((pod) => pod.metadata.labels?.[REVISION_LABEL] === label).length;
  const counts = countPods(world, pods, set.spec.minReadySeconds ?? 0, retry);
  const wanted: number = set.spec.replicas ?? 1;
  const updatedReplicas = at(update);
  const rolling = set.spec.updateStrategy?.type !== 'OnDelete';
  // Only a full roll-out makes the update revision the current one.
  const complete = rolling && updatedReplicas === wanted && staying.length === wanted && counts.ready === wanted && pods.length === wanted;
  const now = complete ? update : current;
  world.setStatus(world.kind('apps', 'StatefulSet'), set, {
    ...set.status,
    replicas: pods.length,
    readyReplicas: counts.ready,
    availableReplicas: counts.available,
    currentReplicas: at(now),
    updatedReplicas,
    currentRevision: now.label,
    updateRevision: update.label,
    observedGeneration: set.metadata.generation,
    collisionCount: 0,
  });
  cleanUpRevisions(world, set, new Set([now.label, update.label, ...pods.map((pod) => pod.metadata.labels?.[REVISION_LABEL] ?? '')]));
}

function isHealthy(pod: KubernetesObject): boolean {
  return pod.metadata.deletionTimestamp === undefined && isReady(pod);
}

function ordinalOf(pod: KubernetesObject): number {
  return Number(/-(\d+)$/.exec(pod.metadata.name)?.[1] ?? -1);
}
