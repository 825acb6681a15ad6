import { REPORT_FORMATS, type ReportFormat } from '../src/report/render.ts';
import type { Invocation } from './program.ts';

/** The format of `-o`; commander lets nothing else through. */
export function formatOf({ flags }: Invocation): ReportFormat {
  return REPORT_FORMATS.find((format) => format === flags.output) ?? 'table';
}
