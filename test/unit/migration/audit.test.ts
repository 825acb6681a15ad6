import { beforeEach, describe, expect, it } from 'vitest';
import { auditOf } from '../../../src/audit/audit.ts';
import { endsOf } from '../../../src/audit/chain.ts';
import { noteRequest, withRequestNotes } from '../../../src/audit/request-notes.ts';
import { closeRun } from '../../../src/migration/run/close-run.ts';
import { closeRollback, openRollback } from '../../../src/migration/run/rollback-run.ts';
import { journaledWrite, markUndone } from '../../../src/migration/write.ts';
import type { AuditLink, WriteRequest } from '../../../src/model/audit/record.ts';
import { type FakeMigration, RUN } from '../fixtures/fake-migration.ts';
import { runScene } from '../fixtures/run-scene.ts';

let fake: FakeMigration;
const { begin, run, setUnit } = runScene((made) => {
  fake = made;
});
const REQUEST: WriteRequest = { service: 'kubernetes', operation: 'patch', requestId: 'id-1', principal: 'arn:p', error: null };
const close = () => closeRun({ ...fake.runtime, podshift: '9.9.9 (abc)' }, { runId: RUN, ending: 'finished', reason: '' });
const kinds = (links: readonly AuditLink[]): string[] => links.map(({ record }) => record.kind);

beforeEach(async () => {
  await begin();
  await setUnit('shop/orders', 'running');
  await journaledWrite(fake.runtime, await run(), {
    key: 'annotations#a',
    unitId: 'shop/orders',
    kind: 'annotations',
    object: 'ServiceAccount/shop/orders',
    before: { role: 'old' },
    perform: async () => {
      noteRequest(REQUEST);
      return { role: null };
    },
  });
  await setUnit('shop/orders', 'migrated');
});

describe('the audit of a run', () => {
  it('is sealed with its end: in the run, in the log and in the journal', async () => {
    expect(await close()).toMatchObject({ status: 'migrated' });
    const ended = await run();
    const links = await auditOf(fake.runtime.journal, RUN);
    expect(kinds(links)).toEqual(['run', 'plan', 'write', 'role', 'unit', 'end']);
    expect(ended.audit).toEqual({ records: 6, hash: links.at(-1)?.hash });
    expect(ended).toMatchObject({ endedBy: '9.9.9 (abc)' });
    expect(links[2]?.record).toMatchObject({ before: { role: 'old' }, after: { role: null }, requests: [REQUEST] });
    expect(links[5]?.record).toMatchObject({ status: 'migrated', at: ended.endedAt, podshift: '9.9.9 (abc)', units: { migrated: 1 } });
    expect(fake.logs.join('\n')).toContain(ended.audit?.hash);
    expect(await fake.runtime.journal.getDocument(RUN, 'audit')).toEqual(links);
  });

  it('is that of the end that counts, where a crash undid one', async () => {
    const { journal } = fake.runtime;
    const crashing = { ...journal, updateRun: () => Promise.reject(new Error('crashed')) };
    await expect(closeRun({ ...fake.runtime, journal: crashing }, { runId: RUN, ending: 'finished', reason: '' })).rejects.toThrow(
      'crashed',
    );
    expect(kinds((await journal.getDocument(RUN, 'audit')) as AuditLink[])).toContain('end');
    fake.pass(60);
    await close();
    const links = await auditOf(journal, RUN);
    expect(kinds(links).filter((kind) => kind === 'end')).toHaveLength(1);
    expect(endsOf(links)).toEqual([(await run()).audit]);
  });

  it('goes on with a rollback, behind what was sealed', async () => {
    await close();
    const first = await auditOf(fake.runtime.journal, RUN);
    fake.pass(60);
    await openRollback(fake.runtime, { runId: RUN, unitIds: null, reason: 'asked for by somebody', claimant: 'c' });
    await withRequestNotes(async () => {
      noteRequest({ ...REQUEST, requestId: 'id-2' });
      await markUndone(fake.runtime, RUN, 'annotations#a');
    });
    await setUnit('shop/orders', 'rolled-back', 'asked for by somebody');
    await closeRollback(fake.runtime, { runId: RUN, reason: 'asked for by somebody', failure: null });
    const links = await auditOf(fake.runtime.journal, RUN);
    expect(links.slice(0, first.length)).toEqual(first);
    expect(links.slice(first.length).map(({ record }) => record)).toMatchObject([
      { kind: 'rollback', reason: 'asked for by somebody' },
      { kind: 'undo', key: 'annotations#a', requests: [{ requestId: 'id-2' }] },
      { kind: 'unit', status: 'rolled-back' },
      { kind: 'end', status: 'rolled-back' },
    ]);
    expect((await run()).audit).toEqual({ records: links.length, hash: links.at(-1)?.hash });
  });

  it('shows what was changed in the journal after the end, and keeps what was there', async () => {
    await close();
    const first = await auditOf(fake.runtime.journal, RUN);
    await fake.runtime.journal.markApplied(RUN, 'annotations#a', { role: 'made up' });
    const links = await auditOf(fake.runtime.journal, RUN);
    expect(links.slice(0, first.length)).toEqual(first);
    expect(links.slice(first.length).map(({ record }) => record)).toMatchObject([{ kind: 'write', after: { role: 'made up' } }]);
  });

  it.each([
    ['was changed', (links: AuditLink[]) => links.map((link) => (link.record.kind === 'end' ? { ...link, hash: 'a'.repeat(64) } : link))],
    ['is shorter', (links: AuditLink[]) => links.slice(0, 3)],
    ['is gone', () => []],
  ])('says so where what the journal kept %s', async (_title, change) => {
    const { journal } = fake.runtime;
    await close();
    const noted = (await run()).audit;
    await journal.putDocument(RUN, 'audit', change((await journal.getDocument(RUN, 'audit')) as AuditLink[]));
    const links = await auditOf(journal, RUN);
    expect(kinds(links).slice(0, 3)).toEqual(['run', 'gap', 'plan']);
    expect(links[1]?.record).toEqual({ kind: 'gap', ...noted });
  });

  it('is made of the journal as long as the run has no end', async () => {
    expect(kinds(await auditOf(fake.runtime.journal, RUN))).toEqual(['run', 'plan', 'write', 'role', 'unit']);
    await expect(auditOf(fake.runtime.journal, 'nope')).rejects.toMatchObject({ name: 'RunNotFound' });
  });
});

describe('the requests of a write', () => {
  const write = (perform: () => Promise<unknown>) =>
    run().then((found) =>
      journaledWrite(fake.runtime, found, { key: 'k', unitId: null, kind: 'trust', object: 'o', before: null, perform }),
    );

  it('are kept of tries that failed, too, and are nobody else’s', async () => {
    await withRequestNotes(async () => {
      noteRequest({ ...REQUEST, requestId: 'of the step' });
      const failing = write(async () => {
        noteRequest({ ...REQUEST, error: 'Throttling' });
        throw new Error('failed');
      });
      await expect(failing).rejects.toThrow('failed');
      await write(async () => {
        noteRequest({ ...REQUEST, requestId: 'id-2' });
        return 'done';
      });
    });
    const entry = await fake.runtime.journal.getEntry(RUN, 'k');
    expect(entry?.requests).toEqual([
      { ...REQUEST, error: 'Throttling' },
      { ...REQUEST, requestId: 'id-2' },
    ]);
  });
});
