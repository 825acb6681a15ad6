import { createTwoFilesPatch } from 'diff';

/** A role's trust policy before and after, for a reader. */
export interface TrustChange {
  readonly roleArn: string;
  /** A unified diff of the two documents, laid out the same way; empty where they mean the same JSON. */
  readonly diff: string;
  /** Who could assume the role before and can after: one line for each principal of each statement. */
  readonly scopeBefore: readonly string[];
  readonly scopeAfter: readonly string[];
}

/** Lays out both documents and compares them. A document that is no JSON is shown as it is. */
export function trustChange(role: { readonly roleArn: string; readonly trustBefore: string; readonly trustAfter: string }): TrustChange {
  return {
    roleArn: role.roleArn,
    diff: jsonDiff(role.trustBefore, role.trustAfter),
    scopeBefore: trustScope(role.trustBefore),
    scopeAfter: trustScope(role.trustAfter),
  };
}

/** A unified diff of two documents, laid out the same way; empty where they mean the same JSON. */
export function jsonDiff(textBefore: string, textAfter: string): string {
  const [before, after] = [layOut(textBefore), layOut(textAfter)];
  const patch = createTwoFilesPatch('trust policy before', 'trust policy after', before, after, undefined, undefined, { context: 2 });
  return before === after ? '' : patch.slice(patch.indexOf('---')).trimEnd();
}

/**
 * One line for each principal of each statement, with the statement's conditions, such as
 * `Service pods.eks.amazonaws.com if aws:RequestTag/kubernetes-namespace is shop`. It repeats what the document says and
 * decides nothing: src/trust evaluates policies.
 */
export function trustScope(document: string): string[] {
  const policy = parse(document);
  if (!isObject(policy)) return ['(no readable policy)'];
  return list(policy.Statement).filter(isObject).flatMap(describeStatement);
}

function describeStatement(statement: Readonly<Record<string, unknown>>): string[] {
  const effect = statement.Effect === 'Allow' ? '' : `${String(statement.Effect)} `;
  const conditions = describeConditions(statement.Condition);
  const suffix = conditions === '' ? '' : ` if ${conditions}`;
  const not = statement.NotPrincipal === undefined ? '' : 'all but ';
  const principal = statement.Principal ?? statement.NotPrincipal;
  if (!isObject(principal)) return [`${effect}${not}${principal === '*' ? 'everyone' : String(principal)}${suffix}`];
  return Object.entries(principal).flatMap(([kind, names]) => list(names).map((name) => `${effect}${not}${kind} ${String(name)}${suffix}`));
}

function describeConditions(condition: unknown): string {
  if (!isObject(condition)) return '';
  const parts = Object.entries(condition).flatMap(([operator, keys]) =>
    isObject(keys) ? Object.entries(keys).map(([key, values]) => `${key} ${verb(operator)} ${list(values).map(String).join(' or ')}`) : [],
  );
  return parts.join(' and ');
}

function verb(operator: string): string {
  if (/^(StringEquals|ArnEquals|Bool)$/i.test(operator)) return 'is';
  if (/^(StringLike|ArnLike)$/i.test(operator)) return 'is like';
  return operator;
}

function layOut(document: string): string {
  const policy = parse(document);
  return `${policy === undefined ? document : JSON.stringify(policy, null, 2)}\n`;
}

/** Undefined where the text is no JSON: the caller shows it as it is. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function list(value: unknown): readonly unknown[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
