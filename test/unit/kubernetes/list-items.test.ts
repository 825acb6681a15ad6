import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createListReader, guardedSink } from '../../../src/kubernetes/list-items.ts';

interface Read {
  readonly given: unknown[];
  readonly rest: string;
}

/** Reads bytes in pieces of these sizes, which are repeated. */
function read(bytes: Buffer, sizes: readonly number[]): Read {
  const given: unknown[] = [];
  const reader = createListReader((item) => given.push(item));
  for (let at = 0, index = 0; at < bytes.length; index += 1) {
    const size = sizes[index % sizes.length] as number;
    reader.write(bytes.subarray(at, at + size));
    at += size;
  }
  return { given, rest: reader.rest() };
}

/** All items: those that were given, and those of the rest. */
function itemsOf({ given, rest }: Read): unknown[] {
  return [...given, ...(JSON.parse(rest) as { items: unknown[] }).items];
}

const pod = (name: string, more: object = {}) => ({ metadata: { name }, spec: { containers: [{ name: 'a' }, { name: 'b' }] }, ...more });
const listOf = (items: readonly unknown[]) => ({ kind: 'PodList', apiVersion: 'v1', metadata: { continue: 'c=1' }, items });

describe('createListReader', () => {
  it('gives each item but the last as soon as the next one begins, and keeps none of them', () => {
    const items = Array.from({ length: 500 }, (_, index) => pod(`pod-${index}`, { status: 'x'.repeat(8_000) }));
    const given: unknown[] = [];
    const reader = createListReader((item) => given.push(item));
    const bytes = Buffer.from(JSON.stringify(listOf(items)));
    for (let at = 0; at < bytes.length; at += 16_384) {
      reader.write(bytes.subarray(at, at + 16_384));
      expect(given.length).toBeGreaterThanOrEqual(Math.floor(at / 8_300));
    }
    expect(given).toEqual(items.slice(0, -1));
    expect(JSON.parse(reader.rest())).toEqual(listOf(items.slice(-1)));
  });

  it('reads every list as the parser reads its text, in whatever pieces it comes', () => {
    const keys = fc.constantFrom('metadata', 'items', 'kind', 'a"},{"metadata":', '},{', 'ü\u{1f600}', '\\', '"items":[');
    const values = fc.letrec((tie) => ({
      any: fc.oneof(
        { depthSize: 'small' },
        fc.constantFrom(null, true, 1.5e-7, '},{"metadata":{}', '"items":[{', '\\"', 'ü\u{1f600}'),
        fc.array(tie('any'), { maxLength: 3 }),
        fc.dictionary(keys, tie('any'), { maxKeys: 3 }),
      ),
    })).any;
    const item = fc.oneof(
      { weight: 4, arbitrary: fc.record({ metadata: values, spec: values }) },
      { weight: 1, arbitrary: fc.record({ kind: values, metadata: values }) },
      { weight: 1, arbitrary: values },
    );
    const list = fc
      .record({ metadata: values, items: fc.oneof(fc.array(item, { maxLength: 12 }), fc.constant(null)), more: values })
      .chain((whole) =>
        fc.shuffledSubarray(Object.entries(whole), { minLength: 3 }).map((entries) => Object.fromEntries(entries) as typeof whole),
      );
    fc.assert(
      fc.property(list, fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 5 }), fc.boolean(), (whole, sizes, pretty) => {
        const { given, rest } = read(Buffer.from(JSON.stringify(whole, null, pretty ? 1 : 0)), sizes);
        const left = JSON.parse(rest) as typeof whole;
        expect({ ...left, items: left.items === null ? null : [...given, ...left.items] }).toEqual(whole);
      }),
      { numRuns: 1_000 },
    );
  });

  it('never reads what was cut off as a whole list, and gives nothing that is not in it', () => {
    const items = Array.from({ length: 4 }, (_, index) => pod(`pod-${index}`, { status: { note: '},{"metadata":{}}]}' } }));
    const bytes = Buffer.from(JSON.stringify(listOf(items)));
    for (let end = 0; end < bytes.length; end += 1) {
      const { given, rest } = read(bytes.subarray(0, end), [50]);
      expect(() => JSON.parse(rest)).toThrow(SyntaxError);
      expect(given).toEqual(items.slice(0, given.length));
    }
  });

  it('leaves a list whole whose items it does not understand: broken ones are broken in the rest', () => {
    const broken = JSON.stringify(listOf(Array.from({ length: 20 }, (_, index) => pod(`pod-${index}`)))).replace('"pod-3"', 'pod-3');
    const { given, rest } = read(Buffer.from(broken), [1_000]);
    expect(given).toHaveLength(3);
    expect(() => JSON.parse(rest)).toThrow(SyntaxError);
  });

  it('gives items that hold lists of their own, however many', () => {
    const inner = Array.from({ length: 30 }, (_, index) => pod(`inner-${index}`));
    const items = [pod('a'), pod('b', { items: inner.slice(0, 5) }), pod('c', { items: inner }), pod('d')];
    const result = read(Buffer.from(JSON.stringify(listOf(items))), [64]);
    expect(itemsOf(result)).toEqual(items);
    // The third one has more ends that are none than are tried.
    expect(result.given).toEqual(items.slice(0, 2));
  });

  it('reads past a byte order mark', () => {
    const items = [pod('a'), pod('b')];
    expect(itemsOf(read(Buffer.from(`\ufeff${JSON.stringify(listOf(items))}`), [7]))).toEqual(items);
  });
});

describe('guardedSink', () => {
  it('keeps the first failure for later, and takes nothing after it', () => {
    const taken: unknown[] = [];
    const sink = guardedSink(
      () => undefined,
      (item) => {
        taken.push(item);
        throw new TypeError(`of ${String(item)}`);
      },
    );
    expect(sink.check).not.toThrow();
    sink.item(1);
    sink.item(2);
    expect(taken).toEqual([1]);
    expect(sink.check).toThrow(new TypeError('of 1'));
  });
});
