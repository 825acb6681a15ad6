import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CLOUDFORMATION_NAMES, FILE_NAMES, KUBERNETES_NAMES, namesFor, TERRAFORM_NAMES } from '../../../../src/report/exports/names.ts';

const RULES = [
  ['terraform', TERRAFORM_NAMES, /^[A-Za-z_][A-Za-z0-9_-]*$/],
  ['cloudformation', CLOUDFORMATION_NAMES, /^[A-Za-z][A-Za-z0-9]*$/],
  ['kubernetes', KUBERNETES_NAMES, /^[a-z0-9]([a-z0-9.-]*)$/],
  ['files', FILE_NAMES, /^[A-Za-z0-9_][A-Za-z0-9._@+-]*$/],
] as const;

const namespace = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,20}[a-z0-9])?$/);
const account = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,20}[a-z0-9])?(\.[a-z0-9]{1,9}){0,3}$/);
const ids = fc.uniqueArray(
  fc.tuple(namespace, account).map(([space, name]) => `${space}/${name}`),
  { maxLength: 30 },
);

describe('names in exports', () => {
  it.each(RULES)('for %s are taken by it, each another one, whatever the order', (_, rule, form) => {
    fc.assert(
      fc.property(ids, (all) => {
        const names = namesFor(all, rule);
        expect(namesFor([...all].reverse(), rule)).toEqual(new Map([...names].reverse()));
        expect(new Set([...names.values()].map((name) => name.toLowerCase())).size).toBe(all.length);
        for (const name of names.values()) {
          expect(name).toMatch(form);
          expect(name.length).toBeLessThanOrEqual(rule.longest);
        }
      }),
    );
  });

  it('that would be alike are told apart: a-b/c and a/b-c', () => {
    const [one, other] = [...namesFor(['a-b/c', 'a/b-c'], KUBERNETES_NAMES).values()];
    expect(one).toMatch(/^a-b-c-[0-9a-f]{6}$/);
    expect(other).toMatch(/^a-b-c-[0-9a-f]{6}$/);
    expect(one).not.toBe(other);
  });

  it('that begin with a digit get what the format wants in front', () => {
    expect([...namesFor(['0shop/cart'], TERRAFORM_NAMES).values()]).toEqual(['_0shop_cart']);
    expect([...namesFor(['0shop/cart'], CLOUDFORMATION_NAMES).values()]).toEqual(['P0shopCart']);
  });

  it('that are too long are cut, and stay different', () => {
    const long = 'x'.repeat(300);
    const names = [...namesFor([`${long}/a`, `${long}/b`], TERRAFORM_NAMES).values()];
    expect(names.map((name) => name.length)).toEqual([200, 200]);
    expect(new Set(names).size).toBe(2);
  });
});
