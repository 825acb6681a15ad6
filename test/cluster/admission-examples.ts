import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import { ruleArguments } from '../../src/model/interception.ts';
import { DEFAULT_PROBE_IMAGE } from '../../src/model/options.ts';
import { metadataPod, rulePod } from '../../src/verification/node-pods.ts';
import { probeName, probePod } from '../../src/verification/probe.ts';

/** A change of an object before it is sent. */
// biome-ignore lint/suspicious/noExplicitAny: examples reach into any field
export type Change = (object: any) => void;

/** Namespace of the examples. */
export const NAMESPACE = 'wide';
const KUBE2IAM_IMAGE = 'jtblin/kube2iam:0.12.1';

/** The daemon that a retirement's pods are made for. */
export const DAEMON: KubernetesObject = {
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  metadata: { name: 'kube2iam', namespace: NAMESPACE },
  spec: {
    selector: { matchLabels: { app: 'kube2iam' } },
    template: {
      metadata: { labels: { app: 'kube2iam' } },
      spec: { serviceAccountName: 'web', containers: [{ name: 'kube2iam', image: KUBE2IAM_IMAGE }] },
    },
  },
};

/** A workload that podshift restarts. */
export const WORKLOAD: KubernetesObject = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: NAMESPACE },
  spec: {
    replicas: 1,
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' }, annotations: { 'iam.amazonaws.com/role': 'web', team: 'shop' } },
      spec: { serviceAccountName: 'web', containers: [{ name: 'web', image: 'web:1' }] },
    },
  },
};

/** A CronJob whose template podshift changes. */
export const CRON_JOB: KubernetesObject = {
  apiVersion: 'batch/v1',
  kind: 'CronJob',
  metadata: { name: 'report', namespace: NAMESPACE },
  spec: {
    schedule: '0 0 1 1 *',
    jobTemplate: {
      spec: {
        template: {
          metadata: { annotations: { 'iam.amazonaws.com/role': 'web' } },
          spec: { restartPolicy: 'Never', serviceAccountName: 'web', containers: [{ name: 'report', image: 'report:1' }] },
        },
      },
    },
  },
};

/** A service account of the old way. */
export const SERVICE_ACCOUNT: KubernetesObject = {
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: {
    name: 'web',
    namespace: NAMESPACE,
    annotations: { 'eks.amazonaws.com/role-arn': 'arn:aws:iam::111122223333:role/web', team: 'shop' },
  },
};

/** One that a run split off. */
export function splitOff(name: string): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: {
      name,
      namespace: NAMESPACE,
      labels: { 'app.kubernetes.io/managed-by': 'podshift' },
      annotations: { 'podshift/run': 'run-1', 'podshift/split-from': 'web' },
    },
  };
}

let made = 0;

/** A probe pod as a run makes it, under a name of its own. */
export function probe(): KubernetesObject {
  made += 1;
  return probePod(probeName('run-1', 'wide/web', 'probe', made), {
    ...{ runId: 'run-1', unitId: 'wide/web', namespace: NAMESPACE, serviceAccount: 'web', region: 'eu-central-1' },
    ...{ image: DEFAULT_PROBE_IMAGE, nodeName: 'node-1', tolerations: [{ operator: 'Exists' }] },
  });
}

/** A pod that takes the daemon's rule off a node. */
export function ruleRemover(hostInterface = 'eni+'): KubernetesObject {
  const address = {
    iptables: true,
    removesRule: false,
    hostAddress: { kind: 'node' as const },
    metadataAddress: '169.254.169.254',
    port: 8181,
  };
  return rulePod(nodePodRequest(), ruleArguments({ ...address, hostInterface }) ?? []);
}

/** A pod that asks instance metadata. */
export function metadataAsker(): KubernetesObject {
  return metadataPod(nodePodRequest());
}

function nodePodRequest() {
  made += 1;
  return { runId: 'run-1', nodeName: 'node-1', attempt: made, image: KUBE2IAM_IMAGE, daemon: DAEMON };
}

/** Pods that nobody but podshift's credentials in other hands would ask for, each one change away from a probe. */
export const OTHER_PROBES: readonly [string, Change][] = [
  ['runs another command', ({ spec }) => Object.assign(spec.containers[0], { command: ['/bin/sh', '-c', 'env'] })],
  ['has arguments', ({ spec }) => Object.assign(spec.containers[0], { args: ['more'] })],
  ['has another image', ({ spec }) => Object.assign(spec.containers[0], { image: 'example.com/anything:1' })],
  ['has the image of a retirement', ({ spec }) => Object.assign(spec.containers[0], { image: KUBE2IAM_IMAGE })],
  ['has another name', ({ metadata }) => Object.assign(metadata, { name: `web-${metadata.name}` })],
  ['has no mark', ({ metadata }) => delete metadata.labels['app.kubernetes.io/managed-by']],
  ['is on the network of its node', ({ spec }) => Object.assign(spec, { hostNetwork: true })],
  ['sees the processes of its node', ({ spec }) => Object.assign(spec, { hostPID: true })],
  ['runs as root', ({ spec }) => Object.assign(spec.securityContext, { runAsUser: 0, runAsNonRoot: false })],
  ['may make any system call', ({ spec }) => Object.assign(spec.securityContext, { seccompProfile: { type: 'Unconfined' } })],
  ['is privileged', ({ spec }) => Object.assign(spec.containers[0], { securityContext: { privileged: true } })],
  ['has a capability', ({ spec }) => Object.assign(spec.containers[0].securityContext.capabilities, { add: ['NET_ADMIN'] })],
  ['writes to its root', ({ spec }) => Object.assign(spec.containers[0].securityContext, { readOnlyRootFilesystem: false })],
  ['mounts the node', ({ spec }) => spec.volumes.push({ name: 'host', hostPath: { path: '/' } })],
  ['mounts a Secret', ({ spec }) => spec.volumes.push({ name: 's', secret: { secretName: 'tls' } })],
  [
    'mounts a Secret in a projected volume',
    ({ spec }) => spec.volumes.push({ name: 's', projected: { sources: [{ secret: { name: 'tls' } }] } }),
  ],
  [
    'mounts a token for the API server',
    ({ spec }) => spec.volumes.push({ name: 's', projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } }),
  ],
  [
    'has a variable from a Secret',
    ({ spec }) => spec.containers[0].env.push({ name: 'AWS_ROLE_ARN', valueFrom: { secretKeyRef: { name: 'tls', key: 'k' } } }),
  ],
  ['has a variable that nobody listed', ({ spec }) => spec.containers[0].env.push({ name: 'LD_PRELOAD', value: '/tmp/a' })],
  ['takes all variables of a Secret', ({ spec }) => Object.assign(spec.containers[0], { envFrom: [{ secretRef: { name: 'tls' } }] })],
  ['has a hook', ({ spec }) => Object.assign(spec.containers[0], { lifecycle: { preStop: { exec: { command: ['env'] } } } })],
  ['has a second container', ({ spec }) => spec.containers.push({ name: 'second', image: DEFAULT_PROBE_IMAGE })],
  ['has a container ahead of it', ({ spec }) => Object.assign(spec, { initContainers: [{ name: 'first', image: DEFAULT_PROBE_IMAGE }] })],
  ['has the token of its service account', ({ spec }) => Object.assign(spec, { automountServiceAccountToken: true })],
  ['lives for ever', ({ spec }) => delete spec.activeDeadlineSeconds],
  ['is restarted', ({ spec }) => Object.assign(spec, { restartPolicy: 'Always' })],
  ['chooses its node past the scheduler', ({ spec }) => Object.assign(spec, { nodeName: 'node-1' })],
  ['says that it is a pod of a retirement', ({ metadata }) => Object.assign(metadata.labels, { 'podshift/task': 'rule' })],
];

const argument = (pod: KubernetesObject, index: number, word: string): void => {
  const { args } = pod.spec.containers[0];
  args[args.length + index] = word;
};

/** The same of the pod that takes a rule away. */
export const OTHER_RULES: readonly [string, Change][] = [
  ['runs another script', ({ spec }) => (spec.containers[0].args[1] = 'iptables -F')],
  ['takes another rule away', (pod) => argument(pod, -8, '53')],
  ['has more options', ({ spec }) => spec.containers[0].args.push('-j', 'ACCEPT')],
  ['has an option for an interface', (pod) => argument(pod, -1, '--help')],
  ['has an option for an address', (pod) => argument(pod, -3, '--log')],
  ['has another capability', ({ spec }) => spec.containers[0].securityContext.capabilities.add.push('SYS_ADMIN')],
  ['mounts more of the node', ({ spec }) => (spec.volumes[0].hostPath.path = '/')],
  ['sees the processes of its node', ({ spec }) => Object.assign(spec, { hostPID: true })],
  ['has another image', ({ spec }) => (spec.containers[0].image = 'example.com/anything:1')],
];
