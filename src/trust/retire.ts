import type { ServiceAccountName } from '../model/plan.ts';
import { some } from './answer.ts';
import { bareIssuer, webIdentityCall } from './context.ts';
import { applies, statementEffect, stringList } from './evaluate.ts';
import { globMatches } from './glob.ts';
import { arrayElements, editArray, type Member, objectMembers } from './json-text.ts';
import { findDangling } from './obstacles.ts';
import { editStatements, isObject, statementName } from './trust-policy.ts';
import type { RetireRequest, RetireResult, TrustPolicy, TrustProblemCode, TrustStatement } from './types.ts';

/**
 * Takes the subjects of migrated service accounts out of the Allow statements of their cluster's OIDC provider: single
 * exact subjects out of a list, and a statement where none is left. A statement that admits one of them and cannot be
 * narrowed exactly is refused (a wildcard, a negation, another provider beside this one), never guessed at; one that
 * admits none of them stays byte for byte.
 */
export function retireIssuerSubjects(policy: TrustPolicy, request: RetireRequest): RetireResult {
  const issuer = bareIssuer(request.issuer);
  const provider = { issuer, arn: `arn:${request.partition}:iam::${request.accountId}:oidc-provider/${issuer}` };
  const subjects = new Set(request.serviceAccounts.map(subjectOf));
  const calls = [...subjects].map((subject) => webIdentityCall({ providerArn: provider.arn, issuer, subject }));
  const edits = new Map<TrustStatement, string | null>();
  for (const statement of policy.statements) {
    if (statementEffect(statement) === 'Deny' || !namesProvider(statement, provider.arn)) continue;
    const admits = some(calls, (call) => some(call.actions, (action) => applies(policy, statement, 'Allow', call, action)));
    if (admits === 'no') continue;
    const narrowed = narrow(policy, statement, provider, subjects);
    if (isObject(narrowed)) return { kind: 'refused', problem: narrowed };
    edits.set(statement, narrowed);
  }
  if (edits.size === 0) return { kind: 'unchanged' };
  const dangling = findDangling(policy);
  if (dangling !== undefined) return { kind: 'refused', problem: dangling };
  if (policy.statements.every((statement) => edits.get(statement) === null)) {
    return { kind: 'refused', problem: { code: 'last-statement', message: 'no statement would be left, which IAM does not take' } };
  }
  return { kind: 'changed', text: editStatements(policy, edits, []) };
}

function subjectOf({ namespace, name }: ServiceAccountName): string {
  return `system:serviceaccount:${namespace}:${name}`;
}

interface Provider {
  readonly issuer: string;
  readonly arn: string;
}

function namesProvider({ value, doubtful }: TrustStatement, arn: string): boolean {
  return doubtful.has('Principal') || (isObject(value.Principal) && stringList(value.Principal.Federated)?.includes(arn) === true);
}

interface Refusal extends Record<string, unknown> {
  readonly code: TrustProblemCode;
  readonly message: string;
}

/** The statement without the subjects, null where none would be left, or why it cannot be narrowed exactly. */
function narrow(
  policy: TrustPolicy,
  statement: TrustStatement,
  provider: Provider,
  subjects: ReadonlySet<string>,
): string | null | Refusal {
  const refuse = (code: TrustProblemCode, why: string): Refusal => ({ code, message: `${statementName(policy, statement)} ${why}` });
  const { Principal, Condition } = statement.value;
  if (statement.doubtful.size > 0 || statementEffect(statement) !== 'Allow')
    return refuse('undecidable', 'repeats a key or has no known Effect');
  if (!isObject(Principal) || Object.keys(Principal).length > 1 || stringList(Principal.Federated)?.length !== 1) {
    return refuse('several-providers', `trusts more than ${provider.arn}`);
  }
  const found = isObject(Condition) ? subjectConditions(policy.text, statement, provider.issuer) : [];
  const [only, second] = found;
  if (only === undefined) return refuse('wildcard-subject', 'names no subject: it admits every service account of the issuer');
  if (second !== undefined) return refuse('undecidable', 'has more than one condition on the subject');
  const operator = only.operator.toLowerCase().replace(/^foranyvalue:/, '');
  if (operator.includes('not')) return refuse('negated-subject', 'names the subjects that it does not admit');
  const span = only.values;
  const values = stringList(JSON.parse(policy.text.slice(span.start, span.end)));
  if ((operator !== 'stringequals' && operator !== 'stringlike') || values === undefined || values.some((value) => value.includes('${'))) {
    return refuse('undecidable', `has a condition on the subject that podshift cannot narrow (${only.operator})`);
  }
  if (
    operator === 'stringlike' &&
    values.some((value) => /[*?]/.test(value) && [...subjects].some((subject) => globMatches(value, subject)))
  ) {
    return refuse('wildcard-subject', 'admits one of the service accounts by a wildcard');
  }
  if (values.every((value) => subjects.has(value))) return null;
  const removed = (index: number): null | undefined => (subjects.has(values[index] as string) ? null : undefined);
  const list = editArray(policy.text, span, arrayElements(policy.text, span.start), removed, []);
  return policy.text.slice(statement.start, span.start) + list + policy.text.slice(span.end, statement.end);
}

/** Where the conditions on the issuer's `sub` stand; keys are case-insensitive. */
function subjectConditions(
  text: string,
  statement: TrustStatement,
  issuer: string,
): { readonly operator: string; readonly values: Member }[] {
  const key = `${issuer}:sub`.toLowerCase();
  const found: { operator: string; values: Member }[] = [];
  for (const element of objectMembers(text, statement.start)) {
    if (element.key !== 'Condition') continue;
    for (const operator of objectMembers(text, element.start)) {
      if (text[operator.start] !== '{') continue;
      for (const values of objectMembers(text, operator.start))
        if (values.key.toLowerCase() === key) found.push({ operator: operator.key, values });
    }
  }
  return found;
}
