import type { RunRecord, TrustAct } from '../../model/run.ts';
import { type RetireResult, retireIssuerSubjects, retirePrincipals, type TrustPolicy } from '../../trust/index.ts';
import { accountOf, policyOf, type TrustedRole } from './role-trust.ts';

/** Whom a trust policy loses. */
export type OldWay = Omit<Extract<TrustAct, { readonly kind: 'retire' }>, 'kind'>;

/** The document without the old way; every other statement as it is. */
export function withoutOldWay(
  run: RunRecord,
  role: TrustedRole,
  policy: TrustPolicy,
  { principals, issuer, serviceAccounts }: OldWay,
): RetireResult {
  const subjects =
    issuer === undefined
      ? ({ kind: 'unchanged' } as const)
      : retireIssuerSubjects(policy, { issuer, ...accountOf(run.clusterArn), serviceAccounts });
  if (subjects.kind === 'refused' || principals.length === 0) return subjects;
  if (subjects.kind === 'unchanged') return retirePrincipals(policy, principals);
  const both = retirePrincipals(policyOf(role, subjects.text), principals);
  return both.kind === 'unchanged' ? subjects : both;
}
