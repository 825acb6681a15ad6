import type { ServiceAccountName } from '../model/plan.ts';
import { every, some } from './answer.ts';
import { type Call, POD_IDENTITY_SERVICE, podIdentityCall } from './context.ts';
import { applies, statementEffect, stringList } from './evaluate.ts';
import { findOwn, rewriteOwn } from './own-edit.ts';
import { isServiceAccountName, readClusterArn, sidPrefix } from './own-statement.ts';
import { isObject, statementName, trustPolicySize } from './trust-policy.ts';
import type {
  AdmitRequest,
  AdmitResult,
  Answer,
  TrustPolicy,
  TrustProblem,
  TrustProblemCode,
  TrustStatement,
  TrustWarning,
} from './types.ts';

/** IAM's default quota "Role trust policy length", in characters without white space. */
export const DEFAULT_SIZE_LIMIT = 2048;

/**
 * Lets EKS Pod Identity assume the role for service accounts of one cluster, and nobody else. Only our own statement is
 * written, every other byte stays; only what no statement admits yet is added, so a second grant is no write. Refused is
 * what could leave a service account without the role (a Deny that may match) and what IAM would not take.
 */
export function admitServiceAccounts(policy: TrustPolicy, request: AdmitRequest): AdmitResult {
  const cluster = readClusterArn(request.clusterArn);
  const invalid = invalidRequest(request, cluster?.accountId);
  if (cluster === undefined || invalid !== undefined) return refused('invalid-request', invalid as string);
  const callsFor = (pair: ServiceAccountName): Call[] => {
    const subject = { ...request, clusterName: cluster.name, namespace: pair.namespace, serviceAccount: pair.name };
    // Where the whole cluster is admitted its associations may come with or without session tags.
    const withTags = podIdentityCall({ ...subject, sessionTags: true });
    return request.scope === 'cluster' ? [withTags, podIdentityCall({ ...subject, sessionTags: false })] : [withTags];
  };
  const blocked = findBlock(policy, request.serviceAccounts.flatMap(callsFor));
  if (blocked !== undefined) return { kind: 'refused', problem: blocked };

  const candidates = policy.statements.filter(namesPodIdentity);
  const missing: ServiceAccountName[] = [];
  const warnings: TrustWarning[] = [];
  for (const pair of request.serviceAccounts) {
    const admitted = (calls: readonly Call[]): boolean => every(calls, (call) => allowedBy(policy, candidates, call)) === 'yes';
    if (candidates.length === 0 || !admitted(callsFor(pair))) missing.push(pair);
    else if (strangersOf(pair, request.clusterArn, cluster.accountId, cluster.name).some((stranger) => admitted([stranger])))
      warnings.push(unscoped(pair));
  }
  if (missing.length === 0) return { kind: 'unchanged', warnings };

  const own = findOwn(policy, request.clusterArn);
  const unwritable = findDangling(policy) ?? findForeignSid(policy, request.clusterArn, own.statements);
  if (unwritable !== undefined) return { kind: 'refused', problem: unwritable };
  const wholeCluster = request.scope === 'cluster';
  const pairs = wholeCluster ? own.pairs : [...own.pairs, ...missing];
  const text = rewriteOwn(policy, own.statements, request, pairs, wholeCluster || own.wholeCluster);
  const size = trustPolicySize(text);
  const limit = request.sizeLimit ?? DEFAULT_SIZE_LIMIT;
  if (size > limit)
    return refused('too-large', `the trust policy would have ${size} characters without white space; the limit is ${limit}`);
  if (wholeCluster) {
    warnings.push({
      code: 'cluster-scope',
      message: `every service account of ${request.clusterArn} that is associated with the role can assume it`,
    });
  }
  if (policy.version === '2008-10-17') {
    warnings.push({
      code: 'version-2008',
      message: 'the trust policy is of Version 2008-10-17 and stays so: policy variables do not work in it',
    });
  }
  return { kind: 'changed', text, warnings };
}

function refused(code: TrustProblemCode, message: string): AdmitResult {
  return { kind: 'refused', problem: { code, message } };
}

function invalidRequest(request: AdmitRequest, accountOfCluster: string | undefined): string | undefined {
  if (accountOfCluster === undefined) return `${JSON.stringify(request.clusterArn)} is not the ARN of an EKS cluster`;
  if (accountOfCluster !== request.accountId) return `the cluster ${request.clusterArn} is not in account ${request.accountId}`;
  const malformed = request.serviceAccounts.find((pair) => !isServiceAccountName(pair));
  return malformed === undefined
    ? undefined
    : `${JSON.stringify(`${malformed.namespace}/${malformed.name}`)} is not a namespace and a service account name`;
}

/** What stands against these calls whatever we add: a NotPrincipal anywhere, a Deny that is not proven unable to match. */
function findBlock(policy: TrustPolicy, calls: readonly Call[]): TrustProblem | undefined {
  for (const statement of policy.statements) {
    const name = (): string => statementName(policy, statement);
    if (statement.value.NotPrincipal !== undefined) return { code: 'not-principal', message: `${name()} has a NotPrincipal` };
    if (statementEffect(statement) === 'Allow') continue;
    const denies = some(calls, (call) => some(call.actions, (action) => applies(policy, statement, 'Deny', call, action)));
    if (denies === 'yes') return { code: 'deny', message: `${name()} denies the role to EKS Pod Identity` };
    if (denies === 'undecidable')
      return { code: 'undecidable', message: `it cannot be decided whether ${name()} denies the role to EKS Pod Identity` };
  }
  return undefined;
}

/** Whether a statement allows something to EKS Pod Identity by its name: EKS takes no role that trusts it by a wildcard alone. */
function namesPodIdentity(statement: TrustStatement): boolean {
  const principal = statement.value.Principal;
  return (
    statementEffect(statement) === 'Allow' && isObject(principal) && stringList(principal.Service)?.includes(POD_IDENTITY_SERVICE) === true
  );
}

function allowedBy(policy: TrustPolicy, statements: readonly TrustStatement[], call: Call): Answer {
  return every(call.actions, (action) => some(statements, (statement) => applies(policy, statement, 'Allow', call, action)));
}

/** A name that Kubernetes takes and nobody has. */
const NOBODY = 'podshift-asks-for-nobody';

/** Calls for neighbours of a service account: in no namespace, under no name, in no cluster that is there. */
function strangersOf(pair: ServiceAccountName, clusterArn: string, accountId: string, clusterName: string): Call[] {
  const subject = { clusterArn, accountId, clusterName, namespace: pair.namespace, serviceAccount: pair.name, sessionTags: true };
  return [
    podIdentityCall({ ...subject, namespace: NOBODY }),
    podIdentityCall({ ...subject, serviceAccount: NOBODY }),
    podIdentityCall({ ...subject, clusterName: NOBODY, clusterArn: clusterArn.slice(0, -clusterName.length) + NOBODY }),
  ];
}

function unscoped({ namespace, name }: ServiceAccountName): TrustWarning {
  const message = `a statement admits ${namespace}/${name} already, and more than it: it is not scoped to cluster, namespace and service account`;
  return { code: 'already-admitted-unscoped', message };
}

/** An id where IAM showed an ARN: its role or user was deleted (IAM user guide, "Principal"). */
const DANGLING = /^A(ROA|IDA)[A-Z0-9]+$/;

/** IAM takes no document back that names a deleted role or user, whatever else changed in it. */
export function findDangling(policy: TrustPolicy): TrustProblem | undefined {
  for (const statement of policy.statements) {
    const { Principal, NotPrincipal } = statement.value;
    for (const principal of [Principal, NotPrincipal]) {
      const id = isObject(principal)
        ? Object.values(principal)
            .flatMap((names) => stringList(names) ?? [])
            .find((name) => DANGLING.test(name))
        : undefined;
      if (id === undefined) continue;
      const message = `${statementName(policy, statement)} names ${id}, a deleted role or user; IAM refuses any change until its owner removes it`;
      return { code: 'dangling-principal', message };
    }
  }
  return undefined;
}

function findForeignSid(policy: TrustPolicy, clusterArn: string, own: readonly TrustStatement[]): TrustProblem | undefined {
  const prefix = sidPrefix(clusterArn);
  const foreign = policy.statements.find((statement) => statement.sid?.startsWith(prefix) === true && !own.includes(statement));
  if (foreign === undefined) return undefined;
  return {
    code: 'foreign-sid',
    message: `${statementName(policy, foreign)} has the Sid of a podshift statement but was changed by someone else`,
  };
}
