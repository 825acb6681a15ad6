import type { ServiceAccountName } from '../model/plan.ts';
import { every, some } from './answer.ts';
import { type Call, podIdentityCall } from './context.ts';
import { applies, namesPodIdentity } from './evaluate.ts';
import { findBlock, findDangling, findForeignSid } from './obstacles.ts';
import { findOwn, type OwnStatements, pairKey, rewriteOwn } from './own-edit.ts';
import { isServiceAccountName, readClusterArn } from './own-statement.ts';
import { trustPolicySize } from './trust-policy.ts';
import type { AdmitRequest, AdmitResult, TrustPolicy, TrustProblemCode, TrustStatement, TrustWarning } from './types.ts';

/** IAM's default quota "Role trust policy length", in characters without white space. */
export const DEFAULT_SIZE_LIMIT = 2048;

/**
 * Lets EKS Pod Identity assume the role for service accounts of one cluster, and nobody else. Only our own statements are
 * written, every other byte stays; only what no statement admits yet is added, so a second grant is no write. Refused is
 * what could leave a service account without the role (a Deny that may match) and what IAM would not take.
 */
export function admitServiceAccounts(policy: TrustPolicy, request: AdmitRequest): AdmitResult {
  const malformed = malformedPart(request);
  if (malformed !== undefined) return refused('invalid-request', malformed);
  const blocked = findBlock(
    policy,
    request.serviceAccounts.flatMap((pair) => callsFor(request, pair)),
  );
  if (blocked !== undefined) return { kind: 'refused', problem: blocked };

  const named = policy.statements.filter(namesPodIdentity);
  const missing = request.serviceAccounts.filter((pair) => !allow(policy, named, callsFor(request, pair)));
  const own = findOwn(policy, request.clusterArn);
  const warnings = request.serviceAccounts
    .filter((pair) => !missing.includes(pair) && allowsStranger(policy, named, request, pair))
    .map(unscopedWarning);
  if (missing.length === 0) return { kind: 'unchanged', warnings: [...warnings, ...scopeWarnings(request, own.wholeCluster)] };

  const unwritable = findDangling(policy) ?? findForeignSid(policy, request.clusterArn, own.statements);
  if (unwritable !== undefined) return { kind: 'refused', problem: unwritable };
  const text = extend(policy, request, own, missing);
  const size = trustPolicySize(text);
  const limit = request.sizeLimit ?? DEFAULT_SIZE_LIMIT;
  if (size > limit) {
    return refused('too-large', `the trust policy would have ${size} characters without white space; the limit is ${limit}`);
  }
  return { kind: 'changed', text, warnings: [...warnings, ...scopeWarnings(request, true), ...versionWarnings(policy)] };
}

function refused(code: TrustProblemCode, message: string): AdmitResult {
  return { kind: 'refused', problem: { code, message } };
}

function malformedPart({ clusterArn, accountId, serviceAccounts }: AdmitRequest): string | undefined {
  const cluster = readClusterArn(clusterArn);
  if (cluster === undefined) return `${JSON.stringify(clusterArn)} is not the ARN of an EKS cluster`;
  if (cluster.accountId !== accountId) return `the cluster ${clusterArn} is not in account ${accountId}`;
  const malformed = serviceAccounts.find((pair) => !isServiceAccountName(pair));
  return malformed && `${JSON.stringify(pairKey(malformed))} is not a namespace and a service account name`;
}

/** The calls that must be admitted. Where the whole cluster is, its associations may come with or without session tags. */
function callsFor({ clusterArn, accountId, scope }: AdmitRequest, { namespace, name }: ServiceAccountName): Call[] {
  const subject = { clusterArn, accountId, clusterName: clusterNameOf(clusterArn), namespace, serviceAccount: name };
  const tagged = podIdentityCall({ ...subject, sessionTags: true });
  return scope === 'cluster' ? [tagged, podIdentityCall({ ...subject, sessionTags: false })] : [tagged];
}

function clusterNameOf(clusterArn: string): string {
  return clusterArn.slice(clusterArn.indexOf('/') + 1);
}

/** Whether these statements are proven to allow every action of every call. */
function allow(policy: TrustPolicy, statements: readonly TrustStatement[], calls: readonly Call[]): boolean {
  const allowed = every(calls, (call) =>
    every(call.actions, (action) => some(statements, (statement) => applies(policy, statement, 'Allow', call, action))),
  );
  return allowed === 'yes';
}

/** Names that a pattern over this one may admit, and only a pattern: one that begins like it, one that does not. */
function strangersTo(name: string): string[] {
  return [`${name}-podshift-asks-for-nobody`, 'podshift-asks-for-nobody'];
}

/** Whether what admits a service account also admits its like in another cluster or namespace, or another one beside it. */
function allowsStranger(policy: TrustPolicy, named: readonly TrustStatement[], request: AdmitRequest, pair: ServiceAccountName): boolean {
  const { clusterArn, scope } = request;
  const cluster = clusterNameOf(clusterArn);
  const clusters = strangersTo(cluster).map((name) => ({ ...request, clusterArn: clusterArn.slice(0, -cluster.length) + name }));
  if (clusters.some((elsewhere) => allow(policy, named, callsFor(elsewhere, pair)))) return true;
  if (scope === 'cluster') return false;
  const neighbours = [
    ...strangersTo(pair.namespace).map((namespace) => ({ ...pair, namespace })),
    ...strangersTo(pair.name).map((name) => ({ ...pair, name })),
  ];
  return neighbours.some((neighbour) => allow(policy, named, callsFor(request, neighbour)));
}

/** Our statements of the cluster, with what is missing; the text of all else stays. */
function extend(policy: TrustPolicy, request: AdmitRequest, own: OwnStatements, missing: readonly ServiceAccountName[]): string {
  if (request.scope === 'cluster') return rewriteOwn(policy, own.statements, request, own.pairs, true);
  return rewriteOwn(policy, own.statements, request, [...own.pairs, ...missing], own.wholeCluster);
}

function unscopedWarning(pair: ServiceAccountName): TrustWarning {
  const message = `the trust policy admits ${pairKey(pair)} already, by a statement that admits more: other service accounts or other clusters`;
  return { code: 'already-admitted-unscoped', message };
}

function scopeWarnings({ clusterArn, scope }: AdmitRequest, wholeCluster: boolean): TrustWarning[] {
  if (scope !== 'cluster' || !wholeCluster) return [];
  return [{ code: 'cluster-scope', message: `every service account of ${clusterArn} that is associated with the role can assume it` }];
}

function versionWarnings(policy: TrustPolicy): TrustWarning[] {
  if (policy.version === '2012-10-17') return [];
  return [{ code: 'version-2008', message: 'the trust policy is of Version 2008-10-17 and stays so: policy variables do not work in it' }];
}
