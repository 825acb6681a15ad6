import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readKnownSoftware } from '../../../cli/known-software-file.ts';

describe('a file of known software', () => {
  let folder = '';
  const write = async (name: string, text: string): Promise<string> => {
    await writeFile(join(folder, name), text);
    return join(folder, name);
  };
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'podshift-known-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('is YAML or JSON, its defaults filled in', async () => {
    const row = { images: ['**/team/app'], minimum: '4.2', source: 'https://example.com/app' };
    const full = { ...row, failedUpTo: null, reported: '', open: false, condition: '', note: '' };
    expect(readKnownSoftware(await write('a.json', JSON.stringify([row])))).toEqual([full]);
    expect(
      readKnownSoftware(await write('a.yaml', '- images: ["**/team/app"]\n  minimum: "4.2"\n  source: https://example.com/app\n')),
    ).toEqual([full]);
    expect(readKnownSoftware(await write('empty.yaml', ''))).toEqual([]);
  });

  it.each([
    ['a key that nobody knows', '- { images: [a], minimum: "1", source: "https://e.com", sinse: 1 }', 'has a key that is not known: sinse'],
    ['a version in words', '- { images: [a], minimum: new, source: "https://e.com" }', '0.minimum: expected a version in numbers'],
    ['neither a minimum nor a report', '- { images: [a], source: "https://e.com" }', 'a row states a minimum or a report'],
    ['no list', 'images: [a]', 'must be a list'],
    ['no YAML', '- {', 'could not read'],
  ])('with %s is refused by name', async (_, text, message) => {
    const path = await write('bad.yaml', text);
    expect(() => readKnownSoftware(path)).toThrow(
      expect.objectContaining({ name: 'UsageError', message: expect.stringContaining(message) }),
    );
    expect(() => readKnownSoftware(path)).toThrow(path);
  });

  it('that is not there is named', () => {
    expect(() => readKnownSoftware('/nowhere/known.yaml')).toThrow('could not read /nowhere/known.yaml: ENOENT');
  });
});
