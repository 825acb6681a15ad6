import { type MigrationOptions, migrationOptions } from '../model/options.ts';
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
    return [hang(`    ${field}: `, 'differs; "-o json" has both', columns, 6)];
  if (diff === '') return [hang(`    ${field === '' ? 'made' : field}: `, sidesOf(before, after), columns, 6)];
  const paint = (line: string) => (line.startsWith('+') ? palette('good', line) : line.startsWith('-') ? palette('bad', line) : line);
  return [`    ${field}:`, ...diff.split('\n').map((line) => `      ${paint(line)}`)];
}

/** Characters of a value that a line shows. */
const LONGEST = 300;

/** Each option with its value and its default, as text; those that are not as by default come first. */
export function optionTexts(options: MigrationOptions): { readonly option: string; readonly text: string; readonly fallback: string }[] {
  const defaults: Readonly<Record<string, unknown>> = migrationOptions.parse({});
  const all = Object.entries(options).map(([option, value]) => ({ option, text: valueText(value), fallback: valueText(defaults[option]) }));
  const isDefault = ({ text, fallback }: (typeof all)[number]): boolean => text === fallback;
  return [...all.filter((one) => !isDefault(one)), ...all.filter(isDefault)];
}

/** `before -> after` on one line. */
function sidesOf(before: unknown, after: unknown): string {
  return `${valueText(before)} -> ${valueText(after)}`;
}

/** A value on one line: text as it is, nothing as `none`. */
export function valueText(value: unknown): string {
  if (value === null || value === undefined) return 'none';
  if (value === '') return '""';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function isDocument(text: string): boolean {
  return text.trimStart().startsWith('{');
}
