import { stringify } from 'yaml';
import type { CommandText } from './commands.ts';
import type { ReportFormat } from './formats.ts';
import { renderMarkdown } from './markdown.ts';
import { type PageSettings, renderPage } from './page/page.ts';
import type { AnyReport } from './summary.ts';
import { renderTableReport } from './table-report.ts';
import { createPalette } from './text.ts';

/** What the reader's terminal can show. */
export interface Screen {
  readonly columns: number;
  readonly color: boolean;
  /** How the reader types a command of podshift; without flags of where the run is, where absent. */
  readonly command?: CommandText;
  /** What a page shows besides the report. */
  readonly page?: Omit<PageSettings, 'command'>;
}

/**
 * A report as text that ends with a line break. JSON and YAML hold the report as the schemas of src/model/report.ts
 * describe it; the other formats are for people. The same report always gives the same text. Pure.
 */
export function renderReport(report: AnyReport, format: ReportFormat, screen: Screen): string {
  switch (format) {
    case 'json':
      return `${JSON.stringify(report, null, 2)}\n`;
    case 'yaml':
      return toYaml(report);
    case 'markdown':
      return renderMarkdown(report, screen.command);
    case 'html':
      return renderPage(report, { ...screen.page, command: screen.command });
    case 'table':
    case 'wide':
      return renderTableReport(report, {
        columns: screen.columns,
        palette: createPalette(screen.color),
        wide: format === 'wide',
        command: screen.command,
      });
  }
}

/** YAML without anchors and without folded lines, so that it reads as kubectl's does. */
export function toYaml(value: unknown): string {
  return stringify(value, { aliasDuplicateObjects: false, lineWidth: 0 });
}
