/** How a report can be printed. */
export const REPORT_FORMATS = ['table', 'wide', 'json', 'yaml', 'markdown', 'html'] as const;
export type ReportFormat = (typeof REPORT_FORMATS)[number];
