import { describe, expect, it } from 'vitest';
import { generateCluster } from '../../../bench/inventory.bench.ts';
import { takeInventory } from '../../../src/inventory/inventory.ts';
import type { KubernetesGateway, KubernetesObject } from '../../../src/kubernetes/gateway.ts';
import { migrationOptions } from '../../../src/model/options.ts';
import { type FakeWorld, fakeGateways } from '../fixtures/fake-gateways.ts';
import { clock } from '../fixtures/inventory-worlds.ts';

describe('takeInventory of a few chosen service accounts', () => {
  const chosen = { serviceAccounts: ['team-2/app-2'] };
  const bare: KubernetesObject = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'edge', namespace: 'team-1', uid: 'edge' },
    spec: { nodeName: 'n', containers: [{ name: 'edge', ports: [{ containerPort: 80, hostPort: 80 }] }] },
    status: { phase: 'Running' },
  };
  const worldWith = (agent: { readonly ready: number } | undefined): FakeWorld => {
    const world = generateCluster({ serviceAccounts: 4, pods: 12, roles: 4 });
    const nodes = world.objects.filter(({ kind }) => kind === 'Node').slice(0, 3);
    const labels = { 'app.kubernetes.io/name': 'eks-pod-identity-agent' };
    const daemonSet: KubernetesObject = {
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      metadata: { name: 'eks-pod-identity-agent', namespace: 'kube-system', uid: 'agent', labels },
      spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers: [] } } },
      status: { desiredNumberScheduled: nodes.length, numberReady: agent?.ready },
    };
    const pods = nodes.map(
      ({ metadata }): KubernetesObject => ({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: {
          name: `agent-${metadata.name}`,
          namespace: 'kube-system',
          labels,
          ownerReferences: [{ apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'eks-pod-identity-agent', uid: 'agent', controller: true }],
        },
        spec: { nodeName: metadata.name, containers: [] },
        status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
      }),
    );
    return { ...world, objects: [...world.objects, bare, ...(agent === undefined ? [] : [daemonSet, ...pods])] };
  };
  const reading = async (world: FakeWorld, options: { serviceAccounts?: string[]; namespaces?: string[] }) => {
    const { aws, kubernetes } = fakeGateways(world);
    const asked: unknown[] = [];
    const list: KubernetesGateway['list'] = (resource, selectors) => {
      if (resource.plural === 'pods') asked.push(selectors ?? 'all');
      return kubernetes.list(resource, selectors);
    };
    const visit: KubernetesGateway['visit'] = async (resource, reduce) => {
      for (const object of await list(resource)) reduce(object);
    };
    const inventory = await takeInventory(aws, { ...kubernetes, list, visit }, migrationOptions.parse(options), clock);
    return { inventory, asked };
  };

  it('asks for their pods and the agent’s alone where the agent runs on every node, and finds the same of them', async () => {
    const world = worldWith({ ready: 3 });
    const { inventory, asked } = await reading(world, chosen);
    expect(asked).toEqual([
      { namespace: 'team-2', fieldSelector: 'spec.serviceAccountName=app-2' },
      { namespace: 'kube-system', labelSelector: 'app.kubernetes.io/name=eks-pod-identity-agent' },
    ]);
    const { inventory: whole } = await reading(world, {});
    expect(inventory.nodes.filter(({ agentReady }) => agentReady)).toHaveLength(3);
    expect(inventory.nodes).toEqual(whole.nodes);
    expect(inventory.agent).toEqual(whole.agent);
    expect(inventory.workloads).toEqual(whole.workloads.filter(({ name }) => name === 'app-2'));
    expect(inventory.workloads[0]?.livePods).toBe(3);
  });

  it.each([
    ['is missing', undefined],
    ['is missing on a node', { ready: 2 }],
  ])('looks at every pod where the agent %s: any of them may hold its ports', async (_, agent) => {
    const { inventory, asked } = await reading(worldWith(agent), chosen);
    expect(asked).toEqual(['all']);
    expect(inventory.platform?.agentPorts).toEqual([{ subject: 'Pod/team-1/edge', ports: [80], critical: false }]);
  });

  it('looks at every pod where more are chosen than are worth a list each', async () => {
    const many = Array.from({ length: 11 }, (_, index) => `team-${index}/app-${index}`);
    expect((await reading(worldWith({ ready: 3 }), { serviceAccounts: many })).asked).toEqual(['all']);
    expect((await reading(worldWith({ ready: 3 }), { namespaces: ['team-2'] })).asked).toEqual(['all']);
  });
});
