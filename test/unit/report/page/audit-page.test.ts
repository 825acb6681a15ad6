import { describe, expect, it } from 'vitest';
import { endsOf, extend, headOf } from '../../../../src/audit/chain.ts';
import { additions, recordsOf } from '../../../../src/audit/records.ts';
import type { AuditRecord } from '../../../../src/model/audit/record.ts';
import { renderAuditPage } from '../../../../src/report/page/audit-page.ts';
import { history, rolledBack } from '../../fixtures/audit-history.ts';

const ENDED = extend([], recordsOf(history()));
const LINKS = extend(ENDED, additions(ENDED, recordsOf(rolledBack())));

describe('the page of a record', () => {
  const page = renderAuditPage(LINKS, '1.2.3');

  it('has every record with its hash, and the hashes of each end', () => {
    expect(page.match(/<details id="record-\d+">/g)).toHaveLength(LINKS.length);
    for (const { hash } of LINKS) expect(page).toContain(`SHA-256 <code>${hash}</code>`);
    expect(endsOf(LINKS)).toHaveLength(2);
    for (const { hash } of [...endsOf(LINKS), { hash: headOf(LINKS).last }]) expect(page).toContain(`<td><code>${hash}</code>`);
    expect(page).toContain(`podshift audit ${headOf(LINKS).run} -o json`);
  });

  it('says of each record what it is about', () => {
    const kinds = new Set(LINKS.map(({ record }) => record.kind));
    expect(kinds.size).toBeGreaterThan(7);
    for (const match of page.matchAll(/<span class="title">(\d+) (\w+) <b class="name">([^<]*)<\/b>/g)) {
      expect(match[2]).toBe(LINKS[Number(match[1])]?.record.kind);
      if (match[2] !== 'rollback') expect(match[3]).not.toBe('');
    }
  });

  it('executes nothing of what was read', () => {
    const hostile = '</pre><script>window.hacked = 1</script>';
    const records = recordsOf(history()).map(
      (record): AuditRecord => (record.kind === 'write' ? { ...record, object: hostile, before: { [hostile]: hostile } } : record),
    );
    const made = renderAuditPage(extend([], records));
    expect(made).not.toContain(hostile);
    expect(made).toContain('&lt;/pre&gt;&lt;script&gt;');
  });
});
