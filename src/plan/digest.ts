import { createHash } from 'node:crypto';
import type { Plan } from '../model/plan.ts';
import type { RetirementPlan } from '../model/retirement.ts';

/**
 * SHA-256 in hex over a plan's decisions and before-images, whatever the order in which the APIs listed things. What moves by
 * itself is left out: when the plan was made, on which nodes pods happen to run, how many replicas an autoscaler chose, and
 * the words of findings.
 */
export function planDigest(plan: Omit<Plan, 'digest'>): string {
  const decisions = {
    clusterArn: plan.clusterArn,
    agent: { action: plan.agent.action, addonVersion: plan.agent.addonVersion, configuration: plan.agent.configuration ?? null },
    units: plan.units
      .map(({ id, mechanism, roleArn, decision, wave, workloads, addon, removeAnnotations, before, metadata, accepted }) => ({
        id,
        mechanism,
        roleArn,
        decision,
        wave,
        workloads: workloads.map(({ apiVersion, kind, name, restart }) => canonicalJson({ apiVersion, kind, name, restart })).sort(),
        ...(addon === undefined ? {} : { addon }),
        removeAnnotations: [...removeAnnotations].sort(),
        before,
        ...(metadata === undefined ? {} : { metadata }),
        ...(accepted === undefined ? {} : { accepted }),
      }))
      .map(canonicalJson)
      .sort(),
    roles: plan.roles.map(canonicalJson).sort(),
    ...(plan.retirement === undefined ? {} : { retirement: retirementDecisions(plan.retirement) }),
  };
  return createHash('sha256').update(canonicalJson(decisions)).digest('hex');
}

/** Nodes come and go, and a finding may be told in other words. */
function retirementDecisions({ mechanism, decision, daemons, rule, principals, roles }: RetirementPlan): unknown {
  return { mechanism, decision, daemons, rule: rule === null ? null : { image: rule.image, arguments: rule.arguments }, principals, roles };
}

/** JSON with the keys of every object sorted by code unit; arrays keep their order. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => Number(a > b) - Number(a < b));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join(',')}}`;
}
