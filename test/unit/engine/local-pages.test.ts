import { describe, expect, it } from 'vitest';
import { createLocalPages } from '../../../engine/store/pages.ts';
import { LINK_SECONDS } from '../../../src/service/pages.ts';

const PAGE = { runId: 'run-1', endedAt: '2026-01-05T10:00:00.000Z' };

describe('pages in memory', () => {
  it('are there once they are stored, one for each end of a run', async () => {
    const pages = createLocalPages({ now: () => 0 }, () => 'http://127.0.0.1:1');
    expect(await pages.has(PAGE)).toBe(false);
    await pages.put(PAGE, 'one');
    expect([await pages.has(PAGE), await pages.has({ ...PAGE, endedAt: 'later' })]).toEqual([true, false]);
  });

  it('are opened by their link alone, for 15 minutes', async () => {
    let now = Date.UTC(2026, 0, 5, 10);
    const pages = createLocalPages({ now: () => now }, () => 'http://127.0.0.1:1');
    await pages.put(PAGE, 'one');
    const { url, expiresAt } = await pages.link(PAGE);
    expect([LINK_SECONDS, expiresAt, (await pages.link(PAGE)).url === url]).toEqual([900, '2026-01-05T10:15:00.000Z', false]);
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:1\/pages\/[\w-]{32}$/);
    now += 899_999;
    expect([pages.opened(new URL(url)), pages.opened(new URL('http://127.0.0.1:1/pages/run-1'))]).toEqual(['one', undefined]);
    now += 1;
    expect(pages.opened(new URL(url))).toBeUndefined();
  });
});
