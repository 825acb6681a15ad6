import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';

/** What was measured, and whether it is within its bound; null where it has none. */
export interface Row {
  readonly what: string;
  readonly figure: string;
  readonly bound: string;
  readonly holds: boolean | null;
}

const FILE = new URL('RESULTS.md', import.meta.url);
const HEAD = '| what | figure | bound | holds |\n| --- | --- | --- | --- |';

/** The rows for the screen. */
export function render(rows: readonly Row[]): string {
  return [HEAD, ...rows.map(lineOf)].join('\n');
}

/** Writes the rows into RESULTS.md, with `note` below them: all of them, or in place of those that say what is measured in the same words. */
export function writeResults(rows: readonly Row[], note: string, whole: boolean): void {
  const machine = `Node ${process.version}, ${cpus().length} cores (${cpus()[0]?.model ?? 'unknown'}), ${new Date().toISOString().slice(0, 10)}`;
  const before = readFileSync(FILE, 'utf8');
  // The sections below the table are of other commands, each of which says how to run it.
  const rest = before.includes('\n## ') ? before.slice(before.indexOf('\n## ')) : '';
  const lines = whole
    ? HEAD.split('\n')
    : before.split('\n').filter((line) => line.startsWith('| ') && before.indexOf(line) < before.length - rest.length);
  const head = `Written by \`npm run bench\`: ${machine}. Figures of one run; a busy machine makes them worse. \`npm run bench -- command\` measures some rows anew.`;
  writeFileSync(FILE, `# Results\n\n${head}\n\n${merged(lines, rows).join('\n')}\n\n${note}\n${rest}`);
}

function lineOf(row: Row): string {
  return `| ${row.what} | ${row.figure} | ${row.bound} | ${row.holds === null ? '' : row.holds ? 'yes' : 'no'} |`;
}

/** The lines of a table with these rows in place of its own of the same words; new ones come last. */
function merged(table: readonly string[], rows: readonly Row[]): string[] {
  const lines = [...table];
  const added = rows.map(lineOf);
  for (const [index, line] of added.entries()) {
    const at = lines.findIndex((_, place) => nameAt(lines, place) === nameAt(added, index));
    if (at === -1) lines.push(line);
    else lines[at] = line;
  }
  return lines;
}

/** What a line is about: its first cell, behind that of the line that it is indented below. */
function nameAt(lines: readonly string[], index: number): string {
  const isIndented = (line = ''): boolean => line.startsWith('|   ');
  const above = lines.slice(0, index + 1).findLast((line) => !isIndented(line));
  return [above, lines[index]].map((line) => line?.split('|')[1]?.trim()).join(' / ');
}
