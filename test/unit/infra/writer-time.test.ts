import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { WRITER_SECONDS } from '../../../src/migration/write.ts';

interface Declared {
  readonly provider: { readonly timeout: number };
  readonly functions: Readonly<Record<string, { readonly timeout?: number | string }>>;
}

/** Functions that read alone, or write nothing but the journal: a rollback waits for none of them. */
const READERS = new Set(['takeInventory', 'confirmApproval', 'openRetirement', 'discoverClusters']);

describe('the time for which a rollback waits for a function that told no end', () => {
  it('is the longest that any of those may run that write forward', () => {
    const { provider, functions } = parse(readFileSync('serverless.yml', 'utf8'), { logLevel: 'silent' }) as Declared;
    const limits = Object.entries(functions)
      .filter(([name]) => !READERS.has(name))
      .map(([, { timeout = provider.timeout }]) => timeout)
      .filter((timeout): timeout is number => typeof timeout === 'number');
    expect(Math.max(...limits)).toBe(WRITER_SECONDS);
  });
});
