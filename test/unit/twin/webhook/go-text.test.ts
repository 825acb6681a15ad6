import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { skippedContainers } from '../../../../src/model/webhook/skip-containers.ts';
import { firstCsvRecord, parseBool, parseInt64 } from '../../../../twin/kubernetes/webhook/go-text.ts';

const PREFIX = 'eks.amazonaws.com';

/** Texts of what CSV turns on: quotes, commas, line ends, blanks and names, in any order. */
const csvText = fc
  .array(fc.constantFrom('main', 'side', '"', '""', '","', ',', '\n', '\r', '\r\n', ' ', '"main"', '\t', '#', 'é', '\u2028', '\ufeff'), {
    maxLength: 12,
  })
  .map((parts) => parts.join(''));

describe('texts as Go reads them', () => {
  it('reads CSV as the product does, which has a reading of its own', () => {
    fc.assert(
      fc.property(csvText, (text) => {
        const product = skippedContainers({ [`${PREFIX}/skip-containers`]: text }, PREFIX);
        expect(new Set(firstCsvRecord(text))).toEqual(product);
      }),
      { numRuns: 5000 },
    );
  });

  it('reads back whatever names were written as CSV', () => {
    const name = fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', ' ', 'ä') });
    fc.assert(
      fc.property(fc.array(name, { minLength: 1, maxLength: 5 }), fc.constantFrom('', '\n', '\r\n', '\r', '\nmore'), (names, end) => {
        const text = `${names.map((one) => `"${one.replaceAll('"', '""')}"`).join(',')}${end}`;
        expect(firstCsvRecord(text)).toEqual(names);
        expect(skippedContainers({ [`${PREFIX}/skip-containers`]: text }, PREFIX)).toEqual(new Set(names));
      }),
    );
  });

  it('takes a carriage return for part of a line end only ahead of a line feed, or at the very end', () => {
    fc.assert(
      fc.property(csvText, (text) => {
        const plain = text.replaceAll('\r', '');
        expect(firstCsvRecord(plain.replaceAll('\n', '\r\n'))).toEqual(firstCsvRecord(plain));
        expect(firstCsvRecord(`${plain}\r`)).toEqual(firstCsvRecord(plain));
      }),
    );
    expect(firstCsvRecord('a\r\r')).toEqual(['a\r']);
    expect(firstCsvRecord('a\rb')).toEqual(['a\rb']);
  });

  it.each<[string, boolean | undefined]>([
    ...['1', 't', 'T', 'true', 'TRUE', 'True'].map((text): [string, boolean] => [text, true]),
    ...['0', 'f', 'F', 'false', 'FALSE', 'False'].map((text): [string, boolean] => [text, false]),
    ...['', ' true', 'true ', 'tRue', 'yes', 'on', '01', '+1', '2', 'null'].map((text): [string, undefined] => [text, undefined]),
  ])('reads the boolean %j as %s', (text, expected) => {
    expect(parseBool(text)).toBe(expected);
  });

  it.each<[string, number | undefined]>([
    ['0', 0],
    ['-0', -0],
    ['+600', 600],
    ['-600', -600],
    ['000600', 600],
    ['9223372036854775807', 2 ** 63],
    ['9223372036854775808', undefined],
    ['-9223372036854775808', -(2 ** 63)],
    ['-9223372036854775809', undefined],
    ...['', '+', '-', '--1', '+-1', ' 600', '600 ', '600\n', '6_00', '0x258', '0b1', '6e2', '600.0', '٦٠٠', 'NaN', 'Infinity'].map(
      (text): [string, undefined] => [text, undefined],
    ),
  ])('reads the whole number %j as %s', (text, expected) => {
    expect(parseInt64(text)).toEqual(expected === 0 ? 0 : expected);
  });

  it('reads every whole number of 64 bits, with signs and zeros ahead of it', () => {
    const zeros = fc.nat({ max: 3 }).map((count) => '0'.repeat(count));
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 65n), max: 2n ** 65n }), zeros, fc.boolean(), (value, padding, plus) => {
        const sign = value < 0n ? '-' : plus ? '+' : '';
        const text = `${sign}${padding}${value < 0n ? -value : value}`;
        expect(parseInt64(text)).toBe(BigInt.asIntN(64, value) === value ? Number(value) : undefined);
      }),
    );
  });
});
