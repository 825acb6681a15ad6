import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROOT, start } from './spawn.ts';

/** This Node as if it could not run TypeScript: the launcher then starts the pinned one, as it does on an older Node. */
const OLDER = '--no-strip-types';
const LAUNCHER = join(ROOT, 'cli/podshift.js');

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podshift-launcher-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('cli/podshift.js', () => {
  it.each([
    ['in its own process on a Node that runs TypeScript', []],
    ['on the pinned Node elsewhere', [OLDER]],
  ])('runs %s, with all arguments, and passes output and exit code on', async (_name, flags) => {
    const [version, wrong] = await Promise.all([
      start([...flags, LAUNCHER, '--version'], { cwd: folder }).ended,
      start([...flags, LAUNCHER, 'run', '--aprove'], { cwd: folder }).ended,
    ]);
    expect(version).toEqual({ code: 0, signal: null, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/), stderr: '' });
    expect(wrong).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('did you mean --approve?') });
  });

  it('says to run npm ci where the pinned Node is missing', async () => {
    await copyFile(LAUNCHER, join(folder, 'podshift.mjs'));
    const ended = await start([OLDER, join(folder, 'podshift.mjs'), '--version'], { cwd: folder }).ended;
    expect(ended).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('Run "npm ci"') });
  });

  it('passes a request to stop on, and ends as its child ended', async () => {
    const twin = start([OLDER, LAUNCHER, 'twin', 'examples/shop']);
    await twin.seen('Ctrl-C stops it');
    twin.process.kill('SIGINT');
    expect(await twin.ended).toMatchObject({ code: 0, signal: null });
  });
});
