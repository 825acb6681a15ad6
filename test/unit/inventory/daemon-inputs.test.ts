import { describe, expect, it } from 'vitest';
import type { KubernetesObject } from '../../../src/kubernetes/gateway.ts';
import { account, small, take } from '../fixtures/inventory-worlds.ts';

const KEY = 'iam.amazonaws.com/role';
const annotated = { metadata: { annotations: { [KEY]: 'reader' } }, spec: { serviceAccountName: 'press', containers: [{ name: 'c' }] } };
const DAEMON: KubernetesObject = {
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  metadata: { namespace: 'kube-system', name: 'kube2iam', uid: 'u-kube2iam' },
  spec: { template: { spec: { containers: [{ name: 'kube2iam', image: 'jtblin/kube2iam:0.11.1', args: ['--auto-discover-base-arn'] }] } } },
};

const made = (apiVersion: string, kind: string, spec: object, metadata: object = {}): KubernetesObject => ({
  apiVersion,
  kind,
  metadata: { namespace: 'press', name: 'x', uid: 'u-x', ...metadata },
  spec,
});
const pod = (owner: { apiVersion: string; kind: string } | undefined): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    namespace: 'press',
    name: 'x-0',
    annotations: { [KEY]: 'reader' },
    ...(owner === undefined ? {} : { ownerReferences: [{ ...owner, name: 'x', uid: 'u-x', controller: true }] }),
  },
  spec: annotated.spec,
  status: { phase: 'Running' },
});

describe('a role annotation is found', () => {
  it.each<[string, KubernetesObject, string]>([
    ['in the template of a Deployment', made('apps/v1', 'Deployment', { replicas: 2, template: annotated }), 'Deployment template'],
    ['in one that is scaled to zero', made('apps/v1', 'Deployment', { replicas: 0, template: annotated }), 'Deployment template'],
    ['in the template of a StatefulSet', made('apps/v1', 'StatefulSet', { template: annotated }), 'StatefulSet template'],
    ['in the template of a DaemonSet', made('apps/v1', 'DaemonSet', { template: annotated }), 'DaemonSet template'],
    ['in the template of a ReplicaSet', made('apps/v1', 'ReplicaSet', { replicas: 1, template: annotated }), 'ReplicaSet template'],
    [
      'on the pods of a ReplicationController, whose template is not read',
      pod({ apiVersion: 'v1', kind: 'ReplicationController' }),
      'ReplicationController pods',
    ],
    ['in the template of a Job', made('batch/v1', 'Job', { template: annotated }), 'Job template'],
    [
      'two templates deep in a CronJob',
      made('batch/v1', 'CronJob', { jobTemplate: { spec: { template: annotated } } }),
      'CronJob template',
    ],
    [
      'two templates deep in a CronJob that is suspended',
      made('batch/v1', 'CronJob', { suspend: true, jobTemplate: { spec: { template: annotated } } }),
      'CronJob template',
    ],
    ['in the template of an Argo Rollout', made('argoproj.io/v1alpha1', 'Rollout', { template: annotated }), 'Rollout template'],
    ['on a bare pod, which is its own template', pod(undefined), 'Pod template pods'],
    [
      'on the pods of Spark, a kind that is not known',
      pod({ apiVersion: 'sparkoperator.k8s.io/v1beta2', kind: 'SparkApplication' }),
      'SparkApplication pods',
    ],
    ['on the pods of an Argo Workflow', pod({ apiVersion: 'argoproj.io/v1alpha1', kind: 'Workflow' }), 'Workflow pods'],
    ['on the pods of Strimzi', pod({ apiVersion: 'core.strimzi.io/v1beta2', kind: 'StrimziPodSet' }), 'StrimziPodSet pods'],
    ['on the pods of a KEDA ScaledJob', pod({ apiVersion: 'keda.sh/v1alpha1', kind: 'ScaledJob' }), 'ScaledJob pods'],
  ])('%s', async (_, object, expected) => {
    const { inventory } = await take(small((world) => void world.objects.push(DAEMON, account('press', 'press'), object)));
    const found = inventory.workloads.filter(({ serviceAccount }) => serviceAccount === 'press');
    expect(
      found.map(({ kind, metadata }) => [
        kind,
        ...(metadata?.template?.[KEY] === 'reader' ? ['template'] : []),
        ...(metadata?.live.some((annotations) => annotations[KEY] === 'reader') ? ['pods'] : []),
      ]),
    ).toEqual([expected.split(' ')]);
  });
});
