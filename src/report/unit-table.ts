import { isCompact } from './finding-groups.ts';
import { type AnyReport, type ReportUnit, roleTitle, STATUS_TONES, statusTitle, unitName, workloadLine, workloadLines } from './summary.ts';
import { type Cell, leastWidth, renderTable, tableWidth } from './table.ts';
import type { Palette } from './text.ts';

/** Those of a wave come first, in the order of the waves; then those that are done already; blocked ones last. */
function inOrder(units: readonly ReportUnit[]): ReportUnit[] {
  const rank = (unit: ReportUnit): number => unit.wave ?? (unit.status === 'held' ? Number.MAX_SAFE_INTEGER : Number.MAX_SAFE_INTEGER - 1);
  return [...units].sort((a, b) => rank(a) - rank(b));
}

/**
 * The units of a report as a table for a terminal, a line each where they are many; empty where there are none. Columns that have no room
 * beside the names are left out, and a line below says so.
 */
export function unitTable(
  report: AnyReport,
  { columns, palette, wide }: { readonly columns: number; readonly palette: Palette; readonly wide: boolean },
): string {
  if (report.units.length === 0) return '';
  const isOneLine = !wide && Number.isFinite(columns) && isCompact(report.units.length);
  const all: readonly UnitColumn[] = [
    { head: 'SERVICE ACCOUNT', cell: (unit) => ({ text: unitName(unit), tone: 'strong' }) },
    { head: 'BY', spare: 3, cell: ({ mechanism }) => ({ text: mechanism }) },
    { head: 'ROLE', spare: 2, cell: ({ roleArn }) => ({ text: wide ? roleArn : roleTitle(roleArn, report.run.cluster) }) },
    { head: 'WORKLOADS', spare: 1, cell: (unit) => ({ text: wide || !isOneLine ? workloadLines(unit, !wide) : workloadLine(unit) }) },
    { head: 'WAVE', cell: ({ wave }) => ({ text: wave === null ? '-' : String(wave + 1) }) },
    { head: 'STATUS', cell: (unit) => ({ text: statusTitle(report, unit), tone: STATUS_TONES[unit.status] }) },
  ];
  const units = inOrder(report.units);
  const rowsOf = (chosen: readonly UnitColumn[]): Cell[][] => units.map((unit) => chosen.map(({ cell }) => cell(unit)));
  const chosen = isOneLine ? fittingColumns(all, columns, rowsOf) : { columns: all, whole: false };
  const heads = chosen.columns.map(({ head }) =>
    (head === 'SERVICE ACCOUNT' && chosen.whole) || (head === 'STATUS' && isOneLine) ? `${head}!` : head,
  );
  const left = all.filter((one) => !chosen.columns.includes(one)).map(({ head }) => HEADS_IN_WORDS[head] ?? head);
  return [
    renderTable(heads, rowsOf(chosen.columns), tableWidth({ columns, wide }), palette, { oneLine: isOneLine }),
    ...(left.length === 0 ? [] : [palette('faint', `${listed(left)}: see "-o wide"`)]),
  ].join('\n');
}

/** A column of the table of units; those with a `spare` go, the lowest first, where a line has no room for the names. */
interface UnitColumn {
  readonly head: string;
  readonly spare?: number;
  readonly cell: (unit: ReportUnit) => Cell;
}

/** How a line names the columns that have no room. */
const HEADS_IN_WORDS: Readonly<Record<string, string>> = { BY: 'by', ROLE: 'roles', WORKLOADS: 'workloads' };

/** As many columns as fit beside the whole names; where not even the last ones do, the names are shortened. */
function fittingColumns(
  all: readonly UnitColumn[],
  columns: number,
  rowsOf: (chosen: readonly UnitColumn[]) => Cell[][],
): { readonly columns: readonly UnitColumn[]; readonly whole: boolean } {
  const headsOf = (chosen: readonly UnitColumn[]): string[] =>
    chosen.map(({ head }) => (head === 'SERVICE ACCOUNT' || head === 'STATUS' ? `${head}!` : head));
  for (const least of [0, 1, 2, 3]) {
    const chosen = all.filter(({ spare }) => spare === undefined || spare > least);
    if (leastWidth(headsOf(chosen), rowsOf(chosen)) <= columns) return { columns: chosen, whole: true };
    if (least === 3) return { columns: chosen, whole: false };
  }
  return { columns: all, whole: true };
}

function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}
