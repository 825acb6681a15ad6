import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { extend } from '../../src/audit/chain.ts';
import { recordsOf } from '../../src/audit/records.ts';
import { renderAuditPage } from '../../src/report/page/audit-page.ts';
import { renderFleetPage } from '../../src/report/page/fleet-page.ts';
import { renderPage } from '../../src/report/page/page.ts';
import { ROOT } from '../cli/spawn.ts';
import { history } from '../unit/fixtures/audit-history.ts';
import { fleetReportOf, hostileFleet } from '../unit/fixtures/fleet-page-reports.ts';
import { finishedRun, HOSTILE_SHOWN, hostileRun, manyPlan } from '../unit/fixtures/page-reports.ts';
import { accessibilityProblems, overflow, unfold, useBrowser, VIEWS } from './browser.ts';

const browser = useBrowser();

/** A cluster as somebody's tools printed it; it is not part of the project. */
const BOUTIQUE = join(ROOT, '../shared/snapshots/boutique');

const COMMANDS: Readonly<Record<string, readonly string[]>> = {
  'the demo': ['demo'],
  'a plan of the example': ['plan', 'examples/shop'],
  ...(existsSync(BOUTIQUE) ? { 'a rehearsal of boutique': ['rehearse', BOUTIQUE] } : {}),
};

/** What a command prints, whatever it exits with: a rehearsal that leaves something blocked exits with 4. */
function printed(command: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    execFile(process.execPath, ['cli/main.ts', ...command], { cwd: ROOT, maxBuffer: 5_000_000 }, (_error, stdout) => resolve(stdout));
  });
}

describe.each(Object.entries(COMMANDS))('the page of %s', (_, command) => {
  let html = '';
  beforeAll(async () => {
    html = await printed([...command, '-o', 'html']);
    expect(html).toMatch(/^<!doctype html>/);
  });

  describe.each(Object.entries(VIEWS))('on %s', (_view, options) => {
    it('opens without a request, a complaint or anything that is wider than the screen', async () => {
      const { page, requests, complaints } = await browser.open(html, options);
      await unfold(page);
      expect(await page.title()).toMatch(/^(shop|boutique): .* – podshift$/);
      expect(await overflow(page)).toBeLessThanOrEqual(0);
      expect(requests).toEqual([]);
      expect(complaints).toEqual([]);
    });

    it('gives an accessibility checker nothing to find, folded up and unfolded', async () => {
      const { page } = await browser.open(html, options);
      expect(await accessibilityProblems(page)).toEqual([]);
      await unfold(page);
      expect(await accessibilityProblems(page)).toEqual([]);
    });

    it('filters by state and by words, and says how many are left', async () => {
      const { page } = await browser.open(html, options);
      const shown = page.locator('.units > li:visible');
      const output = page.locator('form[data-filter] output');
      const all = await shown.count();
      expect(await output.textContent()).toBe(`${all} service accounts`);
      await page.locator('.chip', { hasText: 'blocked' }).locator('input').check();
      const blocked = await shown.count();
      expect(blocked).toBeGreaterThan(0);
      expect(blocked).toBeLessThan(all);
      expect(await output.textContent()).toBe(`${blocked} of ${all} service accounts`);
      const name = String(await shown.first().locator('summary b').textContent());
      await page.getByRole('searchbox').fill(name.toUpperCase());
      expect(await shown.locator('summary b').allTextContents()).toEqual([name]);
      await page.getByRole('searchbox').fill('nobody has this name');
      expect(await shown.count()).toBe(0);
      expect(await page.locator('.nothing').isVisible()).toBe(true);
      await page.getByRole('searchbox').press('Escape');
      expect(await shown.count()).toBe(all);
      expect(await page.locator('.nothing').isVisible()).toBe(false);
    });

    it('expands by keyboard, and goes from a finding to its service account', async () => {
      const { page } = await browser.open(html, options);
      // What an add-on changes stands with the add-ons.
      const last = page
        .locator('.units > li')
        .filter({ has: page.locator('summary i', { hasText: /^irsa$/ }) })
        .last();
      await last.locator('summary').focus();
      await page.keyboard.press('Enter');
      expect(await last.locator('summary + div').isVisible()).toBe(true);
      expect(await last.textContent()).toMatch(/What (would change|changed)/);
      const link = page.locator('#findings .subjects a').first();
      const target = String(await link.getAttribute('href'));
      await link.evaluate((one) => one.closest('details')?.setAttribute('open', ''));
      await link.click();
      await page.locator(`${target}[open]`).waitFor();
      expect(await page.evaluate('document.activeElement.parentElement.id')).toBe(target.slice(1));
    });
  });

  it('expands all that the filter leaves, and folds them up again', async () => {
    const { page } = await browser.open(html);
    await page.locator('.chip', { hasText: 'blocked' }).locator('input').check();
    const blocked = await page.locator('.units > li:visible').count();
    await page.getByRole('button', { name: 'Expand all' }).click();
    expect(await page.locator('.units details[open]').count()).toBe(blocked);
    await page.getByRole('button', { name: 'Collapse all' }).click();
    expect(await page.locator('.units details[open]').count()).toBe(0);
  });

  it('finds the search by a key', async () => {
    const { page } = await browser.open(html);
    await page.keyboard.press('/');
    expect(await page.evaluate('document.activeElement.type')).toBe('search');
    expect(await page.getByRole('searchbox').inputValue()).toBe('');
  });

  it('prints all of it, unfolded, without what only works on a screen', async () => {
    const { page } = await browser.open(html);
    const closed = (await page.pdf({ format: 'A4' })).byteLength;
    expect(closed).toBeGreaterThan(20_000);
    expect(await page.locator('.units details[open]').count()).toBe(0);
    await page.emulateMedia({ media: 'print' });
    expect(await page.locator('form[data-filter]').isVisible()).toBe(false);
    expect(await page.locator('header').isVisible()).toBe(false);
    const heights = await page.locator('.units details > div').evaluateAll((all) => all.map((one) => one.getBoundingClientRect().height));
    expect(Math.min(...heights)).toBeGreaterThan(20);
  });

  it('copies a command', async () => {
    const { page } = await browser.open(html);
    const button = page.getByRole('button', { name: 'Copy' }).first();
    await button.click();
    await page.getByRole('button', { name: 'Copied' }).waitFor();
    expect(await page.getByText('The command is copied').count()).toBe(1);
  });

  it('reads without scripts: nothing that would not work is shown, and all else is', async () => {
    const { page } = await browser.open(html, { ...VIEWS.desktop, javaScriptEnabled: false });
    expect(await page.locator('form[data-filter]').isVisible()).toBe(false);
    expect(await page.getByRole('button').count()).toBe(0);
    const last = page.locator('.units > li').last();
    await last.locator('summary').click();
    expect(await last.locator('summary + div').isVisible()).toBe(true);
  });
});

describe('the page of 2,000 service accounts', () => {
  const { report, facts } = finishedRun(manyPlan(2000));
  const html = renderPage(report, { facts });

  it('is smaller than 5 MB', () => {
    expect(Buffer.byteLength(html)).toBeLessThan(5_000_000);
  });

  it('is there, and filtered to the one that is looked for', async () => {
    const { page } = await browser.open(html);
    await page.getByRole('searchbox').fill('service-1999');
    await page.locator('form[data-filter] output', { hasText: '1 of 2,000 service accounts' }).waitFor();
    expect(await page.locator('.units > li:visible summary b').allTextContents()).toEqual([
      'team-39-payments/checkout-worker-service-1999',
    ]);
  });
});

describe('the page of a fleet', () => {
  const html = renderFleetPage(fleetReportOf(), { pages: new Map(), version: '1.2.3' });

  it.each(Object.entries(VIEWS))('filters its clusters, fits, and gives a checker nothing to find, on %s', async (_, options) => {
    const { page, requests, complaints } = await browser.open(html, options);
    expect(await accessibilityProblems(page)).toEqual([]);
    expect(await page.locator('output').textContent()).toBe('3 clusters');
    await page.getByRole('searchbox').fill('beta');
    expect(await page.locator('output').textContent()).toBe('1 of 3 clusters');
    expect(await page.locator('tbody[data-list] tr:visible').count()).toBe(1);
    expect(await overflow(page)).toBeLessThanOrEqual(0);
    expect([...requests, ...complaints]).toEqual([]);
  });

  it('executes nothing of a name', async () => {
    const { page, requests, complaints } = await browser.open(renderFleetPage(hostileFleet(), { pages: new Map() }));
    expect(await page.evaluate('"hacked" in window')).toBe(false);
    expect([...requests, ...complaints]).toEqual([]);
    expect(await overflow(page)).toBeLessThanOrEqual(0);
  });
});

describe('the page of a record', () => {
  it.each(Object.entries(VIEWS))('filters its records, fits, and gives a checker nothing to find, on %s', async (_, options) => {
    const links = extend([], recordsOf(history()));
    const { page, requests, complaints } = await browser.open(renderAuditPage(links, '1.2.3'), options);
    await unfold(page);
    expect(await accessibilityProblems(page)).toEqual([]);
    expect(await page.locator('output').textContent()).toBe(`${links.length} records`);
    await page.getByRole('searchbox').fill('rollback evidence nothing has this');
    expect(await page.locator('output').textContent()).toBe(`0 of ${links.length} records`);
    expect(await overflow(page)).toBeLessThanOrEqual(0);
    expect([...requests, ...complaints]).toEqual([]);
  });
});

describe('a page with hostile names in every field', () => {
  const { report, facts } = hostileRun();
  const html = renderPage(report, { facts, version: '1.2.3' });

  it.each(Object.entries(VIEWS))('executes and asks nothing, and shows them, on %s', async (_, options) => {
    const { page, requests, complaints } = await browser.open(html, options);
    await unfold(page);
    await page.getByRole('searchbox').fill('img');
    expect(await page.evaluate('"hacked" in window')).toBe(false);
    expect(await page.locator('img, iframe, object, embed').count()).toBe(0);
    expect((await page.locator('body').innerText()).split(HOSTILE_SHOWN.slice(0, 80)).length).toBeGreaterThan(30);
    expect(requests).toEqual([]);
    expect(complaints).toEqual([]);
    expect(await overflow(page)).toBeLessThanOrEqual(0);
  });
});
