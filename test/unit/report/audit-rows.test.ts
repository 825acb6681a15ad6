import { describe, expect, it } from 'vitest';
import { extend } from '../../../src/audit/chain.ts';
import { recordsOf } from '../../../src/audit/records.ts';
import type { AuditRecord } from '../../../src/model/audit/record.ts';
import { auditRows } from '../../../src/report/audit-rows.ts';
import { history } from '../fixtures/audit-history.ts';

const RECORDS = recordsOf(history());

function rowsOf(records: readonly AuditRecord[]): Readonly<Record<string, string>> {
  return Object.fromEntries(auditRows(extend([], records)));
}

/** The records with these fields of one kind replaced, or without that kind. */
function changed<Kind extends AuditRecord['kind']>(
  kind: Kind,
  fields: Partial<Extract<AuditRecord, { kind: Kind }>> | null,
): AuditRecord[] {
  return RECORDS.flatMap((record) => (record.kind !== kind ? [record] : fields === null ? [] : [{ ...record, ...fields } as AuditRecord]));
}

describe('a record in a few lines', () => {
  it('counts what it holds', () => {
    const rows = rowsOf(RECORDS);
    const number = (kind: AuditRecord['kind']) => RECORDS.filter((record) => record.kind === kind).length;
    expect(rows.writes).toBe(`${number('write')}, undone ${number('undo')}`);
    expect(rows.evidence).toBe(String(number('evidence')));
    expect(rows['last hash']).toMatch(/^[0-9a-f]{64}$/);
  });

  it.each([
    ['names the cluster by its name before it was reached', changed('run', { cluster: '' }), 'cluster', /^[a-z0-9-]+$/],
    ['says that nobody is on record who asked', changed('run', { requester: null }), 'asked for by', /^not recorded$/],
    ['says that no approval was asked for', changed('approval', null).map(without), 'approved by', /^no approval was asked for$/],
    ['says that nobody approved yet', changed('approval', null).map(wanting), 'approved by', /^nobody$/],
    ['says that its version is not recorded', changed('run', { podshift: null }), 'podshift', /^not recorded$/],
    ['says that there was no plan', changed('plan', null), 'plan', /^none$/],
    ['says that it has not ended', changed('end', null), 'ended', /^not yet$/],
  ] as const)('%s', (_, records, name, text) => {
    expect(rowsOf(records)[name]).toMatch(text);
  });
});

function without(record: AuditRecord): AuditRecord {
  return record.kind === 'run' ? { ...record, terms: null } : record;
}

function wanting(record: AuditRecord): AuditRecord {
  return record.kind === 'run' ? { ...record, terms: { mode: 'run', approval: 'required', expectedDigest: null } } : record;
}
