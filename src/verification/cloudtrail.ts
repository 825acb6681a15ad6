import type { CloudTrailEvent } from '../aws/gateways.ts';
import { PROBE_NAME_PREFIX } from './probe.ts';

/** What CloudTrail says about one unit's use of its role. */
export interface UseVerdict {
  /** True when the new way was used and the old way was seen to be silent for long enough. */
  readonly passed: boolean;
  /** Seconds for which CloudTrail, late as it is, has shown that the old way is silent. */
  readonly silentSeconds: number;
  /** Sessions that EKS opened for pods of the service account (probes are not counted). */
  readonly newWay: number;
  /** Sessions by the old way, after the old pods were gone: by web identity of the service account, or by a daemon for anybody. */
  readonly oldWay: number;
}

/** Whose use is asked for; times are milliseconds since the epoch. */
export interface UseQuestion {
  readonly clusterArn: string;
  readonly roleArn: string;
  readonly namespace: string;
  readonly serviceAccount: string;
  /** The old way is kube2iam or kiam: it asks for a role once for all pods of a node, so no session tells whose it is. */
  readonly byDaemon: boolean;
  /** From when on a session by the new way counts. */
  readonly since: number;
  /** From when on the old way has to be silent. */
  readonly silentSince: number;
  /** When CloudTrail was asked. */
  readonly asOf: number;
}

/** CloudTrail delivers about 5 minutes after an event (AWS CloudTrail User Guide, "How CloudTrail works"). */
const DELIVERY_SECONDS = 300;
/** Less silence than this says nothing: no event of the time could have been delivered. */
const SHORTEST_SILENCE_SECONDS = 300;

/**
 * Judges events of the role. The shapes are those of the EKS User Guide ("Log Amazon EKS API calls", Pod Identity
 * examples) and of the IAM User Guide (AssumeRoleWithWebIdentity): the session tags name cluster, namespace, service
 * account and pod; the web identity's user name is `system:serviceaccount:NAMESPACE:NAME`. Refused calls do not count.
 */
export function judgeUse(events: readonly CloudTrailEvent[], question: UseQuestion): UseVerdict {
  const newWay = events.filter((event) => event.eventTime >= question.since && isPodIdentitySession(event, question)).length;
  const isOld = question.byDaemon ? isDaemonSession : isWebIdentitySession;
  const oldWay = events.filter((event) => event.eventTime >= question.silentSince && isOld(event, question)).length;
  const silentSeconds = Math.max(0, Math.floor((question.asOf - question.silentSince) / 1000) - DELIVERY_SECONDS);
  return { passed: newWay > 0 && oldWay === 0 && silentSeconds >= SHORTEST_SILENCE_SECONDS, silentSeconds, newWay, oldWay };
}

interface StsEvent {
  readonly errorCode?: string;
  readonly userIdentity?: { readonly invokedBy?: string; readonly userName?: string };
  readonly requestParameters?: { readonly roleArn?: string; readonly tags?: unknown };
}

function isPodIdentitySession({ eventName, event }: CloudTrailEvent, question: UseQuestion): boolean {
  const { errorCode, userIdentity, requestParameters } = event as StsEvent;
  if (eventName !== 'AssumeRole' || errorCode !== undefined || userIdentity?.invokedBy !== 'pods.eks.amazonaws.com') return false;
  if (requestParameters?.roleArn !== question.roleArn) return false;
  const tags = tagsOf(requestParameters.tags);
  return (
    tags.get('eks-cluster-arn') === question.clusterArn &&
    tags.get('kubernetes-namespace') === question.namespace &&
    tags.get('kubernetes-service-account') === question.serviceAccount &&
    !(tags.get('kubernetes-pod-name') ?? '').startsWith(PROBE_NAME_PREFIX)
  );
}

function isWebIdentitySession({ eventName, event }: CloudTrailEvent, question: UseQuestion): boolean {
  const { errorCode, userIdentity, requestParameters } = event as StsEvent;
  return (
    eventName === 'AssumeRoleWithWebIdentity' &&
    errorCode === undefined &&
    requestParameters?.roleArn === question.roleArn &&
    userIdentity?.userName === `system:serviceaccount:${question.namespace}:${question.serviceAccount}`
  );
}

function isDaemonSession({ eventName, event }: CloudTrailEvent, question: UseQuestion): boolean {
  const { errorCode, userIdentity, requestParameters } = event as StsEvent;
  return (
    eventName === 'AssumeRole' &&
    errorCode === undefined &&
    requestParameters?.roleArn === question.roleArn &&
    userIdentity?.invokedBy !== 'pods.eks.amazonaws.com'
  );
}

function tagsOf(tags: unknown): ReadonlyMap<string, string> {
  if (!Array.isArray(tags)) return new Map();
  return new Map(
    tags.flatMap((tag) => (typeof tag?.key === 'string' && typeof tag?.value === 'string' ? [[tag.key, tag.value] as const] : [])),
  );
}
