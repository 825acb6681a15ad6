import type { z } from 'zod';

/** What a schema found wrong, field by field, on one line; values are never part of it, nor the words of the schema's library. */
export function schemaProblems(error: z.ZodError): string {
  return error.issues
    .map((issue) => (issue.path.length === 0 ? schemaProblem(issue) : `${issue.path.join('.')}: ${schemaProblem(issue)}`))
    .join('; ');
}

/** The library's own texts begin so; any other is one that a schema of ours brings. */
const LIBRARY = /^(Invalid |Too (small|big):|Unrecognized keys?:)/;

/** What is wrong with one field, to be read behind its name: `must be at least 1`. No pattern and no value is quoted. */
export function schemaProblem(issue: z.core.$ZodIssue): string {
  if (!LIBRARY.test(issue.message)) return issue.message;
  switch (issue.code) {
    case 'invalid_type':
      return issue.message.endsWith('received undefined') ? 'is missing' : `must be ${KINDS[issue.expected] ?? issue.expected}`;
    case 'too_small':
      return limit(issue.origin, Number(issue.minimum), 'at least', issue.inclusive === false ? 'more than' : 'at least');
    case 'too_big':
      return limit(issue.origin, Number(issue.maximum), 'at most', issue.inclusive === false ? 'less than' : 'at most');
    case 'invalid_value':
      return issue.values.length === 1 ? `must be ${String(issue.values[0])}` : `must be one of ${issue.values.map(String).join(', ')}`;
    case 'unrecognized_keys':
      return `has ${issue.keys.length === 1 ? 'a key that is not known' : 'keys that are not known'}: ${issue.keys.join(', ')}`;
    case 'not_multiple_of':
      return `must be a multiple of ${issue.divisor}`;
    default:
      return 'does not have the form that is expected';
  }
}

const KINDS: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map of keys to values',
  record: 'a map of keys to values',
  null: 'null',
};

function limit(origin: string, bound: number, length: string, value: string): string {
  if (origin === 'string') return bound === 1 && length === 'at least' ? 'must not be empty' : `must have ${length} ${bound} characters`;
  if (origin === 'array' || origin === 'set' || origin === 'map')
    return bound === 1 && length === 'at least' ? 'must not be empty' : `must have ${length} ${bound} entries`;
  return `must be ${value} ${bound}`;
}
