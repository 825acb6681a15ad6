import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { passingFor, ROOT, start } from './spawn.ts';

/** This Node as if it could not run TypeScript: the launcher then starts the pinned one, as it does on an older Node. */
const OLDER = '--no-strip-types';
const LAUNCHER = join(ROOT, 'cli/podshift.js');

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podshift-launcher-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A copy of the launcher with a program beside it that says what it was called with, and other files; the launcher's path. */
async function launcherIn(name: string, program: string, files: Readonly<Record<string, string>> = {}): Promise<string> {
  const root = join(folder, name);
  const contents = {
    [join('cli', program)]: 'console.log("here:", ...process.argv.slice(2));\n',
    'package.json': '{"type": "module"}',
  };
  for (const [path, text] of Object.entries({ ...contents, ...files })) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text, { mode: 0o755 });
  }
  for (const path of Object.keys(files)) await writeFile(join(root, dirname(dirname(path)), 'package.json'), '{}');
  await mkdir(join(root, 'cli'), { recursive: true });
  await copyFile(LAUNCHER, join(root, 'cli/podshift.js'));
  return join(root, 'cli/podshift.js');
}

describe('cli/podshift.js', () => {
  it.each([
    ['in its own process on a Node that runs TypeScript', []],
    ['on the pinned Node elsewhere', [OLDER]],
  ])('runs %s, with all arguments, and passes output and exit code on', async (_name, flags) => {
    const [version, wrong] = await Promise.all([
      start([...flags, LAUNCHER, '--version'], { cwd: folder }).ended,
      start([...flags, LAUNCHER, 'run', '--aprove'], { cwd: folder }).ended,
    ]);
    expect(version).toEqual({
      code: 0,
      signal: null,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+( \([0-9a-f]{12}(-dirty)?\))?\n$/),
      stderr: '',
    });
    expect(wrong).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('did you mean --approve?') });
  });

  it('says to run npm ci where the pinned Node is missing', async () => {
    const launcher = await launcherIn('checkout', 'main.ts');
    const ended = await start([OLDER, launcher, '--version'], { cwd: folder }).ended;
    expect(ended).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('Run "npm ci"') });
  });

  describe('in the npm package', () => {
    const OWN = { [`node_modules/node-${process.platform}-${process.arch}/bin/node`]: '#!/bin/sh\necho "own Node: $*"\n' };

    it.each([
      ['24.15.0', '3.51.3'],
      ['22.22.3', '3.51.3'],
      ['26.0.0', '3.53.0'],
    ])('runs in its own process on Node %s, which has SQLite %s', async (node, sqlite) => {
      const launcher = await launcherIn(`package-${node}`, '../dist/cli/main.js', OWN);
      expect(await start([...passingFor({ node, sqlite }), launcher, 'status'], { cwd: folder }).ended).toMatchObject({
        code: 0,
        stdout: 'here: status\n',
      });
    });

    it.each([
      ['20.20.2', undefined],
      ['22.5.0', '3.46.0'],
      ['24.14.1', '3.51.2'],
      ['25.8.2', '3.51.2'],
    ])('runs on the Node that npm installed with it on Node %s, which has SQLite %s', async (node, sqlite) => {
      const launcher = await launcherIn(`package-own-${node}`, '../dist/cli/main.js', OWN);
      const flags = passingFor({ node, ...(sqlite === undefined ? {} : { sqlite }) });
      const { code, stdout } = await start([...flags, launcher, 'status'], { cwd: folder }).ended;
      expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/^own Node: .*dist\/cli\/main\.js status\n$/) });
    });

    it('runs on a Node 22 with an older SQLite where its own Node was left out: not all commands have a journal', async () => {
      const launcher = await launcherIn('package-without', '../dist/cli/main.js');
      const ended = await start([...passingFor({ node: '22.19.0', sqlite: '3.50.4' }), launcher, 'demo'], { cwd: folder }).ended;
      expect(ended).toMatchObject({ code: 0, stdout: 'here: demo\n' });
    });

    it('says what to install where neither this Node nor its own can run it', async () => {
      const launcher = await launcherIn('package-old', '../dist/cli/main.js');
      const ended = await start([...passingFor({ node: '20.20.2' }), launcher, 'demo'], { cwd: folder }).ended;
      expect(ended).toEqual({
        code: 1,
        signal: null,
        stdout: '',
        stderr:
          'error: podshift needs Node 22.19 or later, or its own, which is not installed here (this is Node 20.20.2)\n' +
          'Install podshift again without --omit=optional, or use Node 24.15 or later.\n',
      });
    });
  });

  it('passes a request to stop on, and ends as its child ended', async () => {
    const twin = start([OLDER, LAUNCHER, 'twin', 'examples/shop']);
    await twin.seen('Ctrl-C stops it');
    twin.process.kill('SIGINT');
    expect(await twin.ended).toMatchObject({ code: 0, signal: null });
  });
});
