import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import type { Kind } from './kinds.ts';
import { condition } from './objects.ts';
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

/** Chooses nodes. Room on nodes is not counted: the snapshot's cluster had room for what it ran. */
export class Scheduler {
  readonly #world: World;
  readonly #nodes: Kind;
  readonly #load = new Map<string, number>();
  #candidates = new Map<string, KubernetesObject[]>();
  #seen: readonly KubernetesObject[] = [];

  constructor(world: World) {
    this.#world = world;
    this.#nodes = world.kind('', 'Node');
    world.store.subscribe(({ kind, before, after }) => {
      if (kind === world.pods && before?.spec.nodeName !== after?.spec.nodeName) {
        this.#count(before?.spec.nodeName, -1);
        this.#count(after?.spec.nodeName, 1);
      }
    });
  }

  /** The node for a pod, the least busy of those that fit; undefined where none does. */
  choose(pod: KubernetesObject): string | undefined {
    if (this.#world.aws.isFargate(pod.metadata.namespace ?? '', pod.metadata.labels ?? {}) && !isDaemonPod(pod)) {
      return this.#least(this.#world.store.list(this.#nodes).filter(isFargateNode)) ?? this.#fargateNode();
    }
    const nodes = this.#eligible(pod.spec);
    return this.#least(isDaemonPod(pod) ? nodes.filter(isUp) : nodes.filter((node) => isUp(node) && node.spec?.unschedulable !== true));
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
