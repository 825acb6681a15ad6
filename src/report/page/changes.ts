import { type PlannedChange, TRUST_FIELD } from '../../plan/changes.ts';
import { valueText } from '../change-text.ts';
import { jsonDiff } from '../trust-diff.ts';
import { type PageWrite, type WritesByObject, writeOf } from './facts.ts';
import { html, type Markup } from './html.ts';
import { timeOfDay } from './words.ts';

type Shown = Pick<PlannedChange, 'object' | 'field' | 'before' | 'after'>;

/** How far the changes of a list are: only proposed, of a unit that came to its end, or of one that did not, or has not yet. */
export type Progress = 'proposed' | 'done' | 'open';

/** Fields before and after, object by object, each with what became of it where the journal says so; nothing for an empty list. */
export function changeList(changes: readonly Shown[], writes: WritesByObject, progress: Progress): Markup | null {
  if (changes.length === 0) return null;
  const objects = [...Map.groupBy(changes, ({ object }) => object)];
  return html`<dl class="changes">${objects.map(
    ([object, fields]) =>
      html`<dt>${object}${fields.map(
        (change) =>
          html`<dd><b>${change.field === '' ? 'the whole object' : change.field}</b>${
            progress === 'proposed' ? null : html` <i>${fate(writeOf(change, writes), progress)}</i>`
          }${sides(change)}`,
      )}`,
  )}</dl>`;
}

/** A unified diff with its lines marked; the text of a line has its sign, so that colour is never alone. */
export function diffBlock(diff: string): Markup {
  const lines = diff.split('\n').filter((line) => !/^(---|\+\+\+|@@|\\ No newline)/.test(line));
  return html`<pre>${runsOf(lines).map(([sign, text]) => {
    if (sign === '+') return html`<ins>${text}</ins>`;
    return sign === '-' ? html`<del>${text}</del>` : text;
  })}</pre>`;
}

/** Lines in a row that have the same sign, as one text. */
function runsOf(lines: readonly string[]): [sign: string, text: string][] {
  const runs: [string, string][] = [];
  for (const line of lines) {
    const sign = /^[+-]/.exec(line)?.[0] ?? '';
    const last = runs.at(-1);
    if (last !== undefined && last[0] === sign) last[1] += `${line}\n`;
    else runs.push([sign, `${line}\n`]);
  }
  return runs;
}

function sides({ field, before, after }: Shown): Markup {
  if (field === TRUST_FIELD) return html`<p>as the section about trust policies shows`;
  const [was, is] = [textOf(before), textOf(after)];
  const diff = was.startsWith('{') && is.startsWith('{') ? jsonDiff(was, is) : '';
  if (diff !== '') return diffBlock(diff);
  return html`<pre>${was === '' ? null : html`<del>${signed('-', was)}</del>`}${
    is === '' ? null : html`<ins>${signed('+', is)}</ins>`
  }</pre>`;
}

/** A value as text: objects laid out, nothing as nothing. */
function textOf(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'object' ? JSON.stringify(value, null, 2) : valueText(value);
}

function signed(sign: string, text: string): string {
  return text
    .split('\n')
    .map((line) => `${sign} ${line}\n`)
    .join('');
}

/** What became of a write. A unit ends without one where it was there already: EKS renews the pods of an add-on, or somebody did. */
export function fate(write: PageWrite | undefined, progress: Progress = 'open'): string {
  if (write === undefined) return progress === 'done' ? 'no write needed' : 'not written';
  const at = timeOfDay(write.at);
  if (write.state === 'undone') return `written at ${at}, undone since`;
  return write.state === 'applied' ? `written at ${at}` : `begun at ${at}`;
}
