import { beforeEach, describe, expect, it } from 'vitest';
import { closeRun } from '../../../src/migration/run/close-run.ts';
import { closeRollback, openRollback } from '../../../src/migration/run/rollback-run.ts';
import { MOST_UNITS, storePage } from '../../../src/migration/run/run-page.ts';
import { journaledWrite, markUndone } from '../../../src/migration/write.ts';
import { PodshiftError } from '../../../src/model/errors.ts';
import type { Pages } from '../../../src/service/pages.ts';
import { type FakeMigration, RUN } from '../fixtures/fake-migration.ts';
import { runScene } from '../fixtures/run-scene.ts';

let fake: FakeMigration;
const { begin, run, setUnit } = runScene((made) => {
  fake = made;
});
let stored: Map<string, string>;
let pages: Pages;
const close = (changes: { pages?: Pages } = { pages }) =>
  closeRun({ ...fake.runtime, podshift: '9.9.9 (abc)', ...changes }, { runId: RUN, ending: 'finished', reason: '' });

beforeEach(async () => {
  stored = new Map();
  pages = {
    days: 90,
    put: async (runId, html) => void stored.set(runId, html),
    link: () => Promise.reject(new Error('nobody asks for a link here')),
  };
  await begin();
  await setUnit('shop/orders', 'migrated');
});

describe('the page of a run', () => {
  it('is stored as the run ends, with its end, ahead of what tells of it', async () => {
    const standing: string[] = [];
    const put: Pages['put'] = async (runId, html) => {
      standing.push((await run()).status);
      stored.set(runId, html);
    };
    expect(await close({ pages: { ...pages, put } })).toMatchObject({ status: 'migrated' });
    const ended = await run();
    expect([standing, [...stored.keys()], ended.pageStoredAt]).toEqual([['running'], [RUN], ended.endedAt]);
    const html = stored.get(RUN) ?? '';
    expect(html).toMatch(/^<!doctype html>/i);
    for (const text of ['orders', '9.9.9 (abc)', 'migrated', ended.endedAt?.slice(0, 10)]) expect(html).toContain(text);
  });

  it('is stored anew when the run has gone back', async () => {
    await setUnit('shop/orders', 'running');
    await journaledWrite(fake.runtime, await run(), {
      key: 'annotations#a',
      unitId: 'shop/orders',
      kind: 'annotations',
      object: 'ServiceAccount/shop/orders',
      before: { role: 'old' },
      perform: async () => ({ role: null }),
    });
    await setUnit('shop/orders', 'migrated');
    await close();
    const first = stored.get(RUN);
    fake.pass(60);
    await openRollback({ ...fake.runtime, pages }, { runId: RUN, unitIds: null, reason: 'asked for', claimant: 'c' });
    expect((await run()).status).toBe('rolling-back');
    await markUndone(fake.runtime, RUN, 'annotations#a');
    await setUnit('shop/orders', 'rolled-back', 'asked for by somebody');
    const back = await closeRollback({ ...fake.runtime, pages }, { runId: RUN, reason: 'asked for by somebody', failure: null });
    expect(back.status).toBe('rolled-back');
    expect(first).not.toContain('asked for by somebody');
    expect(stored.get(RUN)).toContain('asked for by somebody');
    expect((await run()).pageStoredAt).toBe((await run()).endedAt);
  });

  it('fails no run where it cannot be stored: a warning names the error, and the run notes that there is none', async () => {
    const put = () => Promise.reject(new PodshiftError('AccessDenied', 'with words of the answer'));
    expect(await close({ pages: { ...pages, put } })).toMatchObject({ status: 'migrated' });
    expect(await run()).toMatchObject({ status: 'migrated', pageStoredAt: null });
    const [line, ...others] = fake.logs.filter((one) => one.includes('the page of the run'));
    expect([line?.includes('AccessDenied'), line?.includes('words of the answer'), others]).toEqual([true, false, []]);
  });

  it('fails no run where it cannot be made', async () => {
    const listEvidence = () => Promise.reject(new PodshiftError('Throttled', 'later'));
    const ended = { ...(await run()), status: 'migrated', endedAt: '2026-01-05T10:00:00.000Z' } as const;
    const journal = { ...fake.runtime.journal, listEvidence };
    expect(await storePage({ ...fake.runtime, journal, pages }, ended)).toEqual({ pageStoredAt: null });
    expect(stored.size).toBe(0);
  });

  it('is not made of more units than the end of a run has time for', async () => {
    const unitCounts = { pending: 0, migrated: MOST_UNITS, held: 1, rolledBack: 0, needsOperator: 0 };
    expect(await storePage({ ...fake.runtime, pages }, { ...(await run()), unitCounts })).toEqual({ pageStoredAt: null });
    expect(stored.size).toBe(0);
    expect(fake.logs.join('\n')).toContain('too many units');
  });

  it('is stored nowhere where there is no bucket: on one machine', async () => {
    expect(await close({})).toMatchObject({ status: 'migrated' });
    expect(await run()).not.toHaveProperty('pageStoredAt');
  });
});
