import { createHash } from 'node:crypto';
import type { Plan, UnitPlan } from '../model/plan.ts';
import type { RetirementPlan } from '../model/retirement.ts';

/**
 * SHA-256 in hex over what a plan decides and would do, the options that it was made with included, whatever the order in which the
 * APIs listed things. What moves by itself is left out: when the plan was made, on which nodes pods happen to run, how many replicas an
 * autoscaler chose, resource versions, the account's quotas, and the words of findings.
 */
export function planDigest(plan: Omit<Plan, 'digest'>): string {
  return decisionsDigest(planDecisions(plan));
}

/** {@link planDigest} of what {@link planDecisions} gives. */
export function decisionsDigest(decisions: Decisions): string {
  return createHash('sha256').update(canonicalJson(decisions)).digest('hex');
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
  return decisionDifferences(planDecisions(before), planDecisions(after)).map(nameDifference);
}

/** A subject, such as `Role/ARN`, and what is decided about it, by field. */
export type Decisions = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** What differs between the decisions about one subject: all of it, where it is `new` or `gone`, or one field. */
export type Difference =
  | { readonly subject: string; readonly kind: 'new' | 'gone' }
  | { readonly subject: string; readonly kind: 'changed'; readonly field: string; readonly before: unknown; readonly after: unknown };

/** What differs between the decisions of two plans, in order of subjects and fields. */
export function decisionDifferences(before: Decisions, after: Decisions): Difference[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].sort().flatMap((subject): Difference[] => {
    const [left, right] = [before[subject], after[subject]];
    if (left === undefined) return [{ subject, kind: 'new' }];
    if (right === undefined) return [{ subject, kind: 'gone' }];
    return fieldsThatDiffer(left, right).map((difference) => ({ subject, kind: 'changed', ...difference }));
  });
}

/** A difference as people name it, such as `Role/ARN: is new`, or `ServiceAccount/shop/cart: before.annotations`. */
export function nameDifference(difference: Difference): string {
  return `${difference.subject}: ${difference.kind === 'changed' ? difference.field : `is ${difference.kind}`}`;
}

/** The subject that the options are. */
export const OPTIONS = 'Options';

/** What a plan decides, by subject: all that its digest is over. */
export function planDecisions(plan: Omit<Plan, 'digest'>): Decisions {
  const { action, addonVersion, configuration = null } = plan.agent;
  return Object.fromEntries<Readonly<Record<string, unknown>>>([
    [`Cluster/${plan.clusterArn}`, {}],
    [OPTIONS, plan.options],
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

/** The fields that differ, by paths of two levels at most: further down, a path says less than the object itself. An absent one is null. */
function fieldsThatDiffer(
  left: Readonly<Record<string, unknown>>,
  right: Readonly<Record<string, unknown>>,
  depth = 1,
): { field: string; before: unknown; after: unknown }[] {
  return [...new Set([...Object.keys(left), ...Object.keys(right)])].sort().flatMap((key) => {
    const [before, after] = [left[key], right[key]];
    if (before === after || (before !== undefined && after !== undefined && canonicalJson(before) === canonicalJson(after))) return [];
    if (depth < 2 && isRecord(before) && isRecord(after))
      return fieldsThatDiffer(before, after, depth + 1).map((inner) => ({ ...inner, field: `${key}.${inner.field}` }));
    return [{ field: key, before: before ?? null, after: after ?? null }];
  });
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** JSON with the keys of every object sorted by code unit, without those that JSON leaves out; arrays keep their order. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value)
    .filter(([, item]) => item !== undefined)
    .sort(([a], [b]) => Number(a > b) - Number(a < b));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join(',')}}`;
}
