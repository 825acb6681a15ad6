import { describe, expect, it } from 'vitest';
import type { KubernetesObject } from '../../../src/kubernetes/gateway.ts';
import { judgeRollout } from '../../../src/verification/rollout.ts';

function workload(kind: string, spec: object, status: object, generation = 1): KubernetesObject {
  return { apiVersion: 'apps/v1', kind, metadata: { name: 'w', generation }, spec, status: { observedGeneration: 1, ...status } };
}

describe('a roll-out', () => {
  it.each<[string, string, KubernetesObject]>([
    ['progressing', 'that its controller has not seen', workload('Deployment', {}, {}, 2)],
    [
      'progressing',
      'whose controller has written no status',
      { apiVersion: 'apps/v1', kind: 'DaemonSet', metadata: { name: 'w', generation: 1 } },
    ],
    ['progressing', 'of a Deployment with old pods only', workload('Deployment', { replicas: 2 }, { replicas: 2, availableReplicas: 2 })],
    ['progressing', 'of a Deployment with no replicas in its spec', workload('Deployment', {}, {})],
    [
      'progressing',
      'of a Deployment with an old pod left',
      workload('Deployment', { replicas: 2 }, { replicas: 3, updatedReplicas: 2, availableReplicas: 3 }),
    ],
    [
      'progressing',
      'of a Deployment with an unavailable new pod',
      workload('Deployment', { replicas: 2 }, { replicas: 2, updatedReplicas: 2, availableReplicas: 1 }),
    ],
    ['complete', 'of a Deployment', workload('Deployment', { replicas: 2 }, { replicas: 2, updatedReplicas: 2, availableReplicas: 2 })],
    ['complete', 'of a Deployment that is scaled to zero', workload('Deployment', { replicas: 0 }, {})],
    [
      'failed',
      'of a Deployment over its deadline',
      workload('Deployment', { replicas: 1 }, { conditions: [{ type: 'Progressing', reason: 'ProgressDeadlineExceeded' }] }),
    ],
    [
      'progressing',
      'of a DaemonSet with an old pod',
      workload('DaemonSet', {}, { desiredNumberScheduled: 3, updatedNumberScheduled: 2, numberAvailable: 3 }),
    ],
    [
      'progressing',
      'of a DaemonSet with an unavailable pod',
      workload('DaemonSet', {}, { desiredNumberScheduled: 3, updatedNumberScheduled: 3, numberAvailable: 2 }),
    ],
    ['complete', 'of a DaemonSet', workload('DaemonSet', {}, { desiredNumberScheduled: 3, updatedNumberScheduled: 3, numberAvailable: 3 })],
    ['complete', 'of a DaemonSet without nodes', workload('DaemonSet', {}, {})],
    [
      'complete',
      'of a DaemonSet that is updated on delete',
      workload('DaemonSet', { updateStrategy: { type: 'OnDelete' } }, { desiredNumberScheduled: 3, numberAvailable: 3 }),
    ],
    [
      'progressing',
      'of a StatefulSet with an unready pod',
      workload('StatefulSet', { replicas: 3 }, { readyReplicas: 2, updateRevision: 'b', currentRevision: 'b' }),
    ],
    [
      'progressing',
      'of a StatefulSet between revisions',
      workload('StatefulSet', { replicas: 3 }, { readyReplicas: 3, updateRevision: 'b', currentRevision: 'a' }),
    ],
    [
      'complete',
      'of a StatefulSet',
      workload('StatefulSet', { replicas: 3 }, { readyReplicas: 3, updateRevision: 'b', currentRevision: 'b' }),
    ],
    [
      'complete',
      'of a StatefulSet that is updated on delete',
      workload(
        'StatefulSet',
        { replicas: 1, updateStrategy: { type: 'OnDelete' } },
        { readyReplicas: 1, updateRevision: 'b', currentRevision: 'a' },
      ),
    ],
    [
      'progressing',
      'of a partitioned StatefulSet',
      workload(
        'StatefulSet',
        { replicas: 3, updateStrategy: { rollingUpdate: { partition: 1 } } },
        { readyReplicas: 3, updatedReplicas: 1 },
      ),
    ],
    [
      'complete',
      'of a partitioned StatefulSet down to its partition',
      workload(
        'StatefulSet',
        { replicas: 3, updateStrategy: { rollingUpdate: { partition: 1 } } },
        { readyReplicas: 3, updatedReplicas: 2 },
      ),
    ],
    [
      'complete',
      'of a StatefulSet without numbers in its spec',
      workload('StatefulSet', { updateStrategy: { rollingUpdate: { partition: 1 } } }, { readyReplicas: 1 }),
    ],
    [
      'progressing',
      'of an Argo Rollout that restarts',
      workload(
        'Rollout',
        { replicas: 1, restartAt: '2026-01-05T10:00:00Z' },
        { availableReplicas: 1, restartedAt: '2026-01-04T10:00:00Z' },
      ),
    ],
    [
      'progressing',
      'of an Argo Rollout that never restarted',
      workload('Rollout', { replicas: 1, restartAt: '2026-01-05T10:00:00Z' }, { availableReplicas: 1 }),
    ],
    ['progressing', 'of an Argo Rollout with a missing pod', workload('Rollout', { replicas: 2 }, { availableReplicas: 1 })],
    [
      'complete',
      'of an Argo Rollout',
      workload('Rollout', { restartAt: '2026-01-05T10:00:00Z' }, { availableReplicas: 1, restartedAt: '2026-01-05T10:00:00Z' }),
    ],
    ['progressing', 'of a ReplicaSet with a missing pod', workload('ReplicaSet', { replicas: 2 }, { readyReplicas: 1 })],
    ['complete', 'of a ReplicaSet', workload('ReplicaSet', {}, { readyReplicas: 1 })],
    ['progressing', 'of an Argo Rollout without a status', workload('Rollout', {}, {})],
    ['progressing', 'of a StatefulSet without a status', workload('StatefulSet', {}, {})],
  ])('is %s: one %s', (state, _sentence, object) => {
    const verdict = judgeRollout(object);
    expect(verdict.state).toBe(state);
    expect(verdict.message === '').toBe(state === 'complete');
  });
});
