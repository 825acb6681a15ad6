import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import type { PodTemplate } from './world.ts';

/** Labels that controllers put on pods. */
const CONTROLLERS_LABELS = [
  'pod-template-hash',
  'rollouts-pod-template-hash',
  'controller-revision-hash',
  'pod-template-generation',
  'statefulset.kubernetes.io/pod-name',
  'apps.kubernetes.io/pod-index',
];

/** Variables that the pod identity webhook puts into containers. */
const INJECTED = new Set([
  'AWS_ROLE_ARN',
  'AWS_WEB_IDENTITY_TOKEN_FILE',
  'AWS_CONTAINER_CREDENTIALS_FULL_URI',
  'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE',
  'AWS_STS_REGIONAL_ENDPOINTS',
]);

/** Volumes that admission puts into pods. */
const ADMITTED = /^(kube-api-access-\w+|aws-iam-token|eks-pod-identity-token)$/;

interface Named {
  readonly name: string;
}

interface Container extends Named {
  readonly env?: readonly Named[];
  readonly volumeMounts?: readonly Named[];
}

/** A template that would make this pod: the pod without what controllers, admission and the scheduler put into it. */
export function templateOfPod(pod: KubernetesObject): PodTemplate {
  const { labels = {}, annotations } = pod.metadata;
  const { nodeName: _node, hostname: _host, priority: _priority, ephemeralContainers: _debug, ...spec } = pod.spec;
  const stripped = (list: readonly Container[] | undefined) =>
    list?.map(({ env, volumeMounts, ...container }) => ({
      ...container,
      ...(env === undefined ? {} : { env: env.filter(({ name }) => !INJECTED.has(name)) }),
      ...(volumeMounts === undefined ? {} : { volumeMounts: volumeMounts.filter(({ name }) => !ADMITTED.test(name)) }),
    }));
  return {
    metadata: {
      labels: Object.fromEntries(Object.entries(labels).filter(([key]) => !CONTROLLERS_LABELS.includes(key))),
      ...(annotations === undefined ? {} : { annotations }),
    },
    spec: {
      ...spec,
      containers: stripped(spec.containers),
      ...(spec.initContainers === undefined ? {} : { initContainers: stripped(spec.initContainers) }),
      ...(spec.volumes === undefined ? {} : { volumes: spec.volumes.filter(({ name }: Named) => !ADMITTED.test(name)) }),
    },
  };
}
