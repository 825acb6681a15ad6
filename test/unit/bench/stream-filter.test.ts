import { describe, expect, it } from 'vitest';
import { matches, streamPatterns } from '../../../bench/stream-filter.ts';

const record = (pk: string, sk: string, eventName = 'MODIFY') => ({ eventName, dynamodb: { Keys: { pk: { S: pk }, sk: { S: sk } } } });

describe('a filter pattern', () => {
  it.each<[Parameters<typeof matches>[0], unknown, boolean]>([
    [{ a: ['x', 'y'] }, { a: 'y' }, true],
    [{ a: ['x', 'y'] }, { a: 'z' }, false],
    [{ a: ['x'] }, {}, false],
    [{ a: { b: [{ prefix: 'UNIT#' }] } }, { a: { b: 'UNIT#1' } }, true],
    [{ a: { b: [{ prefix: 'UNIT#' }] } }, { a: {} }, false],
    [{ a: [{ suffix: '#END' }] }, { a: 'x#END' }, true],
    [{ a: [{ suffix: '#END' }] }, { a: 'x' }, false],
    [{ a: [{ exists: false }] }, {}, true],
    [{ a: [{ exists: true }] }, {}, false],
    [{ a: [{ 'anything-but': ['x', 'y'] }] }, { a: 'z' }, true],
    [{ a: [{ 'anything-but': 'x' }] }, { a: 'x' }, false],
    [{ a: [{ 'anything-but': { prefix: 'x' } }] }, { a: 'xy' }, false],
    [{ a: [{ 'anything-but': 'x' }] }, {}, false],
    [{ $or: [{ a: ['x'] }, { b: ['y'] }] }, { b: 'y' }, true],
    [{ $or: [{ a: ['x'] }, { b: ['y'] }] }, { a: 'y' }, false],
  ])('%j of %j is %s', (pattern, found, passes) => {
    expect(matches(pattern, found)).toBe(passes);
  });

  it('with a rule that is not known is an error', () => {
    expect(() => matches({ a: [{ numeric: ['>', 1] } as never] }, { a: 2 })).toThrow('a rule that the bench does not know');
  });
});

describe('the patterns of serverless.yml', () => {
  it('let a new run pass, and neither a task token nor a deletion', async () => {
    const patterns = await streamPatterns();
    const passes = (of: unknown): boolean => patterns.some((pattern) => matches(pattern, of));
    expect(passes(record('RUN#1', 'RUN', 'INSERT'))).toBe(true);
    expect(passes(record('TOKEN#1', 'TOKEN', 'INSERT'))).toBe(false);
    expect(passes(record('RUN#1', 'RUN', 'REMOVE'))).toBe(false);
  });
});
