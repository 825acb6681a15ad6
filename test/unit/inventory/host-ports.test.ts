import { describe, expect, it } from 'vitest';
import { agentPortsHeld } from '../../../src/inventory/host-ports.ts';
import type { KubernetesObject } from '../../../src/kubernetes/gateway.ts';
import { object, small, take } from '../fixtures/inventory-worlds.ts';

const SUBJECT = 'DaemonSet/edge/proxy';
const spec = (ports: object[], more: object = {}) => ({ containers: [{ name: 'proxy', ports }], ...more });
const workload = (podSpec: object, more: object = {}): KubernetesObject => ({
  ...object('DaemonSet', { spec: { template: { metadata: {}, spec: podSpec } } }, { name: 'proxy', namespace: 'edge' }),
  ...more,
});
const held = (podSpec: object, more: object = {}) => agentPortsHeld(workload(podSpec, more), SUBJECT);

describe('who holds a port that the agent needs', () => {
  it.each<[string, object, readonly number[]]>([
    ['a host port', spec([{ containerPort: 8080, hostPort: 80 }]), [80]],
    ['the port of the agent’s probes', spec([{ containerPort: 1, hostPort: 2703 }]), [2703]],
    ['one of one address', spec([{ containerPort: 80, hostPort: 80, hostIP: '10.0.0.1' }]), [80]],
    ['a port on the host’s network', spec([{ containerPort: 80 }], { hostNetwork: true }), [80]],
    ['a port of a native sidecar', { containers: [], initContainers: [{ restartPolicy: 'Always', ports: [{ hostPort: 80 }] }] }, [80]],
  ])('%s', (_what, podSpec, ports) => {
    expect(held(podSpec)).toEqual({ subject: SUBJECT, ports, critical: false });
  });

  it.each<[string, object, object?]>([
    ['another port', spec([{ containerPort: 8080, hostPort: 8080 }])],
    ['a port of the pod alone', spec([{ containerPort: 80 }])],
    ['UDP', spec([{ containerPort: 80, hostPort: 80, protocol: 'UDP' }])],
    ['an init container that ends', { containers: [], initContainers: [{ ports: [{ hostPort: 80 }] }] }],
    ['pods on Windows', spec([{ hostPort: 80 }], { nodeSelector: { 'kubernetes.io/os': 'windows' } })],
    ['a DaemonSet that runs nowhere', spec([{ hostPort: 80 }]), { status: { desiredNumberScheduled: 0 } }],
    [
      'a Deployment without replicas',
      spec([{ hostPort: 80 }]),
      { kind: 'Deployment', spec: { replicas: 0, template: { spec: spec([{ hostPort: 80 }]) } } },
    ],
    ['a Job', spec([{ hostPort: 80 }]), { kind: 'Job' }],
  ])('not %s', (_what, podSpec, more = {}) => {
    expect(held(podSpec, more)).toBeUndefined();
  });

  it('and whether it is as critical as the agent', () => {
    expect(held(spec([{ hostPort: 80 }], { priorityClassName: 'system-node-critical' }))?.critical).toBe(true);
    expect(held(spec([{ hostPort: 80 }], { priority: 2_000_001_000 }))?.critical).toBe(true);
    expect(held(spec([{ hostPort: 80 }], { priorityClassName: 'system-cluster-critical', priority: 2_000_000_000 }))?.critical).toBe(false);
  });

  it('is in the inventory: workloads, bare pods, pods of unknown owners and static ones', async () => {
    const pod = (name: string, owner?: object) => {
      const ownerReferences = owner === undefined ? {} : { ownerReferences: [{ uid: 'u', controller: true, ...owner }] as never };
      const made = object('Pod', { spec: spec([{ hostPort: 80 }]) }, { name, namespace: 'edge', ...ownerReferences });
      return { ...made, apiVersion: 'v1' };
    };
    const { inventory } = await take(
      small((world) => {
        world.objects.push(
          workload(spec([{ hostPort: 80 }])),
          pod('bare'),
          pod('robot-1', { apiVersion: 'acme.dev/v1', kind: 'Robot', name: 'robot' }),
          pod('static', { apiVersion: 'v1', kind: 'Node', name: 'node-1' }),
          pod('of-known', { apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'proxy' }),
        );
      }),
    );
    expect(inventory.platform?.agentPorts?.map(({ subject }) => subject)).toEqual([
      SUBJECT,
      'Pod/edge/bare',
      'Pod/edge/static',
      'Robot/edge/robot',
    ]);
  });
});
