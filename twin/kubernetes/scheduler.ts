import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import { collide, type HostPort, HostPorts, hostPortsOf } from './host-ports.ts';
import type { Kind } from './kinds.ts';
import { condition, isFinished } from './objects.ts';
import { meets } from './selectors.ts';
import type { World } from './world.ts';

interface Toleration {
  readonly key?: string;
  readonly operator?: string;
  readonly value?: string;
  readonly effect?: string;
}

interface Taint {
  readonly key: string;
  readonly value?: string;
  readonly effect: string;
}

interface Term {
  readonly matchExpressions?: readonly { key: string; operator: string; values?: readonly string[] }[];
  readonly matchFields?: readonly { key: string; operator: string; values?: readonly string[] }[];
}

/** What a pod asks of its node. */
export interface Demand {
  readonly nodeSelector?: Readonly<Record<string, string>>;
  readonly affinity?: {
    readonly nodeAffinity?: { readonly requiredDuringSchedulingIgnoredDuringExecution?: { readonly nodeSelectorTerms?: readonly Term[] } };
  };
  readonly tolerations?: readonly Toleration[];
}

/** Whether this is one of Fargate's nodes, which carry one pod each. */
export function isFargateNode(node: KubernetesObject): boolean {
  return node.metadata.labels?.['eks.amazonaws.com/compute-type'] === 'fargate';
}

/** A node's labels with those that every kubelet sets, should the snapshot lack them. */
function labelsOf(node: KubernetesObject): Readonly<Record<string, string>> {
  return {
    'kubernetes.io/hostname': node.metadata.name,
    'kubernetes.io/os': node.status?.nodeInfo?.operatingSystem ?? 'linux',
    'kubernetes.io/arch': node.status?.nodeInfo?.architecture ?? 'amd64',
    ...node.metadata.labels,
  };
}

/**
 * Whether a pod with these demands may run on a node: node selector, required node affinity, taints. A Windows node
 * takes pods that ask for Windows alone, tainted or not: the images of all others would not start there.
 */
export function fits(demand: Demand, node: KubernetesObject): boolean {
  const labels = labelsOf(node);
  const selector = Object.entries(demand.nodeSelector ?? {});
  if (!selector.every(([key, value]) => labels[key] === value)) {
    return false;
  }
  const terms = demand.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  if (terms !== undefined && !terms.some((term) => matchesTerm(term, node, labels))) {
    return false;
  }
  if (labels['kubernetes.io/os'] === 'windows' && !JSON.stringify([demand.nodeSelector, terms]).includes('"windows"')) {
    return false;
  }
  return tolerates(demand.tolerations ?? [], (node.spec?.taints ?? []) as Taint[]);
}

function matchesTerm(term: Term, node: KubernetesObject, labels: Readonly<Record<string, string>>): boolean {
  const fields = { 'metadata.name': node.metadata.name };
  const { matchExpressions = [], matchFields = [] } = term;
  return (
    matchExpressions.length + matchFields.length > 0 &&
    matchExpressions.every((requirement) => meets(labels, requirement)) &&
    matchFields.every((requirement) => meets(fields, requirement))
  );
}

function tolerates(tolerations: readonly Toleration[], taints: readonly Taint[]): boolean {
  return taints
    .filter((taint) => taint.effect === 'NoSchedule' || taint.effect === 'NoExecute')
    .every((taint) =>
      tolerations.some(
        ({ key, operator, value, effect }) =>
          (effect === undefined || effect === '' || effect === taint.effect) &&
          (key === undefined || key === '' ? operator === 'Exists' : key === taint.key) &&
          (operator === 'Exists' || (value ?? '') === (taint.value ?? '')),
      ),
    );
}

/** What a scheduler makes of a pod: a node for it, or the pods of one that it evicts to make way. */
export interface Decision {
  readonly nodeName: string | undefined;
  /** Pods of lower priority that hold its ports; they go, and the pod waits. */
  readonly victims: readonly KubernetesObject[];
}

/** Priorities that every cluster has (k8s.io/kubernetes pkg/apis/scheduling). */
const SYSTEM_CLASSES: Readonly<Record<string, number>> = {
  'system-node-critical': 2_000_001_000,
  'system-cluster-critical': 2_000_000_000,
};

/** Chooses nodes. Room on nodes is not counted, as the snapshot's cluster had room for what it ran; ports of nodes are. */
export class Scheduler {
  readonly #world: World;
  readonly #nodes: Kind;
  readonly #classes: Kind;
  readonly #load = new Map<string, number>();
  readonly #ports = new HostPorts();
  readonly #nominated = new Map<string, { readonly pod: KubernetesObject; readonly nodeName: string }>();
  #candidates = new Map<string, KubernetesObject[]>();
  #seen: readonly KubernetesObject[] = [];

  constructor(world: World) {
    this.#world = world;
    this.#nodes = world.kind('', 'Node');
    this.#classes = world.kind('scheduling.k8s.io', 'PriorityClass');
    world.store.subscribe(({ kind, before, after }) => {
      if (kind !== world.pods) return;
      const uid = (after ?? before)?.metadata.uid ?? '';
      const [from, to] = [before?.spec.nodeName, after?.spec.nodeName];
      if (to !== undefined || after === undefined) this.#nominated.delete(uid);
      if (from !== to) {
        this.#count(from, -1);
        this.#count(to, 1);
      }
      // A pod that has ended holds no port.
      this.#ports.note(to ?? from, uid, after === undefined || isFinished(after) ? undefined : after);
    });
  }

  /** The node for a pod, the least busy of those that fit, or whom it evicts from one where others hold its ports. */
  choose(pod: KubernetesObject): Decision {
    if (this.#world.aws.isFargate(pod.metadata.namespace ?? '', pod.metadata.labels ?? {}) && !isDaemonPod(pod)) {
      const fargate = this.#least(this.#world.store.list(this.#nodes).filter(isFargateNode)) ?? this.#fargateNode();
      return { nodeName: fargate, victims: [] };
    }
    const fitting = this.#eligible(pod.spec).filter((node) => isUp(node) && (isDaemonPod(pod) || node.spec?.unschedulable !== true));
    const ports = hostPortsOf(pod.spec);
    if (ports.length === 0) return { nodeName: this.#least(fitting), victims: [] };
    const judged = fitting.map((node) => {
      const nominated = this.#nominatedFor(node.metadata.name, pod, ports);
      return { node, holders: [...this.#ports.holders(node.metadata.name, ports), ...nominated] };
    });
    const nodeName = this.#least(judged.filter(({ holders }) => holders.length === 0).map(({ node }) => node));
    return { nodeName, victims: nodeName === undefined ? this.#victims(pod, judged) : [] };
  }

  /** The fewest pods of lower priority that are in the way on one node; none where some are as important, or are leaving already. */
  #victims(
    pod: KubernetesObject,
    judged: readonly { readonly node: KubernetesObject; readonly holders: readonly KubernetesObject[] }[],
  ): readonly KubernetesObject[] {
    if (pod.spec.preemptionPolicy === 'Never') return [];
    const priority = this.#priority(pod);
    const possible = judged.filter(({ holders }) => holders.every((holder) => this.#priority(holder) < priority));
    const fewest = [...possible].sort((left, right) => left.holders.length - right.holders.length)[0];
    if (fewest === undefined) return [];
    this.#nominated.set(pod.metadata.uid ?? '', { pod, nodeName: fewest.node.metadata.name });
    return fewest.holders.filter((holder) => holder.metadata.deletionTimestamp === undefined);
  }

  /** Pods for which others were evicted from a node, and that are as important: what comes after them waits (nominatedNodeName). */
  #nominatedFor(name: string, pod: KubernetesObject, ports: readonly HostPort[]): KubernetesObject[] {
    const priority = this.#priority(pod);
    return [...this.#nominated.values()]
      .filter((one) => one.nodeName === name && one.pod.metadata.uid !== pod.metadata.uid && this.#priority(one.pod) >= priority)
      .filter((one) => hostPortsOf(one.pod.spec).some((port) => ports.some((other) => collide(port, other))))
      .map((one) => one.pod);
  }

  #priority({ spec }: KubernetesObject): number {
    if (typeof spec.priority === 'number') return spec.priority;
    const name: string | undefined = spec.priorityClassName;
    const classes = this.#world.store.list(this.#classes);
    const chosen = classes.find((one) => (name === undefined ? one.globalDefault === true : one.metadata.name === name));
    return chosen?.value ?? SYSTEM_CLASSES[name ?? ''] ?? 0;
  }

  #eligible(demand: Demand): KubernetesObject[] {
    const nodes = this.#world.store.list(this.#nodes);
    if (nodes !== this.#seen) {
      this.#seen = nodes;
      this.#candidates = new Map();
    }
    const key = JSON.stringify([demand.nodeSelector, demand.affinity?.nodeAffinity, demand.tolerations]);
    let eligible = this.#candidates.get(key);
    if (eligible === undefined) {
      eligible = nodes.filter((node) => !isFargateNode(node) && fits(demand, node));
      this.#candidates.set(key, eligible);
    }
    return eligible;
  }

  #least(nodes: readonly KubernetesObject[]): string | undefined {
    let best: string | undefined;
    let load = Number.POSITIVE_INFINITY;
    for (const { metadata } of nodes) {
      const count = this.#load.get(metadata.name) ?? 0;
      if (count < load) {
        best = metadata.name;
        load = count;
      }
    }
    return best;
  }

  #count(node: string | undefined, change: number): void {
    if (node !== undefined) {
      this.#load.set(node, (this.#load.get(node) ?? 0) + change);
    }
  }

  /** Fargate brings a node where the snapshot has none. */
  #fargateNode(): string {
    const name = 'fargate-ip-192-168-0-1';
    this.#world.store.create(
      this.#nodes,
      {
        apiVersion: 'v1',
        kind: 'Node',
        metadata: {
          name,
          labels: { 'eks.amazonaws.com/compute-type': 'fargate', 'kubernetes.io/os': 'linux', 'kubernetes.io/hostname': name },
        },
        spec: { taints: [{ key: 'eks.amazonaws.com/compute-type', value: 'fargate', effect: 'NoSchedule' }] },
        status: { conditions: [{ type: 'Ready', status: 'True' }], nodeInfo: { operatingSystem: 'linux', architecture: 'amd64' } },
      },
      'system',
    );
    return name;
  }
}

function isUp(node: KubernetesObject): boolean {
  return (condition(node, 'Ready')?.status ?? 'True') === 'True';
}

function isDaemonPod(pod: KubernetesObject): boolean {
  return (
    pod.metadata.ownerReferences?.some(
      (owner) => owner.controller === true && owner.kind === 'DaemonSet' && owner.apiVersion.startsWith('apps/'),
    ) ?? false
  );
}
