import type { Journal } from '../../journal/journal.ts';
import { timestamp } from '../../model/clock.ts';
import type { RunRecord } from '../../model/run.ts';
import type { CommandText } from '../../report/commands.ts';
import { pageFacts } from '../../report/page/facts.ts';
import { renderPage } from '../../report/page/page.ts';
import { buildReport } from '../../report/report.ts';
import type { JournalRuntime } from '../runtime.ts';

/** Units of a run at most whose page is made where the run ends: more would take the time of the function that ends it. */
export const MOST_UNITS = 10_000;

/** Commands as whoever reads a stored page types them. */
const SERVED: CommandText = (name = '', run = '', ...words) =>
  ['podshift', name, run, '--service', 'URL', ...words].filter((word) => word !== '').join(' ');

/**
 * Stores the page of a run that ends as `ended` says; answers what the run notes of it, which is nothing where no pages are stored.
 * Nothing is thrown: a page that cannot be made or stored is a warning in the log, and the run ends without it.
 */
export async function storePage(runtime: JournalRuntime, ended: RunRecord): Promise<Pick<RunRecord, 'pageStoredAt'>> {
  const { pages, journal, clock, logger, podshift: version } = runtime;
  if (pages === undefined) return {};
  const { runId } = ended;
  try {
    const units = Object.values(ended.unitCounts ?? {}).reduce((sum, count) => sum + count, 0);
    if (units > MOST_UNITS) {
      logger.warn('the page of the run is not stored: it has too many units', { runId, units, most: MOST_UNITS });
      return { pageStoredAt: null };
    }
    // The journal has the end of the run only once its page is there.
    const atEnd: Journal = { ...journal, getRun: async () => ended };
    const [report, facts] = [await buildReport(atEnd, runId, null), await pageFacts(atEnd, runId)];
    await pages.put(runId, renderPage(report, { facts, version, command: SERVED }));
    return { pageStoredAt: timestamp(clock) };
  } catch (error) {
    logger.warn('the page of the run was not stored', { runId, error: error instanceof Error ? error.name : typeof error });
    return { pageStoredAt: null };
  }
}
