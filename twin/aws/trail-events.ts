import type { NewTrailEvent } from './cloudtrail-log.ts';
import type { AwsState } from './state.ts';

/** Who a pod is to AWS. */
export interface PodSubject {
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly podName: string;
  readonly podUid: string;
  readonly nodeName: string;
}

/** An error as CloudTrail records it. */
export interface TrailError {
  readonly code: string;
  readonly message: string;
}

/** The six session tags of EKS Pod Identity (EKS user guide: pod-id-abac). */
export function sessionTags(state: AwsState, subject: PodSubject): Readonly<Record<string, string>> {
  return {
    'eks-cluster-arn': state.clusterArn,
    'eks-cluster-name': state.cluster.name,
    'kubernetes-namespace': subject.namespace,
    'kubernetes-service-account': subject.serviceAccount,
    'kubernetes-pod-name': subject.podName,
    'kubernetes-pod-uid': subject.podUid,
  };
}

/** The agent's call to EKS Auth. */
export function podIdentityCall(state: AwsState, subject: PodSubject, nodeRoleArn: string, at: number, error?: TrailError): NewTrailEvent {
  const session = `${nodeRoleArn.split('/').at(-1)}/${subject.nodeName}`;
  return {
    eventName: 'AssumeRoleForPodIdentity',
    eventSource: 'eks-auth.amazonaws.com',
    at,
    username: subject.nodeName,
    readOnly: true,
    resources: [{ type: 'AWS::EKS::Cluster', name: state.clusterArn }],
    detail: {
      userIdentity: {
        type: 'AssumedRole',
        arn: `arn:${state.partition}:sts::${state.accountId}:assumed-role/${session}`,
        accountId: state.accountId,
      },
      sourceIPAddress: '10.0.0.1',
      userAgent: 'eks-pod-identity-agent',
      requestParameters: { clusterName: state.cluster.name, token: 'HIDDEN_DUE_TO_SECURITY_REASONS' },
      responseElements: null,
      ...failure(error),
    },
  };
}

/** EKS's own call to STS for a pod. */
export function serviceAssumeRole(
  state: AwsState,
  subject: PodSubject,
  call: { readonly roleArn: string; readonly sessionName: string; readonly tags: boolean },
  at: number,
): NewTrailEvent {
  const tags = Object.entries(sessionTags(state, subject)).map(([key, value]) => ({ key, value }));
  return {
    eventName: 'AssumeRole',
    eventSource: 'sts.amazonaws.com',
    at,
    username: undefined,
    readOnly: true,
    resources: [{ type: 'AWS::IAM::Role', name: call.roleArn }],
    detail: {
      userIdentity: { type: 'AWSService', invokedBy: 'pods.eks.amazonaws.com' },
      sourceIPAddress: 'pods.eks.amazonaws.com',
      userAgent: 'pods.eks.amazonaws.com',
      requestParameters: {
        roleArn: call.roleArn,
        roleSessionName: call.sessionName,
        durationSeconds: 21_600,
        ...(call.tags ? { tags, transitiveTagKeys: tags.map((tag) => tag.key) } : {}),
      },
      responseElements: null,
    },
  };
}

/** A pod's own call to STS with its web identity. */
export function webIdentityCall(
  state: AwsState,
  subject: PodSubject,
  call: { readonly roleArn: string; readonly sessionName: string; readonly audience: string },
  at: number,
  error?: TrailError,
): NewTrailEvent {
  const userName = `system:serviceaccount:${subject.namespace}:${subject.serviceAccount}`;
  return {
    eventName: 'AssumeRoleWithWebIdentity',
    eventSource: 'sts.amazonaws.com',
    at,
    username: userName,
    readOnly: true,
    resources: [{ type: 'AWS::IAM::Role', name: call.roleArn }],
    detail: {
      userIdentity: {
        type: 'WebIdentityUser',
        principalId: `${state.providerArn}:${call.audience}:${userName}`,
        userName,
        identityProvider: state.providerArn,
      },
      sourceIPAddress: '203.0.113.10',
      userAgent: 'aws-sdk',
      requestParameters: { roleArn: call.roleArn, roleSessionName: call.sessionName },
      responseElements: null,
      ...failure(error),
    },
  };
}

/** A call of kube2iam or kiam to STS, as the node's role or the server's. */
export function daemonAssumeRole(
  state: AwsState,
  call: { readonly roleArn: string; readonly callerArn: string; readonly session: string; readonly callerSession: string },
  at: number,
): NewTrailEvent {
  const caller = `${call.callerArn.split('/').at(-1)}/${call.callerSession}`;
  return {
    eventName: 'AssumeRole',
    eventSource: 'sts.amazonaws.com',
    at,
    username: undefined,
    readOnly: true,
    resources: [{ type: 'AWS::IAM::Role', name: call.roleArn }],
    detail: {
      userIdentity: {
        type: 'AssumedRole',
        arn: `arn:${state.partition}:sts::${state.accountId}:assumed-role/${caller}`,
        accountId: state.accountId,
        sessionContext: { sessionIssuer: { type: 'Role', arn: call.callerArn } },
      },
      sourceIPAddress: '10.0.0.1',
      userAgent: 'aws-sdk-go',
      requestParameters: { roleArn: call.roleArn, roleSessionName: call.session, durationSeconds: 1800 },
      responseElements: null,
    },
  };
}

function failure(error: TrailError | undefined): Record<string, string> {
  return error === undefined ? {} : { errorCode: error.code, errorMessage: error.message };
}

/** A trust policy that somebody wrote; `by` is the session's ARN, and an administrator's where nobody called the twin for it. */
export function trustWritten(state: AwsState, roleName: string, document: string, by?: string): NewTrailEvent {
  return ofIam(state, 'UpdateAssumeRolePolicy', { roleName, policyDocument: document }, by);
}

/** A role that somebody made; `by` as with {@link trustWritten}. */
export function roleCreated(state: AwsState, roleName: string, document: string, by?: string): NewTrailEvent {
  return ofIam(state, 'CreateRole', { roleName, assumeRolePolicyDocument: document }, by);
}

function ofIam(
  state: AwsState,
  eventName: string,
  requestParameters: { readonly roleName: string } & Readonly<Record<string, string>>,
  by: string | undefined,
): NewTrailEvent {
  const arn = by ?? `arn:${state.partition}:sts::${state.accountId}:assumed-role/administrator/somebody`;
  return {
    eventName,
    eventSource: 'iam.amazonaws.com',
    at: state.clock.now(),
    username: arn.split('/').at(-1),
    readOnly: false,
    resources: [{ type: 'AWS::IAM::Role', name: requestParameters.roleName }],
    region: iamRegion(state.partition),
    detail: {
      userIdentity: { type: 'AssumedRole', arn, accountId: state.accountId },
      sourceIPAddress: '203.0.113.1',
      userAgent: 'aws-sdk',
      requestParameters,
      responseElements: null,
    },
  };
}

/** Where IAM's events are (AWS CloudTrail User Guide, "Global service events"). */
function iamRegion(partition: string): string {
  if (partition === 'aws-cn') return 'cn-north-1';
  return partition === 'aws-us-gov' ? 'us-gov-west-1' : 'us-east-1';
}
