import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Journal } from '../src/journal/journal.ts';
import { PodshiftError } from '../src/model/errors.ts';
import type { FleetReport } from '../src/model/fleet-report.ts';
import { pageFacts } from '../src/report/page/facts.ts';
import { renderFleetPage } from '../src/report/page/fleet-page.ts';
import { renderPage } from '../src/report/page/page.ts';
import type { Screen } from '../src/report/render.ts';
import { buildReport } from '../src/report/report.ts';
import { textFlag } from './context.ts';
import type { Invocation } from './program.ts';
import { version } from './version.ts';

/** The folder of `--out` for the pages of a fleet. Throws `UsageError` for `-o html` without it, and for it without `-o html`. */
export function pagesFolder(invocation: Invocation): string | undefined {
  const folder = textFlag(invocation, 'out');
  const isHtml = invocation.flags.output === 'html';
  if (isHtml && folder === undefined)
    throw new PodshiftError('UsageError', 'a fleet has a page for each cluster: say where they go with "--out FOLDER"');
  if (!isHtml && folder !== undefined) throw new PodshiftError('UsageError', '--out goes with "-o html": it is the folder of the pages');
  return folder;
}

/**
 * Writes the page of a fleet, `index.html`, and one for each of its clusters that has a run into the folder, which is made where it is
 * not there; pages that are there are replaced. Throws `UsageError` where it cannot be written to, and what reads of the journal throw.
 */
export async function writeFleetPages(
  folder: string,
  report: FleetReport,
  journal: Journal,
  { command }: Pick<Screen, 'command'>,
): Promise<void> {
  const made = await version();
  const pages = new Map(
    report.clusters.flatMap(({ cluster, run, planRun }) => (run === null && planRun === null ? [] : [[cluster, pageName(cluster)]])),
  );
  try {
    await mkdir(join(folder, 'clusters'), { recursive: true });
    await writeFile(join(folder, 'index.html'), renderFleetPage(report, { pages, version: made, command }));
    for (const { cluster, run, planRun } of report.clusters) {
      const runId = run ?? planRun;
      const page = pages.get(cluster);
      if (runId === null || page === undefined) continue;
      const facts = await pageFacts(journal, runId);
      const built = await buildReport(journal, runId, report.promises);
      await writeFile(join(folder, page), renderPage(built, { facts, version: made, command, actions: [] }));
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined || error instanceof PodshiftError) throw error;
    throw new PodshiftError('UsageError', `could not write the pages to ${folder} (${code})`, { cause: error });
  }
}

/** `clusters/NAME-REGION-ACCOUNT.html`, of letters that every file system and URL takes. */
function pageName(arn: string): string {
  const [, , , region = '', account = '', name = ''] = arn.split(':');
  return `clusters/${[name.replace('cluster/', ''), region, account].join('-').replaceAll(/[^\w.-]/g, '_')}.html`;
}
