import { html, type Markup } from './html.ts';

/** A command with what it does. */
export interface PageAction {
  readonly text: string;
  readonly command: string;
}

/**
 * What the reader does next, most pressing first: `actions`, then sentences that quote their commands. Each command stands whole on a
 * line of its own. Null where nothing is to be done.
 */
export function nextSection(actions: readonly PageAction[], sentences: readonly string[]): Markup | null {
  if (actions.length + sentences.length === 0) return null;
  return html`<section id="next" aria-labelledby="next-title"><h2 id="next-title">What to do next</h2><ol class="next">${actions.map(
    ({ text, command }) => html`<li><p>${text}</p>${commandBlock(command)}`,
  )}${sentences.map((sentence) => html`<li>${sentenceParts(sentence)}`)}</ol></section>`;
}

/** Sentences quote commands so (src/report/summary.ts). */
const COMMAND = /"(podshift [^"]*)"/;

/** A command at the end of a sentence stands on a line of its own; any other stays in its place. */
function sentenceParts(sentence: string): Markup {
  const parts = sentence.split(COMMAND);
  const isLast = parts.length > 1 && parts.at(-1) === '';
  const inline = isLast ? parts.slice(0, -2) : parts;
  const prose = inline.map((part, index) => (index % 2 === 1 ? html`<span class="command"><code>${part}</code></span>` : part));
  return html`<p>${isLast ? [...prose.slice(0, -1), String(prose.at(-1)).replace(/[\s:]+$/, '')] : prose}</p>${isLast ? commandBlock(parts.at(-2) ?? '') : null}`;
}

/** The script adds the button that copies it. */
function commandBlock(command: string): Markup {
  return html`<pre class="command"><code>${command}</code></pre>`;
}
