import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { ROOT, start } from './spawn.ts';

const MAIN = join(ROOT, 'cli/main.ts');

describe('podshift export', { timeout: 120_000 }, () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'podshift-test-'));
    await promisify(execFile)(process.execPath, [
      MAIN,
      'plan',
      join(ROOT, 'examples/shop'),
      '-n',
      'search',
      '--out',
      join(folder, 'plan.json'),
    ]);
    return () => rm(folder, { recursive: true, force: true });
  });
  const here = (...words: string[]) => start([MAIN, 'export', ...words], { cwd: folder }).ended;

  it('writes what a plan would have merged, by owner, into a folder that is whole', async () => {
    const { code, stdout, stderr } = await here('plan.json', '--out', 'the code');
    onTestFinished(() => rm(join(folder, 'the code'), { recursive: true, force: true }));
    const files = [
      'README.md',
      'helm-books/README.md',
      'without-owner/README.md',
      'without-owner/trust/shop-search.json',
      'without-owner/trust/shop-search.statements.json',
    ];
    expect([code, stdout.split('\n')]).toEqual([0, [...files.map((file) => `the code/${file}`), '']]);
    expect(stderr).toContain('what to do, in which order: the code/README.md');
    expect((await readdir(join(folder, 'the code'), { recursive: true })).filter((name) => /\.(md|json)$/.test(name)).sort()).toEqual(
      files,
    );
    expect(await readFile(join(folder, 'the code', 'README.md'), 'utf8')).toContain('Nothing of it is done yet');
    const again = await here('plan.json', '--out', 'the code');
    expect([again.code, again.stderr]).toEqual([2, expect.stringContaining('--out the code is not empty')]);
  });

  it.each([
    ['without a folder', ['plan.json'], 'where to? give --out FOLDER'],
    ['a format that is none', ['plan.json', '--out', 'x', '--format', 'terrafrom'], 'terraform'],
    ['a file that is not there', ['plans/mine.json', '--out', 'x'], 'there is no file plans/mine.json'],
    ['a file that is no plan', ['other.json', '--out', 'x'], 'the plan file other.json is no plan'],
  ])('refuses %s, and leaves nothing behind', async (_, words, text) => {
    await writeFile(join(folder, 'other.json'), '{}');
    const { code, stderr } = await here(...words);
    expect([code, stderr.replaceAll(/\s+/g, ' ')]).toEqual([2, expect.stringContaining(text)]);
    expect(await readdir(folder)).not.toContain('x');
  });

  it('says of a run that no journal has that there is none', async () => {
    await mkdir(join(folder, 'state'), { recursive: true });
    const { code, stderr } = await here('0mx0rzb7w7lb8z0lbzod4lalkc', '--out', 'x');
    expect([code, stderr]).toEqual([expect.any(Number), expect.stringContaining('there is no run 0mx0rzb7w7lb8z0lbzod4lalkc')]);
    expect(code).not.toBe(0);
  });
});
