import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import { type Api, must } from './api.ts';

/** Makes Linux nodes named and labelled as EKS' are; kwok gives them a status. */
export async function makeNodes(api: Api, count: number, region: string): Promise<void> {
  for (let index = 1; index <= count; index += 1) {
    const name = `ip-10-0-1-${index}.${region}.compute.internal`;
    const labels = {
      'kubernetes.io/arch': 'amd64',
      'kubernetes.io/hostname': name,
      'kubernetes.io/os': 'linux',
      'eks.amazonaws.com/nodegroup': 'general',
      'topology.kubernetes.io/region': region,
      'topology.kubernetes.io/zone': `${region}${index % 2 === 0 ? 'b' : 'a'}`,
    };
    must(await api('POST', '/api/v1/nodes', { body: { apiVersion: 'v1', kind: 'Node', metadata: { name, labels } } }), `node ${name}`);
  }
}

/** How many of the nodes are ready. */
export function readyNodes(nodes: readonly KubernetesObject[]): number {
  return nodes.filter((node) => {
    const conditions: readonly { type: string; status: string }[] = node.status?.conditions ?? [];
    return conditions.some(({ type, status }) => type === 'Ready' && status === 'True');
  }).length;
}
