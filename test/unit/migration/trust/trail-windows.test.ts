import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FEWEST_ROLES, type Span, windowsOf } from '../../../../src/migration/trust/trail-windows.ts';

const MINUTE = 60_000;
const spans = (...list: readonly (readonly [number, number])[]): Map<string, Span> =>
  new Map(list.map(([from, to], index) => [`role-${index}`, { from: from * MINUTE, to: to * MINUTE }]));

describe('the times in which roles are asked for together', () => {
  it('are one where the spans are near, however they lie', () => {
    expect(windowsOf(spans([3, 4], [0, 10], [15, 16]))).toEqual([{ from: 0, to: 16 * MINUTE, roleArns: ['role-1', 'role-0', 'role-2'] }]);
  });

  it('are several where nothing was written for long', () => {
    const far = windowsOf(spans([0, 1], [60, 61], [0, 2], [61, 62], [1, 2], [60, 62]));
    expect(far.map(({ from, to, roleArns }) => [from / MINUTE, to / MINUTE, roleArns.length])).toEqual([
      [0, 2, 3],
      [60, 62, 3],
    ]);
  });

  it('leave out who would be asked for by as few look-ups alone', () => {
    expect(windowsOf(spans([0, 1], [0, 1]))).toEqual([]);
    expect(windowsOf(spans([0, 1], [0, 1], [0, 1], [90, 91])).map(({ roleArns }) => roleArns)).toEqual([['role-0', 'role-1', 'role-2']]);
  });

  it('have the whole span of each role in them, each role once, and no time in common', () => {
    const time = fc.integer({ min: 0, max: 3 * 60 * MINUTE });
    const span = fc.tuple(time, fc.integer({ min: 0, max: 20 * MINUTE })).map(([from, length]) => ({ from, to: from + length }));
    fc.assert(
      fc.property(fc.array(span, { maxLength: 20 }), (list) => {
        const drawn = new Map(list.map((one, index) => [`role-${index}`, one] as [string, Span]));
        const windows = windowsOf(drawn);
        const inside = windows.flatMap(({ roleArns }) => roleArns);
        expect(new Set(inside).size).toBe(inside.length);
        for (const [index, { from, to, roleArns }] of windows.entries()) {
          expect(roleArns.length).toBeGreaterThanOrEqual(FEWEST_ROLES);
          for (const roleArn of roleArns) {
            const own = drawn.get(roleArn) as Span;
            expect(own.from >= from && own.to <= to).toBe(true);
          }
          expect(from).toBeGreaterThan(windows[index - 1]?.to ?? -1);
        }
      }),
    );
  });
});
