import { jsonProblem } from '../model/text/json-problem.ts';
import {
  arrayElements,
  countMembers,
  countMembersInText,
  editArray,
  nestingDepth,
  objectMembers,
  type Span,
  skipSpace,
} from './json-text.ts';
import type { TrustPolicy, TrustPolicyResult, TrustStatement } from './types.ts';

/** Deeper than any policy, and far from where recursion ends. */
const DEEPEST = 32;

/**
 * Reads the JSON text of a trust policy as IAM stores it, decoded. Nothing is normalised: every edit works on the text.
 * Refused are texts that are not strict JSON (RFC 8259), and documents whose outermost elements cannot be told apart: a
 * repeated or unknown element, an unknown Version, a Statement that is neither an object nor a list of them
 * (IAM user guide, "Grammar of the IAM JSON policy language").
 */
export function parseTrustPolicy(text: string): TrustPolicyResult {
  let root: unknown;
  try {
    root = JSON.parse(text);
  } catch {
    return problem(`the trust policy is not JSON: ${jsonProblem(text)}`);
  }
  if (!isObject(root)) return problem('the trust policy is not a JSON object');
  if (nestingDepth(text) > DEEPEST) return problem(`the trust policy nests deeper than ${DEEPEST} levels`);
  const rootStart = skipSpace(text, 0);
  let statementSpan: Span | undefined;
  const seen = new Set<string>();
  for (const member of objectMembers(text, rootStart)) {
    if (seen.has(member.key)) return problem(`the trust policy has more than one ${member.key}`);
    seen.add(member.key);
    if (member.key === 'Statement') statementSpan = member;
    else if (member.key !== 'Version' && member.key !== 'Id') return problem(`the trust policy has the unknown element ${member.key}`);
  }
  if (statementSpan === undefined) return problem('the trust policy has no Statement');
  const version = root.Version === undefined ? '2008-10-17' : root.Version;
  if (version !== '2008-10-17' && version !== '2012-10-17')
    return problem('the Version of the trust policy is neither 2012-10-17 nor 2008-10-17');
  const { start, end } = statementSpan;
  const isArray = Array.isArray(root.Statement);
  const values: readonly unknown[] = Array.isArray(root.Statement) ? root.Statement : [root.Statement];
  const spans = isArray ? arrayElements(text, start) : [statementSpan];
  const statements: TrustStatement[] = [];
  for (const [index, span] of spans.entries()) {
    const value = values[index];
    if (!isObject(value)) return problem(`statement ${index + 1} of the trust policy is not a JSON object`);
    statements.push({
      start: span.start,
      end: span.end,
      value,
      sid: typeof value.Sid === 'string' ? value.Sid : undefined,
      doubtful: countMembersInText(text, span) === countMembers(value) ? NONE : doubtfulElements(text, span),
    });
  }
  return { ok: true, policy: { text, version, statements, statementStart: start, statementEnd: end, isArray } };
}

const NONE: ReadonlySet<string> = new Set();

/** The elements of a statement that occur twice, or in which a key does. */
function doubtfulElements(text: string, statement: Span): Set<string> {
  const seen = new Set<string>();
  const doubtful = new Set<string>();
  for (const member of objectMembers(text, statement.start)) {
    const value: unknown = JSON.parse(text.slice(member.start, member.end));
    if (seen.has(member.key) || countMembersInText(text, member) !== countMembers(value)) doubtful.add(member.key);
    seen.add(member.key);
  }
  return doubtful;
}

function problem(message: string): TrustPolicyResult {
  return { ok: false, problem: message };
}

/** Whether a parsed JSON value is an object. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * The size that counts against the quota "Role trust policy length": characters without white space
 * (IAM user guide, "IAM and AWS STS quotas").
 */
export function trustPolicySize(text: string): number {
  let size = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code !== 32 && (code > 13 || code < 9)) size++;
  }
  return size;
}

/** The text of one statement. */
export function statementText(policy: TrustPolicy, statement: TrustStatement): string {
  return policy.text.slice(statement.start, statement.end);
}

/** How a message names a statement: its position from 1, and its Sid where it has one. */
export function statementName(policy: TrustPolicy, statement: TrustStatement): string {
  const position = `statement ${policy.statements.indexOf(statement) + 1}`;
  return statement.sid === undefined || statement.sid === '' ? position : `${position} (${JSON.stringify(statement.sid)})`;
}

/**
 * The document with some statements replaced (a text), taken out (null) or added at the end; every other byte stays. A
 * single-object Statement becomes a list around that same text where a statement joins it.
 */
export function editStatements(policy: TrustPolicy, edits: ReadonlyMap<TrustStatement, string | null>, added: readonly string[]): string {
  const { text, statements, statementStart: start, statementEnd: end } = policy;
  const edit = (index: number): string | null | undefined => edits.get(statements[index] as TrustStatement);
  if (policy.isArray) return text.slice(0, start) + editArray(text, { start, end }, statements, edit, added) + text.slice(end);
  const own = edit(0);
  const all = own === null ? added : [own ?? text.slice(start, end), ...added];
  return text.slice(0, start) + (all.length === 1 ? all[0] : `[${all.join(',')}]`) + text.slice(end);
}
