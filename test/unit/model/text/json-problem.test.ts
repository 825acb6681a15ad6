import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonFault, jsonProblem } from '../../../../src/model/text/json-problem.ts';

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

describe('why a text is no JSON', () => {
  it.each([
    ['', 'the text ends in the middle'],
    ['{"a": {"b": 1}', 'the text ends in the middle'],
    ['{"a": "b', 'the text ends in the middle'],
    ['{"a": "b\\u00', 'the text ends in the middle'],
    ['{"a": [1, 2\n', 'the text ends in the middle'],
    ['{"a": tru', 'the text ends in the middle'],
    ['{', 'the text ends in the middle'],
    ['{"a": 1,\n  b: 2}', 'line 2, column 3 cannot be read as JSON'],
    ['{"a": }', 'line 1, column 7 cannot be read as JSON'],
    ['{"a": [1,\n 2,\n]}', 'line 3, column 1 cannot be read as JSON'],
    ['{"a": 1} {"a": 2}', 'line 1, column 10 cannot be read as JSON'],
    ['{"a": "b\\q"}', 'line 1, column 9 cannot be read as JSON'],
    ['{"a": 1]', 'line 1, column 8 cannot be read as JSON'],
  ])('%j', (text, problem) => {
    expect(jsonProblem(text)).toBe(problem);
  });

  it.each(['{"password": hunter2secret, "b": 1}', '{"password": "hunter2secret" "b"}', 'hunter2secret', '{"password": "hunter2secret'])(
    'quotes nothing of it: %s',
    (text) => {
      expect(jsonProblem(text)).not.toMatch(/hunter|secret|password/);
    },
  );

  it('finds a fault where JSON.parse does, and in no other text', () => {
    const broken = fc
      .tuple(fc.json(), fc.nat(), fc.constantFrom('', ',', '}', ']', '"', ':', '{', '\\', '1', ' ', '\u0001', 'x'))
      .map(([text, at, put]) => {
        const position = at % (text.length + 1);
        return text.slice(0, position) + put + text.slice(position + 1);
      });
    fc.assert(
      fc.property(fc.oneof(fc.json(), broken, fc.string()), (text) => {
        expect(jsonFault(text) === undefined).toBe(isJson(text));
      }),
      { numRuns: 2000 },
    );
  });
});
