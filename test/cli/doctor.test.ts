import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROOT, start } from './spawn.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podshift-doctor-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('podshift doctor', () => {
  it('finds all well over a served twin, and names a command that plans there', async () => {
    const twin = start(['cli/main.ts', 'twin', join(ROOT, 'examples/shop'), '--no-delays']);
    const all = await twin.seen('podshift plan --cluster');
    const { aws } = JSON.parse(all.split('\n')[0] ?? '') as { aws: string };
    const env = Object.fromEntries(
      [...all.matchAll(/(AWS_(?:REGION|ACCESS_KEY_ID|SECRET_ACCESS_KEY))=(\S+)/g)].map(([, name = '', value = '']) => [name, value]),
    );
    const run = (...args: string[]) => start(['cli/main.ts', ...args], { env, cwd: ROOT }).ended;
    const journal = ['--journal', join(folder, 'journal')];
    const { code, stdout, stderr } = await run('doctor', '--cluster', 'shop', '--endpoint-url', aws, ...journal);
    expect([code, stderr]).toEqual([0, expect.stringContaining('nothing was changed')]);
    expect(stdout).toMatch(/^ok +AWS +(\d+) of \1 checks +-o wide lists them$/m);
    const [, command = ''] = /^ {2}podshift (plan .*)$/m.exec(stderr) ?? [];
    expect(await run(...command.split(' '))).toMatchObject({ code: 0, stdout: expect.stringContaining('media/thumbnails') });
  });

  it('exits with 1 where it reaches nobody, and says whom', async () => {
    const env = { AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE', AWS_SECRET_ACCESS_KEY: 'example' };
    const where = ['--cluster', 'shop', '--region', 'eu-central-1', '--endpoint-url', 'http://127.0.0.1:1'];
    const { code, stdout, stderr } = await start(['cli/main.ts', 'doctor', ...where, '--journal', join(folder, 'none')], { env }).ended;
    expect(code).toBe(1);
    expect(stdout).toMatch(/^missing +AWS +credentials +.*127\.0\.0\.1:1/m);
    expect(stderr).toMatch(/1 check of \d+ failed: a run would stop there/);
  });
});
