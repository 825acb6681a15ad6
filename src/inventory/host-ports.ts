import type { KubernetesObject } from '../kubernetes/gateway.ts';
import type { AgentPortFact } from '../model/inventory.ts';
import { wantsWindows } from './nodes.ts';
import { templateOf } from './workloads.ts';

// biome-ignore lint/suspicious/noExplicitAny: a pod spec as the API gives it
type Spec = any;

/** The ports of a node that the agent's pods ask the scheduler for (eks-pod-identity-agent, charts/eks-pod-identity-agent: daemonset.yaml). */
const AGENT_PORTS: ReadonlySet<number> = new Set([80, 2703]);

/** The priority of `system-node-critical` (Kubernetes, "Guaranteed Scheduling For Critical Add-On Pods"). */
const NODE_CRITICAL = 2_000_001_000;

/**
 * What an object's pods take of the ports that the agent needs: the scheduler gives a port of a node to one pod alone, and takes it
 * from one of lower priority. Undefined where it is nothing, where no pod runs, and for pods on Windows, where no agent runs.
 */
export function agentPortsHeld(object: KubernetesObject, subject: string): AgentPortFact | undefined {
  const spec: Spec = templateOf(object)?.spec;
  if (spec === undefined || wantsWindows(spec) || !mayRun(object)) return undefined;
  const ports = [...new Set(hostPorts(spec).filter((port) => AGENT_PORTS.has(port)))].sort((a, b) => a - b);
  if (ports.length === 0) return undefined;
  return { subject, ports, critical: spec.priorityClassName === 'system-node-critical' || (spec.priority ?? 0) >= NODE_CRITICAL };
}

/** TCP ports of the node that a pod of this spec takes: on the host's network each port that a container names is one. */
function hostPorts(spec: Spec): number[] {
  const sidecars = (spec.initContainers ?? []).filter((container: Spec) => container.restartPolicy === 'Always');
  return [...sidecars, ...(spec.containers ?? [])].flatMap((container: Spec) =>
    (container.ports ?? [])
      .filter((one: Spec) => (one.protocol ?? 'TCP') === 'TCP')
      .map((one: Spec) => one.hostPort ?? (spec.hostNetwork === true ? one.containerPort : undefined))
      .filter((port: unknown) => typeof port === 'number'),
  );
}

function mayRun({ kind, spec, status }: KubernetesObject): boolean {
  if (kind === 'Pod') return status?.phase !== 'Succeeded' && status?.phase !== 'Failed';
  if (kind === 'DaemonSet') return status?.desiredNumberScheduled !== 0;
  // A Job's next pod waits for its port; it is not evicted.
  return kind !== 'Job' && kind !== 'CronJob' && spec?.replicas !== 0;
}
