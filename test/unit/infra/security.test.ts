import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';

const ROOT = new URL('../../../', import.meta.url);
const CALLERS = ['requester', 'approver', 'reader', 'member account', 'cluster user', 'deployer'];

/** The lines of the tables whose last column is tests: who, at most, what stops more, and the tests. */
async function rows(): Promise<readonly (readonly string[])[]> {
  const text = await readFile(new URL('docs/security.md', ROOT), 'utf8');
  const tables = text.split('\n').filter((line) => line.startsWith('| '));
  const cells = tables.map((line) => line.slice(2, -2).split(' | '));
  return cells.filter((row) => row.length === 4 && !/^(---|shown by)$/.test(row[3] ?? ''));
}

/** `PATH › NAME` of each test that a line names. */
const testsOf = (row: readonly string[]): [string, string][] =>
  [...(row[3] ?? '').matchAll(/`(test\/[^`]+)` › \*([^*]+)\*/g)].map(([, path = '', name = '']) => [path, name]);

describe('docs/security.md', () => {
  it('has a line for each caller, and nothing left open in any', async () => {
    const found = await rows();
    expect(CALLERS.filter((caller) => !found.some(([who]) => who === caller))).toEqual([]);
    for (const row of found) {
      expect(
        row.every((cell) => cell.trim() !== ''),
        row.join(' | '),
      ).toBe(true);
      expect(testsOf(row).length, row.join(' | ')).toBe((row[3] ?? '').split('; `').length);
    }
  });

  it('names tests that there are', async () => {
    const missing: string[] = [];
    const named = (await rows()).flatMap(testsOf);
    expect(named.length).toBeGreaterThan(30);
    for (const [path, name] of named) {
      const file = new URL(path, ROOT);
      const text = existsSync(file) ? await readFile(file, 'utf8') : '';
      if (!text.includes(`'${name}'`)) missing.push(`${path} › ${name}`);
    }
    expect(missing).toEqual([]);
  });
});
