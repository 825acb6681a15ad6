import { hang, type Palette } from './text.ts';
import { jsonDiff } from './trust-diff.ts';

/** How a change is laid out for a terminal. */
interface ChangeLayout {
  readonly columns: number;
  readonly palette: Palette;
}

/** One field before and after, as lines behind an indent of four: documents as a diff, all else as `FIELD: before -> after`. */
export function showChange(
  { field, before, after }: { readonly field: string; readonly before: unknown; readonly after: unknown },
  { columns, palette }: ChangeLayout,
): string[] {
  const diff =
    typeof before === 'string' && typeof after === 'string' && isDocument(before) && isDocument(after) ? jsonDiff(before, after) : '';
  if (diff === '' && Math.max(valueText(before).length, valueText(after).length) > LONGEST)
    return [hang('    ', `${field}: differs; "-o json" has both`, columns, 6)];
  if (diff === '') return [hang('    ', `${field === '' ? 'made' : field}: ${sidesOf(before, after)}`, columns, 6)];
  const paint = (line: string) => (line.startsWith('+') ? palette('good', line) : line.startsWith('-') ? palette('bad', line) : line);
  return [hang('    ', `${field}:`, columns, 6), ...diff.split('\n').map((line) => `      ${paint(line)}`)];
}

/** Characters of a value that a line shows. */
const LONGEST = 300;

/** `before -> after` on one line. */
export function sidesOf(before: unknown, after: unknown): string {
  return `${valueText(before)} -> ${valueText(after)}`;
}

/** A value on one line: text as it is, nothing as `none`. */
function valueText(value: unknown): string {
  if (value === null || value === undefined) return 'none';
  if (value === '') return '""';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function isDocument(text: string): boolean {
  return text.trimStart().startsWith('{');
}
