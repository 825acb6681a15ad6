/** A compiled pattern, or why there is none: `invalid` does not compile in Go either, `unknown` is beyond what podshift translates. */
export type GoPattern =
  | { readonly kind: 'pattern'; matches(text: string): boolean }
  | { readonly kind: 'invalid' | 'unknown'; readonly reason: string };

/** POSIX classes of ASCII, as RE2 has them. */
const POSIX: Readonly<Record<string, string>> = {
  alnum: '0-9A-Za-z',
  alpha: 'A-Za-z',
  digit: '0-9',
  lower: 'a-z',
  upper: 'A-Z',
  word: '0-9A-Za-z_',
  xdigit: '0-9A-Fa-f',
  space: '\\t\\n\\v\\f\\r ',
  punct: '!-\\/:-@\\[-`{-~',
};

const SAME_ESCAPES = new Set([...'dDwWsSbBtnrfv']);

class Problem extends Error {
  readonly kind: 'invalid' | 'unknown';

  constructor(kind: 'invalid' | 'unknown', reason: string) {
    super(reason);
    this.kind = kind;
  }
}

/**
 * A regular expression of Go (RE2 syntax, https://github.com/google/re2/wiki/Syntax), matched as `regexp.MatchString` does:
 * anywhere in the text unless it is anchored. Lookaround and back references do not compile there. What has another meaning
 * in JavaScript is translated; what podshift cannot translate it says so about, and guesses nothing.
 */
export function goRegexp(source: string): GoPattern {
  try {
    const { text, flags } = translate(source);
    const compiled = new RegExp(text, flags);
    return { kind: 'pattern', matches: (subject) => compiled.test(subject) };
  } catch (error) {
    // Besides ours, a pattern of RegExp throws SyntaxError alone.
    return error instanceof Problem ? { kind: error.kind, reason: error.message } : { kind: 'invalid', reason: 'it does not compile' };
  }
}

function translate(source: string): { text: string; flags: string } {
  // Flags at the very start hold for the whole; kiam puts an anchor ahead of them.
  const head = /^(\^?)\(\?([a-zA-Z-]+)\)/.exec(source);
  const letters = head?.[2] ?? '';
  if (/[^is]/.test(letters)) throw new Problem('unknown', `the flags (?${letters}) are not translated`);
  let text = head?.[1] ?? '';
  for (let at = head?.[0].length ?? 0; at < source.length; ) {
    const rest = source.slice(at);
    const [taken, made] = token(rest, at, text);
    text += made;
    at += taken;
  }
  return { text, flags: [...new Set(letters)].join('') };
}

/** The next token: how much of the source it is, and what it is in JavaScript. */
function token(rest: string, at: number, before: string): [number, string] {
  const first = rest.charAt(0);
  if (first === '\\') return escapeOf(rest);
  if (first === '[') return characterClass(rest);
  if (first === '(' && rest.startsWith('(?')) return group(rest);
  const repeat = /^\{(\d+)(?:,(\d*))?\}/.exec(rest);
  if (repeat !== null && Math.max(Number(repeat[1]), Number(repeat[2] ?? 0)) > 1000)
    throw new Problem('invalid', 'a repetition of more than 1000 does not compile');
  if (repeat !== null) {
    if (at === 0) throw new Problem('invalid', 'there is nothing to repeat');
    return [repeat[0].length, repeat[0]];
  }
  // A brace that is no repetition is itself.
  if (first === '{' || first === '}' || first === ']') return [1, `\\${first}`];
  if (/^[*+?]/.test(first) && /(^|[^\\])[*+?}][?]$/.test(before)) throw new Problem('invalid', 'a repetition is repeated');
  return [1, first === '/' ? '\\/' : first];
}

function escapeOf(rest: string): [number, string] {
  const letter = rest.charAt(1);
  if (letter === '') throw new Problem('invalid', 'it ends in a backslash');
  if (letter === 'A') return [2, '^'];
  if (letter === 'z') return [2, '$'];
  if (letter === 'Q') {
    const end = rest.indexOf('\\E');
    const quoted = rest.slice(2, end === -1 ? undefined : end);
    return [quoted.length + (end === -1 ? 2 : 4), quoted.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')];
  }
  if (SAME_ESCAPES.has(letter)) return [2, `\\${letter}`];
  if (/[1-9]/.test(letter)) throw new Problem('invalid', 'back references do not compile');
  if (/[pPxuaC0]/.test(letter)) throw new Problem('unknown', `the escape \\${letter} is not translated`);
  if (/[A-Za-z]/.test(letter)) throw new Problem('invalid', `the escape \\${letter} does not compile`);
  return [2, letter === '_' || letter.charCodeAt(0) > 126 ? letter : `\\${letter}`];
}

function group(rest: string): [number, string] {
  if (rest.startsWith('(?:')) return [3, '(?:'];
  const named = /^\(\?P?<([A-Za-z_]\w*)>/.exec(rest);
  if (named !== null) return [named[0].length, '('];
  if (/^\(\?<?[=!]/.test(rest)) throw new Problem('invalid', 'lookaround does not compile');
  throw new Problem('unknown', 'a group with flags is not translated');
}

function characterClass(rest: string): [number, string] {
  let at = 1;
  let text = '[';
  if (rest.charAt(at) === '^') {
    text += '^';
    at += 1;
  }
  for (let first = true; ; first = false) {
    const posix = /^\[:([a-z]+):\]/.exec(rest.slice(at));
    const letter = rest.charAt(at);
    if (letter === '') throw new Problem('invalid', 'a character class is not closed');
    if (posix !== null) {
      const set = POSIX[posix[1] as string];
      if (set === undefined) throw new Problem('unknown', `the class ${posix[0]} is not translated`);
      text += set;
      at += posix[0].length;
    } else if (letter === '\\') {
      const [taken, made] = escapeOf(rest.slice(at));
      if (/^\\[bB]$/.test(made) || taken > 2 || made === '^' || made === '$')
        throw new Problem('invalid', 'an escape of a character class does not compile');
      text += made;
      at += taken;
    } else if (letter === ']' && !first) return [at + 1, `${text}]`];
    else {
      text += letter === ']' || letter === '[' ? `\\${letter}` : letter;
      at += 1;
    }
  }
}
