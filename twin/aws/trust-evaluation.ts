import { type Condition, type Context, compileConditions, holds } from './trust-conditions.ts';

/** Who asks STS. `Federated` is an OIDC provider's ARN, `AWS` a role's, user's or account root's ARN. */
export interface Caller {
  readonly type: 'AWS' | 'Service' | 'Federated';
  readonly name: string;
}

/** One call to STS, as the trust document sees it. */
export interface TrustRequest {
  readonly action: 'sts:AssumeRole' | 'sts:TagSession' | 'sts:AssumeRoleWithWebIdentity';
  readonly caller: Caller;
  /** Condition keys in lower case. */
  readonly context: Context;
}

/** A statement ready to be evaluated. */
export interface Statement {
  /** The statement as JSON: two of the same text say the same. */
  readonly source: string;
  readonly allow: boolean;
  /** `*` for everyone; by type otherwise. */
  readonly principals: '*' | Readonly<Record<string, readonly string[]>>;
  readonly notPrincipal: boolean;
  readonly actions: readonly RegExp[];
  readonly notAction: boolean;
  readonly conditions: readonly Condition[];
}

/** A trust document ready to be evaluated. A document that is not one admits nobody. */
export interface TrustDocument {
  readonly text: string;
  readonly statements: readonly Statement[];
}

/**
 * Reads a trust document for evaluation. This is the twin's own reading, written apart from the product's, so that the one
 * can judge the other (IAM user guide: policy evaluation logic, grammar of the IAM JSON policy language).
 */
export function compileTrust(text: string): TrustDocument {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return { text, statements: [] };
  }
  const variables = asRecord(document).Version === '2012-10-17';
  return { text, statements: list(asRecord(document).Statement).map((statement) => compileStatement(asRecord(statement), variables)) };
}

/** Whether STS grants the call: some Allow matches and no Deny does. */
export function isAllowed(document: TrustDocument, request: TrustRequest): boolean {
  let allowed = false;
  for (const statement of document.statements) {
    if (allowed && statement.allow) continue;
    if (!matches(statement, request)) continue;
    if (!statement.allow) return false;
    allowed = true;
  }
  return allowed;
}

/** Whether any Allow statement, conditions aside, lets the service call the action: what EKS looks at when it takes a role. */
export function namesService(document: TrustDocument, service: string, action: TrustRequest['action']): boolean {
  const caller: Caller = { type: 'Service', name: service };
  return document.statements.some((statement) => statement.allow && couldMatch(statement, caller, action));
}

/** Whether a statement speaks of the caller and the action, conditions aside. */
export function couldMatch(statement: Statement, caller: Caller, action: TrustRequest['action']): boolean {
  return matchesCaller(statement, caller) && matchesAction(statement, action);
}

function compileStatement(statement: Record<string, unknown>, variables: boolean): Statement {
  const notPrincipal = 'NotPrincipal' in statement;
  const notAction = 'NotAction' in statement;
  const principal = notPrincipal ? statement.NotPrincipal : statement.Principal;
  return {
    source: JSON.stringify(statement),
    allow: statement.Effect === 'Allow',
    principals:
      principal === '*'
        ? '*'
        : Object.fromEntries(Object.entries(asRecord(principal)).map(([type, names]) => [type, list(names).map(String)])),
    notPrincipal,
    actions: list(notAction ? statement.NotAction : statement.Action).map((pattern) => wildcard(String(pattern), 'i')),
    notAction,
    conditions: compileConditions(statement.Condition, variables),
  };
}

function matches(statement: Statement, request: TrustRequest): boolean {
  return (
    matchesAction(statement, request.action) &&
    matchesCaller(statement, request.caller) &&
    statement.conditions.every((condition) => holds(condition, request.context, statement.allow))
  );
}

function matchesAction(statement: Statement, action: string): boolean {
  return statement.actions.some((pattern) => pattern.test(action)) !== statement.notAction;
}

function matchesCaller(statement: Statement, caller: Caller): boolean {
  return isNamed(statement.principals, caller) !== statement.notPrincipal;
}

function isNamed(principals: Statement['principals'], caller: Caller): boolean {
  if (principals === '*') return true;
  const aws = principals.AWS ?? [];
  if (aws.includes('*')) return true;
  if (caller.type !== 'AWS') return (principals[caller.type] ?? []).includes(caller.name);
  const account = caller.name.split(':')[4];
  return aws.some((name) => name === caller.name || name === account || (name.endsWith(':root') && name.split(':')[4] === account));
}

/** A pattern of `*` and `?` as an anchored expression. */
export function wildcard(pattern: string, flags = ''): RegExp {
  const body = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${body}$`, `${flags}s`);
}

function list(value: unknown): unknown[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}
