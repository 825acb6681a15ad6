import { beforeEach, describe, expect, it } from 'vitest';
import { closeRun } from '../../../../src/migration/run/close-run.ts';
import { closeRollback, openRollback } from '../../../../src/migration/run/rollback-run.ts';
import { linkToPage, MOST_UNITS, storePage } from '../../../../src/migration/run/run-page.ts';
import { journaledWrite, markUndone } from '../../../../src/migration/write.ts';
import { PodshiftError } from '../../../../src/model/errors.ts';
import type { PageKey, Pages } from '../../../../src/service/pages.ts';
import { type FakeMigration, RUN } from '../../fixtures/fake-migration.ts';
import { runScene } from '../../fixtures/run-scene.ts';

let fake: FakeMigration;
const { begin, run, setUnit } = runScene((made) => {
  fake = made;
});
let stored: Map<string, string>;
let pages: Pages;
const close = (changes: { pages?: Pages } = { pages }) =>
  closeRun({ ...fake.runtime, podshift: '9.9.9 (abc)', ...changes }, { runId: RUN, ending: 'finished', reason: '' });
const ask = (changes: { pages?: Pages } = { pages }) => linkToPage({ ...fake.runtime, podshift: '9.9.9 (abc)', ...changes }, RUN);
const keyOf = ({ runId, endedAt }: PageKey): string => `${runId} ${endedAt}`;
const key = async (): Promise<string> => `${RUN} ${(await run()).endedAt}`;
const warnings = () => fake.logs.filter((one) => one.includes('the page of the run'));

beforeEach(async () => {
  stored = new Map();
  pages = {
    has: async (page) => stored.has(keyOf(page)),
    put: async (page, html) => void stored.set(keyOf(page), html),
    link: async (page) => ({ url: `https://pages.test/${keyOf(page)}`, expiresAt: '2026-01-05T10:15:00.000Z' }),
  };
  await begin();
  await setUnit('shop/orders', 'migrated');
});

/** Carries the unit's write out, ends the run, and ends it once more after its rollback. */
async function endTwice(): Promise<{ readonly first: string; readonly second: string }> {
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
  const first = await key();
  fake.pass(60);
  await openRollback({ ...fake.runtime, pages }, { runId: RUN, unitIds: null, reason: 'asked for', claimant: 'c' });
  expect((await run()).status).toBe('rolling-back');
  await expect(ask()).rejects.toMatchObject({ name: 'PageNotFound', message: expect.stringContaining('has not ended') });
  await markUndone(fake.runtime, RUN, 'annotations#a');
  await setUnit('shop/orders', 'rolled-back', 'asked for by somebody');
  const back = await closeRollback({ ...fake.runtime, pages }, { runId: RUN, reason: 'asked for by somebody', failure: null });
  expect(back.status).toBe('rolled-back');
  return { first, second: await key() };
}

describe('the page of a run', () => {
  it('is stored when the run has ended, and has let go of its cluster', async () => {
    const standing: unknown[] = [];
    const put: Pages['put'] = async (page, html) => {
      const { clusterArn, status } = await run();
      standing.push(status, await fake.runtime.journal.lockOf(clusterArn));
      await pages.put(page, html);
    };
    expect(await close({ pages: { ...pages, put } })).toMatchObject({ status: 'migrated' });
    expect([standing, [...stored.keys()]]).toEqual([['migrated', undefined], [await key()]]);
    const html = stored.get(await key()) ?? '';
    expect(html).toMatch(/^<!doctype html>/i);
    for (const text of ['orders', '9.9.9 (abc)', 'migrated', (await run()).endedAt?.slice(0, 10)]) expect(html).toContain(text);
  });

  it('is another one when the run has gone back', async () => {
    const { first, second } = await endTwice();
    expect([...stored.keys()]).toEqual([first, second]);
    expect(stored.get(first)).not.toContain('asked for by somebody');
    expect(stored.get(second)).toContain('asked for by somebody');
    expect((await ask()).url).toBe(`https://pages.test/${second}`);
  });

  it('fails no run where it cannot be stored: a warning names the error, and the run has ended as it did', async () => {
    const put = () => Promise.reject(new PodshiftError('AccessDenied', 'with words of the answer'));
    expect(await close({ pages: { ...pages, put } })).toMatchObject({ status: 'migrated' });
    expect(await run()).toMatchObject({ status: 'migrated', endedAt: expect.any(String) });
    const [line, ...others] = warnings();
    expect([line?.includes('AccessDenied'), line?.includes('words of the answer'), others]).toEqual([true, false, []]);
  });

  it('fails no run where it cannot be made', async () => {
    await close({});
    const listEvidence = () => Promise.reject(new PodshiftError('Throttled', 'later'));
    const { endedAt, ...ended } = await run();
    await storePage({ ...fake.runtime, journal: { ...fake.runtime.journal, listEvidence }, pages }, { ...ended, endedAt: endedAt ?? '' });
    expect([stored.size, warnings()[0]?.includes('Throttled')]).toEqual([0, true]);
  });

  it('fails no run where the function dies of it: tried again, the run has ended as it did', async () => {
    // A function that runs out of memory or time ends in the midst: nothing behind this is done.
    const died = new Promise<never>(() => undefined);
    const reached = Promise.withResolvers<void>();
    const put = () => {
      reached.resolve();
      return died;
    };
    void close({ pages: { ...pages, put } });
    await reached.promise;
    const ended = await run();
    expect(await close()).toEqual({ runId: RUN, status: 'migrated' });
    expect(await run()).toEqual(ended);
    expect(await fake.runtime.journal.lockOf(ended.clusterArn)).toBeUndefined();
    expect((await ask()).url).toBe(`https://pages.test/${await key()}`);
  });

  it('is not made of more units than a function has room for', async () => {
    await close({});
    const { endedAt, ...ended } = await run();
    const unitCounts = { pending: 0, migrated: MOST_UNITS, held: 1, rolledBack: 0, needsOperator: 0 };
    await storePage({ ...fake.runtime, pages }, { ...ended, endedAt: endedAt ?? '', unitCounts });
    expect([stored.size, warnings()[0]?.includes(`${MOST_UNITS + 1} service accounts`)]).toEqual([0, true]);
  });

  it('is stored nowhere where there is no bucket: on one machine', async () => {
    expect(await close({})).toMatchObject({ status: 'migrated' });
    await expect(ask({})).rejects.toMatchObject({ name: 'PageNotFound' });
  });
});

describe('a page that is asked for', () => {
  it('is made where it is not there, the same as when the run ended, and once', async () => {
    await close();
    const html = stored.get(await key());
    stored.clear();
    fake.pass(3600);
    await ask();
    expect([...stored]).toEqual([[await key(), html]]);
    const put = () => Promise.reject(new Error('it is there'));
    expect((await ask({ pages: { ...pages, put } })).url).toBe(`https://pages.test/${await key()}`);
  });

  it('is an error where it cannot be made, and then there is no link', async () => {
    await close({});
    const put = () => Promise.reject(new PodshiftError('AccessDenied', 'no'));
    await expect(ask({ pages: { ...pages, put } })).rejects.toMatchObject({ name: 'AccessDenied' });
  });
});
