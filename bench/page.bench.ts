import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type CDPSession, chromium } from 'playwright-core';
import { renderPage } from '../src/report/page/page.ts';
import { chromiumOf } from '../test/page/available.ts';
import { finishedRun, manyPlan } from '../test/unit/fixtures/page-reports.ts';

/** What the page of a large run takes a browser. */
export interface PageMeasure {
  readonly units: number;
  readonly bytes: number;
  /** What the page's thread worked until it is drawn, and from a word in the filter on until the list is short: how busy the machine is otherwise changes nothing. Seconds. */
  readonly shown: number;
  readonly filtered: number;
}

/** Opens the page of a run over so many service accounts, and filters it. Throws where this machine has no Chromium. */
export async function measurePage(units: number): Promise<PageMeasure> {
  const executablePath = chromiumOf(process.env);
  if (executablePath === undefined) throw new Error('there is no Chromium here: see test/page/available.ts');
  const { report, facts } = finishedRun(manyPlan(units));
  const html = renderPage(report, { facts });
  const folder = await mkdtemp(join(tmpdir(), 'podshift-bench-page-'));
  const browser = await chromium.launch({
    executablePath,
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  });
  try {
    const file = join(folder, 'page.html');
    await writeFile(file, html);
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    const session = await page.context().newCDPSession(page);
    await session.send('Performance.enable', { timeDomain: 'threadTicks' });
    await page.goto(pathToFileURL(file).href);
    await page.evaluate('new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))');
    const shown = await worked(session);
    await page.getByRole('searchbox').fill(`service-${units - 1}`);
    await page.locator('form[data-filter] output', { hasText: `1 of ${units.toLocaleString('en-US')} service accounts` }).waitFor();
    return { units, bytes: Buffer.byteLength(html), shown, filtered: (await worked(session)) - shown };
  } finally {
    await browser.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function worked(session: CDPSession): Promise<number> {
  const { metrics } = await session.send('Performance.getMetrics');
  return metrics.find(({ name }) => name === 'ThreadTime')?.value ?? Number.NaN;
}
