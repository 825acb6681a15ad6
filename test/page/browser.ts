import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import axe from 'axe-core';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import { chromiumOf } from './available.ts';

/** The ways in which pages are looked at. */
export const VIEWS: Readonly<Record<string, BrowserContextOptions>> = {
  desktop: { viewport: { width: 1280, height: 900 }, colorScheme: 'light' },
  'a phone': { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, colorScheme: 'light' },
  dark: { viewport: { width: 1280, height: 900 }, colorScheme: 'dark' },
};

/** No sandbox, since tests may run as root; and nothing that asks the network for itself. */
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** A page that is open, with what it asked for and complained about so far. */
export interface OpenPage {
  readonly page: Page;
  /** URLs, but for the file itself. */
  readonly requests: readonly string[];
  /** Messages on the console, errors that nobody caught, and dialogs. */
  readonly complaints: readonly string[];
}

/** A Chromium for the tests of a file. Throws where this machine has none. */
export function useBrowser(): { open(html: string, view?: BrowserContextOptions): Promise<OpenPage> } {
  let browser: Browser | undefined;
  let folder = '';
  beforeAll(async () => {
    const executablePath = chromiumOf(process.env);
    if (executablePath === undefined) throw new Error('there is no Chromium here: see test/page/available.ts');
    folder = await mkdtemp(join(tmpdir(), 'podshift-pages-'));
    browser = await chromium.launch({ executablePath, args: FLAGS });
  });
  afterAll(async () => {
    await browser?.close();
    if (folder !== '') await rm(folder, { recursive: true, force: true });
  });
  return {
    open: async (html, view = VIEWS.desktop) => {
      if (browser === undefined) throw new Error('the browser is not started');
      const file = join(folder, 'page.html');
      await writeFile(file, html);
      const url = pathToFileURL(file).href;
      const context = await browser.newContext(view);
      onTestFinished(() => context.close());
      const page = await context.newPage();
      page.setDefaultTimeout(120_000);
      const requests: string[] = [];
      const complaints: string[] = [];
      page.on('request', (request) => {
        if (request.url() !== url && request.url() !== 'data:,') requests.push(request.url());
      });
      page.on('console', (message) => complaints.push(message.text()));
      page.on('pageerror', (error) => complaints.push(error.message));
      page.on('dialog', (dialog) => {
        complaints.push(dialog.message());
        void dialog.dismiss();
      });
      await page.goto(url);
      return { page, requests, complaints };
    },
  };
}

/** Opens all that can be folded up. Scripts for pages are texts: the types of a browser are not those of the project. */
export async function unfold(page: Page): Promise<void> {
  await page.evaluate('for (const one of document.querySelectorAll("details")) one.open = true');
}

/** How many pixels the page is wider than the screen. */
export async function overflow(page: Page): Promise<number> {
  return Number(await page.evaluate('document.documentElement.scrollWidth - window.innerWidth'));
}

/** What an accessibility checker finds on the page as it stands, a line each. */
export async function accessibilityProblems(page: Page): Promise<string[]> {
  // By the debugger, since the page's policy lets no script in.
  await page.evaluate(axe.source);
  const violations = await page.evaluate(async () => {
    const { axe: checker } = globalThis as unknown as { axe: typeof axe };
    return (await checker.run()).violations;
  });
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 200)}: ${failureSummary ?? ''}`),
  );
}
