import { isIPv6 } from 'node:net';
import type { Words } from './words.ts';

/** First numbers of addresses that say what an address is for, and nothing of whose it is. */
const SPECIAL = new Set([0, 10, 100, 127, 169, 172, 192, 255]);

/**
 * An IPv4 address or block for another: of the same range for special use, and inside of the same blocks of 8, 16 and 24 bits as those
 * beside it. Addresses that every node has (link-local, loopback) stay.
 */
export function ipv4For(address: string, length: string | undefined, words: Words): string {
  const [first, ...rest] = address.split('.').map(Number) as [number, number, number, number];
  if (first === 127 || (first === 169 && rest[0] === 254) || first >= 224) return length === undefined ? address : `${address}/${length}`;
  if (first === 0) return length === undefined ? address : `${address}/${length}`;
  const mapped = [SPECIAL.has(first) ? first : publicFor(first, words)];
  for (const [index, number] of rest.entries()) {
    const [from, count] = index === 0 ? rangeOf(first) : [0, 256];
    const scope = [first, ...rest.slice(0, index)].join('.');
    const isInRange = number >= from && number < from + count;
    mapped.push(isInRange ? from + words.numberOf(scope, number - from, count) : number);
  }
  return length === undefined ? mapped.join('.') : `${masked(mapped, Number(length))}/${length}`;
}

/** The second numbers of a range for special use, as their least and how many there are. */
function rangeOf(first: number): readonly [from: number, count: number] {
  if (first === 100) return [64, 64];
  if (first === 172) return [16, 16];
  return first === 192 ? [168, 1] : [0, 256];
}

function publicFor(first: number, words: Words): number {
  const free = Array.from({ length: 223 }, (_, index) => index + 1).filter((number) => !SPECIAL.has(number));
  return free[words.numberOf('first', free.indexOf(first), free.length)] as number;
}

/** The first address of a block. */
function masked(numbers: readonly number[], length: number): string {
  return numbers
    .map((number, index) => {
      const bits = Math.min(8, Math.max(0, length - index * 8));
      return number & (0xff << (8 - bits)) & 0xff;
    })
    .join('.');
}

/** An IPv6 address or block for another; those that every node has stay, and what is none is left to others. */
export function ipv6For(address: string, words: Words): string | undefined {
  if (!isIPv6(address)) return undefined;
  if (/^(::1?$|fe80:|fd00:ec2:)/i.test(address)) return address;
  return address
    .split(':')
    .map((group, index) =>
      group === '' ? group : `${index === 0 ? group.slice(0, 2) : ''}${words.hexOf(index === 0 ? group.slice(2) : group)}`,
    )
    .join(':');
}
