import type { Journal } from '../src/journal/journal.ts';
import { REPORT_FORMATS, type ReportFormat } from '../src/report/formats.ts';
import { pageFacts } from '../src/report/page/facts.ts';
import type { Screen } from '../src/report/render.ts';
import type { Invocation } from './program.ts';
import { version } from './version.ts';

/** The format of `-o`; commander lets nothing else through. */
export function formatOf({ flags }: Invocation): ReportFormat {
  return REPORT_FORMATS.find((format) => format === flags.output) ?? 'table';
}

/** What a page shows besides its report, for a run of a journal; nothing is read for another format. Throws as the journal does. */
export async function pageOf(invocation: Invocation, journal: Journal, runId: string): Promise<Pick<Screen, 'page'>> {
  if (formatOf(invocation) !== 'html') return {};
  return { page: { facts: await pageFacts(journal, runId), version: await version() } };
}
