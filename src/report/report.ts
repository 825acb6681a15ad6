import type { Journal } from '../journal/journal.ts';
import { FINDINGS, type Finding, finding } from '../model/findings.ts';
import type { Plan, RolePlan, UnitPlan } from '../model/plan.ts';
import type { PlanContents, PlanReport, Promises, RunReport } from '../model/report.ts';
import { isSelf } from '../model/requester.ts';
import type { RetirementRecord } from '../model/retirement.ts';
import type { CallCounts, Evidence, RoleRecord, RunRecord, RunStatus, UnitRecord, UnitStatus } from '../model/run.ts';
import { metadataChanges, planChanges } from '../plan/changes.ts';
import { plannedDuration } from '../plan/duration.ts';
import { describeRetirement, tellRetirement } from './retirement.ts';
import { madeAssociations, ownersOf, sourceOfUnit } from './unit-source.ts';
import { tellWriters } from './writers.ts';

/** The facts about a run that a plan alone does not hold. */
export interface PlanFacts {
  readonly runId: string;
  readonly status: RunStatus;
  /** RFC 3339; `endedAt` is null while the run is under way. */
  readonly startedAt: string;
  readonly endedAt: string | null;
  readonly calls: CallCounts;
  /** Null where nothing watched the promises (a run against AWS). */
  readonly promises: Promises | null;
}

/**
 * The report of a run as the journal has it now: finished, interrupted or under way. Units are in the order of namespace
 * and service account, roles in that of their ARN, findings by code and subject, evidence as it came in: the same journal
 * gives the same report. Throws `RunNotFound` and `JournalTooNew`, and what reads of the journal throw.
 *
 * @example
 * const report = await buildReport(journal, runId, twin.promises());
 */
export async function buildReport(journal: Journal, runId: string, promises: Promises | null): Promise<RunReport> {
  const run = await journal.getRun(runId);
  // the plan step alone writes this document
  const plan = (await journal.getDocument(runId, 'plan')) as Plan | undefined;
  const records = new Map((await journal.listUnits(runId)).map((record) => [record.unitId, record]));
  const roles = new Map((await journal.listRoles(runId)).map((role) => [role.roleArn, role]));
  const evidence = await journal.listEvidence(runId);

  const plans = new Map((plan?.units ?? []).map((unit) => [unit.id, unit]));
  for (const record of records.values()) plans.set(record.unitId, record.plan);
  const units = [...plans.values()].sort(byUnit);
  const record = (await journal.getDocument(runId, 'retirement')) as RetirementRecord | undefined;
  const told = tellRetirement(plan, { record, roles, evidence });
  // What a run left is asked for once it has ended; those that look on while it runs are spared the reading.
  const made = run.endedAt === null ? new Map<string, never>() : madeAssociations(await journal.listEntries(runId));
  const proposed = plan !== undefined && isProposal(run) ? describePlan({ ...plan, options: run.options }) : undefined;
  return {
    apiVersion: 'podshift/v1',
    kind: 'RunReport',
    run: {
      id: run.runId,
      status: run.status,
      cluster: run.clusterArn || (plan?.clusterArn ?? ''),
      digest: run.digest,
      startedAt: run.startedAt,
      endedAt: run.endedAt,
      ...(units.length > 0 || run.reason === '' ? {} : { reason: run.reason }),
      ...(run.requester === undefined ? {} : { requester: { ...run.requester } }),
      ...(run.approval === null ? {} : { approval: describeApproval(run) ?? undefined }),
    },
    units: units.map((unit) => ({
      ...describeUnit(unit, records.get(unit.id)),
      ...unbegun(run, unit, records.get(unit.id)),
      ...made.get(unit.id),
      evidence: (evidence.get(unit.id) ?? []).map(copyEvidence),
    })),
    roles: proposed?.roles ?? describeRoles(plan?.roles ?? [], roles),
    ...(proposed === undefined ? {} : { options: proposed.options, changes: proposed.changes, duration: proposed.duration }),
    findings: orderedFindings([...told.findings, ...tellWriters(run, [...roles.values()]), ...shortTokens(records.values())], units),
    ...told.section,
    promises: promises === null ? null : copyPromises(promises),
    calls: { ...run.calls },
  };
}

/** Whether a run only has a plan so far, and has changed nothing: it waits for approval, or planning was all that was asked for. */
export function isProposal({ status, approval }: Pick<RunRecord, 'status' | 'approval'>): boolean {
  return status === 'planned' || approval?.status === 'waiting';
}

/**
 * The report of a plan: the same shape without evidence. `trustAfter` is what the last wave would leave. Pure.
 */
export function buildPlanReport(plan: Plan, facts: PlanFacts): PlanReport {
  return {
    apiVersion: 'podshift/v1',
    kind: 'Plan',
    run: {
      id: facts.runId,
      status: facts.status,
      cluster: plan.clusterArn,
      digest: plan.digest,
      startedAt: facts.startedAt,
      endedAt: facts.endedAt,
    },
    ...describePlan(plan),
    promises: facts.promises === null ? null : copyPromises(facts.promises),
    calls: { ...facts.calls },
  };
}

/** All that a plan shows, whoever made it: units, trust policies and every other field before and after, findings and options. Pure. */
export function describePlan(plan: Plan): PlanContents {
  const units = [...plan.units].sort(byUnit);
  return {
    options: plan.options,
    units: units.map((unit) => describeUnit(unit, undefined)),
    roles: plan.roles
      .filter((role) => role.trustBefore !== role.trustAfter)
      .map(({ roleArn, trustBefore, trustAfter, owners }) => ({ roleArn, trustBefore, trustAfter, ...ownersOf(owners) }))
      .sort((a, b) => compareText(a.roleArn, b.roleArn)),
    changes: planChanges(plan),
    duration: plannedDuration(plan.units, plan.options),
    findings: orderedFindings(plan.findings, units),
    ...(plan.retirement === undefined ? {} : { retirement: describeRetirement(plan.retirement) }),
  };
}

/** How the approval of a run's plan stands, and whether whoever answered is whoever asked; null where none was asked for. */
export function describeApproval({ approval, requester }: RunRecord): NonNullable<RunReport['run']['approval']> | null {
  if (approval === null) return null;
  const { answer } = approval;
  return { ...approval, answer: answer === null ? null : { ...answer, source: 'api', self: isSelf(requester, answer.by) } };
}

/** Order by code units, so that a report does not depend on the reader's locale. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function byUnit(a: UnitPlan, b: UnitPlan): number {
  return compareText(a.namespace, b.namespace) || compareText(a.serviceAccount, b.serviceAccount);
}

/** How a unit stands before anything was done about it. */
const STATUS_OF_DECISION: Readonly<Record<UnitPlan['decision'], UnitStatus>> = {
  migrate: 'pending',
  hold: 'held',
  'already-associated': 'migrated',
};

/** A unit as the plan has it, and as it stands where there is a record of it. */
export function describeUnit(plan: UnitPlan, record: UnitRecord | undefined): PlanReport['units'][number] {
  return {
    namespace: plan.namespace,
    serviceAccount: plan.serviceAccount,
    ...metadataOf(plan),
    mechanism: plan.mechanism,
    roleArn: plan.roleArn,
    workloads: plan.workloads
      .map(({ kind, name }) => ({ kind, name }))
      .sort((a, b) => compareText(`${a.kind}/${a.name}`, `${b.kind}/${b.name}`)),
    status: record?.status ?? STATUS_OF_DECISION[plan.decision],
    wave: plan.wave,
    reason: record?.reason || plan.reason,
    findings: [...new Set(plan.findings)].sort(compareText),
    ...sourceOfUnit(plan),
  };
}

/** Units whose rollback was longer than their pods' tokens live. */
function shortTokens(records: Iterable<UnitRecord>): Finding[] {
  return [...records]
    .filter(({ facts }) => facts.tokensTooShort === true)
    .map(({ plan: { namespace, serviceAccount } }) => {
      const message = `tokens of the pods of ${namespace}/${serviceAccount} live shorter than their roll-out takes: a pod whose token was replaced between the end of the association and its restart had to ask again until it was renewed`;
      return finding('PS915', `ServiceAccount/${namespace}/${serviceAccount}`, message);
    });
}

/** A run that ended between its plan and the records of its units has begun none of them. */
function unbegun(
  run: RunRecord,
  plan: UnitPlan,
  record: UnitRecord | undefined,
): Partial<Pick<PlanReport['units'][number], 'status' | 'reason'>> {
  const isOver = run.endedAt !== null && run.status === 'held';
  return record === undefined && isOver && plan.decision === 'migrate' ? { status: 'held', reason: run.reason } : {};
}

/** What a unit of kube2iam or kiam was split from, and what else of the cluster is changed for it. */
function metadataOf(plan: UnitPlan): Pick<PlanReport['units'][number], 'splitFrom' | 'changes'> {
  if (plan.metadata === undefined) return {};
  const { splitFrom } = plan.metadata;
  const changes = plan.decision === 'migrate' ? metadataChanges(plan) : [];
  return { ...(splitFrom === null ? {} : { splitFrom }), ...(changes.length === 0 ? {} : { changes }) };
}

function copyEvidence({ grade, kind, passed, at, facts }: Evidence): RunReport['units'][number]['evidence'][number] {
  return { grade, kind, passed, at, facts: { ...facts } };
}

/** Roles whose trust the run changed, or that the plan found in need of change. */
function describeRoles(planned: readonly RolePlan[], records: ReadonlyMap<string, RoleRecord>): RunReport['roles'] {
  const roles: RunReport['roles'] = [];
  const byArn = new Map(planned.map((role) => [role.roleArn, role]));
  for (const roleArn of new Set([...byArn.keys(), ...records.keys()])) {
    const plan = byArn.get(roleArn);
    const record = records.get(roleArn);
    const trustBefore = record?.trustBefore ?? plan?.trustBefore ?? '';
    const trustAfter = record?.trustAfter ?? trustBefore;
    const wanted = plan !== undefined && plan.trustBefore !== plan.trustAfter;
    if (wanted || trustBefore !== trustAfter) roles.push({ roleArn, trustBefore, trustAfter, ...ownersOf(plan?.owners) });
  }
  return roles.sort((a, b) => compareText(a.roleArn, b.roleArn));
}

/**
 * Findings by code and subject, each once. A unit that names a code without a finding about its service account, one of
 * its workloads or its role gets one from the table, so that every code of the report can be looked up in it.
 */
function orderedFindings(findings: readonly Finding[], units: readonly UnitPlan[]): RunReport['findings'] {
  const all = new Map(findings.map((one) => [`${one.code} ${one.subject} ${one.message}`, one]));
  const known = new Set(findings.map((one) => `${one.code} ${one.subject}`));
  for (const unit of units) {
    const subjects = [...subjectsOf(unit)];
    for (const code of unit.findings) {
      if (subjects.some((subject) => known.has(`${code} ${subject}`))) continue;
      const row = FINDINGS[code];
      const subject = `ServiceAccount/${unit.namespace}/${unit.serviceAccount}`;
      all.set(`${code} ${subject}`, { code, severity: row.severity, subject, message: row.title, remedy: row.remedy });
    }
  }
  return [...all.values()]
    .sort((a, b) => compareText(a.code, b.code) || compareText(a.subject, b.subject) || compareText(a.message, b.message))
    .map(({ code, severity, subject, message, remedy }) => ({ code, severity, subject, message, remedy }));
}

/** The subjects that a finding about this unit can have. */
export function subjectsOf(unit: {
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly roleArn: string;
  readonly workloads: readonly { readonly kind: string; readonly name: string }[];
}): ReadonlySet<string> {
  return new Set([
    `ServiceAccount/${unit.namespace}/${unit.serviceAccount}`,
    `Role/${unit.roleArn}`,
    ...unit.workloads.map(({ kind, name }) => `${kind}/${unit.namespace}/${name}`),
  ]);
}

function copyPromises({ credentialGapSeconds, widenedPrincipals, foreignWrites }: Promises): Promises {
  return { credentialGapSeconds, widenedPrincipals: [...widenedPrincipals].sort(compareText), foreignWrites };
}
