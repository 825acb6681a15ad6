import { and, every, known, not, some } from './answer.ts';
import { conditionHolds } from './condition.ts';
import { accountOf, type Call, POD_IDENTITY_SERVICE, podIdentityCall, roleCall, webIdentityCall } from './context.ts';
import { globMatches } from './glob.ts';
import { isObject } from './trust-policy.ts';
import type { Answer, PodIdentityRequest, RoleRequest, TrustPolicy, TrustStatement, WebIdentityRequest } from './types.ts';

/** Whether the trust policy lets EKS Pod Identity assume the role for one service account, both actions and Deny considered. */
export function admitsPodIdentity(policy: TrustPolicy, request: PodIdentityRequest): Answer {
  return admits(policy, podIdentityCall(request));
}

/** Whether the trust policy lets a service account's token assume the role, Deny considered. */
export function admitsWebIdentity(policy: TrustPolicy, request: WebIdentityRequest): Answer {
  return admits(policy, webIdentityCall(request));
}

/** Whether the trust policy lets an IAM role assume the role, Deny considered; what the caller's own policies allow is not asked. */
export function admitsRole(policy: TrustPolicy, request: RoleRequest): Answer {
  return admits(policy, roleCall(request));
}

/** Each action of the call is allowed by some statement and denied by none (IAM user guide, "Policy evaluation logic"). */
function admits(policy: TrustPolicy, call: Call): Answer {
  return every(call.actions, (action) => {
    const allowed = some(policy.statements, (statement) => applies(policy, statement, 'Allow', call, action));
    if (allowed === 'no') return 'no';
    return and(allowed, not(some(policy.statements, (statement) => applies(policy, statement, 'Deny', call, action))));
  });
}

/** Whether a statement of this effect matches one action of a call. An Effect that is neither could be both. */
export function applies(policy: TrustPolicy, statement: TrustStatement, effect: 'Allow' | 'Deny', call: Call, action: string): Answer {
  const stated = statementEffect(statement);
  if (stated === effect) return matches(policy, statement, call, action);
  return stated === 'unclear' ? and('undecidable', matches(policy, statement, call, action)) : 'no';
}

/** What a statement does; `unclear` for an Effect that is missing, repeated or unknown. */
export function statementEffect({ value, doubtful }: TrustStatement): 'Allow' | 'Deny' | 'unclear' {
  if (doubtful.has('Effect')) return 'unclear';
  return value.Effect === 'Allow' || value.Effect === 'Deny' ? value.Effect : 'unclear';
}

/** The elements of a statement of a trust policy (IAM user guide, "IAM JSON policy elements reference"). */
export const ELEMENTS: ReadonlySet<string> = new Set(['Sid', 'Effect', 'Principal', 'NotPrincipal', 'Action', 'NotAction', 'Condition']);

function matches(policy: TrustPolicy, { value, doubtful }: TrustStatement, call: Call, action: string): Answer {
  const principal = doubtful.has('Principal') ? 'undecidable' : principalMatches(value, call);
  if (principal === 'no') return 'no';
  const who = and(principal, doubtful.has('Action') || doubtful.has('NotAction') ? 'undecidable' : actionMatches(value, action));
  if (who === 'no') return 'no';
  const hasVariables = policy.version === '2012-10-17';
  const holds = and(who, doubtful.has('Condition') ? 'undecidable' : conditionHolds(value.Condition, call.context, hasVariables));
  return Object.keys(value).every((element) => ELEMENTS.has(element)) ? holds : and(holds, 'undecidable');
}

/** A NotPrincipal is never decided: whom it leaves out depends on accounts and sessions that are not known here. */
function principalMatches(statement: Readonly<Record<string, unknown>>, call: Call): Answer {
  const principal = statement.Principal;
  if (statement.NotPrincipal !== undefined) return 'undecidable';
  if (principal === '*') return 'yes';
  if (!isObject(principal)) return 'undecidable';
  return some(Object.entries(principal), ([type, values]) => {
    const names = stringList(values);
    if (names === undefined) return type === call.principalType || type === 'AWS' ? 'undecidable' : 'no';
    // {"AWS": "*"} means the same as "*" (IAM user guide, "Principal"); any other AWS principal is neither service nor token.
    if (type === 'AWS')
      return call.principalType === 'AWS' ? some(names, (name) => awsMatches(name, call.principal)) : known(names.includes('*'));
    return type === call.principalType ? some(names, (name) => nameMatches(name, call.principal)) : 'no';
  });
}

/** An AWS principal is a role, its whole account (by id or `:root`), or one session of a role, which may be this one. */
function awsMatches(name: string, principal: string): Answer {
  const account = accountOf(principal);
  if (name === '*' || name === principal || name === account || name === `arn:${principal.split(':')[1]}:iam::${account}:root`)
    return 'yes';
  return name.includes(`:sts::${account}:assumed-role/${principal.split('/').at(-1)}/`) ? 'undecidable' : 'no';
}

/** IAM takes a wildcard for a whole name alone, so what would match as a pattern or in other letters is not decided. */
function nameMatches(name: string, principal: string): Answer {
  if (name === principal || name === '*') return 'yes';
  return globMatches(name.toLowerCase(), principal.toLowerCase()) ? 'undecidable' : 'no';
}

/** `action` is in lower case: actions are case-insensitive. */
function actionMatches(statement: Readonly<Record<string, unknown>>, action: string): Answer {
  const { Action, NotAction } = statement;
  if (Action !== undefined && NotAction !== undefined) return 'undecidable';
  const patterns = stringList(Action ?? NotAction);
  if (patterns === undefined) return 'undecidable';
  const listed = known(patterns.some((pattern) => globMatches(pattern.toLowerCase(), action)));
  return Action === undefined ? not(listed) : listed;
}

/** A string or a list of strings, as a list; undefined for anything else. */
export function stringList(value: unknown): readonly string[] | undefined {
  if (typeof value === 'string') return [value];
  return Array.isArray(value) && value.every((each) => typeof each === 'string') ? value : undefined;
}

/** Whether a statement names EKS Pod Identity itself: EKS takes no role that trusts it by a wildcard alone. */
export function namesPodIdentity({ value: { Principal } }: TrustStatement): boolean {
  return isObject(Principal) && stringList(Principal.Service)?.includes(POD_IDENTITY_SERVICE) === true;
}
