import type { Journal } from '../journal/journal.ts';
import type { AuditLink, AuditRecord, AuditSeal } from '../model/audit/record.ts';
import type { RunRecord } from '../model/run.ts';
import { extend } from './chain.ts';
import { additions, recordsOf } from './records.ts';

/** What an audit is read from. */
type AuditSource = Pick<Journal, 'getRun' | 'getDocument' | 'listUnits' | 'listRoles' | 'listEntries' | 'listEvidence'>;

/**
 * The audit of a run: its chain as it was at the run's last end, and behind it what the journal tells since. Of a run that has not ended,
 * and of one that an earlier version ended, it is made of the journal alone. Throws `RunNotFound`, `InternalError` for a damaged journal.
 */
export async function auditOf(journal: AuditSource, runId: string): Promise<AuditLink[]> {
  return continued(journal, await journal.getRun(runId));
}

/**
 * Closes the chain of a run that ends as `run` says, and keeps it with the run. What was kept and not noted with the run's last end was
 * of an end that a crash undid, and is left out. The caller notes the answer with the end of the run.
 */
export async function sealAudit(journal: AuditSource & Pick<Journal, 'putDocument'>, run: RunRecord): Promise<AuditSeal> {
  const links = await continued(journal, run);
  await journal.putDocument(run.runId, 'audit', links);
  return { records: links.length, hash: links.at(-1)?.hash ?? '' };
}

async function continued(journal: AuditSource, run: RunRecord): Promise<AuditLink[]> {
  const { runId } = run;
  const [kept, units, roles, entries, evidence] = await Promise.all([
    run.audit === undefined ? undefined : journal.getDocument(runId, 'audit'),
    journal.listUnits(runId),
    journal.listRoles(runId),
    journal.listEntries(runId),
    journal.listEvidence(runId),
  ]);
  const records = recordsOf({ run, units, roles, entries, evidence });
  const sealed = run.audit === undefined ? [] : sealedPart(kept as readonly AuditLink[] | undefined, run.audit);
  return sealed === undefined ? extend([], withGap(records, run.audit)) : extend(sealed, additions(sealed, records));
}

/** What of the kept chain the run's last end noted; undefined where it is not there, or is another one. */
function sealedPart(kept: readonly AuditLink[] | undefined, seal: AuditSeal): AuditLink[] | undefined {
  const part = kept?.slice(0, seal.records) ?? [];
  return part.at(-1)?.hash === seal.hash && part.length === seal.records ? part : undefined;
}

/** The records of a run whose chain is lost: the second of them says so. */
function withGap(records: readonly AuditRecord[], seal: AuditSeal | undefined): AuditRecord[] {
  const [first, ...rest] = records;
  const gap = seal === undefined ? [] : [{ kind: 'gap' as const, ...seal }];
  return [...(first === undefined ? [] : [first]), ...gap, ...rest];
}
