import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ERRORS, type ErrorName, PodshiftError } from '../../../src/model/errors.ts';
import { problemOf, STATUSES } from '../../../src/service/problem.ts';

const names = Object.keys(ERRORS) as ErrorName[];

describe('problem bodies', () => {
  it('have a status for every error of the table, and for no other', () => {
    expect(Object.keys(STATUSES).sort()).toEqual([...names].sort());
    for (const status of Object.values(STATUSES))
      expect([400, 403, 404, 406, 409, 410, 413, 415, 422, 424, 429, 500, 503, 504]).toContain(status);
  });

  it.each(names)('tell %s with its code and remedy', (name) => {
    const { problem, headers } = problemOf(new PodshiftError(name, 'what happened', { details: { secret: 'S' } }), 'r=1');
    expect(problem).toEqual({
      type: `urn:podshift:error:${name}`,
      title: expect.stringMatching(/^[A-Z][a-z ]*$/),
      status: STATUSES[name],
      detail: 'what happened',
      instance: 'urn:podshift:request:r%3D1',
      code: ERRORS[name].code,
      remedy: ERRORS[name].remedy,
    });
    expect(Object.keys(headers)).toEqual([429, 503].includes(STATUSES[name]) ? ['retry-after'] : []);
  });

  it.each([
    ['RunNotFound', 'Run not found'],
    ['Throttled', 'Throttled'],
    ['UnsupportedMediaType', 'Unsupported media type'],
  ] as const)('write %s as people do', (name, title) => {
    expect(problemOf(new PodshiftError(name, 'x'), 'r').problem.title).toBe(title);
  });

  it('keep to themselves whatever nobody named', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string().map((text) => new TypeError(`secret ${text}`)),
          fc.constantFrom('secret', null, 7),
        ),
        (thrown) => {
          const { problem } = problemOf(thrown, 'r');
          expect(problem).toMatchObject({ status: 500, code: 'PE901' });
          expect(JSON.stringify(problem)).not.toContain('secret');
        },
      ),
    );
  });
});
