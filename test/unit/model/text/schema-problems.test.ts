import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { schemaProblems } from '../../../../src/model/text/schema-problems.ts';

function problemsOf(schema: z.ZodType, value: unknown): string {
  const parsed = schema.safeParse(value);
  if (parsed.success) throw new Error('it is right');
  return schemaProblems(parsed.error);
}

describe('what a schema found wrong', () => {
  it.each<[z.ZodType, unknown, string]>([
    [z.object({ a: z.string() }), {}, 'a: is missing'],
    [z.object({ a: z.string() }), { a: 1 }, 'a: must be a text'],
    [z.number(), 'x', 'must be a number'],
    [z.number().int(), 1.5, 'must be a whole number'],
    [z.boolean(), 'yes', 'must be true or false'],
    [z.array(z.string()), {}, 'must be a list'],
    [z.object({}), [], 'must be a map of keys to values'],
    [z.record(z.string(), z.string()), 'x', 'must be a map of keys to values'],
    [z.number().min(1), 0, 'must be at least 1'],
    [z.number().gt(1), 1, 'must be more than 1'],
    [z.number().max(500), 501, 'must be at most 500'],
    [z.number().lt(5), 5, 'must be less than 5'],
    [z.string().min(1), '', 'must not be empty'],
    [z.string().min(3), 'a', 'must have at least 3 characters'],
    [z.string().max(3), 'abcd', 'must have at most 3 characters'],
    [z.array(z.string()).min(1), [], 'must not be empty'],
    [z.array(z.string()).max(1), ['a', 'b'], 'must have at most 1 entries'],
    [z.enum(['a', 'b']), 'c', 'must be one of a, b'],
    [z.literal('a'), 'c', 'must be a'],
    [z.strictObject({}), { x: 1 }, 'has a key that is not known: x'],
    [z.strictObject({}), { x: 1, y: 1 }, 'has keys that are not known: x, y'],
    [z.number().multipleOf(5), 3, 'must be a multiple of 5'],
    [z.string().regex(/^[a-z]+$/), 'A', 'does not have the form that is expected'],
    [z.url(), 'x', 'does not have the form that is expected'],
    [z.union([z.string(), z.number()]), true, 'does not have the form that is expected'],
    [z.string().regex(/^[a-z]+$/, 'must be lower case'), 'A', 'must be lower case'],
    [z.string().refine(() => false, 'must be a role'), 'A', 'must be a role'],
    [z.object({ a: z.array(z.object({ b: z.number() })) }), { a: [{ b: 'x' }, {}] }, 'a.0.b: must be a number; a.1.b: is missing'],
  ])('%#', (schema, value, text) => {
    expect(problemsOf(schema, value)).toBe(text);
  });

  it.each([z.string().regex(/^secret$/), z.enum(['a']), z.number(), z.literal('b'), z.email(), z.strictObject({})])(
    'quotes no value, no pattern and none of the library’s words: %#',
    (schema) => {
      expect(problemsOf(schema, 'hunter2')).not.toMatch(/hunter2|secret|invalid|expected (string|number)|received|\^/i);
    },
  );
});
