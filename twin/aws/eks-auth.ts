import type { CloudTrailLog } from './cloudtrail-log.ts';
import { uuidOf } from './ids.ts';
import { PODS_SERVICE } from './records.ts';
import { podIdentityContext } from './request-context.ts';
import type { AwsState } from './state.ts';
import { type PodSubject, podIdentityCall, serviceAssumeRole, sessionTags } from './trail-events.ts';
import { isAllowed } from './trust-evaluation.ts';

/** How EKS Auth fails by itself, where a rehearsal asks for it. */
export type EksAuthFault = 'throttle' | 'server-error' | 'unavailable' | 'invalid-parameter';

/** Says whether EKS Auth fails a call for this token at this time, milliseconds; the same for the same question, whenever it is asked. */
export type EksAuthFaults = (tokenId: string, at: number) => EksAuthFault | undefined;

/** The token that a call is made with. */
export interface CallToken {
  /** Two calls with the same token have the same id. */
  readonly id: string;
  readonly subject: PodSubject;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** What EKS Auth answers the agent. */
export type Assumed =
  | {
      readonly ok: true;
      readonly roleArn: string;
      readonly assumedRole: string;
      readonly sessionName: string;
      readonly tags: boolean;
      /** When the session ends, milliseconds since the epoch. */
      readonly expiresAt: number;
    }
  | {
      readonly ok: false;
      readonly code: string;
      readonly message: string;
      /** Whether EKS Auth failed by itself, and not for anything of the pod's. */
      readonly failed: boolean;
    };

/** Sessions of an associated role, and of a target role, which is reached by chaining (EKS user guide: pod-id-assign-target-role). */
const SESSION = 6 * 60 * 60 * 1000;
const CHAINED_SESSION = 60 * 60 * 1000;

const FAULTS: Readonly<Record<EksAuthFault, { readonly code: string; readonly message: string }>> = {
  throttle: { code: 'ThrottlingException', message: 'Rate exceeded' },
  'server-error': { code: 'InternalServerException', message: 'Internal Server Error' },
  unavailable: { code: 'ServiceUnavailableException', message: 'Service Unavailable' },
  'invalid-parameter': { code: 'InvalidParameterException', message: 'Invalid parameter in the request' },
};

/** EKS Auth's answer to a call of an agent: what it says of the pod, unless it fails by itself or the token has expired. */
export function callEksAuth(state: AwsState, token: CallToken, at: number, faults: EksAuthFaults | undefined): Assumed {
  const fault = faults?.(token.id, at);
  if (fault !== undefined) return { ok: false, ...FAULTS[fault], failed: true };
  if (at >= token.expiresAt) {
    const [now, end] = [at, token.expiresAt].map((time) => new Date(time).toISOString());
    const message = `The token included in the request is expired: current date/time ${now} must be before the expiration date/time ${end}`;
    return { ok: false, code: 'ExpiredTokenException', message, failed: false };
  }
  return assumeForPod(state, token.subject, at);
}

/** AssumeRoleForPodIdentity at an instant: the association then, and the role's trust as IAM had spread it by then. */
export function assumeForPod(state: AwsState, subject: PodSubject, at: number): Assumed {
  const { namespace, serviceAccount, podName, podUid } = subject;
  const association = state.associationOf(namespace, serviceAccount, at);
  if (association === undefined) {
    const message = `No association found for service account ${serviceAccount} in namespace ${namespace}`;
    return { ok: false, code: 'ResourceNotFoundException', message, failed: false };
  }
  const role = state.roleByArn(association.roleArn);
  const tags = !association.disableSessionTags;
  const session = `eks-${state.cluster.name.slice(0, 10)}-${podName.slice(0, 12)}-${uuidOf(`${podUid}/${Math.floor(at)}`)}`.slice(0, 64);
  const context = podIdentityContext(state, at, tags ? sessionTags(state, subject) : undefined, session);
  const caller = { type: 'Service', name: PODS_SERVICE } as const;
  const grants = (action: 'sts:AssumeRole' | 'sts:TagSession') =>
    role !== undefined && isAllowed(state.visibleTrust(role, at), { action, caller, context });
  if (!grants('sts:AssumeRole') || (tags && !grants('sts:TagSession'))) {
    const message = 'Unauthorized Exception! EKS does not have permissions to assume the associated role.';
    return { ok: false, code: 'AccessDeniedException', message, failed: false };
  }
  // The target role may be another account's, which this twin does not hold: it is taken as set up.
  return {
    ok: true,
    roleArn: association.targetRoleArn ?? association.roleArn,
    assumedRole: association.roleArn,
    sessionName: session,
    tags,
    expiresAt: at + (association.targetRoleArn === undefined ? SESSION : CHAINED_SESSION),
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
