import { type Finding, finding } from '../model/findings.ts';
import { ruleRemoval } from '../model/interception.ts';
import type { Plan } from '../model/plan.ts';
import type { RetirementReport } from '../model/report.ts';
import type { RetiredRole, RetirementPlan, RetirementRecord } from '../model/retirement.ts';
import type { Evidence, RoleRecord } from '../model/run.ts';

/** What a run's journal says of its retirement. */
export interface RetirementFacts {
  readonly record: RetirementRecord | undefined;
  readonly roles: ReadonlyMap<string, RoleRecord>;
  /** By role ARN, among others. */
  readonly evidence: ReadonlyMap<string, readonly Evidence[]>;
}

const NOTHING: RetirementFacts = { record: undefined, roles: new Map(), evidence: new Map() };

/** The retirement as a report shows it: what was decided last, and what came of it. */
export function describeRetirement(planned: RetirementPlan, facts: RetirementFacts = NOTHING): RetirementReport {
  const { record } = facts;
  const plan = record?.plan ?? planned;
  const { rule } = plan;
  const names = [...new Set([...(rule?.nodeNames ?? []), ...Object.keys(record?.nodes ?? {})])].sort();
  return {
    daemon: plan.mechanism,
    status: record?.status ?? (plan.decision === 'refuse' ? 'refused' : 'planned'),
    reason: record?.reason ?? plan.reason,
    daemons: plan.daemons.map(({ kind, namespace, name, action }) => ({ kind, namespace, name, action })),
    rule: rule === null ? null : { removal: ruleRemoval(rule.arguments), image: rule.image },
    nodes: names.map((name) => ({
      name,
      removed: record?.nodes[name]?.removed ?? null,
      answered: record?.nodes[name]?.answered ?? null,
    })),
    principals: [...plan.principals],
    roles: plan.roles.map((role) => describeRole(role, plan, facts)),
  };
}

function describeRole(
  { roleArn, serviceAccounts, trustBefore }: RetiredRole,
  { principals }: RetirementPlan,
  { roles, evidence }: RetirementFacts,
): RetirementReport['roles'][number] {
  const trust = roles.get(roleArn)?.trustAfter ?? trustBefore;
  const proofs = evidence.get(roleArn) ?? [];
  const isNamed = principals.length === 0 || principals.some((principal) => trust.includes(`"${principal}"`));
  const last = proofs.at(-1);
  return {
    roleArn,
    serviceAccounts: [...serviceAccounts],
    status: isNamed ? (last === undefined ? 'pending' : 'kept') : 'removed',
    reason: isNamed ? String(last?.facts.problem ?? '') : '',
    evidence: proofs.map(({ grade, kind, passed, at, facts }) => ({ grade, kind, passed, at, facts: { ...facts } })),
  };
}

/** Codes of findings about a retirement alone (PS731 to PS741). */
const OF_RETIREMENT = /^PS7[34]/;

/** A run's findings with those of its retirement as it was decided last, and the retirement itself where there is one. */
export function tellRetirement(
  plan: Plan | undefined,
  facts: RetirementFacts,
): { readonly findings: readonly Finding[]; readonly section: { readonly retirement?: RetirementReport } } {
  const all = plan?.findings ?? [];
  const planned = facts.record?.plan ?? plan?.retirement;
  if (planned === undefined) return { findings: all, section: {} };
  const retirement = describeRetirement(planned, facts);
  const { record } = facts;
  if (record === undefined) return { findings: all, section: { retirement } };
  const kept = retirement.roles.filter(({ status, reason }) => status === 'kept' && reason !== '');
  const findings = [
    ...all.filter(({ code }) => !OF_RETIREMENT.test(code)),
    ...record.plan.findings,
    ...kept.map(({ roleArn, reason }) =>
      finding('PS741', `Role/${roleArn}`, `the trust policy of ${roleArn} keeps ${retirement.principals.join(', ')}: ${reason}`),
    ),
  ];
  return { findings, section: { retirement } };
}
