import { describe, expect, it } from 'vitest';
import { jsonProblem } from '../../../../src/model/text/json-problem.ts';

function problemOf(text: string): string {
  try {
    JSON.parse(text);
  } catch (error) {
    return jsonProblem(text, error as Error);
  }
  throw new Error('it is JSON');
}

describe('why a text is no JSON', () => {
  it.each([
    ['', 'the text ends in the middle'],
    ['{"a": {"b": 1}', 'the text ends in the middle'],
    ['{"a": "b', 'the text ends in the middle'],
    ['{"a": [1, 2\n', 'the text ends in the middle'],
    ['{', 'the text ends in the middle'],
    ['{"a": 1,\n  b: 2}', 'line 2, column 3 cannot be read as JSON'],
    ['{"a": }', 'it cannot be read as JSON'],
    ['{"a": 1} {"a": 2}', 'line 1, column 10 cannot be read as JSON'],
  ])('%j', (text, problem) => {
    expect(problemOf(text)).toBe(problem);
  });

  it.each(['{"password": hunter2secret, "b": 1}', '{"password": "hunter2secret" "b"}', 'hunter2secret', '{"password": "hunter2secret'])(
    'quotes nothing of it: %s',
    (text) => {
      expect(problemOf(text)).not.toMatch(/hunter|secret|password/);
    },
  );
});
