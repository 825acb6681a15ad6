import { findOwn, pairKey, rewriteOwn } from './own-edit.ts';
import { readClusterArn } from './own-statement.ts';
import { editStatements } from './trust-policy.ts';
import type { RevokeRequest, TrustPolicy } from './types.ts';

/**
 * Takes service accounts out of our statements of one cluster; every other byte stays. A statement for the whole cluster
 * goes with `all` alone. Revoking all that a grant added gives the text before it, but for a single-object Statement,
 * which stays the list of one that means the same. A document of nothing but our statements is left with an empty list,
 * which IAM does not take: whoever took the others out puts them back first.
 */
export function revokeServiceAccounts(policy: TrustPolicy, request: RevokeRequest): { readonly text: string; readonly changed: boolean } {
  const own = findOwn(policy, request.clusterArn);
  const cluster = readClusterArn(request.clusterArn);
  if (request.serviceAccounts === 'all' || cluster === undefined) {
    const text = editStatements(policy, new Map(own.statements.map((statement) => [statement, null])), []);
    return { text, changed: own.statements.length > 0 };
  }
  const revoked = new Set(request.serviceAccounts.map(pairKey));
  const kept = own.pairs.filter((pair) => !revoked.has(pairKey(pair)));
  if (kept.length === own.pairs.length) return { text: policy.text, changed: false };
  const grant = { clusterArn: request.clusterArn, accountId: cluster.accountId };
  return { text: rewriteOwn(policy, own.statements, grant, kept, own.wholeCluster), changed: true };
}
