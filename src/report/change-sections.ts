import { TRUST_FIELD } from '../plan/changes.ts';
import { optionTexts, showChange } from './change-text.ts';
import type { AnyReport } from './summary.ts';
import { count, hang, type Palette } from './text.ts';

/** How a section is laid out for a terminal. */
interface SectionLayout {
  readonly columns: number;
  readonly palette: Palette;
}

/** Every field that would change, object by object; trust policies have sections of their own. Empty where nothing is proposed. */
export function changeSection({ changes = [] }: AnyReport, layout: SectionLayout): string {
  if (changes.length === 0) return '';
  const objects = [...Map.groupBy(changes, ({ object }) => object)].flatMap(([object, fields]) => [
    `  ${layout.palette('strong', object)}`,
    ...fields.flatMap((change) => (change.field === TRUST_FIELD ? [`    ${TRUST_FIELD}: as shown below`] : showChange(change, layout))),
  ]);
  return [layout.palette('strong', `changes (${changes.length})`), ...objects].join('\n');
}

/** The options of what is proposed: those that are not as by default one by one, then the others. Empty where nothing is proposed. */
export function optionSection({ options }: AnyReport, { columns, palette }: SectionLayout): string {
  if (options === undefined) return '';
  const all = optionTexts(options);
  const chosen = all.filter(({ text, fallback }) => text !== fallback);
  const rest = all.slice(chosen.length).map(({ option, text }) => `${option} ${text}`);
  return [
    palette('strong', 'options'),
    ...chosen.map(({ option, text, fallback }) => hang(`  ${option}: `, `${text} (default: ${fallback})`, columns, 6)),
    ...(rest.length === 0 ? [] : [hang('  as by default: ', rest.join(', '), columns, 4)]),
  ].join('\n');
}

/** How much would change, for a report that does not show it; none where nothing is proposed. */
export function changesLine({ changes = [] }: AnyReport, isShown: boolean, columns: number): string[] {
  if (changes.length === 0) return [];
  const objects = new Set(changes.map(({ object }) => object)).size;
  const text = `${count(changes.length, 'field')} of ${count(objects, 'object')} would change${isShown ? '' : ' ("-o wide": each, before and after)'}`;
  return [hang('changes   ', text, columns)];
}
