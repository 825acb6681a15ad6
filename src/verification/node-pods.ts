import { createHash } from 'node:crypto';
import type { KubernetesObject } from '../kubernetes/gateway.ts';
import { MANAGED_BY_LABEL } from './pods.ts';
import { PROBE_NAME_PREFIX } from './probe.ts';

/** What a short-lived pod does on a node: it removes the daemon's rule, or asks instance metadata from the pods' network. */
export type NodeTask = 'rule' | 'metadata';

/** How long such a pod may run before Kubernetes ends it. */
const DEADLINE_SECONDS = 120;
const TASK_LABEL = 'podshift/task';
const NODE_ANNOTATION = 'podshift/node';

/** Where a pod runs, and as what. */
export interface NodePodRequest {
  readonly runId: string;
  readonly nodeName: string;
  readonly attempt: number;
  readonly image: string;
  /** The DaemonSet that added the rule: its namespace admits such pods, and its image has the iptables that it used. */
  readonly daemon: KubernetesObject;
}

/** The same name for the same try, so that a leftover of a crashed one is found. */
export function nodePodName(task: NodeTask, { runId, nodeName, attempt }: Pick<NodePodRequest, 'runId' | 'nodeName' | 'attempt'>): string {
  const hash = createHash('sha256').update(`${runId}\n${nodeName}`).digest('hex').slice(0, 12);
  return `${PROBE_NAME_PREFIX}${task}-${hash}-${attempt}`;
}

/** Selects this run's pods of a task. */
export function nodePodSelector(runId: string, task: NodeTask): string {
  return `${MANAGED_BY_LABEL.key}=${MANAGED_BY_LABEL.value},podshift/run=${runId},${TASK_LABEL}=${task}`;
}

/** The node that a pod was made for; empty for a pod that is none of these. */
export function nodeOfPod(pod: KubernetesObject, task: NodeTask): string {
  return pod.metadata.labels?.[TASK_LABEL] === task ? (pod.metadata.annotations?.[NODE_ANNOTATION] ?? '') : '';
}

/** `iptables -C` exits with 1 where the rule is not there, and with more where it could not look (iptables(8)). */
const REMOVE = [
  'removed=0',
  'while :; do',
  '  said=$(iptables -w 30 -t nat -C PREROUTING "$@" 2>&1); code=$?',
  '  if [ $code -eq 1 ]; then break; fi',
  '  if [ $code -eq 0 ]; then said=$(iptables -w 30 -t nat -D PREROUTING "$@" 2>&1); code=$?; fi',
  '  if [ $code -ne 0 ]; then echo "$said" > /dev/termination-log; exit 1; fi',
  '  removed=$((removed + 1))',
  'done',
  'echo "removed $removed" > /dev/termination-log',
].join('\n');

/**
 * A pod that deletes one rule from PREROUTING of its node's nat table, as often as it is there, and nothing else. The rule
 * comes as positional parameters, so that nothing of it is read as shell. It has the node's network and NET_ADMIN, and
 * shares the lock of iptables with the node, since kube-proxy rewrites the same table; no more, and no API token.
 */
export function rulePod(request: NodePodRequest, ruleArguments: readonly string[]): KubernetesObject {
  return nodePod('rule', request, {
    spec: {
      hostNetwork: true,
      volumes: [{ name: 'lock', hostPath: { path: '/run/xtables.lock', type: 'FileOrCreate' } }],
      securityContext: { runAsUser: 0, seccompProfile: { type: 'RuntimeDefault' } },
    },
    container: {
      command: ['/bin/sh'],
      args: ['-c', REMOVE, 'podshift', ...ruleArguments],
      env: [{ name: 'HOST_IP', valueFrom: { fieldRef: { fieldPath: 'status.hostIP' } } }],
      securityContext: {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'], add: ['NET_ADMIN', 'NET_RAW'] },
      },
      volumeMounts: [{ name: 'lock', mountPath: '/run/xtables.lock' }],
    },
  });
}

/** Without a token: the answer to a token's request has a hop limit of its own, and with a limit of 1 reaches no pod. */
const ASK = [
  'url=http://169.254.169.254/latest/meta-data/instance-id',
  'if command -v curl > /dev/null 2>&1; then',
  '  said=$(curl -sS -m 10 -o /dev/null -w \'HTTP %{http_code}\' "$url" 2>&1)',
  'else',
  '  said=$(wget -T 10 -S -O /dev/null "$url" 2>&1)',
  'fi',
  'echo "$said" > /dev/termination-log',
].join('\n');

/**
 * A pod that asks instance metadata the way that all pods of its node do: over a network of its own, since calls from the
 * node's network never meet the rule. It meets the restricted Pod Security Standard.
 */
export function metadataPod(request: NodePodRequest): KubernetesObject {
  return nodePod('metadata', request, {
    spec: { securityContext: { runAsNonRoot: true, runAsUser: 65534, runAsGroup: 65534, seccompProfile: { type: 'RuntimeDefault' } } },
    container: {
      command: ['/bin/sh'],
      args: ['-c', ASK],
      securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
    },
  });
}

interface PodParts {
  readonly spec: Readonly<Record<string, unknown>>;
  readonly container: Readonly<Record<string, unknown>>;
}

function nodePod(task: NodeTask, request: NodePodRequest, parts: PodParts): KubernetesObject {
  const { daemon, nodeName, runId, image } = request;
  const { serviceAccountName, imagePullSecrets } = daemon.spec?.template?.spec ?? {};
  const matchFields = [{ key: 'metadata.name', operator: 'In', values: [nodeName] }];
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: nodePodName(task, request),
      ...(daemon.metadata.namespace === undefined ? {} : { namespace: daemon.metadata.namespace }),
      labels: { [MANAGED_BY_LABEL.key]: MANAGED_BY_LABEL.value, 'podshift/run': runId, [TASK_LABEL]: task },
      annotations: { [NODE_ANNOTATION]: nodeName, 'sidecar.istio.io/inject': 'false', 'linkerd.io/inject': 'disabled' },
    },
    spec: {
      ...(serviceAccountName === undefined ? {} : { serviceAccountName }),
      ...(imagePullSecrets === undefined ? {} : { imagePullSecrets }),
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      restartPolicy: 'Never',
      activeDeadlineSeconds: DEADLINE_SECONDS,
      terminationGracePeriodSeconds: 1,
      affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchFields }] } } },
      tolerations: [{ operator: 'Exists' }],
      ...parts.spec,
      containers: [
        {
          name: task,
          image,
          terminationMessagePath: '/dev/termination-log',
          terminationMessagePolicy: 'FallbackToLogsOnError',
          resources: { requests: { cpu: '10m', memory: '16Mi' }, limits: { cpu: '200m', memory: '64Mi' } },
          ...parts.container,
        },
      ],
    },
  };
}

/** What a pod said. `again`: nothing useful, another one may. */
export type NodeVerdict =
  | { readonly state: 'running' }
  | { readonly state: 'again'; readonly message: string }
  /** The rule is not there any more; it was there so often. */
  | { readonly state: 'removed'; readonly times: number }
  /** Instance metadata itself answered. */
  | { readonly state: 'answered'; readonly status: number }
  /** Somebody still sends the call to a port of the node, where nobody listens. */
  | { readonly state: 'intercepted'; readonly message: string };

/** Judges a pod by its phase and its termination message. Words of an error decide only between a refusal and the rest. */
export function judgeNodePod(pod: KubernetesObject, task: NodeTask): NodeVerdict {
  const phase: string = pod.status?.phase ?? 'Pending';
  const terminated: { exitCode: number; message?: string } | undefined = pod.status?.containerStatuses?.[0]?.state?.terminated;
  if (terminated === undefined) {
    if (phase !== 'Failed' && phase !== 'Succeeded') return { state: 'running' };
    return { state: 'again', message: `the pod ended without a result (${pod.status?.reason ?? phase})` };
  }
  const said = (terminated.message ?? `exit code ${terminated.exitCode}`).replace(/\s+/g, ' ').trim().slice(0, 300);
  if (terminated.exitCode !== 0) return { state: 'again', message: said };
  if (task === 'rule') {
    const times = /^removed (\d+)$/.exec(said)?.[1];
    return times === undefined ? { state: 'again', message: `it said ${said}` } : { state: 'removed', times: Number(times) };
  }
  // curl writes 000 where nobody answered; wget shows each status line that it got.
  const status = [...said.matchAll(/HTTP(?:\/[\d.]+)? (\d{3})\b/g)].map(([, digits]) => Number(digits)).findLast((code) => code > 0);
  if (status !== undefined) return { state: 'answered', status };
  return /refused/i.test(said) ? { state: 'intercepted', message: said } : { state: 'again', message: said };
}
