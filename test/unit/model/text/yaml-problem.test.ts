import { describe, expect, it } from 'vitest';
import { readYaml } from '../../../../src/model/text/yaml-problem.ts';

/** How the library begins its own texts (yaml 2, src/errors.ts and its callers). */
const LIBRARY =
  /Flow |Block |implicit|Implicit|Missing closing|Map keys|mapping|sufficiently|token|resolve|Unresolved|Plain value|Nested|directive/;

describe('why a text is no YAML', () => {
  it.each([
    ['regions: [eu-west-1,\nwaveSize: 2\n', 'line 2, column 1: the indentation does not fit, or a bracket is not closed'],
    ['regions: [eu-west-1,\n', 'line 2, column 1: the text ends in the middle'],
    ['a: "x', 'line 1, column 6: the text ends in the middle'],
    ['\ta: 1\n', 'line 1, column 1: a tab stands where spaces have to indent'],
    ['a: 1\na: 2\n', 'line 2, column 1: a key stands twice in one map'],
    ['a:\n  b: 1\n c: 2\n', 'line 3, column 1: the indentation does not fit, or a bracket is not closed'],
    ['a: b: c\n', 'line 1, column 4: a second colon stands on the line: put the value in quotes, or on lines of its own'],
    ['- a\nb: 1\n', 'line 2, column 1: what stands here does not fit'],
    ['a: "\\q"\n', 'line 1, column 5: a backslash in double quotes begins nothing that is known'],
    ['a: @x\n', 'line 1, column 4: a value begins with a character that needs quotes'],
    ['key\nother: 1\n', 'line 1, column 1: a key goes over several lines, or its colon is missing'],
    ['a: 1\n---\nb: 1\n', 'line 2, column 1: a second document begins, where one is expected'],
    ['a: &x *y', 'line 1, column 7: an alias (*NAME) has an anchor or a tag'],
    ['a: *x\n', 'line 1, column 4: an alias (*NAME) has no anchor (&NAME) ahead of it'],
  ])('%j', (text, problem) => {
    expect(readYaml(text)).toEqual({ problem });
    expect(problem).not.toMatch(LIBRARY);
  });

  it.each(['password: hunter2secret: x', 'password: "hunter2secret', '{password: [hunter2secret'])('quotes nothing of it: %s', (text) => {
    expect((readYaml(text) as { problem: string }).problem).not.toMatch(/hunter|secret|password/);
  });

  it.each([
    ['a: 1\nb: [x, y]\n', { a: 1, b: ['x', 'y'] }],
    ['{"a": 1}', { a: 1 }],
    ['', null],
  ])('reads %j', (text, value) => {
    expect(readYaml(text)).toEqual({ value });
  });
});
