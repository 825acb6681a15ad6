import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { markOf } from './life.ts';
import { run } from './run.ts';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));
const SHOP = fileURLToPath(new URL('../../examples/shop/', import.meta.url));

let folder: string;
let command: ChildProcess | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podshift-test-'));
});

afterEach(async () => {
  command?.kill('SIGKILL');
  await rm(folder, { recursive: true });
});

test.each(['SIGINT', 'SIGTERM'] as const)('npm run cluster prints where the cluster is, and %s stops all of it', async (signal) => {
  const { ready, output, ended } = start(['--directory', folder, '--with', SHOP]);
  const { kubeconfig, kubectl, endpoint } = JSON.parse(await ready);
  expect(endpoint).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
  const pods = await run(kubectl, ['--kubeconfig', kubeconfig, 'get', 'pods', '-A', '--no-headers'], { environment: process.env });
  expect(pods).toMatchObject({ code: 0, stdout: expect.stringContaining('storefront') });
  const { parts }: { parts: { name: string; pid: number }[] } = JSON.parse(await readFile(join(folder, 'cluster.json'), 'utf8'));
  expect(parts.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kwok']),
  );
  command?.kill(signal);
  expect(await ended).toBe(0);
  expect(parts.filter(({ pid }) => markOf(pid) !== undefined)).toEqual([]);
  expect(output.stderr).toMatch(/stopped\n$/);
  expect(await readdir(folder)).toEqual(['logs']);
});

test('a signal during the start stops what was started', async () => {
  const { output, ended } = start(['--directory', folder]);
  await expect.poll(() => output.stderr, { timeout: 60_000 }).toContain('starting kube-apiserver');
  command?.kill('SIGINT');
  expect(await ended).toBe(0);
  expect(output).toMatchObject({ stdout: '', stderr: expect.stringMatching(/stopped\n$/) });
  expect(await readdir(folder)).toEqual(['logs']);
});

test('the parts do not outlive a command that is killed, and the next start on its folder works', async () => {
  const first = start(['--directory', folder]);
  await first.ready;
  const { parts }: { parts: { pid: number }[] } = JSON.parse(await readFile(join(folder, 'cluster.json'), 'utf8'));
  command?.kill('SIGKILL');
  await first.ended;
  await expect.poll(() => parts.filter(({ pid }) => markOf(pid) !== undefined), { timeout: 30_000 }).toEqual([]);
  const second = start(['--directory', folder]);
  await second.ready;
  expect(second.output.stderr).toMatch(/^removing what process \d+, which has gone, left in /m);
  command?.kill('SIGINT');
  expect(await second.ended).toBe(0);
});

test('a folder that is no snapshot is refused before anything starts', async () => {
  const { output, ended } = start(['--directory', join(folder, 'run'), '--with', folder]);
  expect(await ended).toBe(1);
  expect(output.stderr).toContain(folder);
  expect(await readdir(folder)).toEqual([]);
});

/** Starts `npm run cluster` with the twin's webhook. `ready` is its one line of output. */
function start(args: readonly string[]): {
  ready: Promise<string>;
  output: { stdout: string; stderr: string };
  ended: Promise<number | null>;
} {
  const child = spawn(process.execPath, [MAIN, '--webhook', 'twin', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  command = child;
  const output = { stdout: '', stderr: '' };
  const ended = once(child, 'close').then(([code]) => code as number | null);
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output.stderr += text;
  });
  const ready = new Promise<string>((resolve, reject) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output.stdout += text;
      if (output.stdout.endsWith('\n')) {
        resolve(output.stdout);
      }
    });
    ended.then(() => reject(new Error(`it ended before it was ready:\n${output.stderr}`)));
  });
  // Tests of a start that fails do not wait for it.
  ready.catch(() => undefined);
  return { ready, output, ended };
}
