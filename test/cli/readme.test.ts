import { readFile, stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { blocksOf, excerpt, normal, pageWith, walk } from '../support/readme-walk.ts';
import { start } from './spawn.ts';

const path = fileURLToPath(new URL('../../README.md', import.meta.url));

describe("a newcomer's way through the README", { timeout: 900_000 }, () => {
  it('prints what stands there, command by command (npm run readme writes it)', async () => {
    const page = await readFile(path, 'utf8');
    const blocks = blocksOf(page);
    expect(blocks.map(({ command }) => command.split(' ')[2])).toEqual([
      'twin',
      'capture',
      'rehearse',
      'plan',
      'run',
      'status',
      'watch',
      'report',
      'plan',
      'rollback',
      'rollback',
    ]);
    const printed = await walk(blocks);
    const shown = blocks.map(({ lines, shown: before }, index) => {
      const now = excerpt(printed[index] ?? [], lines);
      // Only what differs in more than ids and times is written anew.
      return now.map(normal).join('\n') === before.map(normal).join('\n') ? before : now;
    });
    await expect(pageWith(page, shown)).toMatchFileSnapshot(path);
  });

  it('begins with the two commands that it names', async () => {
    const page = await readFile(path, 'utf8');
    expect([...page.matchAll(/^npm .*$/gm)].map(([command]) => command)).toEqual(['npm ci && npm start', 'npm ci && npm test']);
    expect(packageJson.scripts).toMatchObject({ start: 'node cli/podshift.js demo', test: 'vitest run' });
    expect(await start(['cli/podshift.js', 'demo']).ended).toMatchObject({ code: 0 });
  });

  it('is short, and every page and picture that it names is there', async () => {
    const page = await readFile(path, 'utf8');
    expect(page.split('\n').length).toBeLessThan(190);
    const files = [...page.matchAll(/\]\(([^)#]+)[^)]*\)/g)].map(([, file = '']) => file);
    expect(files.length).toBeGreaterThan(10);
    for (const file of files) await expect(stat(new URL(`../../${file}`, import.meta.url)), file).resolves.toBeDefined();
  });
});
