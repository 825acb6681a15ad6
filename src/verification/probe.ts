import { createHash } from 'node:crypto';
import { parse as parseArn } from '@aws-sdk/util-arn-parser';
import type { KubernetesObject } from '../kubernetes/gateway.ts';
import { MANAGED_BY_LABEL } from './pods.ts';

/** How the names of podshift's own pods begin. */
export const PROBE_NAME_PREFIX = 'podshift-';
/** How long a probe pod may run before Kubernetes ends it. */
export const PROBE_DEADLINE_SECONDS = 120;

/** What a probe pod asks and where. */
export interface ProbeRequest {
  readonly runId: string;
  readonly unitId: string;
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly image: string;
  readonly region: string;
  /** Pins the pod to this node by the scheduler's own rule; undefined lets any Linux node take it. */
  readonly nodeName: string | undefined;
  readonly tolerations: readonly Readonly<Record<string, unknown>>[];
}

/** The same name for the same try, so that a leftover of a crashed one is found. */
export function probeName(runId: string, unitId: string, purpose: 'probe' | 'check', attempt: number): string {
  const hash = createHash('sha256').update(`${runId}\n${unitId}`).digest('hex').slice(0, 12);
  return `${PROBE_NAME_PREFIX}${purpose}-${hash}-${attempt}`;
}

/**
 * A pod that asks STS who it is, and nothing else. It meets the restricted Pod Security Standard, so that it is admitted
 * wherever the workloads are; it carries no secret and no API token; its answer leaves by the termination message.
 */
export function probePod(name: string, request: ProbeRequest): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: request.namespace,
      labels: { [MANAGED_BY_LABEL.key]: MANAGED_BY_LABEL.value, 'podshift/run': request.runId },
      // Service meshes would add a proxy that never ends, and so would the pod.
      annotations: { 'sidecar.istio.io/inject': 'false', 'linkerd.io/inject': 'disabled' },
    },
    spec: {
      serviceAccountName: request.serviceAccount,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      restartPolicy: 'Never',
      activeDeadlineSeconds: PROBE_DEADLINE_SECONDS,
      terminationGracePeriodSeconds: 1,
      nodeSelector: { 'kubernetes.io/os': 'linux' },
      ...(request.nodeName === undefined ? {} : { affinity: pinnedTo(request.nodeName) }),
      tolerations: request.tolerations,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: 65534,
        runAsGroup: 65534,
        fsGroup: 65534,
        seccompProfile: { type: 'RuntimeDefault' },
      },
      containers: [
        {
          name: 'probe',
          image: request.image,
          command: ['/bin/sh', '-c', 'aws sts get-caller-identity --output json > /dev/termination-log'],
          env: [
            { name: 'AWS_REGION', value: request.region },
            { name: 'HOME', value: '/tmp' },
          ],
          terminationMessagePath: '/dev/termination-log',
          // The last lines of its log say why it failed; the CLI prints no credential there.
          terminationMessagePolicy: 'FallbackToLogsOnError',
          resources: { requests: { cpu: '50m', memory: '128Mi' }, limits: { cpu: '500m', memory: '256Mi' } },
          securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
          volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
        },
      ],
      volumes: [{ name: 'tmp', emptyDir: { sizeLimit: '16Mi' } }],
    },
  };
}

function pinnedTo(nodeName: string): unknown {
  const matchFields = [{ key: 'metadata.name', operator: 'In', values: [nodeName] }];
  return { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchFields }] } } };
}

/** How a probe pod stands. `again`: this try told nothing about the role, another one may; `wrong`: it got other credentials. */
export interface ProbeVerdict {
  readonly state: 'running' | 'passed' | 'again' | 'wrong';
  /** One sentence for everything but `passed`. */
  readonly message: string;
  /** What STS answered; empty where it did not. */
  readonly assumedRoleArn: string;
  readonly account: string;
}

/**
 * Judges a probe pod by its phase and its termination message. Passed means: a session of exactly the expected role in
 * the expected account, named as EKS names the sessions of Pod Identity (`eks-…`; EKS User Guide, "Log Amazon EKS API calls").
 */
export function judgeProbe(pod: KubernetesObject, expectedRoleArn: string): ProbeVerdict {
  const verdict = (state: ProbeVerdict['state'], message: string): ProbeVerdict => ({ state, message, assumedRoleArn: '', account: '' });
  const status: { state?: ContainerState } | undefined = pod.status?.containerStatuses?.[0];
  const terminated = status?.state?.terminated;
  if (terminated === undefined) {
    const phase: string = pod.status?.phase ?? 'Pending';
    if (phase === 'Failed' || phase === 'Succeeded')
      return verdict('again', `the probe pod ended without a result (${pod.status?.reason ?? phase})`);
    return verdict('running', waitingFor(pod, status?.state?.waiting?.reason));
  }
  if (terminated.exitCode !== 0)
    return verdict('again', `the probe failed: ${oneLine(terminated.message ?? `exit code ${terminated.exitCode}`)}`);
  const identity = parseIdentity(terminated.message ?? '');
  if (identity === undefined) return verdict('again', 'could not read the result of the probe');
  const expected = parseArn(expectedRoleArn);
  const [, roleName, session] = parseArn(identity.arn).resource.split('/');
  const right =
    identity.account === expected.accountId && roleName === expected.resource.split('/').at(-1) && (session ?? '').startsWith('eks-');
  const message = right ? '' : `the probe pod is ${identity.arn}, not a Pod Identity session of ${expectedRoleArn}`;
  return { state: right ? 'passed' : 'wrong', message, assumedRoleArn: identity.arn, account: identity.account };
}

interface ContainerState {
  readonly waiting?: { readonly reason?: string };
  readonly terminated?: { readonly exitCode: number; readonly message?: string };
}

function waitingFor(pod: KubernetesObject, reason: string | undefined): string {
  if (reason !== undefined) return `the probe pod waits: ${reason}`;
  const conditions: readonly { type?: string; status?: string; message?: string }[] = pod.status?.conditions ?? [];
  const unscheduled = conditions.find((condition) => condition.type === 'PodScheduled' && condition.status === 'False');
  return unscheduled === undefined ? 'the probe pod runs' : `the probe pod is not scheduled: ${oneLine(unscheduled.message ?? '')}`;
}

/** Reasons of a waiting container that another try on another node may not have. */
export function isStuck(pod: KubernetesObject): boolean {
  const reason: string | undefined = pod.status?.containerStatuses?.[0]?.state?.waiting?.reason;
  const conditions: readonly { type?: string; status?: string; reason?: string }[] = pod.status?.conditions ?? [];
  return (
    ['ErrImagePull', 'ImagePullBackOff', 'InvalidImageName', 'CreateContainerConfigError', 'CreateContainerError'].includes(reason ?? '') ||
    conditions.some(
      (condition) => condition.type === 'PodScheduled' && condition.status === 'False' && condition.reason === 'Unschedulable',
    )
  );
}

function parseIdentity(text: string): { arn: string; account: string } | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || !('Arn' in value) || !('Account' in value)) return undefined;
    const { Arn: arn, Account: account } = value;
    return typeof arn === 'string' && typeof account === 'string' && arn.startsWith('arn:') ? { arn, account } : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim().slice(0, 300);
