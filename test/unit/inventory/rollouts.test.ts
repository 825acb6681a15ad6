import { describe, expect, it } from 'vitest';
import type { KubernetesObject } from '../../../src/kubernetes/gateway.ts';
import { small, take } from '../fixtures/inventory-worlds.ts';

/** A Rollout of two pods that takes its template from `kind` `name`, with the ReplicaSet and pods that it made. */
function rollout(kind: string, name: string): KubernetesObject[] {
  const owner = (apiVersion: string, of: string, called: string) => ({
    ownerReferences: [{ apiVersion, kind: of, name: called, uid: `u-${called}`, controller: true }],
  });
  const spec = { serviceAccountName: 'app-0', containers: [{ name: 'c', image: 'app:1' }] };
  const pod = (suffix: string): KubernetesObject => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `ro-1-${suffix}`, namespace: 'team-0', ...owner('apps/v1', 'ReplicaSet', 'ro-1') },
    spec,
    status: { phase: 'Running' },
  });
  return [
    {
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'Rollout',
      metadata: { name: 'ro', namespace: 'team-0', uid: 'u-ro' },
      spec: { replicas: 2, workloadRef: { apiVersion: 'apps/v1', kind, name } },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      metadata: { name: 'ro-1', namespace: 'team-0', uid: 'u-ro-1', ...owner('argoproj.io/v1alpha1', 'Rollout', 'ro') },
      spec: { template: { spec } },
    },
    pod('a'),
    pod('b'),
  ];
}

const read = async (objects: readonly KubernetesObject[]) =>
  (await take(small((world) => void world.objects.push(...objects)))).inventory.workloads;

describe('a Rollout that takes its template from another workload', () => {
  it('has its pods and its template, and the other says who takes it', async () => {
    expect(await read(rollout('Deployment', 'app-0'))).toMatchObject([
      { kind: 'Deployment', name: 'app-0', templateOf: 'Rollout/team-0/ro', livePods: 2 },
      { kind: 'Rollout', name: 'ro', controlledBy: null, livePods: 2, replicas: 2 },
    ]);
  });

  it.each(['PodTemplate', 'Deployment'])('is of an unknown kind where the %s is not there', async (kind) => {
    expect(await read(rollout(kind, 'elsewhere'))).toMatchObject([
      { kind: 'Deployment', name: 'app-0' },
      { kind: 'Rollout', name: 'ro', controlledBy: { kind: 'Rollout' }, livePods: 2 },
    ]);
  });
});
