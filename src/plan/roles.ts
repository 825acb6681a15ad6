import { type Finding, type FindingCode, finding } from '../model/findings.ts';
import type { RoleFacts } from '../model/inventory.ts';
import type { RolePlan, ServiceAccountName } from '../model/plan.ts';
import {
  type AdmitResult,
  admitServiceAccounts,
  parseTrustPolicy,
  type TrustProblemCode,
  type TrustScope,
  type TrustWarningCode,
} from '../trust/index.ts';
import { compareText } from './waves.ts';

/** One service account that a role has to admit, and when. */
export interface RoleUnit extends ServiceAccountName {
  readonly id: string;
  readonly wave: number;
}

/** A role with the units that need it. */
export interface RoleRequest {
  readonly role: RoleFacts;
  readonly units: readonly RoleUnit[];
  /** Some association of it passes no session tags, so that only a statement for the cluster can admit it. */
  readonly sessionTagsOff: boolean;
}

/** The cluster, and what the options allow. */
export interface RoleContext {
  readonly clusterArn: string;
  readonly accountId: string;
  readonly allowClusterScope: boolean;
}

/** A role's plan; or, for units that it cannot admit, why. */
export interface RoleOutcome {
  readonly plan: RolePlan;
  readonly findings: readonly Finding[];
  readonly held: ReadonlyMap<string, Finding>;
}

const PROBLEMS: Readonly<Partial<Record<TrustProblemCode, FindingCode>>> = {
  deny: 'PS204',
  'not-principal': 'PS205',
  'dangling-principal': 'PS206',
  'too-large': 'PS207',
  'foreign-sid': 'PS212',
};

const WARNINGS: Readonly<Record<TrustWarningCode, FindingCode>> = {
  'cluster-scope': 'PS208',
  'already-admitted-unscoped': 'PS210',
  'version-2008': 'PS211',
};

/**
 * What the plan does to one role's trust policy: its text after each wave that changes it. Where the document has no room
 * for every unit, those that fit in order of their ids are admitted and the others held; with the user's consent one
 * statement for the whole cluster takes their place.
 */
export function planRole(request: RoleRequest, context: RoleContext): RoleOutcome {
  const first = admitWaves(request, context, request.sessionTagsOff ? 'cluster' : 'service-account');
  const full = [...first.held.values()].some(({ code }) => code === 'PS207');
  return full && context.allowClusterScope && !request.sessionTagsOff ? admitWaves(request, context, 'cluster') : first;
}

function admitWaves({ role, units }: RoleRequest, context: RoleContext, scope: TrustScope): RoleOutcome {
  const findings = new Map<FindingCode, Finding>();
  const held = new Map<string, Finding>();
  const waves: { wave: number; admit: readonly ServiceAccountName[]; trustAfter: string }[] = [];
  let text = role.trustPolicy;
  const ordered = [...units].sort((a, b) => a.wave - b.wave || compareText(a.id, b.id));
  for (const [wave, members] of Map.groupBy(ordered, (unit) => unit.wave)) {
    const { result, admitted } = admitMost(text, members, role, context, scope, held);
    if (result === undefined) continue;
    for (const warning of result.warnings) {
      const code = WARNINGS[warning.code];
      findings.set(code, finding(code, `Role/${role.arn}`, warning.message));
    }
    if (result.kind === 'unchanged') continue;
    text = result.text;
    waves.push({ wave, admit: admitted.map(({ namespace, name }) => ({ namespace, name })), trustAfter: text });
  }
  const plan: RolePlan = { roleArn: role.arn, roleName: role.name, trustBefore: role.trustPolicy, trustAfter: text, waves };
  return { plan, findings: [...findings.values()], held };
}

/** Admits all of a wave's units; where only the size is in the way, as many as fit. Those left out are put into `held`. */
function admitMost(
  text: string,
  members: readonly RoleUnit[],
  role: RoleFacts,
  context: RoleContext,
  scope: TrustScope,
  held: Map<string, Finding>,
): { result: Exclude<AdmitResult, { kind: 'refused' }> | undefined; admitted: readonly RoleUnit[] } {
  let admitted: readonly RoleUnit[] = [];
  let best: Exclude<AdmitResult, { kind: 'refused' }> | undefined;
  const all = admit(text, members, context, scope);
  if (all.kind !== 'refused') return { result: all, admitted: members };
  for (const unit of members) {
    const result = admit(text, [...admitted, unit], context, scope);
    if (result.kind === 'refused') {
      const code = PROBLEMS[result.problem.code] ?? 'PS203';
      held.set(
        unit.id,
        finding(code, `Role/${role.arn}`, `the trust policy of ${role.arn} cannot take ${unit.id}: ${result.problem.message}`),
      );
    } else {
      admitted = [...admitted, unit];
      best = result;
    }
  }
  return { result: best, admitted };
}

function admit(text: string, units: readonly RoleUnit[], context: RoleContext, scope: TrustScope): AdmitResult {
  const parsed = parseTrustPolicy(text);
  if (!parsed.ok) return { kind: 'refused', problem: { code: 'undecidable', message: parsed.problem } };
  const serviceAccounts = units.map(({ namespace, name }) => ({ namespace, name }));
  return admitServiceAccounts(parsed.policy, { clusterArn: context.clusterArn, accountId: context.accountId, serviceAccounts, scope });
}
