import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { coverByProducts, pairsOf } from '../../../src/trust/product.ts';
import { account } from '../fixtures/trust/example.ts';

function cover(...ids: string[]): string[] {
  return coverByProducts(ids.map(account)).map(({ namespaces, names }) => `${namespaces.join('+')}/${names.join('+')}`);
}

describe('pairs are covered by full products:', () => {
  const cases: Record<string, [ids: string[], products: string[]]> = {
    'no pair': [[], []],
    'one pair': [['a/x'], ['a/x']],
    'one namespace': [['a/y', 'a/x', 'a/y'], ['a/x+y']],
    'one name': [['b/x', 'a/x'], ['a+b/x']],
    'a full product': [['b/y', 'b/x', 'a/y', 'a/x'], ['a+b/x+y']],
    'a diagonal': [
      ['b/y', 'a/x', 'c/z'],
      ['a/x', 'b/y', 'c/z'],
    ],
    'namespaces with the same names': [
      ['a/x', 'b/x', 'c/y', 'd/y'],
      ['a+b/x', 'c+d/y'],
    ],
    'by name, where that is less': [
      ['a/x', 'b/x', 'b/y', 'c/y'],
      ['a+b/x', 'b+c/y'],
    ],
    'names that begin alike': [
      ['shop/pay', 'shop-eu/pay', 'shop/payment'],
      ['shop-eu/pay', 'shop/pay+payment'],
    ],
    'products that overlap, where that is less': [
      ['a/x', 'a/y', 'c/x', 'c/y', 'c/z', 'd/x', 'd/z'],
      ['a+c/x+y', 'c+d/x+z'],
    ],
  };
  test.each(Object.entries(cases))('%s', (_, [ids, products]) => {
    expect(cover(...ids)).toEqual(products);
    expect(cover(...ids.toReversed())).toEqual(products);
  });
});

/** Pairs over few names, so that products are likely; the names begin alike. */
const somePairs = fc.uniqueArray(
  fc.tuple(fc.constantFrom('a', 'a-b', 'b', 'c', 'd'), fc.constantFrom('w', 'w-x', 'x', 'y', 'z')).map((pair) => pair.join('/')),
  {
    maxLength: 25,
  },
);

test('a cover holds every pair and nothing else, in as many products as there are different namespaces at most', () => {
  fc.assert(
    fc.property(somePairs, (ids) => {
      const products = coverByProducts(ids.map(account));
      expect(new Set(products.flatMap(pairsOf).map(({ namespace, name }) => `${namespace}/${name}`))).toEqual(new Set(ids));
      const namesOf = (namespace: string): string =>
        ids
          .filter((id) => account(id).namespace === namespace)
          .sort()
          .join();
      expect(products.length).toBeLessThanOrEqual(new Set(ids.map((id) => account(id).namespace).map(namesOf)).size);
      for (const { namespaces, names } of products) {
        expect(namespaces).toEqual([...namespaces].sort());
        expect(names).toEqual([...names].sort());
      }
    }),
  );
});

test('a cover does not depend on the order of the pairs', () => {
  fc.assert(
    fc.property(
      somePairs.chain((ids) => fc.tuple(fc.constant(ids), fc.shuffledSubarray(ids, { minLength: ids.length }))),
      ([ids, shuffled]) => {
        expect(cover(...shuffled)).toEqual(cover(...ids));
      },
    ),
  );
});

test('many namespaces, each with its own names, are covered one by one', () => {
  const ids = Array.from({ length: 40 }, (_, index) => [`n${index}/a${index}`, `n${index}/b${index}`, `n${index}/all`]).flat();
  const products = coverByProducts(ids.map(account));
  expect(new Set(products.flatMap(pairsOf).map(({ namespace, name }) => `${namespace}/${name}`))).toEqual(new Set(ids));
  expect(products).toHaveLength(40);
});
