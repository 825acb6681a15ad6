import type { KubernetesObject } from '../../../src/kubernetes/gateway.ts';
import { availableAt, isActive, isFinished, scaled } from '../objects.ts';
import { type Demand, fits, isFargateNode } from '../scheduler.ts';
import type { PodTemplate, World } from '../world.ts';
import { cleanUpRevisions, ensureRevision, REVISION_LABEL, type TemplateRevision } from './controller-revisions.ts';
import { countPods } from './replica-set.ts';

interface Retry {
  readonly key: string;
  readonly work: () => void;
}

/** What every daemon pod tolerates. From k8s.io/kubernetes pkg/controller/daemon/util AddOrUpdateDaemonPodTolerations */
const TOLERATIONS = [
  { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute' },
  { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute' },
  { key: 'node.kubernetes.io/disk-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/memory-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/pid-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/unschedulable', operator: 'Exists', effect: 'NoSchedule' },
];

/** The DaemonSet controller (k8s.io/kubernetes pkg/controller/daemon). */
export function reconcileDaemonSet(world: World, set: KubernetesObject, retry: Retry): void {
  const revision = ensureRevision(world, set);
  const demand = daemonSpec(set.spec.template);
  const nodes = world.store.list(world.kind('', 'Node')).filter((node) => !isFargateNode(node) && fits(demand, node));
  const wanted = new Set(nodes.map((node) => node.metadata.name));
  const byNode = podsByNode(world, set);
  for (const [node, pods] of byNode) {
    for (const pod of pods.filter((entry) => !wanted.has(node) || isFinished(entry))) {
      world.deletePod(pod);
    }
  }
  for (const node of wanted) {
    if ((byNode.get(node) ?? []).length === 0) {
      createPod(world, set, node, revision, retry);
    }
  }
  if (set.spec.updateStrategy?.type !== 'OnDelete') {
    update(world, set, wanted, revision, retry);
  }
  report(world, set, wanted, revision, retry);
}

function podsByNode(world: World, set: KubernetesObject): Map<string, KubernetesObject[]> {
  const byNode = new Map<string, KubernetesObject[]>();
  for (const pod of world.podsOf(set)) {
    const node = pod.spec.nodeName ?? targetOf(pod);
    byNode.set(node, [...(byNode.get(node) ?? []), pod]);
  }
  return byNode;
}

/** Replaces pods of older revisions, node by node. From pkg/controller/daemon/update.go */
function update(world: World, set: KubernetesObject, nodes: ReadonlySet<string>, revision: TemplateRevision, retry: Retry): void {
  const rolling = set.spec.updateStrategy?.rollingUpdate ?? {};
  const maxSurge = scaled(rolling.maxSurge ?? 0, nodes.size, 'up');
  const maxUnavailable = maxSurge > 0 && rolling.maxUnavailable === undefined ? 0 : scaled(rolling.maxUnavailable ?? 1, nodes.size, 'up');
  const now = world.clock.now();
  const isAvailable = (pod: KubernetesObject): boolean =>
    isActive(pod) && (availableAt(pod, set.spec.minReadySeconds ?? 0) ?? Number.POSITIVE_INFINITY) <= now;
  const isNew = (pod: KubernetesObject): boolean => pod.metadata.labels?.[REVISION_LABEL] === revision.label;
  const byNode = podsByNode(world, set);
  let unavailable = 0;
  let surging = 0;
  const replaceable: { node: string; pod: KubernetesObject }[] = [];
  for (const node of nodes) {
    const pods = byNode.get(node) ?? [];
    const fresh = pods.find((pod) => isActive(pod) && isNew(pod));
    const old = pods.find((pod) => isActive(pod) && !isNew(pod));
    if (!pods.some(isAvailable)) {
      unavailable += 1;
    }
    if (old === undefined) {
      continue;
    }
    if (fresh !== undefined) {
      surging += 1;
      if (isAvailable(fresh)) {
        world.deletePod(old);
      }
    } else if (isAvailable(old)) {
      replaceable.push({ node, pod: old });
    } else if (maxSurge > 0) {
      replaceable.unshift({ node, pod: old });
    } else {
      // What does not work costs nothing to replace.
      world.deletePod(old);
    }
  }
  for (const { node, pod } of replaceable) {
    if (maxSurge > 0) {
      if (surging >= maxSurge) {
        break;
      }
      createPod(world, set, node, revision, retry);
      surging += 1;
    } else {
      if (unavailable >= Math.max(1, maxUnavailable)) {
        break;
      }
      world.deletePod(pod);
      unavailable += 1;
    }
  }
}

function createPod(world: World, set: KubernetesObject, node: string, revision: TemplateRevision, retry: Retry): void {
  const spec = daemonSpec(revision.template, node);
  world.createPod(
    set,
    revision.template,
    { labels: { [REVISION_LABEL]: revision.label, 'pod-template-generation': String(set.metadata.generation ?? 1) }, spec },
    retry,
  );
}

/** The template's spec as its pods carry it: tolerations, and the node that each is for. */
function daemonSpec(template: PodTemplate, node?: string): Demand & Record<string, unknown> {
  const { spec } = template;
  const network =
    spec.hostNetwork === true ? [{ key: 'node.kubernetes.io/network-unavailable', operator: 'Exists', effect: 'NoSchedule' }] : [];
  const tolerations = [...(spec.tolerations ?? []), ...TOLERATIONS, ...network];
  if (node === undefined) {
    return { ...spec, tolerations };
  }
  const nodeAffinity = spec.affinity?.nodeAffinity;
  const target = { matchFields: [{ key: 'metadata.name', operator: 'In', values: [node] }] };
  const terms: object[] = nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [{}];
  const required = { nodeSelectorTerms: terms.map((term) => ({ ...term, ...target })) };
  return {
    ...spec,
    tolerations,
    affinity: { ...spec.affinity, nodeAffinity: { ...nodeAffinity, requiredDuringSchedulingIgnoredDuringExecution: required } },
  };
}

function targetOf(pod: KubernetesObject): string {
  const terms = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  return terms?.[0]?.matchFields?.[0]?.values?.[0] ?? '';
}

function report(world: World, set: KubernetesObject, nodes: ReadonlySet<string>, revision: TemplateRevision, retry: Retry): void {
  const pods = world.podsOf(set).filter(isActive);
  const placed = [...podsByNode(world, set)]
    .map(([node, all]) => ({ node, active: all.filter(isActive) }))
    .filter(({ active }) => active.length > 0);
  const onWanted = placed.filter(({ node }) => nodes.has(node));
  const best = onWanted.map(
    ({ active }) => active.find((pod) => pod.metadata.labels?.[REVISION_LABEL] === revision.label) ?? (active[0] as KubernetesObject),
  );
  const counts = countPods(world, best, set.spec.minReadySeconds ?? 0, retry);
  const updated = best.filter((pod) => pod.metadata.labels?.[REVISION_LABEL] === revision.label).length;
  const unavailable = nodes.size - counts.available;
  world.setStatus(world.kind('apps', 'DaemonSet'), set, {
    ...set.status,
    currentNumberScheduled: onWanted.length,
    numberMisscheduled: placed.length - onWanted.length,
    desiredNumberScheduled: nodes.size,
    numberReady: counts.ready,
    observedGeneration: set.metadata.generation,
    updatedNumberScheduled: updated,
    numberAvailable: counts.available,
    numberUnavailable: unavailable === 0 ? undefined : unavailable,
  });
  cleanUpRevisions(world, set, new Set([revision.label, ...pods.map((pod) => pod.metadata.labels?.[REVISION_LABEL] ?? '')]));
}
