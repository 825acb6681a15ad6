import { conditionHolds } from './condition.ts';
import { type Call, podIdentityCall, roleCall, webIdentityCall } from './context.ts';
import { applies, ELEMENTS, statementEffect } from './evaluate.ts';
import { isObject, statementName } from './trust-policy.ts';
import type { PodIdentityRequest, RoleRequest, TrustPolicy, TrustStatement, WebIdentityRequest } from './types.ts';

/** What of one statement keeps a call from being decided. */
export interface Undecided {
  /** Its place and its Sid, such as `statement 2 ("Office")`. */
  readonly statement: string;
  /** Condition keys with their operators, such as `aws:SourceIp (IpAddress)`; where none is the cause, the element that is, such as `Principal`. */
  readonly parts: readonly string[];
}

/** Why nobody can tell whether a token of the cluster's issuer is let in; empty where one can. */
export function undecidedWebIdentity(policy: TrustPolicy, request: WebIdentityRequest): Undecided[] {
  return undecided(policy, webIdentityCall(request));
}

/** Why nobody can tell whether EKS Pod Identity is let in; empty where one can. */
export function undecidedPodIdentity(policy: TrustPolicy, request: PodIdentityRequest): Undecided[] {
  return undecided(policy, podIdentityCall(request));
}

/** Why nobody can tell whether a role is let in; empty where one can. */
export function undecidedRole(policy: TrustPolicy, request: RoleRequest): Undecided[] {
  return undecided(policy, roleCall(request));
}

function undecided(policy: TrustPolicy, call: Call): Undecided[] {
  return policy.statements
    .filter((statement) => isUndecided(policy, statement, call))
    .map((statement) => ({ statement: statementName(policy, statement), parts: undecidedParts(policy, statement, call) }));
}

function isUndecided(policy: TrustPolicy, statement: TrustStatement, call: Call): boolean {
  return call.actions.some((action) =>
    (['Allow', 'Deny'] as const).some((effect) => applies(policy, statement, effect, call, action) === 'undecidable'),
  );
}

/** The condition keys that a call does not tell; else the elements that are not understood. */
export function undecidedParts(policy: TrustPolicy, statement: TrustStatement, { context }: Pick<Call, 'context'>): string[] {
  const { value, doubtful } = statement;
  const hasVariables = policy.version === '2012-10-17';
  const keys = isObject(value.Condition)
    ? Object.entries(value.Condition).flatMap(([operator, tests]) =>
        isObject(tests)
          ? Object.entries(tests)
              .filter(([key, expected]) => conditionHolds({ [operator]: { [key]: expected } }, context, hasVariables) === 'undecidable')
              .map(([key]) => `${key} (${operator})`)
          : ['Condition'],
      )
    : [];
  if (keys.length > 0) return keys;
  if (doubtful.size > 0) return [...doubtful];
  if (statementEffect(statement) === 'unclear') return ['Effect'];
  if (value.NotPrincipal !== undefined) return ['NotPrincipal'];
  const foreign = Object.keys(value).filter((element) => !ELEMENTS.has(element));
  return foreign.length === 0 ? ['Principal'] : foreign;
}
