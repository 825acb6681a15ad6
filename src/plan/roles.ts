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
  /** Characters that a trust policy may have; IAM's default where the account's own quota is not known. */
  readonly sizeLimit?: number | undefined;
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
    const { result, admitted, refused } = admitMost(text, members, context, scope);
    for (const [id, problem] of refused) held.set(id, heldFinding(role, id, problem));
    if (result === undefined) continue;
    for (const warning of result.warnings) {
      const code = WARNINGS[warning.code];
      findings.set(code, finding(code, `Role/${role.arn}`, warning.message));
    }
    if (result.kind === 'unchanged') continue;
    text = result.text;
    waves.push({ wave, admit: admitted.map(({ namespace, name }) => ({ namespace, name })), trustAfter: text });
  }
  const { sizeLimit } = context;
  const limit = sizeLimit === undefined ? {} : { sizeLimit };
  const owners = role.owners.length === 0 ? {} : { owners: role.owners };
  const { arn: roleArn, name: roleName, trustPolicy: trustBefore } = role;
  const plan: RolePlan = { roleArn, roleName, trustBefore, trustAfter: text, waves, ...limit, ...owners };
  return { plan, findings: [...findings.values()], held };
}

function heldFinding({ arn }: RoleFacts, id: string, { code, message }: Refused['problem']): Finding {
  // What is undecided here is a Deny: whom it lets in is judged before.
  const remedy = code === 'undecidable' ? UNDECIDED_DENY : undefined;
  return finding(PROBLEMS[code] ?? 'PS203', `Role/${arn}`, `the trust policy of ${arn} cannot take ${id}: ${message}`, remedy);
}

const UNDECIDED_DENY = 'Narrow that statement so that it cannot match calls by pods.eks.amazonaws.com, then plan again.';

type Refused = Extract<AdmitResult, { kind: 'refused' }>;

/** What came of admitting a wave's units: the last result that was not refused, and why units were left out, by their ids. */
interface Admission {
  readonly result: Exclude<AdmitResult, Refused> | undefined;
  readonly admitted: readonly RoleUnit[];
  readonly refused: ReadonlyMap<string, Refused['problem']>;
}

/** Admits all of a wave's units; where only the size is in the way, as many as fit. */
function admitMost(text: string, members: readonly RoleUnit[], context: RoleContext, scope: TrustScope): Admission {
  const all = admit(text, members, context, scope);
  if (all.kind !== 'refused') return { result: all, admitted: members, refused: new Map() };
  const refused = new Map<string, Refused['problem']>();
  let most: Pick<Admission, 'result' | 'admitted'> = { result: undefined, admitted: [] };
  for (const unit of members) {
    const admitted = [...most.admitted, unit];
    const result = admit(text, admitted, context, scope);
    if (result.kind === 'refused') refused.set(unit.id, result.problem);
    else most = { result, admitted };
  }
  return { ...most, refused };
}

function admit(text: string, units: readonly RoleUnit[], context: RoleContext, scope: TrustScope): AdmitResult {
  const parsed = parseTrustPolicy(text);
  if (!parsed.ok) return { kind: 'refused', problem: { code: 'undecidable', message: parsed.problem } };
  const serviceAccounts = units.map(({ namespace, name }) => ({ namespace, name }));
  const { clusterArn, accountId, sizeLimit } = context;
  const limit = sizeLimit === undefined ? {} : { sizeLimit };
  return admitServiceAccounts(parsed.policy, { clusterArn, accountId, serviceAccounts, scope, ...limit });
}
