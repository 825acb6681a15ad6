import { createHmac } from 'node:crypto';

/** What stands for the words of one capture, by a key that is kept nowhere. */
export interface Words {
  /**
   * A word of the same length and the same kinds of characters: the same for the same word, another one for any other, and none that
   * `isKept`. After `prefixes` it begins alike for words that begin with the same of them.
   */
  of(word: string): string;
  /** Hexadecimal digits for as many others, likewise. */
  hexOf(digits: string): string;
  /** A number from 0 to `below` - 1 for another one below it; different ones stay different within `scope`. */
  numberOf(scope: string, value: number, below: number): number;
}

/** Tries at a word of the same length, before it is made one longer: there are not many words of two letters. */
const TRIES = 64;

/** Makes words by `key`. `prefixes` are beginnings of words that patterns of the capture end with (`sho*`). */
export function createWords(key: Uint8Array, isKept: (word: string) => boolean, prefixes: ReadonlySet<string>): Words {
  const given = new Map<string, string>();
  const taken = new Set<string>();

  const permutations = new Map<string, readonly number[]>();

  const once = (id: string, isFree: (made: string) => boolean, make: (attempt: number) => string): string => {
    const known = given.get(id);
    if (known !== undefined) return known;
    for (let attempt = 0; ; attempt += 1) {
      const made = make(attempt);
      if (taken.has(made) || !isFree(made)) continue;
      taken.add(made);
      given.set(id, made);
      return made;
    }
  };
  const bytes = (text: string, length: number): Uint8Array => {
    const blocks = Array.from({ length: Math.ceil(length / 32) }, (_, block) =>
      createHmac('sha256', key).update(`${block} ${text}`).digest(),
    );
    return Buffer.concat(blocks).subarray(0, length);
  };
  const likeOf = (word: string, before: string, attempt: number): string => {
    const longer = word + 'a'.repeat(Math.floor(attempt / TRIES));
    const random = bytes(`${attempt} ${before} ${word}`, longer.length);
    return [...longer].map((character, index) => characterLike(character, random[index] as number, index === 0)).join('');
  };

  const of = (word: string): string => {
    if (isKept(word)) return word;
    const cuts = [...Array(word.length).keys()].filter((length) => length > 1 && prefixes.has(word.slice(0, length)));
    const before = word.slice(0, cuts.at(-1) ?? 0);
    const begun = before === '' ? '' : of(before);
    return once(
      word,
      (made) => !isKept(made),
      (attempt) => begun + likeOf(word.slice(before.length), before, attempt),
    );
  };
  return {
    of,
    hexOf: (digits) => {
      const text = digits.toLowerCase();
      const made = (attempt: number): string =>
        `hex ${[...bytes(`hex ${attempt} ${text}`, text.length)].map((byte) => (byte % 16).toString(16)).join('')}`;
      return once(`hex ${text}`, () => true, made).slice('hex '.length);
    },
    numberOf: (scope, value, below) => {
      const known = permutations.get(scope) ?? permutation(below, (index) => bytes(`number ${scope} ${index}`, 4));
      permutations.set(scope, known);
      return known[value] as number;
    },
  };
}

/** A character of the same kind; a number does not come to begin with a zero that it did not have. */
function characterLike(character: string, random: number, isFirst: boolean): string {
  if (/[0-9]/.test(character)) return isFirst && character !== '0' ? String(1 + (random % 9)) : String(random % 10);
  const letter = String.fromCharCode(97 + (random % 26));
  return /[A-Z]/.test(character) ? letter.toUpperCase() : letter;
}

/** Numbers from 0 on, shuffled (Fisher and Yates). */
function permutation(length: number, random: (index: number) => Uint8Array): number[] {
  const numbers = Array.from({ length }, (_, index) => index);
  for (let index = length - 1; index > 0; index -= 1) {
    const other = Buffer.from(random(index)).readUInt32BE() % (index + 1);
    [numbers[index], numbers[other]] = [numbers[other] as number, numbers[index] as number];
  }
  return numbers;
}
