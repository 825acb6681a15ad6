import type { AuditLink, AuditRecord } from '../model/audit/record.ts';
import { isSelf } from '../model/requester.ts';
import type { Evidence, JournalEntry, RoleRecord, RunRecord, UnitRecord } from '../model/run.ts';
import { canonicalJson } from '../plan/digest.ts';
import { wellFormed } from './chain.ts';

/** What the journal has of one run, as far as its audit tells it. */
export interface RunHistory {
  readonly run: RunRecord;
  readonly units: readonly UnitRecord[];
  readonly roles: readonly RoleRecord[];
  readonly entries: readonly JournalEntry[];
  readonly evidence: ReadonlyMap<string, readonly Evidence[]>;
}

/**
 * The records of a run as the journal tells them now: what it was asked for, then what happened in the order of time, then how it stands.
 * What an earlier version did not note is null. Pure.
 */
export function recordsOf({ run, units, roles, entries, evidence }: RunHistory): AuditRecord[] {
  return [
    runRecord(run),
    ...(run.digest === '' ? [] : [{ kind: 'plan' as const, digest: run.digest }]),
    ...approvalRecord(run),
    ...happened(run, entries, evidence),
    ...roles.map(({ roleArn, trustBefore, trustAfter, putBack = [] }) => ({
      kind: 'role' as const,
      roleArn,
      trustBefore,
      trustAfter,
      putBack: [...putBack],
    })),
    ...units.map(({ unitId, plan, status, reason }) => ({
      kind: 'unit' as const,
      unit: unitId,
      mechanism: plan.mechanism,
      roleArn: plan.roleArn,
      wave: plan.wave,
      status,
      reason,
    })),
    ...endRecord(run),
  ];
}

/** Those of `records` that the chain does not tell yet, in their order: new ones, and those that say something else than the last one about the same. */
export function additions(links: readonly AuditLink[], records: readonly AuditRecord[]): AuditRecord[] {
  const told = new Map(links.map(({ record }) => [identityOf(record), canonicalJson(record)]));
  return records.filter((record) => told.get(identityOf(record)) !== canonicalJson(wellFormed(record)));
}

/** What a record is about, one text for each: a later one about the same stands for how that is since. Pure. */
export function identityOf(record: AuditRecord): string {
  switch (record.kind) {
    case 'write':
    case 'undo':
      return `${record.kind} ${record.key}`;
    case 'evidence':
      return `evidence ${record.unit} ${record.number}`;
    case 'unit':
      return `unit ${record.unit}`;
    case 'role':
      return `role ${record.roleArn}`;
    case 'run':
    case 'gap':
    case 'plan':
    case 'approval':
    case 'rollback':
    case 'end':
      return record.kind;
  }
}

function runRecord({ runId, clusterArn, target, startedAt, requester, terms, options, podshift }: RunRecord): AuditRecord {
  const { clusterName, region, assumeRoleArn } = target;
  return {
    kind: 'run',
    id: runId,
    cluster: clusterArn,
    // Without the external id: whoever reads it could assume the role with it, if the role trusted them.
    target: { clusterName, region, assumeRoleArn },
    startedAt,
    requester: requester ?? null,
    terms: terms ?? null,
    options,
    podshift: podshift ?? null,
  };
}

function approvalRecord({ approval, requester }: RunRecord): AuditRecord[] {
  if (approval === null) return [];
  const { status, expiresAt, answer } = approval;
  return [{ kind: 'approval', status, expiresAt, answer, self: answer === null ? null : isSelf(requester, answer.by) }];
}

function endRecord({ endedAt, status, reason, unitCounts, endedBy }: RunRecord): AuditRecord[] {
  if (endedAt === null) return [];
  return [{ kind: 'end', at: endedAt, status, reason, units: unitCounts ?? null, podshift: endedBy ?? null }];
}

/** Writes, what was undone of them, evidence and the rollback, in the order of time; what has no time comes last. */
function happened(
  { rollbackStartedAt, rollbackReason }: RunRecord,
  entries: readonly JournalEntry[],
  evidence: RunHistory['evidence'],
): AuditRecord[] {
  const oldestFirst = [...entries].sort((a, b) => a.sequence - b.sequence);
  const timed: (readonly [string, AuditRecord])[] = [
    ...(rollbackStartedAt === undefined
      ? []
      : [[rollbackStartedAt, { kind: 'rollback', at: rollbackStartedAt, reason: rollbackReason ?? '' }] as const]),
    ...oldestFirst.map((entry) => [entry.at, writeRecord(entry)] as const),
    ...[...evidence].flatMap(([unit, all]) =>
      all.map(({ grade, kind, passed, at, facts }, number) => {
        const record = { kind: 'evidence' as const, unit, number, grade, evidence: kind, passed, at, facts: { ...facts } };
        return [at, record] as const;
      }),
    ),
    ...oldestFirst
      .filter(({ state, undoneAt }) => state === 'undone' || undoneAt !== undefined)
      .map((entry) => [entry.undoneAt ?? LAST, undoRecord(entry)] as const),
  ];
  return timed.sort(([a], [b]) => Number(a > b) - Number(a < b)).map(([, record]) => record);
}

/** Sorts behind every time. */
const LAST = '~';

function writeRecord(entry: JournalEntry): AuditRecord {
  const { key, unitId, kind, object, before, after, at, triedAt, appliedAt, requests } = entry;
  return {
    kind: 'write',
    key,
    unit: unitId,
    change: kind,
    object,
    before: before ?? null,
    after: after ?? null,
    at,
    triedAt: triedAt ?? null,
    appliedAt: appliedAt ?? null,
    requests: requests === undefined ? null : [...requests],
  };
}

function undoRecord({ key, unitId, object, undoneAt, undoRequests }: JournalEntry): AuditRecord {
  return {
    kind: 'undo',
    key,
    unit: unitId,
    object,
    at: undoneAt ?? null,
    requests: undoRequests === undefined ? null : [...undoRequests],
  };
}
