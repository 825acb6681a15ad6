import { type Cell, renderTable } from '../../src/report/table.ts';
import { createPalette, hang, type Tone } from '../../src/report/text.ts';
import type { Explanation } from '../outputs/explanations.ts';
import type { Terminal } from '../terminal.ts';

const TONES: Readonly<Record<string, Tone>> = { blocker: 'bad', error: 'bad', warning: 'warn', info: 'faint' };

/** How wide the names of an explanation's parts are, with the gap behind them. */
const LEAD = 15;

/** Codes as their pages explain them, for a terminal. Ends with a line break. Pure. */
export function renderExplanations(all: readonly Explanation[], screen: Terminal['screen']): string {
  return all.map((one) => renderOne(one, screen)).join('\n');
}

/** All codes, a line each. Ends with a line break. Pure. */
export function renderCodes(all: readonly Explanation[], { columns, color }: Terminal['screen']): string {
  const rows = all.map((one): Cell[] => [
    { text: one.code, tone: 'strong' },
    { text: wordOf(one), tone: TONES[wordOf(one)] ?? 'faint' },
    { text: one.kind === 'error' ? `${one.name}: ${one.meaning}` : one.meaning },
  ]);
  return `${renderTable(['CODE!', 'KIND!', 'MEANING'], rows, columns, createPalette(color), { oneLine: true })}\n`;
}

function wordOf(one: Explanation): string {
  return one.kind === 'error' ? 'error' : one.severity;
}

function renderOne(one: Explanation, { columns, color }: Terminal['screen']): string {
  const palette = createPalette(color);
  const part = (name: string, text: string): string[] => (text === '' ? [] : [hang(`  ${name}`, text, columns, LEAD)]);
  const lead = `${one.code} ${wordOf(one)}${one.kind === 'error' ? ` ${one.name}` : ''}`;
  const head = hang(`${lead}: `, one.meaning, columns, 2).replace(lead, palette(TONES[wordOf(one)] ?? 'strong', lead));
  const own =
    one.kind === 'error'
      ? [
          ...one.causes.flatMap(({ cause, remedy }) => [hang(`  ${cause}: `, remedy, columns, LEAD)]),
          ...part('ends with', `exit code ${one.exitCode}${one.retried ? ', once all tries of the step were used up' : ''}`),
        ]
      : [
          ...part('blocks', EFFECTS[one.severity]),
          ...part('accept', one.acceptable ? `where you know better: --accept ${one.code}:NAMESPACE/SERVICEACCOUNT` : ''),
          ...one.practice.flatMap(({ pain, answer }) => [...part('in practice', pain), ...part('', answer)]),
        ];
  const rest = [...part('about', one.about.replaceAll('\n', ' ')), ...part('page', `${one.page}, "${one.group}"`)];
  return `${[head, ...part('what to do', one.remedy), ...own, ...rest].join('\n')}\n`;
}

/** What a finding of a severity does to its service account. */
const EFFECTS: Readonly<Record<'blocker' | 'warning' | 'info', string>> = {
  blocker: 'the service account: podshift does not change it',
  warning: 'nothing: it is in plan and report, and deserves a look',
  info: 'nothing: it is for the record',
};
