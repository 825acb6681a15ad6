import type { CloudTrailLog } from './cloudtrail-log.ts';
import { uuidOf } from './ids.ts';
import { PODS_SERVICE } from './records.ts';
import type { AwsState } from './state.ts';
import { type PodSubject, podIdentityCall, serviceAssumeRole, sessionTags } from './trail-events.ts';
import { isAllowed } from './trust-evaluation.ts';

/** The agent renews credentials after so long, and until then serves what it has (eks-pod-identity-agent, cmd/server.go: 3 h). */
export const AGENT_RENEWAL = 3 * 60 * 60 * 1000;

/** What EKS Auth answers the agent. */
export type Assumed =
  | { readonly ok: true; readonly roleArn: string; readonly assumedRole: string; readonly sessionName: string; readonly tags: boolean }
  | { readonly ok: false; readonly code: string; readonly message: string };

/** AssumeRoleForPodIdentity at an instant: the association then, and the role's trust as IAM had spread it by then. */
export function assumeForPod(state: AwsState, subject: PodSubject, at: number): Assumed {
  const { namespace, serviceAccount, podName, podUid } = subject;
  const association = state.associationOf(namespace, serviceAccount, at);
  if (association === undefined) {
    const message = `No association found for service account ${serviceAccount} in namespace ${namespace}`;
    return { ok: false, code: 'ResourceNotFoundException', message };
  }
  const role = state.roleByArn(association.roleArn);
  const tags = !association.disableSessionTags;
  const context = podIdentityContext(state.accountId, state.clusterArn, tags ? sessionTags(state, subject) : undefined);
  const caller = { type: 'Service', name: PODS_SERVICE } as const;
  const grants = (action: 'sts:AssumeRole' | 'sts:TagSession') =>
    role !== undefined && isAllowed(state.visibleTrust(role, at), { action, caller, context });
  if (!grants('sts:AssumeRole') || (tags && !grants('sts:TagSession'))) {
    const message = 'Unauthorized Exception! EKS does not have permissions to assume the associated role.';
    return { ok: false, code: 'AccessDeniedException', message };
  }
  const session = `eks-${state.cluster.name.slice(0, 10)}-${podName.slice(0, 12)}-${uuidOf(`${podUid}/${Math.floor(at)}`)}`.slice(0, 64);
  // The target role may be another account's, which this twin does not hold: it is taken as set up.
  return {
    ok: true,
    roleArn: association.targetRoleArn ?? association.roleArn,
    assumedRole: association.roleArn,
    sessionName: session,
    tags,
  };
}

/** Adds to the trail what such a call leaves there. */
export function recordAssume(
  state: AwsState,
  trail: CloudTrailLog,
  call: { subject: PodSubject; assumed: Assumed; nodeRoleArn: string; at: number },
): void {
  const { subject, assumed, nodeRoleArn, at } = call;
  if (!assumed.ok) {
    trail.add(podIdentityCall(state, subject, nodeRoleArn, at, { code: assumed.code, message: assumed.message }));
    return;
  }
  trail.add(serviceAssumeRole(state, subject, { roleArn: assumed.assumedRole, sessionName: assumed.sessionName, tags: assumed.tags }, at));
  trail.add(podIdentityCall(state, subject, nodeRoleArn, at));
}

/** Condition keys of EKS's call to STS; without tags none of the `aws:RequestTag` keys are there (EKS user guide: pod-id-role). */
export function podIdentityContext(
  accountId: string,
  clusterArn: string,
  tags: Readonly<Record<string, string>> | undefined,
): Record<string, string | readonly string[]> {
  const context: Record<string, string | readonly string[]> = {
    'aws:sourceaccount': accountId,
    'aws:sourcearn': clusterArn,
    'aws:principalisawsservice': 'true',
    'aws:principalservicename': PODS_SERVICE,
    'aws:viaawsservice': 'false',
    'aws:securetransport': 'true',
  };
  if (tags === undefined) return context;
  for (const [key, value] of Object.entries(tags)) context[`aws:requesttag/${key}`] = value;
  context['aws:tagkeys'] = Object.keys(tags);
  context['sts:transitivetagkeys'] = Object.keys(tags);
  return context;
}

/** Credentials that an agent holds for one pod's token. */
export interface CachedCredentials {
  readonly roleArn: string;
  readonly sessionName: string;
  readonly fetchedAt: number;
  /** The agent pod that holds them: a new one starts empty. */
  readonly agentUid: string;
}

/** The caches of all nodes' agents: by pod, as every pod has its own token. */
export class AgentCache {
  readonly #state: AwsState;
  readonly #held = new Map<string, CachedCredentials>();

  constructor(state: AwsState) {
    this.#state = state;
  }

  /** What the agent holds for the pod, renewals since it was fetched included; undefined where it must ask. */
  get(subject: PodSubject, agentUid: string, now: number): CachedCredentials | undefined {
    const held = this.#held.get(subject.podUid);
    if (held === undefined || held.agentUid !== agentUid) return undefined;
    const renewals = Math.floor((now - held.fetchedAt) / AGENT_RENEWAL);
    if (renewals === 0) return held;
    const at = held.fetchedAt + renewals * AGENT_RENEWAL;
    const renewed = assumeForPod(this.#state, subject, at);
    if (renewed.ok) return this.put(subject, { roleArn: renewed.roleArn, sessionName: renewed.sessionName, fetchedAt: at, agentUid });
    this.#held.delete(subject.podUid);
    return undefined;
  }

  put(subject: PodSubject, credentials: CachedCredentials): CachedCredentials {
    this.#held.set(subject.podUid, credentials);
    return credentials;
  }

  forget(podUid: string): void {
    this.#held.delete(podUid);
  }
}
