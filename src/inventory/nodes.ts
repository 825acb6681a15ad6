import type { KubernetesObject } from '../kubernetes/gateway.ts';
import type { NodeFacts } from '../model/inventory.ts';

/** A node with what decides whether a pod fits on it; labels and taints are not kept in the inventory. */
export interface Node extends Omit<NodeFacts, 'agentReady'> {
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly Taint[];
}

interface Taint {
  readonly key: string;
  readonly value?: string;
  readonly effect: string;
}

/** Reads one node: its class is by the labels that EKS, Karpenter and virtual-kubelet put on it. */
export function readNode(object: KubernetesObject): Node {
  const labels = object.metadata.labels ?? {};
  return {
    name: object.metadata.name,
    class: nodeClass(object, labels),
    ...(isBottlerocket(labels) ? { bottlerocket: true as const } : {}),
    ready: (object.status?.conditions ?? []).some(
      (condition: { type: string; status: string }) => condition.type === 'Ready' && condition.status === 'True',
    ),
    labels,
    taints: object.spec?.taints ?? [],
  };
}

function nodeClass(object: KubernetesObject, labels: Readonly<Record<string, string>>): NodeFacts['class'] {
  const compute = labels['eks.amazonaws.com/compute-type'];
  if (compute === 'fargate' || isFargateNode(object.metadata.name)) return 'fargate';
  if (compute === 'hybrid') return 'hybrid';
  if (labels.type === 'virtual-kubelet') return 'virtual';
  const os = labels['kubernetes.io/os'] ?? labels['beta.kubernetes.io/os'] ?? object.status?.nodeInfo?.operatingSystem;
  if (os === 'windows') return 'windows';
  return compute === 'auto' ? 'auto' : 'linux';
}

/** By the labels that the agent's chart goes by (eks-pod-identity-agent, charts/eks-pod-identity-agent/values.yaml). */
function isBottlerocket(labels: Readonly<Record<string, string>>): boolean {
  return labels['os.bottlerocket.aws/variant'] !== undefined || labels['os.bottlerocket.aws/version'] !== undefined;
}

/** Whether a node's name is one that Fargate gives. */
export function isFargateNode(name: string): boolean {
  return name.startsWith('fargate-');
}

// biome-ignore lint/suspicious/noExplicitAny: a pod spec as the API gives it
type PodSpec = any;

/** Whether the scheduler could put a pod of this spec on the node, by node selector, required node affinity and taints. */
export function fits(spec: PodSpec, node: Node): boolean {
  const wanted = Object.entries<string>(spec?.nodeSelector ?? {});
  if (!wanted.every(([key, value]) => node.labels[key] === value)) return false;
  const terms = spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  if (terms !== undefined && !terms.some((term: PodSpec) => matchesExpressions(term.matchExpressions, node.labels))) return false;
  return node.taints.every((taint) => taint.effect === 'PreferNoSchedule' || tolerates(spec?.tolerations ?? [], taint));
}

/** A label selector's `matchExpressions`; operators that are not known match nothing. */
export function matchesExpressions(expressions: PodSpec[] | undefined, labels: Readonly<Record<string, string>>): boolean {
  return (expressions ?? []).every(({ key, operator, values = [] }) => {
    const value = labels[key];
    if (operator === 'In') return value !== undefined && values.includes(value);
    if (operator === 'NotIn') return value === undefined || !values.includes(value);
    if (operator === 'Exists') return value !== undefined;
    return operator === 'DoesNotExist' && value === undefined;
  });
}

function tolerates(tolerations: PodSpec[], taint: Taint): boolean {
  return tolerations.some(
    ({ key, operator = 'Equal', value, effect }) =>
      (effect === undefined || effect === '' || effect === taint.effect) &&
      (operator === 'Exists'
        ? key === undefined || key === '' || key === taint.key
        : key === taint.key && (value ?? '') === (taint.value ?? '')),
  );
}

/** Whether a pod spec asks for Windows: by its OS, its node selector, or its required node affinity. */
export function wantsWindows(spec: PodSpec): boolean {
  const selector = spec?.nodeSelector ?? {};
  if (spec?.os?.name === 'windows') return true;
  if (selector['kubernetes.io/os'] === 'windows' || selector['beta.kubernetes.io/os'] === 'windows') return true;
  const terms = spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  return terms.some((term: PodSpec) =>
    (term.matchExpressions ?? []).some(
      ({ key, operator, values }: PodSpec) => /^(beta\.)?kubernetes\.io\/os$/.test(key) && operator === 'In' && values?.includes('windows'),
    ),
  );
}
