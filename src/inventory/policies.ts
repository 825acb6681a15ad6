import type { RolePolicy } from '../aws/gateways.ts';
import type { PolicyFacts } from '../model/inventory.ts';
import type { AssumeGrantFact } from '../model/metadata.ts';

interface Statement {
  readonly Sid?: unknown;
  readonly Effect?: string;
  readonly Action?: unknown;
  readonly NotAction?: unknown;
  readonly Resource?: unknown;
  readonly Condition?: unknown;
}

/** Policies of AWS that let a node's agent ask EKS Auth (AWS Managed Policy Reference). */
const NODE_POLICIES = /\/(AmazonEKSWorkerNodePolicy|AmazonEKSWorkerNodeMinimalPolicy|AdministratorAccess|PowerUserAccess)$/;

/** Condition keys that depend on the session's name, which EKS chooses under Pod Identity. */
const SESSION_KEYS = ['aws:userid', 'sts:rolesessionname'];

/** What a role's permission policies say that a change of the way to it can break. Documents that cannot be read say nothing. */
export function policyFacts(policies: readonly RolePolicy[]): PolicyFacts {
  const all = policies.flatMap((policy) => statementsOf(policy.document));
  const allowed = all.filter((statement) => statement.Effect === 'Allow');
  const assuming = allowed.filter((statement) => grants(statement, 'sts:assumerole', false));
  return {
    assumes: [...new Set(assuming.flatMap((statement) => listed(statement.Resource)))].sort(),
    usesKafka: allowed.some((statement) => listed(statement.Action).some((action) => /^kafka-cluster:/i.test(action))),
    sessionKeys: SESSION_KEYS.filter((key) => all.some((statement) => dependsOn(statement, key))),
  };
}

/** The statements of a role's permission policies that allow sts:AssumeRole, wildcards counted. */
export function assumeStatements(policies: readonly RolePolicy[]): Omit<AssumeGrantFact, 'roleArn'>[] {
  return policies.flatMap(({ arn, document }) =>
    statementsOf(document)
      .filter((statement) => statement.Effect === 'Allow' && grants(statement, 'sts:assumerole', true))
      .map(({ Sid, Resource }) => ({ policy: arn, sid: typeof Sid === 'string' ? Sid : '', resources: listed(Resource) })),
  );
}

/** Whether a statement looks at a condition key, by a condition or by a policy variable. */
function dependsOn({ Condition, Resource }: Statement, key: string): boolean {
  const text = JSON.stringify([Condition, Resource]).toLowerCase();
  return text.includes(`"${key}"`) || text.includes(`\${${key}`);
}

/**
 * Whether the policies of a node role, or its permissions boundary alone, let the agent ask EKS Auth; `unknown` where the document of
 * a customer's policy was not read.
 */
export function allowsAgent(policies: readonly RolePolicy[]): 'yes' | 'no' | 'unknown' {
  const action = 'eks-auth:assumeroleforpodidentity';
  const denies = (statement: Statement) =>
    statement.Effect === 'Deny' && statement.Condition === undefined && (grants(statement, action, true) || leavesOut(statement, action));
  if (policies.some((policy) => statementsOf(policy.document).some(denies))) return 'no';
  if (policies.some(({ arn }) => NODE_POLICIES.test(arn))) return 'yes';
  const statements = policies.flatMap((policy) => statementsOf(policy.document));
  if (statements.some((statement) => statement.Effect === 'Allow' && grants(statement, 'eks-auth:assumeroleforpodidentity', true)))
    return 'yes';
  if (statements.some((statement) => statement.Effect === 'Allow' && statement.NotAction !== undefined)) return 'unknown';
  // AWS's own policies beside those above do not grant it; a customer's may.
  return policies.some(({ arn, document }) => document === '' && !/^arn:[a-z-]+:iam::aws:policy\//.test(arn)) ? 'unknown' : 'no';
}

/** Whether a statement is about every action but some, and this one is not among them. */
function leavesOut({ NotAction }: Statement, action: string): boolean {
  return NotAction !== undefined && !grants({ Action: NotAction }, action, true);
}

/** Whether a statement's actions match one; `*` alone counts only where `wildcards` says so, as it tells no intent. */
function grants(statement: Statement, action: string, wildcards: boolean): boolean {
  return listed(statement.Action).some((pattern) => {
    if (pattern === '*' && !wildcards) return false;
    const expression = pattern
      .toLowerCase()
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.');
    return new RegExp(`^${expression}$`).test(action);
  });
}

function statementsOf(document: string): Statement[] {
  try {
    const parsed: unknown = document === '' ? {} : JSON.parse(document);
    const statements = (parsed as { Statement?: unknown } | null)?.Statement;
    return (Array.isArray(statements) ? statements : [statements]).filter((one) => typeof one === 'object' && one !== null) as Statement[];
  } catch (error) {
    if (error instanceof SyntaxError) return [];
    throw error;
  }
}

function listed(value: unknown): string[] {
  return (Array.isArray(value) ? value : [value]).filter((item) => typeof item === 'string');
}
