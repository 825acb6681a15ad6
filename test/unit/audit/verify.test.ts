import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { extend, headOf, renderAudit } from '../../../src/audit/chain.ts';
import { additions, recordsOf } from '../../../src/audit/records.ts';
import { type Anchors, verifyAudit } from '../../../src/audit/verify.ts';
import { type AuditLink, type AuditRecord, auditFile } from '../../../src/model/audit/record.ts';
import { history, rolledBack } from '../fixtures/audit-history.ts';

const RECORDS = recordsOf(history());
const LINKS = extend([], RECORDS);
const LATER = extend(LINKS, additions(LINKS, recordsOf(rolledBack())));
const LAST = headOf(LINKS).last;
const FILE = Buffer.from(renderAudit(LINKS));

const verify = (file: string | Uint8Array, anchors: Anchors = {}) =>
  verifyAudit(typeof file === 'string' ? Buffer.from(file) : file, anchors);
/** The file with these lines in place of its own: what stands above them is not made anew. */
const withLines = (links: readonly AuditLink[]): string =>
  `${FILE.toString().split('\n')[0]}\n${renderAudit(links).split('\n').slice(1).join('\n')}`;
/** A whole file. */
const textOf = (links: readonly AuditLink[]): string => renderAudit(links);
/** As somebody would who knows the algorithm. */
const forged = (records: readonly AuditRecord[]): AuditLink[] => extend([], records);
const replaced = (index: number, changes: object): AuditRecord[] =>
  RECORDS.map((record, at) => (at === index ? ({ ...record, ...changes } as AuditRecord) : record));
const WRITE = RECORDS.findIndex(({ kind }) => kind === 'write');

describe('a record of a run', () => {
  it('is in the form of its schema, and unchanged', () => {
    const content: unknown = JSON.parse(FILE.toString());
    expect(auditFile.parse(content)).toEqual(content);
    expect(verify(FILE)).toMatchObject({ honest: true, run: 'run-1', records: LINKS.length, last: LAST, problems: [] });
    expect(verify(FILE).notes).toMatchObject([expect.stringContaining('nothing beside the file')]);
    expect(verify(FILE, { hash: LAST, run: LINKS })).toMatchObject({ honest: true, problems: [] });
  });

  it('is found changed by every single byte of it that is altered', () => {
    const change = fc.tuple(fc.nat(FILE.length - 1), fc.integer({ min: 1, max: 255 }));
    fc.assert(
      fc.property(change, ([place, by]) => {
        const altered = Buffer.from(FILE);
        altered[place] = ((altered[place] ?? 0) + by) % 256;
        const { honest, problems } = verify(altered);
        expect(honest).toBe(false);
        expect(problems.length).toBeGreaterThan(0);
      }),
      { numRuns: 300 },
    );
  });

  it('is found changed by one altered bit at each of its places', () => {
    const short = Buffer.from(
      renderAudit(extend([], RECORDS.filter(({ kind }) => ['plan', 'write', 'unit', 'end'].includes(kind)).slice(2))),
    );
    const found = Array.from(short, (byte, place) => verify(Uint8Array.from(short).with(place, byte ^ 1)));
    expect(found.length).toBeGreaterThan(1000);
    expect(found.flatMap(({ honest }, place) => (honest ? [place] : []))).toEqual([]);
  });

  it('is found changed by a byte more or less, wherever', () => {
    fc.assert(
      fc.property(fc.nat(FILE.length), fc.integer({ min: 0, max: 255 }), (place, byte) => {
        const more = Buffer.concat([FILE.subarray(0, place), Buffer.from([byte]), FILE.subarray(place)]);
        expect(verify(more).honest).toBe(false);
        if (place < FILE.length) expect(verify(Buffer.concat([FILE.subarray(0, place), FILE.subarray(place + 1)])).honest).toBe(false);
      }),
    );
  });

  it('is found changed by records that were dropped, swapped, doubled or put in', () => {
    const place = fc.nat(LINKS.length - 1);
    fc.assert(
      fc.property(place, place, (one, other) => {
        const without = LINKS.filter((_, at) => at !== one);
        expect(verify(withLines(without)).honest, `without ${one}`).toBe(false);
        const doubled = LINKS.toSpliced(other, 0, LINKS[one] as AuditLink);
        expect(verify(withLines(doubled)).honest, `${one} once more at ${other}`).toBe(false);
        if (one === other) return;
        const swapped = LINKS.with(one, LINKS[other] as AuditLink).with(other, LINKS[one] as AuditLink);
        expect(verify(withLines(swapped)).honest, `${one} and ${other} swapped`).toBe(false);
      }),
    );
  });
});

describe('what is said of a changed record', () => {
  const text = FILE.toString();

  it('names the record that was altered, and what it is about', () => {
    const { problems } = verify(text.replace('ServiceAccount/quay/tickets-2"', 'ServiceAccount/quay/tickets-9"'));
    const index = RECORDS.findIndex((record) => record.kind === 'write' && record.key.endsWith('tickets-2'));
    expect(problems).toMatchObject([{ what: 'altered', record: index }]);
    expect(problems[0]?.message).toMatch(/^record \d+ \(write of annotations#ServiceAccount\/quay\/tickets-\d\) was altered/);
  });

  it('names the field where the record alone tells it', () => {
    const { problems } = verify(text.replace('"grade":2', '"grade":7'));
    expect(problems).toMatchObject([{ what: 'altered', field: 'record.grade' }]);
  });

  it('names the field that differs from the run', () => {
    const links = forged(replaced(WRITE, { after: { 'eks.amazonaws.com/role-arn': 'another' } }));
    expect(verify(textOf(links))).toMatchObject({ honest: true });
    expect(verify(textOf(links), { run: LINKS }).problems).toMatchObject([
      { what: 'altered', record: WRITE, field: 'record.after.eks.amazonaws.com/role-arn' },
    ]);
  });

  it.each([
    [
      'the hash of a record',
      (t: string) => t.replace(`"hash":"${LINKS[2]?.hash}","index"`, `"hash":"${'a'.repeat(64)}","index"`),
      'altered',
      'hash',
    ],
    ['the run at the beginning', (t: string) => t.replace('"run":"run-1"', '"run":"run-2"'), 'altered', 'run'],
    ['the last hash at the beginning', (t: string) => t.replace(`"last":"${LAST}"`, `"last":"${'0'.repeat(64)}"`), 'altered', 'last'],
    ['a field more at the beginning', (t: string) => t.replace('{"apiVersion"', '{"more":1,"apiVersion"'), 'altered', 'more'],
    ['spaces', (t: string) => JSON.stringify(JSON.parse(t), null, 2), 'altered', null],
    ['a field more beside a record', (t: string) => t.replace('{"hash"', '{"a":1,"hash"'), 'altered', null],
    ['a field twice', (t: string) => t.replace('"index":0', '"index":7,"index":0'), 'altered', null],
    ['another way to write a letter', (t: string) => t.replace('Grüße', 'Gr\\u00fc\\u00dfe'), 'altered', null],
    ['what is no JSON', () => '{"a":', 'unreadable', null],
    ['what is no record', () => '{"links":[{"a":1}]}', 'unreadable', null],
  ])('tells %s', (_title, change, what, field) => {
    const changed = change(text);
    expect(changed).not.toBe(text);
    expect(verify(changed)).toMatchObject({ honest: false, problems: [{ what, field }] });
  });

  it('tells text that is not UTF-8', () => {
    expect(verify(Uint8Array.of(0xff, 0xfe)).problems).toMatchObject([{ what: 'unreadable', message: 'it is not UTF-8' }]);
  });

  it('says what was cut off, in the middle and at the end', () => {
    expect(verify(withLines(LINKS.toSpliced(3, 2))).problems).toMatchObject([
      { what: 'cut off', record: 3, message: 'records 3 to 4 are not there' },
    ]);
    const lines = text.split('\n');
    const cut = [...lines.slice(0, 5), (lines[5] ?? '').replace(/,$/, ''), ']}', ''].join('\n');
    expect(verify(cut).problems).toMatchObject([{ what: 'cut off', record: 5 }]);
    expect(verify('{"links":[]}').problems).toMatchObject([{ what: 'cut off', message: 'it has no records' }]);
  });

  it('says what was put in, and what was moved', () => {
    expect(verify(withLines(LINKS.toSpliced(6, 0, LINKS[2] as AuditLink))).problems).toMatchObject([{ what: 'put in', record: 6 }]);
    const foreign = extend(LINKS.slice(0, 4), [RECORDS[1] as AuditRecord])[4] as AuditLink;
    expect(verify(withLines([...LINKS.slice(0, 4), foreign, ...LINKS.slice(5)])).problems).toMatchObject([{ what: 'put in', record: 5 }]);
    const moved = [...LINKS.slice(0, 2), ...LINKS.slice(3, 5), LINKS[2] as AuditLink, ...LINKS.slice(5)];
    expect(verify(withLines(moved)).problems.map(({ what }) => what)).toEqual(['cut off', 'moved']);
  });

  it('has nothing to say of a whole file that was made anew, but for what others keep', () => {
    const links = forged(replaced(WRITE, { at: '2026-01-05T10:00:00.000Z' }));
    expect(verify(textOf(links))).toMatchObject({ honest: true, notes: [expect.stringContaining('could have made it anew')] });
    expect(verify(textOf(links), { hash: LAST })).toMatchObject({ honest: false, problems: [{ what: 'altered' }] });
    expect(verify(textOf(links), { run: LINKS })).toMatchObject({ honest: false, problems: [{ what: 'altered', field: 'record.at' }] });
    const shorter = forged(RECORDS.slice(0, -1));
    expect(verify(textOf(shorter), { run: LINKS }).problems).toMatchObject([{ what: 'cut off', record: LINKS.length - 1 }]);
    const longer = forged(RECORDS.toSpliced(5, 0, RECORDS[6] as AuditRecord));
    expect(verify(textOf(longer), { run: LINKS })).toMatchObject({ honest: false });
    const another = forged([...RECORDS.slice(0, 4), RECORDS[5] as AuditRecord, RECORDS[4] as AuditRecord, ...RECORDS.slice(6)]);
    expect(verify(textOf(another), { run: LINKS }).problems).toMatchObject([{ what: 'moved', record: 4 }]);
    const added = forged(RECORDS.toSpliced(5, 0, { kind: 'rollback', at: 'now', reason: 'made up' }));
    expect(verify(textOf(added), { run: LINKS }).problems).toMatchObject([{ what: 'put in', record: 5 }]);
    const dropped = forged(RECORDS.toSpliced(5, 1));
    expect(verify(textOf(dropped), { run: LINKS }).problems).toMatchObject([{ what: 'cut off', record: 5 }]);
  });
});

describe('a run that was rolled back after its end', () => {
  it('goes on behind the record of its end, which stays as it was', () => {
    expect(LATER.slice(0, LINKS.length)).toEqual(LINKS);
    expect(headOf(LATER).ends).toEqual([
      { records: LINKS.length, hash: LAST },
      { records: LATER.length, hash: headOf(LATER).last },
    ]);
    const added = LATER.slice(LINKS.length).map(({ record }) => record);
    expect(added.map(({ kind }) => kind)).toEqual(['rollback', 'undo', 'undo', 'undo', 'unit', 'end']);
    expect(added[1]).toMatchObject({ key: 'annotations#ServiceAccount/quay/tickets-3', requests: [{ requestId: 'undo-3' }] });
  });

  it('bears out a file of its first end, and a hash of it', () => {
    const first = verify(FILE, { run: LATER });
    expect(first).toMatchObject({ honest: true, notes: [expect.stringContaining('as it ended then; 6 records came later')] });
    const now = verify(renderAudit(LATER), { hash: LAST });
    expect(now).toMatchObject({ honest: true, notes: [expect.stringContaining(`that of record ${LINKS.length - 1}`)] });
    expect(now.notes[0]).toContain('6 later ones were not covered');
    // A rollback that was left out of the file is found by the hash of its end alone.
    expect(verify(FILE, { hash: headOf(LATER).last })).toMatchObject({ honest: false });
  });

  it('says nothing twice, and something again that is as it was before', () => {
    expect(additions(LATER, recordsOf(rolledBack()))).toEqual([]);
    expect(additions(LATER, recordsOf(history())).map(({ kind }) => kind)).toEqual(['unit', 'end']);
  });
});

describe('a run of an earlier version', () => {
  it('has null for what was not recorded', () => {
    const { run, ...rest } = rolledBack();
    const { requester: _1, terms: _2, podshift: _3, endedBy: _4, unitCounts: _5, rollbackReason: _6, ...older } = run;
    const entries = rest.entries.map(({ requests: _7, undoRequests: _8, appliedAt: _9, undoneAt: _10, ...one }) => one);
    const records = recordsOf({ ...rest, run: { ...older, approval: null }, entries });
    const file = JSON.parse(renderAudit(extend([], records))) as object;
    expect(auditFile.parse(file)).toEqual(file);
    expect(records[0]).toMatchObject({ kind: 'run', requester: null, terms: null, podshift: null });
    expect(records.filter(({ kind }) => kind === 'approval')).toEqual([]);
    expect(records.find(({ kind }) => kind === 'write')).toMatchObject({ requests: null, appliedAt: null });
    expect(records.filter(({ kind }) => kind === 'undo')).toMatchObject([1, 2, 3].map(() => ({ at: null, requests: null })));
    expect(records.at(-1)).toMatchObject({ kind: 'end', units: null, podshift: null });
  });
});
