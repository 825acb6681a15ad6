/** Text that is HTML already: what {@link html} makes, and the page's own style and script. */
export class Markup {
  readonly #text: string;

  /** `text` has to be HTML of podshift's own: nothing of it is escaped. */
  constructor(text: string) {
    this.#text = text;
  }

  toString(): string {
    return this.#text;
  }
}

/** What a template takes: text is escaped, markup is not, a list is put one after the other, and nothing is left out. */
export type Part = Markup | string | number | null | undefined | readonly Part[];

/**
 * HTML from a template: everything that is put in is escaped unless it is markup itself, so that no name of a cluster can end an
 * element, an attribute or the page. Throws `TypeError` for a value right behind `=`: an attribute has its quotes in the template.
 *
 * @example
 * html`<li title="${name}">${name}</li>`
 */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  let text = strings[0] ?? '';
  let isTag = isWithinTag(text, false);
  for (const [index, part] of parts.entries()) {
    const next = strings[index + 1] ?? '';
    if (strings[index]?.endsWith('=') && isTag) throw new TypeError('an attribute of a template has no quotes');
    text += textOf(part, isTag ? escapeText : escapeContent) + next;
    isTag = isWithinTag(next, isTag);
  }
  return new Markup(text);
}

/** A text of podshift's own that is HTML as it stands: never anything that was read. */
export function markup(text: string): Markup {
  return new Markup(text);
}

/** The finished HTML. */
export function render(made: Markup): string {
  return made.toString();
}

/**
 * Text for HTML, within an element or a quoted attribute. Characters that a screen hides or that turn the order of others about
 * (controls, formats such as U+202E, lone surrogates) are shown by their codes.
 */
export function escapeText(text: string): string {
  return text.replaceAll(
    SPECIAL,
    (character) => ENTITIES[character] ?? `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  );
}

/** The same, for content alone, where quotes end nothing. */
function escapeContent(text: string): string {
  return escapeText(text).replaceAll('&quot;', '"').replaceAll('&#39;', "'");
}

/** Whether a template is within a tag behind its literal text; no attribute of a template holds `<` or `>`. */
function isWithinTag(literal: string, before: boolean): boolean {
  const [open, close] = [literal.lastIndexOf('<'), literal.lastIndexOf('>')];
  return open === close ? before : open > close;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '\n': '\n',
  '\t': '\t',
};

const SPECIAL = /[&<>"'\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

function textOf(part: Part, escaped: (text: string) => string): string {
  if (part === null || part === undefined) return '';
  if (part instanceof Markup) return part.toString();
  if (typeof part === 'object') return part.map((one) => textOf(one, escaped)).join('');
  return escaped(String(part));
}
