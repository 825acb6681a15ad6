/** A part of a text: `[start, end)`. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A member of a JSON object: its key as written between the quotes, decoded, and where its value stands. */
export interface Member extends Span {
  readonly key: string;
}

const QUOTE = 34;
const BACKSLASH = 92;
const COMMA = 44;
const COLON = 58;
const OPEN_BRACKET = 91;
const CLOSE_BRACKET = 93;
const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;

/** Offset after the white space at `at` (RFC 8259 §2: space, tab, line feed, carriage return). */
export function skipSpace(text: string, at: number): number {
  let i = at;
  while (isSpace(text.charCodeAt(i))) i++;
  return i;
}

/** Offset after the white space that ends before `end`. */
function trimEnd(text: string, end: number): number {
  let i = end;
  while (isSpace(text.charCodeAt(i - 1))) i--;
  return i;
}

function isSpace(code: number): boolean {
  return code === 32 || code === 10 || code === 13 || code === 9;
}

/** Offset after the string whose opening quote stands at `at`. */
function skipString(text: string, at: number): number {
  let end = text.indexOf('"', at + 1);
  while (isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end + 1;
}

function isEscaped(text: string, quote: number): boolean {
  let i = quote;
  while (text.charCodeAt(i - 1) === BACKSLASH) i--;
  return (quote - i) % 2 === 1;
}

/** Offset of the comma or closing bracket that ends the value at `at`: of text that is known to be JSON. */
function endOfValue(text: string, at: number): number {
  let depth = 0;
  for (let i = at; ; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) i = skipString(text, i) - 1;
    else if (code === OPEN_BRACE || code === OPEN_BRACKET) depth++;
    else if (depth === 0 && (code === COMMA || code === CLOSE_BRACE || code === CLOSE_BRACKET)) return i;
    else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) depth--;
  }
}

/** The members of the object whose `{` stands at `at`, in order, duplicates included. The text must be JSON. */
export function objectMembers(text: string, at: number): Member[] {
  const members: Member[] = [];
  let i = skipSpace(text, at + 1);
  while (text.charCodeAt(i) !== CLOSE_BRACE) {
    const keyEnd = skipString(text, i);
    const key = JSON.parse(text.slice(i, keyEnd)) as string;
    const start = skipSpace(text, skipSpace(text, keyEnd) + 1);
    const end = endOfValue(text, start);
    members.push({ key, start, end: trimEnd(text, end) });
    i = text.charCodeAt(end) === COMMA ? skipSpace(text, end + 1) : end;
  }
  return members;
}

/** The elements of the array whose `[` stands at `at`. The text must be JSON. */
export function arrayElements(text: string, at: number): Span[] {
  const elements: Span[] = [];
  let i = skipSpace(text, at + 1);
  while (text.charCodeAt(i) !== CLOSE_BRACKET) {
    const end = endOfValue(text, i);
    elements.push({ start: i, end: trimEnd(text, end) });
    i = text.charCodeAt(end) === COMMA ? skipSpace(text, end + 1) : end;
  }
  return elements;
}

/** How many members the objects of a part of the text have, duplicates included. The text must be JSON. */
export function countMembersInText(text: string, span: Span): number {
  let count = 0;
  for (let i = span.start; i < span.end; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) i = skipString(text, i) - 1;
    else if (code === COLON) count++;
  }
  return count;
}

/** How many members the objects of a parsed value have: fewer than its text where a key occurs twice. */
export function countMembers(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  if (Array.isArray(value)) return value.reduce((sum: number, element) => sum + countMembers(element), 0);
  let count = 0;
  for (const key in value) count += 1 + countMembers((value as Record<string, unknown>)[key]);
  return count;
}

/** How deep arrays and objects nest in a JSON text. */
export function nestingDepth(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) i = skipString(text, i) - 1;
    else if (code === OPEN_BRACE || code === OPEN_BRACKET) deepest = Math.max(deepest, ++depth);
    else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) depth--;
  }
  return deepest;
}

/**
 * The text of an array with some elements taken out, replaced or added at the end. Each element that stays keeps its bytes
 * and the separator before it; added ones are separated as the last elements were. `edit` gives the new text of an
 * element, null to take it out, and undefined to leave it.
 */
export function editArray(
  text: string,
  array: Span,
  elements: readonly Span[],
  edit: (index: number) => string | null | undefined,
  added: readonly string[],
): string {
  const first = elements[0];
  const last = elements.at(-1);
  if (first === undefined || last === undefined) return `[${added.join(',')}${text.slice(array.start + 1, array.end)}`;
  const beforeFirst = text.slice(array.start, first.start);
  const lastButOne = elements.at(-2);
  const separator = lastButOne === undefined ? `,${beforeFirst.slice(1)}` : text.slice(lastButOne.end, last.start);
  let result = beforeFirst;
  let isEmpty = true;
  let previousEnd = first.start;
  for (const [index, element] of elements.entries()) {
    const edited = edit(index);
    if (edited !== null) {
      result += (isEmpty ? '' : text.slice(previousEnd, element.start)) + (edited ?? text.slice(element.start, element.end));
      isEmpty = false;
    }
    previousEnd = element.end;
  }
  for (const element of added) {
    result += (isEmpty ? '' : separator) + element;
    isEmpty = false;
  }
  return result + text.slice(last.end, array.end);
}
