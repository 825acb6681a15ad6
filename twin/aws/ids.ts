import { createHash } from 'node:crypto';

/** SHA-256 of `text` as `length` characters of `[0-9a-z]`: identifiers of the twin look random and are the same in every replay. */
export function alphanumerics(text: string, length: number): string {
  let digits = '';
  for (let round = 0; digits.length < length; round += 1) {
    digits += BigInt(`0x${createHash('sha256').update(`${round}:${text}`).digest('hex')}`).toString(36);
  }
  return digits.slice(0, length);
}

/** A UUID made of `text`. */
export function uuidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** A fraction in [0, 1) made of `text`. */
export function fractionOf(text: string): number {
  return createHash('sha256').update(text).digest().readUInt32BE(0) / 2 ** 32;
}
