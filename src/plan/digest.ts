import { createHash } from 'node:crypto';
import type { Plan, UnitPlan } from '../model/plan.ts';
import type { RetirementPlan } from '../model/retirement.ts';

/**
 * SHA-256 in hex over what a plan decides and would do, the options that it was made with included, whatever the order in which the
 * APIs listed things. What moves by itself is left out: when the plan was made, on which nodes pods happen to run, how many replicas an
 * autoscaler chose, resource versions, the account's quotas, and the words of findings.
 */
export function planDigest(plan: Omit<Plan, 'digest'>): string {
  return createHash('sha256')
    .update(canonicalJson(decisionsOf(plan)))
    .digest('hex');
}

/** Hex digits of a digest that are enough to name a plan: 48 bits, of two plans that one person compares. */
export const SHORT_DIGEST_LENGTH = 12;

/** Whether a digest, whole or its first 12 hex digits or more, is that of the plan. */
export function isDigestOf(given: string, digest: string): boolean {
  return given === digest || (given.length >= SHORT_DIGEST_LENGTH && digest.startsWith(given));
}

/**
 * What differs between two plans of one cluster, for people: the object and the field, such as `ServiceAccount/shop/cart: before.annotations`.
 * Empty where their digests are alike.
 */
export function planDifferences(before: Omit<Plan, 'digest'>, after: Omit<Plan, 'digest'>): string[] {
  const [old, now] = [decisionsOf(before), decisionsOf(after)];
  return [...new Set([...Object.keys(old), ...Object.keys(now)])].sort().flatMap((subject) => {
    const [left, right] = [old[subject], now[subject]];
    if (left === undefined) return [`${subject}: is new`];
    if (right === undefined) return [`${subject}: is gone`];
    return fieldsThatDiffer(left, right).map((field) => `${subject}: ${field}`);
  });
}

/** A subject, such as `Role/ARN`, and what is decided about it, by field. */
type Decisions = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

function decisionsOf(plan: Omit<Plan, 'digest'>): Decisions {
  const { action, addonVersion, configuration = null } = plan.agent;
  return Object.fromEntries<Readonly<Record<string, unknown>>>([
    [`Cluster/${plan.clusterArn}`, {}],
    ['Options', plan.options],
    ['Agent', { action, addonVersion, configuration }],
    ...plan.units.map((unit) => [`ServiceAccount/${unit.id}`, unitDecisions(unit)] as const),
    ...plan.roles.map(({ roleArn, trustBefore, trustAfter, waves }) => [`Role/${roleArn}`, { trustBefore, trustAfter, waves }] as const),
    ...(plan.retirement === undefined ? [] : [['Retirement', retirementDecisions(plan.retirement)] as const]),
  ]);
}

function unitDecisions(unit: UnitPlan): Readonly<Record<string, unknown>> {
  const { mechanism, roleArn, decision, wave, workloads, addon, removeAnnotations, before, metadata } = unit;
  // A label moves a resource version, and changes nothing that is decided.
  const { resourceVersion: _, ...object } = before;
  return {
    mechanism,
    roleArn,
    decision,
    wave,
    workloads: workloads.map(({ apiVersion, kind, name, restart }) => canonicalJson({ apiVersion, kind, name, restart })).sort(),
    ...(addon === undefined ? {} : { addon }),
    removeAnnotations: [...removeAnnotations].sort(),
    before: object,
    ...(metadata === undefined ? {} : { metadata }),
  };
}

/** Nodes come and go, and a finding may be told in other words. */
function retirementDecisions({ mechanism, decision, daemons, rule, principals, roles }: RetirementPlan): Readonly<Record<string, unknown>> {
  return { mechanism, decision, daemons, rule: rule === null ? null : { image: rule.image, arguments: rule.arguments }, principals, roles };
}

/** Paths of the fields that differ, two levels deep at most: further down, a path says less than the object itself. */
function fieldsThatDiffer(left: Readonly<Record<string, unknown>>, right: Readonly<Record<string, unknown>>, depth = 1): string[] {
  return [...new Set([...Object.keys(left), ...Object.keys(right)])].sort().flatMap((key) => {
    const [old, now] = [left[key], right[key]];
    if (old === now || (old !== undefined && now !== undefined && canonicalJson(old) === canonicalJson(now))) return [];
    if (depth < 2 && isRecord(old) && isRecord(now)) return fieldsThatDiffer(old, now, depth + 1).map((path) => `${key}.${path}`);
    return [key];
  });
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** JSON with the keys of every object sorted by code unit; arrays keep their order. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => Number(a > b) - Number(a < b));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join(',')}}`;
}
