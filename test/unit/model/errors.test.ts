import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { REMEDIES } from '../../../src/model/errors/kinds.ts';
import { ERRORS, isPodshiftError, PodshiftError } from '../../../src/model/errors.ts';

const page = await readFile(new URL('../../../docs/errors.md', import.meta.url), 'utf8');
const documented = page
  .split('\n')
  .map((line) => /^\| (PE\d{3}) \| `(\w+)` \| (\d) \| (yes|no) \| (.+) \| (.+) \|$/.exec(line))
  .filter((match) => match !== null)
  .map(([, code, name, exit, retried, meaning, remedy]) => ({
    code,
    name,
    exit: Number(exit),
    retried: retried === 'yes',
    meaning,
    remedy,
  }));

describe('the error table and docs/errors.md', () => {
  it.each(Object.entries(ERRORS))('lists %s as the table has it', (name, row) => {
    const rows = documented.filter((one) => one.name === name);
    expect(rows).toEqual([
      { code: row.code, name, exit: row.exitCode, retried: row.retryable, meaning: expect.stringMatching(/\S/), remedy: row.remedy },
    ]);
  });

  it('documents no error that the table does not have', () => {
    expect(documented.map((one) => one.name).sort()).toEqual(Object.keys(ERRORS).sort());
    // a row in another form would be missed above
    expect(page.match(/^\| PE/gm)).toHaveLength(Object.keys(ERRORS).length);
  });

  it.each([...Object.entries(ERRORS), ...Object.entries(REMEDIES)])(
    'has for %s the remedy of who is left with it, not of a step that goes on',
    (_name, { remedy }) => {
      expect(remedy).not.toMatch(/tried again|reads it again|by itself/);
      expect(remedy).not.toMatch(/\b(mend\w*|settle\w*|way back)\b/i);
    },
  );

  it('gives each error a code of its own, and no name that Step Functions keeps for itself', () => {
    const codes = Object.values(ERRORS).map((row) => row.code);
    expect(new Set(codes).size).toBe(codes.length);
    for (const name of Object.keys(ERRORS)) expect(name).not.toMatch(/^States\./);
  });
});

describe('the remedies by kind of cause and docs/errors.md', () => {
  const rows = page
    .split('\n')
    .map((line) => /^\| ([A-Za-z ]+) \| `(\w+)` \| (.+) \|$/.exec(line))
    .filter((match) => match !== null)
    .map(([, kind, error, remedy]) => ({ kind, error, remedy }));

  it('are the same', () => {
    expect(rows).toEqual(Object.entries(REMEDIES).map(([kind, row]) => ({ kind, ...row })));
    for (const { error } of Object.values(REMEDIES)) expect(Object.keys(ERRORS)).toContain(error);
  });

  it('take the place of the remedy of the name', () => {
    const { remedy } = REMEDIES['AWS certificate'];
    expect(new PodshiftError('ServiceUnavailable', 'x', { remedy }).remedy).toBe(remedy);
  });
});

describe('PodshiftError', () => {
  it('carries the row of its name, the cause and the details', () => {
    const cause = new Error('socket hang up');
    const error = new PodshiftError('ClusterUnreachable', 'no answer', { cause, details: { endpoint: 'https://example' } });
    expect(error).toMatchObject({
      ...ERRORS.ClusterUnreachable,
      name: 'ClusterUnreachable',
      message: 'no answer',
      cause,
      details: { endpoint: 'https://example' },
    });
    const plain = new PodshiftError('Conflict', 'moved');
    expect(plain.details).toEqual({});
    expect(plain).not.toHaveProperty('cause');
  });

  it('is told from other errors, and by name', () => {
    const error = new PodshiftError('Conflict', 'moved');
    expect(isPodshiftError(error)).toBe(true);
    expect(isPodshiftError(error, 'NotFound', 'Conflict')).toBe(true);
    expect(isPodshiftError(error, 'NotFound')).toBe(false);
    expect(isPodshiftError(new Error('Conflict'))).toBe(false);
  });
});
