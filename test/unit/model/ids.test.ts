import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createIds } from '../../../src/model/ids.ts';

it('gives ids of 26 characters that sort in the order they were given, whatever the clock does', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 4e12 }), { minLength: 1, maxLength: 30 }), (times) => {
      let now = 0;
      const ids = createIds({ now: () => now }, randomBytes);
      const given = times.flatMap((time) => {
        now = time;
        return [ids.next(), ids.next()];
      });
      expect(given.every((id) => /^[0-9a-z]{26}$/.test(id))).toBe(true);
      expect([...given].sort()).toEqual(given);
      expect(new Set(given).size).toBe(given.length);
    }),
  );
});
