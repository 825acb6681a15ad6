import type { ServiceAccountName } from '../model/plan.ts';
import { namesPodIdentity, stringList } from './evaluate.ts';
import { isServiceAccountName } from './own-statement.ts';
import { isObject, statementName } from './trust-policy.ts';
import type { TrustPolicy, TrustStatement } from './types.ts';

/** One statement for Pod Identity with the service accounts that it names whole. */
export interface NamedPairs {
  /** How a message names the statement. */
  readonly statement: string;
  readonly pairs: readonly ServiceAccountName[];
  /** Whether it names others too, by patterns. */
  readonly hasPatterns: boolean;
}

const NAMESPACE = 'aws:requesttag/kubernetes-namespace';
const SERVICE_ACCOUNT = 'aws:requesttag/kubernetes-service-account';

/**
 * The service accounts that statements for Pod Identity name by both session tags, statement by statement. Whom the policy admits is
 * another question: this only says whom to ask it for. Patterns name nobody.
 */
export function namedPairs(policy: TrustPolicy): NamedPairs[] {
  return policy.statements
    .filter((statement) => statement.value.Effect === 'Allow' && namesPodIdentity(statement))
    .map((statement) => {
      const named = pairsOf(statement);
      const pairs = named.filter(isServiceAccountName);
      return { statement: statementName(policy, statement), pairs, hasPatterns: pairs.length < named.length };
    })
    .filter(({ pairs }) => pairs.length > 0);
}

function pairsOf({ value: { Condition } }: TrustStatement): ServiceAccountName[] {
  const names = valuesOf(Condition, SERVICE_ACCOUNT);
  return valuesOf(Condition, NAMESPACE).flatMap((namespace) => names.map((name) => ({ namespace, name })));
}

/** What a condition compares a key with, by an operator that asks for one of the values. */
function valuesOf(condition: unknown, wanted: string): string[] {
  if (!isObject(condition)) return [];
  const values = Object.entries(condition).flatMap(([operator, keys]) => {
    if (!isObject(keys) || !/^(for(any|all)values?:)?string(equals|like)/i.test(operator)) return [];
    return Object.entries(keys).flatMap(([key, value]) => (key.toLowerCase() === wanted ? (stringList(value) ?? []) : []));
  });
  return [...new Set(values)];
}
