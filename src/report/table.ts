import { type Palette, type Tone, wrap } from './text.ts';

/** A cell: one or more lines, and the tone that all of them have. */
export interface Cell {
  readonly text: string;
  readonly tone?: Tone;
}

const GAP = 2;
const NARROWEST = 8;
/** How cells that are too wide are laid out. */
export interface TableOptions {
  /** A row is one line: what does not fit is shortened, and an ellipsis says so. */
  readonly oneLine?: boolean;
}

/**
 * A table without lines, as kubectl prints them: upper-case heads, two spaces between columns. The widest columns are
 * wrapped until a row fits into `columns` characters; with `columns` null nothing is wrapped. Nothing is cut away, but with `oneLine`.
 * A head that ends with `!` (which is not shown) keeps its column in one piece: what is to be copied.
 */
export function renderTable(
  heads: readonly string[],
  rows: readonly (readonly Cell[])[],
  columns: number | null,
  palette: Palette,
  { oneLine = false }: TableOptions = {},
): string {
  const titles = heads.map((head) => head.replace(/!$/, ''));
  // What goes to a pipe has a line for each row, so that a search finds the whole of it.
  const textOf = (cell: Cell | undefined): string =>
    (columns === Number.POSITIVE_INFINITY ? cell?.text.replaceAll('\n', ', ') : cell?.text) ?? '';
  const natural = titles.map((head, index) => Math.max(head.length, ...rows.map((row) => longestLine(textOf(row[index])))));
  const widths = columns === null ? natural : fitWidths(natural, heads, columns - GAP * (heads.length - 1));
  const linesOf = (cell: Cell | undefined, index: number): string[] =>
    textOf(cell)
      .split('\n')
      .flatMap((line) => fitted(line, widths[index] ?? NARROWEST, oneLine));
  return [
    ...rowLines(
      titles.map((title): PaintedCell => ({ lines: [title], tone: 'faint' })),
      widths,
      palette,
    ),
    ...rows.flatMap((row) => {
      const cells = titles.map((_, index): PaintedCell => ({ lines: linesOf(row[index], index), tone: row[index]?.tone }));
      return rowLines(cells, widths, palette);
    }),
  ].join('\n');
}

/** A cell that fits into its column. */
interface PaintedCell {
  readonly lines: readonly string[];
  readonly tone: Tone | undefined;
}

/** The lines of one row: as many as its highest cell has, each cell from the top and as wide as its column. */
function rowLines(cells: readonly PaintedCell[], widths: readonly number[], palette: Palette): string[] {
  const height = Math.max(...cells.map(({ lines }) => lines.length));
  return Array.from({ length: height }, (_, at) => {
    const parts = cells.map(({ lines, tone }, index) => {
      const line = lines[at] ?? '';
      const filling = ' '.repeat(Math.max(0, (widths[index] ?? 0) + GAP - line.length));
      return `${tone === undefined ? line : palette(tone, line)}${filling}`;
    });
    return parts.join('').trimEnd();
  });
}

/** The narrowest that a table with these cells can be: what `renderTable` takes for more room than there is, it exceeds. */
export function leastWidth(heads: readonly string[], rows: readonly (readonly Cell[])[]): number {
  const widths = heads.map((head, index) => {
    const title = head.replace(/!$/, '');
    const natural = Math.max(title.length, ...rows.map((row) => longestLine(row[index]?.text ?? '')));
    return head === title ? Math.min(natural, Math.max(NARROWEST, title.length)) : natural;
  });
  return widths.reduce((sum, width) => sum + width, 0) + GAP * (heads.length - 1);
}

function fitted(line: string, width: number, oneLine: boolean): string[] {
  if (!oneLine || line.length <= width) return wrap(line, width);
  const end = Math.floor((width - 1) / 2);
  return [`${line.slice(0, width - 1 - end)}…${line.slice(line.length - end)}`];
}

/** The width of a table in a report: with `wide`, nothing is wrapped on a terminal either. */
export function tableWidth({ columns, wide }: { readonly columns: number; readonly wide: boolean }): number | null {
  return wide && Number.isFinite(columns) ? null : columns;
}

/** Takes from the widest column, one character at a time, until all fit or nothing more can be taken. */
function fitWidths(natural: readonly number[], heads: readonly string[], available: number): number[] {
  const columns = heads.map((head, index) => {
    const width = natural[index] ?? head.length;
    return { width, least: head.endsWith('!') ? width : Math.min(width, Math.max(NARROWEST, head.length)) };
  });
  let excess = columns.reduce((sum, { width }) => sum + width, 0) - available;
  while (excess > 0) {
    const shrinkable = columns.filter(({ width, least }) => width > least);
    const [first, ...others] = shrinkable;
    if (first === undefined) break;
    others.reduce((widest, column) => (column.width > widest.width ? column : widest), first).width -= 1;
    excess -= 1;
  }
  return columns.map(({ width }) => width);
}

function longestLine(text: string): number {
  return Math.max(0, ...text.split('\n').map((line) => line.length));
}
