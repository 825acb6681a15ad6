import { POD_IDENTITY_SERVICE } from './context.ts';
import { admitsPodIdentity, statementEffect, stringList } from './evaluate.ts';
import { findOwn, pairKey } from './own-edit.ts';
import { readClusterArn, readStatement } from './own-statement.ts';
import { pairsOf } from './product.ts';
import { isObject, statementName, statementText } from './trust-policy.ts';
import type { Grant, TrustPolicy, TrustStatement } from './types.ts';

/**
 * Who could assume the role after an edit and could not before, beyond what was allowed; empty where nobody. It does not
 * trust the edit: a statement that is not ours must stand in `before` byte for byte and in the same order, or be one of
 * those with fewer exact values in a positive condition; no Deny may go; ours must say exactly what podshift writes and admit only
 * the allowed service accounts and those admitted before. Whatever it cannot prove harmless it reports.
 */
export function widening(before: TrustPolicy, after: TrustPolicy, allowed: Grant): string[] {
  if (before.text === after.text) return [];
  const grown: string[] = [];
  if (before.version !== after.version) grown.push(`*: the Version was changed from ${before.version} to ${after.version}`);
  const ownBefore = findOwn(before, allowed.clusterArn);
  const ownAfter = findOwn(after, allowed.clusterArn);
  grown.push(...foreignGrowth(before, without(before, ownBefore.statements), after, without(after, ownAfter.statements)));

  const cluster = readClusterArn(allowed.clusterArn);
  if (cluster === undefined) return grown;
  const isAllowedCluster = cluster.accountId === allowed.accountId;
  if (ownAfter.wholeCluster && !ownBefore.wholeCluster && !(isAllowedCluster && allowed.scope === 'cluster')) {
    grown.push(`${POD_IDENTITY_SERVICE}: ${allowed.clusterArn}, every service account`);
  }
  const known = new Set(ownBefore.pairs.map(pairKey));
  if (isAllowedCluster) for (const pair of allowed.serviceAccounts) known.add(pairKey(pair));
  for (const pair of ownAfter.pairs) {
    if (known.has(pairKey(pair))) continue;
    const subject = { clusterArn: allowed.clusterArn, clusterName: cluster.name, accountId: cluster.accountId };
    const call = { ...subject, namespace: pair.namespace, serviceAccount: pair.name, sessionTags: true };
    if (admitsPodIdentity(before, call) !== 'yes') grown.push(`${POD_IDENTITY_SERVICE}: ${allowed.clusterArn}, ${pairKey(pair)}`);
  }
  return grown;
}

function without(policy: TrustPolicy, own: readonly TrustStatement[]): readonly TrustStatement[] {
  return own.length === 0 ? policy.statements : policy.statements.filter((statement) => !own.includes(statement));
}

/** Walks both lists in step: what `after` has must come from `before` in order, what is left out must be an Allow. */
function foreignGrowth(
  before: TrustPolicy,
  old: readonly TrustStatement[],
  after: TrustPolicy,
  current: readonly TrustStatement[],
): string[] {
  const grown: string[] = [];
  let next = 0;
  const leaveOut = (statement: TrustStatement): void => {
    if (statementEffect(statement) !== 'Allow')
      grown.push(`*: ${statementName(before, statement)}, which denies, was taken out or changed`);
  };
  for (const statement of current) {
    const text = statementText(after, statement);
    const source = old.findIndex((candidate, index) => index >= next && comesFrom(before, candidate, text, statement));
    if (source < 0) {
      grown.push(...describe(after, statement));
      continue;
    }
    old.slice(next, source).forEach(leaveOut);
    next = source + 1;
  }
  old.slice(next).forEach(leaveOut);
  return grown;
}

/** Whether a statement is one of `before`, or an Allow of it with fewer values in a positive condition. */
function comesFrom(before: TrustPolicy, candidate: TrustStatement, text: string, statement: TrustStatement): boolean {
  if (candidate.end - candidate.start === text.length && statementText(before, candidate) === text) return true;
  if (statementEffect(candidate) !== 'Allow' || candidate.doubtful.size > 0 || statement.doubtful.size > 0) return false;
  const { Condition: oldCondition, ...old } = candidate.value;
  const { Condition: newCondition, ...current } = statement.value;
  return JSON.stringify(old) === JSON.stringify(current) && isNarrower(oldCondition, newCondition);
}

/** Operators that hold for fewer calls the fewer values they have. */
const POSITIVE = /^(foranyvalue:)?string(equals|like)$/i;

function isNarrower(old: unknown, current: unknown): boolean {
  if (!isObject(old) || !isObject(current) || !sameKeys(old, current)) return false;
  return Object.entries(old).every(([operator, keys]) => {
    const narrowed = current[operator];
    if (JSON.stringify(keys) === JSON.stringify(narrowed)) return true;
    if (!POSITIVE.test(operator) || !isObject(keys) || !isObject(narrowed) || !sameKeys(keys, narrowed)) return false;
    return Object.entries(keys).every(([key, values]) => {
      const from = stringList(values);
      const to = stringList(narrowed[key]);
      return from !== undefined && to !== undefined && to.length > 0 && to.every((value) => from.includes(value));
    });
  });
}

function sameKeys(left: Record<string, unknown>, right: Record<string, unknown>): boolean {
  return Object.keys(left).join('\n') === Object.keys(right).join('\n');
}

/** Whom a statement that was not there before lets in. */
function describe(policy: TrustPolicy, statement: TrustStatement): string[] {
  const own = readStatement(policy, statement);
  if (own !== undefined) {
    const whom = own.admission === 'cluster' ? ['every service account'] : pairsOf(own.admission).map(pairKey);
    return whom.map((each) => `${POD_IDENTITY_SERVICE}: ${own.clusterArn}, ${each}`);
  }
  const principal = statement.value.Principal;
  const names = isObject(principal) ? Object.values(principal).flatMap((each) => stringList(each) ?? ['*']) : [];
  return (names.length === 0 ? ['*'] : names).map((name) => `${name}: ${statementName(policy, statement)} was added or changed`);
}
