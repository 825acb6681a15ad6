import { ipv4For, ipv6For } from './addresses.ts';
import { isKeptWord, KEPT_TEXTS } from './well-known.ts';
import type { Words } from './words.ts';

/** Replaces the words of texts. */
export interface Texts {
  /** The text with every word replaced that is not well known; its marks of punctuation, and so its form, stay. */
  hide(text: string): string;
}

const PATTERN = new RegExp(
  [
    `(?<kept>${KEPT_TEXTS.join('|')})`,
    // an escape of a pattern or of a quoted text is no part of the word behind it
    String.raw`(?<escaped>\\u[0-9a-f]{4}|\\[A-Za-z])`,
    String.raw`(?<uuid>\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b)`,
    String.raw`\bip-(?<dashed>\d{1,3}-\d{1,3}-\d{1,3}-\d{1,3})\b`,
    String.raw`(?<![\w.])(?<ipv4>\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})(?![\w.]\d)(?:\/(?<length>\d{1,2}))?`,
    String.raw`(?<![\w:])(?<ipv6>[0-9a-fA-F]{0,4}(?::[0-9a-fA-F]{0,4}){2,7})(?![\w:])`,
    '(?<word>[A-Za-z0-9]+)',
  ].join('|'),
  'g',
);

/** Replaces by these words. */
export function createTexts(words: Words): Texts {
  const one = (match: string, found: Readonly<Record<string, string | undefined>>): string => {
    const { kept, escaped, uuid, dashed, ipv4, length, ipv6, word } = found;
    if (kept !== undefined || escaped !== undefined) return match;
    if (uuid !== undefined) return uuid.split('-').map(words.hexOf).join('-');
    if (dashed !== undefined) return `ip-${ipv4For(dashed.replaceAll('-', '.'), undefined, words).replaceAll('.', '-')}`;
    if (ipv4 !== undefined) return ipv4For(ipv4, length, words);
    if (ipv6 !== undefined) return ipv6For(ipv6, words) ?? ipv6.replace(/[A-Za-z0-9]+/g, words.of);
    return words.of(word as string);
  };
  return { hide: (text) => text.replace(PATTERN, (match, ...rest) => one(match, rest.at(-1))) };
}

/** Beginnings of words that patterns end with: by them words that match stay such as match. */
export function prefixesIn(text: string): string[] {
  return [...text.matchAll(/([A-Za-z0-9]{2,})\.?[*?+]/g)].map(([, prefix = '']) => prefix).filter((prefix) => !isKeptWord(prefix));
}
