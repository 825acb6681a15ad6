import type { Journal } from '../../journal/journal.ts';
import { isPodshiftError, PodshiftError } from '../../model/errors.ts';
import type { RunRecord } from '../../model/run.ts';
import type { CommandText } from '../../report/commands.ts';
import { pageFacts } from '../../report/page/facts.ts';
import { renderPage } from '../../report/page/page.ts';
import { buildReport } from '../../report/report.ts';
import type { PageLink, Pages } from '../../service/pages.ts';
import type { JournalRuntime } from '../runtime.ts';

/** Units of a run at most whose page is stored: more would take the time and memory of the functions that make it. */
export const MOST_UNITS = 10_000;

/** A run as it ended. */
type EndedRun = RunRecord & { readonly endedAt: string };

/** Commands as whoever reads a stored page types them. */
const SERVED: CommandText = (name = '', run = '', ...words) =>
  ['podshift', name, run, '--service', 'URL', ...words].filter((word) => word !== '').join(' ');

/**
 * Stores the page of a run that has ended, where pages are stored. Nothing is thrown: a page that cannot be made or stored is a warning in
 * the log, and is made by {@link linkToPage} for who asks for it.
 */
export async function storePage(runtime: JournalRuntime, ended: EndedRun): Promise<void> {
  const { pages, logger } = runtime;
  if (pages === undefined) return;
  try {
    await putPage(runtime, pages, ended);
  } catch (error) {
    const { runId } = ended;
    // What else an error says may be of an answer of S3.
    const reason = isPodshiftError(error, 'PageNotFound') ? { reason: error.message } : {};
    logger.warn('the page of the run was not stored', { runId, error: error instanceof Error ? error.name : typeof error, ...reason });
  }
}

/**
 * A link to the page of a run that has ended. A page that is not there is made first: one that could not be stored as the run ended, or is gone.
 * Throws `RunNotFound`; `PageNotFound` where there is none; what calls of S3 throw.
 */
export async function linkToPage(runtime: JournalRuntime, runId: string): Promise<PageLink> {
  const run = await runtime.journal.getRun(runId);
  const { pages } = runtime;
  if (pages === undefined) throw new PodshiftError('PageNotFound', 'no pages of runs are stored here');
  const { endedAt } = run;
  if (endedAt === null) throw new PodshiftError('PageNotFound', `run ${runId} has not ended: its page is stored when it ends`);
  const page = { runId, endedAt };
  if (!(await pages.has(page))) await putPage(runtime, pages, { ...run, endedAt });
  return pages.link(page);
}

/** Makes the page from the journal and stores it. The same end of a run gives the same page, under the same key. */
async function putPage({ journal, podshift: version }: JournalRuntime, pages: Pages, ended: EndedRun): Promise<void> {
  const { runId, endedAt } = ended;
  const units = Object.values(ended.unitCounts ?? {}).reduce((sum, count) => sum + count, 0);
  if (units > MOST_UNITS)
    throw new PodshiftError('PageNotFound', `run ${runId} has ${units} service accounts: pages of more than ${MOST_UNITS} are not stored`);
  // The run as it ended, whatever became of it since.
  const atEnd: Journal = { ...journal, getRun: async () => ended };
  const [report, facts] = [await buildReport(atEnd, runId, null), await pageFacts(atEnd, runId)];
  await pages.put({ runId, endedAt }, renderPage(report, { facts, version, command: SERVED }));
}
