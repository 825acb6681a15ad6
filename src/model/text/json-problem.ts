import { placeIn } from './place.ts';

/** A token with the white space ahead of it: punctuation, or a whole string, number or literal. */
const TOKEN =
  /[ \t\n\r]*(?:(?<mark>[{}[\],:])|(?<string>"(?:[ !#-[\]-\uffff]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*")|(?<scalar>(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.+-])))/y;
/** As much of a string as is well formed. */
const STRING_START = /"(?:[ !#-[\]-\uffff]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*/y;
/** What a text can end with that was cut off within a token. */
const CUT_SCALAR = /^(?:-?\d*\.?\d*(?:[eE][+-]?)?|t|tr|tru|f|fa|fal|fals|n|nu|nul)$/;
const CUT_ESCAPE = /^\\(?:u[\da-fA-F]{0,3})?$/;

type Expected = 'value' | 'value or ]' | 'key' | 'key or }' | ':' | ', or end';

/**
 * Why a text is no JSON, in words of our own with line and column: V8 quotes what stands there, and what stands there may be secret.
 * Empty for a text that is JSON.
 */
export function jsonProblem(text: string): string {
  const fault = jsonFault(text);
  if (fault === undefined) return '';
  if (isCutOff(text, fault)) return 'the text ends in the middle';
  const { line, column } = placeIn(text, fault);
  return `line ${line}, column ${column} cannot be read as JSON`;
}

/** Whether the text is JSON as far as it goes. */
export function isCutOff(text: string, fault: number): boolean {
  return fault >= text.trimEnd().length;
}

/** Where a text stops being JSON, from 0; undefined for a text that is JSON. */
export function jsonFault(text: string): number | undefined {
  const open: ('{' | '[')[] = [];
  let expected: Expected = 'value';
  for (let at = 0; ; at = TOKEN.lastIndex) {
    if (expected === ', or end' && open.length === 0) {
      const rest = at + (text.slice(at).length - text.slice(at).replace(/^[ \t\n\r]+/, '').length);
      return rest === text.length ? undefined : rest;
    }
    TOKEN.lastIndex = at;
    const token = TOKEN.exec(text)?.groups;
    if (token === undefined) return brokenToken(text, at);
    const next = after(token, expected, open);
    if (next === undefined) return TOKEN.lastIndex - (token.mark ?? token.string ?? token.scalar ?? '').length;
    expected = next;
  }
}

/** What has to come behind a token; undefined where the token cannot stand. Keeps the brackets that are open. */
function after(token: Readonly<Record<string, string | undefined>>, expected: Expected, open: ('{' | '[')[]): Expected | undefined {
  const { mark, string } = token;
  const isValue = expected === 'value' || expected === 'value or ]';
  if (mark === undefined) {
    if (isValue) return ', or end';
    return string !== undefined && (expected === 'key' || expected === 'key or }') ? ':' : undefined;
  }
  if (mark === '{' || mark === '[') {
    if (!isValue) return undefined;
    open.push(mark);
    return mark === '{' ? 'key or }' : 'value or ]';
  }
  const inObject = open.at(-1) === '{';
  if (mark === ':') return expected === ':' ? 'value' : undefined;
  if (mark === ',') return expected === ', or end' ? (inObject ? 'key' : 'value') : undefined;
  const mayClose = mark === '}' ? inObject && expected !== 'key' && expected !== ':' && !isValue : !inObject && expected !== 'value';
  if (!mayClose) return undefined;
  open.pop();
  return ', or end';
}

/** Where within something that is no token the text goes wrong; its end where it only stops there. */
function brokenToken(text: string, at: number): number {
  const start = at + (/^[ \t\n\r]*/.exec(text.slice(at))?.[0].length ?? 0);
  if (text[start] !== '"') return CUT_SCALAR.test(text.slice(start)) ? text.length : start;
  STRING_START.lastIndex = start;
  STRING_START.exec(text);
  const stop = STRING_START.lastIndex;
  return CUT_ESCAPE.test(text.slice(stop)) ? text.length : stop;
}
