import type { RoleState } from './records.ts';
import type { AwsState } from './state.ts';
import { type Context, compileConditions, holds } from './trust-conditions.ts';
import { wildcard } from './trust-evaluation.ts';

/** A call that a role makes. */
export interface RoleCall {
  readonly action: string;
  readonly resource: string;
  /** Condition keys in lower case. */
  readonly context: Context;
}

/** What a policy says of a call; `unknown` where its document is not in the snapshot. */
type Verdict = 'allows' | 'denies' | 'silent' | 'unknown';

/** Policies of AWS whose documents a snapshot leaves out, and that let an agent ask EKS Auth (AWS Managed Policy Reference). */
const LET_AGENTS_IN = new Set(['AmazonEKSWorkerNodePolicy', 'AmazonEKSWorkerNodeMinimalPolicy']);

/**
 * Whether a role's permissions hold a call: some policy allows it, none denies it, and its boundary allows it as well (IAM User Guide,
 * "Policy evaluation logic"). What the snapshot does not show is taken as allowed: the cluster ran by it.
 */
export function isRoleAllowed(state: AwsState, role: RoleState, call: RoleCall): boolean {
  return decide(state, role, call) === 'allowed';
}

/** What IAM's simulator calls the outcome of a call: see {@link isRoleAllowed}. */
export function decide(state: AwsState, role: RoleState, call: RoleCall): 'allowed' | 'explicitDeny' | 'implicitDeny' {
  const { RolePolicyList, AttachedManagedPolicies, PermissionsBoundary } = role.description;
  const inline = RolePolicyList.map(({ PolicyDocument }) => verdictOf(PolicyDocument, call));
  const attached = AttachedManagedPolicies.map(({ PolicyArn }) => managed(state, PolicyArn, call));
  const boundary = PermissionsBoundary?.PermissionsBoundaryArn;
  const limits: Verdict[] = boundary === undefined ? [] : [managed(state, boundary, call)];
  const all = [...inline, ...attached];
  const passes = (verdict: Verdict): boolean => verdict === 'allows' || verdict === 'unknown';
  if ([...all, ...limits].includes('denies')) return 'explicitDeny';
  return all.some(passes) && limits.every(passes) ? 'allowed' : 'implicitDeny';
}

/** The condition keys that the policies of a role ask about, as far as the snapshot has them. */
export function conditionKeys(state: AwsState, { description }: RoleState): string[] {
  const arns = [
    ...description.AttachedManagedPolicies.map(({ PolicyArn }) => PolicyArn),
    description.PermissionsBoundary?.PermissionsBoundaryArn,
  ];
  const documents = [
    ...description.RolePolicyList.map(({ PolicyDocument }) => PolicyDocument),
    ...arns.map((arn) => documentOf(state, arn ?? '')),
  ];
  return documents.flatMap((document) =>
    statementsOf(document).flatMap(({ Condition }) =>
      Object.values((Condition ?? {}) as Readonly<Record<string, object>>).flatMap((tests) => Object.keys(tests)),
    ),
  );
}

function statementsOf(document: unknown): Statement[] {
  const read = typeof document === 'string' ? parsed(document) : document;
  const { Statement } = (typeof read === 'object' && read !== null ? read : {}) as { readonly Statement?: unknown };
  return list(Statement).filter((one): one is Statement => typeof one === 'object' && one !== null);
}

function documentOf(state: AwsState, arn: string): unknown {
  return state.snapshot.policies.find((one) => one.Arn === arn)?.PolicyVersionList.find((version) => version.IsDefaultVersion)?.Document;
}

function managed(state: AwsState, arn: string, call: RoleCall): Verdict {
  const document = documentOf(state, arn);
  if (document !== undefined) return verdictOf(document, call);
  if (arn.split(':')[4] !== 'aws') return 'unknown';
  const name = arn.split('/').at(-1) ?? '';
  if (name === 'AdministratorAccess') return 'allows';
  if (name === 'PowerUserAccess') return /^(iam|organizations|account):/.test(call.action) ? 'silent' : 'allows';
  return LET_AGENTS_IN.has(name) && call.action.startsWith('eks-auth:') ? 'allows' : 'silent';
}

function verdictOf(document: unknown, call: RoleCall): Verdict {
  const read = typeof document === 'string' ? parsed(document) : document;
  if (typeof read !== 'object' || read === null) return 'unknown';
  const { Statement, Version } = read as { Statement?: unknown; Version?: unknown };
  let verdict: Verdict = 'silent';
  for (const statement of list(Statement)) {
    if (typeof statement !== 'object' || statement === null || !concerns(statement as Statement, call, Version === '2012-10-17')) continue;
    if ((statement as Statement).Effect === 'Deny') return 'denies';
    verdict = 'allows';
  }
  return verdict;
}

interface Statement {
  readonly Effect?: unknown;
  readonly Action?: unknown;
  readonly NotAction?: unknown;
  readonly Resource?: unknown;
  readonly NotResource?: unknown;
  readonly Condition?: unknown;
}

function concerns(statement: Statement, { action, resource, context }: RoleCall, variables: boolean): boolean {
  const { Action, NotAction, Resource, NotResource, Condition, Effect } = statement;
  const acts = NotAction === undefined ? matches(Action, action, 'i') : !matches(NotAction, action, 'i');
  const reaches = NotResource === undefined ? matches(Resource, resource, '') : !matches(NotResource, resource, '');
  return acts && reaches && compileConditions(Condition, variables).every((condition) => holds(condition, context, Effect === 'Allow'));
}

function matches(patterns: unknown, text: string, flags: string): boolean {
  return list(patterns).some((pattern) => wildcard(String(pattern), flags).test(text));
}

function list(value: unknown): unknown[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text.trimStart().startsWith('%') ? decodeURIComponent(text) : text);
  } catch {
    return undefined;
  }
}
