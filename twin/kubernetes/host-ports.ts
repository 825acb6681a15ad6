import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';

/** A port of its node that a pod takes. */
export interface HostPort {
  readonly port: number;
  readonly protocol: string;
  /** `0.0.0.0` for all addresses. */
  readonly address: string;
}

interface Container {
  readonly restartPolicy?: string;
  readonly ports?: readonly {
    readonly hostPort?: number;
    readonly containerPort?: number;
    readonly protocol?: string;
    readonly hostIP?: string;
  }[];
}

/**
 * The ports of its node that a pod of this spec takes; those that a container on the host's network names are such ports (API server:
 * pkg/apis/core/v1/defaults.go; scheduler: pkg/scheduler/util, GetHostPorts).
 */
export function hostPortsOf(spec: KubernetesObject['spec']): HostPort[] {
  const sidecars = ((spec.initContainers ?? []) as Container[]).filter(({ restartPolicy }) => restartPolicy === 'Always');
  return [...sidecars, ...((spec.containers ?? []) as Container[])].flatMap(({ ports = [] }) =>
    ports.flatMap(({ hostPort, containerPort, protocol = 'TCP', hostIP = '0.0.0.0' }) => {
      const port = hostPort || (spec.hostNetwork === true ? containerPort : undefined);
      return port ? [{ port, protocol, address: hostIP === '' ? '0.0.0.0' : hostIP }] : [];
    }),
  );
}

/** Whether one port cannot be had beside the other (pkg/scheduler/framework, HostPortInfo.CheckConflict). */
export function collide(one: HostPort, other: HostPort): boolean {
  if (one.port !== other.port || one.protocol !== other.protocol) return false;
  return one.address === other.address || one.address === '0.0.0.0' || other.address === '0.0.0.0';
}

/** The pods that hold ports of each node. */
export class HostPorts {
  readonly #nodes = new Map<string, Map<string, { readonly pod: KubernetesObject; readonly ports: readonly HostPort[] }>>();

  /** Takes up a pod as it stands on its node, or lets it go. */
  note(nodeName: string | undefined, uid: string, pod: KubernetesObject | undefined): void {
    if (nodeName === undefined) return;
    const held = this.#nodes.get(nodeName);
    if (pod === undefined) {
      held?.delete(uid);
      return;
    }
    const ports = hostPortsOf(pod.spec);
    if (ports.length === 0) return;
    this.#nodes.set(nodeName, (held ?? new Map()).set(uid, { pod, ports }));
  }

  /** The pods of a node in whose way a pod with these ports would be. */
  holders(nodeName: string, wanted: readonly HostPort[]): KubernetesObject[] {
    if (wanted.length === 0) return [];
    return [...(this.#nodes.get(nodeName)?.values() ?? [])]
      .filter(({ ports }) => ports.some((port) => wanted.some((one) => collide(one, port))))
      .map(({ pod }) => pod);
  }
}
