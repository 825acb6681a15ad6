/**
 * Trust policies of IAM roles: read, decide, grant, revoke, compare. Pure and total: nothing here throws, reads a clock or
 * keeps a state that shows.
 */
export { admitServiceAccounts, DEFAULT_SIZE_LIMIT } from './admit.ts';
export { admitsPodIdentity, admitsRole, admitsWebIdentity } from './evaluate.ts';
export { namedPairs } from './named-pairs.ts';
export { retireIssuerSubjects } from './retire.ts';
export { retirePrincipals } from './retire-principals.ts';
export { revokeServiceAccounts } from './revoke.ts';
export { parseTrustPolicy, trustPolicySize } from './trust-policy.ts';
export type {
  AdmitRequest,
  AdmitResult,
  Answer,
  Grant,
  PodIdentityRequest,
  RetireRequest,
  RetireResult,
  TrustPolicy,
  TrustProblemCode,
  TrustScope,
  TrustWarningCode,
} from './types.ts';
export { type Undecided, undecidedPodIdentity, undecidedRole, undecidedWebIdentity } from './undecided.ts';
export { widening } from './widening.ts';
