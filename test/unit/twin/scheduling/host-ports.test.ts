import { describe, expect, it } from 'vitest';
import type { KubernetesObject } from '../../../../src/kubernetes/gateway.ts';
import { agentDaemonSets } from '../../../../twin/aws/agent-daemonset.ts';
import { barePod, createTestCluster, node, START, type TestCluster, workload } from '../../fixtures/twin-kubernetes-cluster.ts';

const port = (hostPort: number, more: object = {}) => ({
  containers: [{ name: 'main', image: 'x', ports: [{ containerPort: 8080, hostPort, ...more }] }],
});
const where = (cluster: TestCluster, prefix: string) =>
  cluster
    .pods(prefix)
    .map(({ spec, status }) => (spec.nodeName === undefined ? status.phase : spec.nodeName))
    .sort();
const installAgent = (cluster: TestCluster) => {
  for (const set of agentDaemonSets('eu-west-1', 'test', 'v1')) cluster.side.apply(set);
};

describe('a port of a node', () => {
  it('is one pod’s alone: others go to other nodes, and wait where there is none', async () => {
    const cluster = createTestCluster([node('n1'), node('n2'), workload('Deployment', 'web', { replicas: 3 }, port(8080))]);
    expect(where(cluster, 'web-')).toEqual(['Pending', 'n1', 'n2']);
    const first = cluster.pods('web-').find(({ spec }) => spec.nodeName === 'n1') as KubernetesObject;
    // The pod that waits gets the port when it is free, ahead of the one that the controller makes anew.
    cluster.request('DELETE', `/api/v1/namespaces/shop/pods/${first.metadata.name}`);
    await cluster.clock.advance(60_000);
    expect(where(cluster, 'web-')).toEqual(['Pending', 'n1', 'n2']);
  });

  it.each<[string, object, object, boolean]>([
    ['of another protocol', {}, { protocol: 'UDP' }, true],
    ['of two addresses', { hostIP: '10.0.0.1' }, { hostIP: '10.0.0.2' }, true],
    ['of one address and of all', { hostIP: '10.0.0.1' }, {}, false],
  ])('%s', (_what, one, other, both) => {
    const cluster = createTestCluster([node('n1'), barePod('a', port(80, one)), barePod('b', port(80, other))]);
    expect(cluster.side.objects('Pod').filter(({ spec }) => spec.nodeName === 'n1')).toHaveLength(both ? 2 : 1);
  });

  it('is taken by every port that a container names on the host’s network', () => {
    const hostNetwork = { hostNetwork: true, containers: [{ name: 'main', image: 'x', ports: [{ containerPort: 80 }] }] };
    const cluster = createTestCluster([node('n1'), barePod('a', hostNetwork), barePod('b', port(80))]);
    expect(cluster.side.objects('Pod').filter(({ spec }) => spec.nodeName === 'n1')).toHaveLength(1);
  });

  it('is free again when its pod has ended', () => {
    const ended = { ...barePod('ended', { ...port(80), nodeName: 'n1' }, { uid: 'e' }), status: { phase: 'Succeeded' } };
    const cluster = createTestCluster([node('n1'), ended, barePod('next', port(80))]);
    expect(where(cluster, 'next')).toEqual(['n1']);
  });
});

describe('the agent that is installed', () => {
  it('evicts who holds its port on every node, and they do not come back beside it', async () => {
    const cluster = createTestCluster([node('n1'), node('n2'), workload('DaemonSet', 'proxy', {}, port(80))]);
    expect(where(cluster, 'proxy-')).toEqual(['n1', 'n2']);
    installAgent(cluster);
    await cluster.clock.advance(60_000);
    expect(where(cluster, 'eks-pod-identity-agent')).toEqual(['n1', 'n2']);
    expect(where(cluster, 'proxy-')).toEqual(['Pending', 'Pending']);
    expect(cluster.side.object('DaemonSet', 'kube-system', 'eks-pod-identity-agent')?.status).toMatchObject({ numberReady: 2 });
  });

  it('waits where that pod is as critical, or belongs to nobody it may evict', async () => {
    const cluster = createTestCluster([
      node('n1'),
      workload('DaemonSet', 'proxy', {}, { ...port(80), priorityClassName: 'system-node-critical' }),
    ]);
    installAgent(cluster);
    await cluster.clock.advance(60_000);
    expect(where(cluster, 'eks-pod-identity-agent')).toEqual(['Pending']);
    expect(where(cluster, 'proxy-')).toEqual(['n1']);
  });

  it('goes by the classes of the cluster', async () => {
    const urgent = { apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata: { name: 'urgent' }, value: 1000 };
    const low = workload('DaemonSet', 'low', {}, port(8443));
    const cluster = createTestCluster([node('n1'), urgent, low]);
    cluster.side.apply(workload('DaemonSet', 'high', {}, { ...port(8443), priorityClassName: 'urgent' }));
    cluster.side.apply(workload('DaemonSet', 'meek', {}, { ...port(8443), priorityClassName: 'urgent', preemptionPolicy: 'Never' }));
    await cluster.clock.advance(60_000);
    expect([where(cluster, 'low-'), where(cluster, 'high-'), where(cluster, 'meek-')]).toEqual([['Pending'], ['n1'], ['Pending']]);
    expect(cluster.clock.now()).toBeGreaterThan(START);
  });
});
