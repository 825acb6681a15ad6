import { AwsError } from './errors.ts';
import { PODS_SERVICE, type RoleState } from './records.ts';
import { namesService, type TrustDocument } from './trust-evaluation.ts';

/** What a check of a role looks at. */
export interface RoleWorld {
  readonly accountId: string;
  readonly cluster: { readonly name: string };
  roleByArn(arn: string): RoleState | undefined;
  /** The trust policy as IAM has spread it by now. */
  visibleTrust(role: RoleState): TrustDocument;
}

/** Throws what EKS says to a role that it does not take: it takes one of the cluster's account that exists and whose trust, as IAM has spread it by now, names its service with both actions. */
export function checkRole(state: RoleWorld, roleArn: string): void {
  const refuse = (message: string) => new AwsError('InvalidParameterException', 400, message, { clusterName: state.cluster.name });
  const account = /^arn:[a-z0-9-]+:iam::(\d{12}):role\/.+$/.exec(roleArn)?.[1];
  if (account === undefined) throw refuse(`Invalid role ARN: ${roleArn}`);
  if (account !== state.accountId) throw refuse('Role provided in the request is not in the same account as the cluster');
  const role = state.roleByArn(roleArn);
  if (role === undefined) throw refuse('Role provided in the request does not exist');
  const trust = state.visibleTrust(role);
  if (!namesService(trust, PODS_SERVICE, 'sts:AssumeRole') || !namesService(trust, PODS_SERVICE, 'sts:TagSession')) {
    throw refuse('Trust policy of the role provided is invalid');
  }
}
