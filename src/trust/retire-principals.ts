import { statementEffect, stringList } from './evaluate.ts';
import { arrayElements, editArray, type Member, objectMembers } from './json-text.ts';
import { findDangling } from './obstacles.ts';
import { editStatements, isObject, statementName } from './trust-policy.ts';
import type { RetireResult, TrustPolicy, TrustProblem, TrustStatement } from './types.ts';

/**
 * Takes IAM roles, by their exact ARNs, out of the `AWS` principals of Allow statements: single names out of a list, the
 * list out of a Principal that has others, and a statement where no principal is left. Nothing else changes: a whole
 * account, a wildcard or a session that also admits one of them stays. Refused where a statement that names one of them
 * cannot be read for certain.
 */
export function retirePrincipals(policy: TrustPolicy, principals: readonly string[]): RetireResult {
  const gone = new Set(principals);
  const edits = new Map<TrustStatement, string | null>();
  for (const statement of policy.statements) {
    const named = awsNames(statement);
    if (!named.some((name) => gone.has(name)) || statementEffect(statement) === 'Deny') continue;
    const problem = doubt(policy, statement);
    if (problem !== undefined) return { kind: 'refused', problem };
    edits.set(statement, without(policy.text, statement, gone));
  }
  if (edits.size === 0) return { kind: 'unchanged' };
  const dangling = findDangling(policy);
  if (dangling !== undefined) return { kind: 'refused', problem: dangling };
  if (policy.statements.every((statement) => edits.get(statement) === null))
    return { kind: 'refused', problem: { code: 'last-statement', message: 'no statement would be left, which IAM does not take' } };
  return { kind: 'changed', text: editStatements(policy, edits, []) };
}

function awsNames({ value }: TrustStatement): readonly string[] {
  return isObject(value.Principal) ? (stringList(value.Principal.AWS) ?? []) : [];
}

function doubt(policy: TrustPolicy, statement: TrustStatement): TrustProblem | undefined {
  if (statement.doubtful.size === 0 && statementEffect(statement) === 'Allow') return undefined;
  return { code: 'undecidable', message: `${statementName(policy, statement)} repeats a key or has no known Effect` };
}

/** The statement without these names; null where no principal is left. */
function without(text: string, statement: TrustStatement, gone: ReadonlySet<string>): string | null {
  // It was read as an object with an AWS principal.
  const principal = objectMembers(text, statement.start).find(({ key }) => key === 'Principal') as Member;
  const types = objectMembers(text, principal.start);
  const aws = types.find(({ key }) => key === 'AWS') as Member;
  const names = awsNames(statement);
  if (names.every((name) => gone.has(name))) {
    const others = types.filter((member) => member !== aws);
    if (others.length === 0) return null;
    const kept = others.map(({ key, start, end }) => `${JSON.stringify(key)}:${text.slice(start, end)}`);
    return `${text.slice(statement.start, principal.start)}{${kept.join(',')}}${text.slice(principal.end, statement.end)}`;
  }
  const removed = (index: number): null | undefined => (gone.has(names[index] as string) ? null : undefined);
  const list = editArray(text, aws, arrayElements(text, aws.start), removed, []);
  return text.slice(statement.start, aws.start) + list + text.slice(aws.end, statement.end);
}
