import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { type Ended, ROOT, start } from '../cli/spawn.ts';
import { exportedBy } from '../support/exported.ts';

interface Action {
  readonly inputs: Readonly<Record<string, { readonly description: string; readonly default: string }>>;
  readonly outputs: Readonly<Record<string, { readonly value: string }>>;
  readonly runs: { readonly using: string; readonly steps: readonly Step[] };
}

interface Step {
  readonly id?: string;
  readonly shell: string;
  readonly env: Readonly<Record<string, string>>;
  readonly run: string;
}

/** What a job has after the action: how its last step ended, its summary, and the outputs of its steps. */
interface Job extends Ended {
  readonly summary: string;
  readonly outputs: Readonly<Record<string, string>>;
}

let action: Action;
beforeAll(async () => {
  action = parse(await readFile(join(ROOT, 'action.yml'), 'utf8'));
});

/** Runs the action's steps as a runner does (GitHub's workflow commands: environment files), until one fails. */
async function job(inputs: Readonly<Record<string, string>>, environment: NodeJS.ProcessEnv = {}): Promise<Job> {
  const runner = await mkdtemp(join(tmpdir(), 'podshift-runner-'));
  onTestFinished(() => rm(runner, { recursive: true, force: true }));
  const files = { GITHUB_STEP_SUMMARY: join(runner, 'summary'), GITHUB_OUTPUT: join(runner, 'output'), GITHUB_PATH: join(runner, 'path') };
  for (const file of Object.values(files)) await writeFile(file, '');
  const given: Readonly<Record<string, string>> = {
    'github.action_path': ROOT,
    ...Object.fromEntries(Object.entries(action.inputs).map(([name, { default: value }]) => [`inputs.${name}`, inputs[name] ?? value])),
  };
  const workspace = join(runner, 'workspace');
  await mkdir(workspace);
  let PATH = [dirname(process.execPath), process.env.PATH].join(delimiter);
  let ended: Ended | undefined;
  for (const [index, { env, run }] of action.runs.steps.entries()) {
    const script = join(runner, `${index}.sh`);
    await writeFile(script, run);
    const values = Object.entries(env).map(([name, text]) => [
      name,
      text.replace(/\$\{\{ (\S+) \}\}/g, (_all, key: string) => given[key] ?? ''),
    ]);
    ended = await start(['--noprofile', '--norc', '-eo', 'pipefail', script], {
      program: 'bash',
      cwd: workspace,
      env: { ...environment, ...files, PATH, RUNNER_TEMP: runner, ...Object.fromEntries(values) },
    }).ended;
    if (ended.code !== 0) break;
    PATH = [...(await readFile(files.GITHUB_PATH, 'utf8')).split('\n').filter((line) => line !== ''), PATH].join(delimiter);
  }
  if (ended === undefined) throw new Error('the action has no steps');
  const lines = (await readFile(files.GITHUB_OUTPUT, 'utf8')).split('\n').filter((line) => line !== '');
  const outputs = Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
  return { ...ended, outputs, summary: await readFile(files.GITHUB_STEP_SUMMARY, 'utf8') };
}

const EXAMPLE = join(ROOT, 'examples/shop');

describe('the action for pull requests', () => {
  it('hands its inputs on by the environment alone, so that none is read as a command', () => {
    expect(action.runs.using).toBe('composite');
    for (const { run, shell, env } of action.runs.steps) {
      expect(shell).toBe('bash');
      expect(run).not.toContain('${{');
      for (const value of Object.values(env)) expect(value).toMatch(/^\$\{\{ (inputs\.[a-z-]+|github\.action_path) \}\}$/);
    }
    const used = action.runs.steps.flatMap(({ env }) => Object.values(env).flatMap((value) => /inputs\.([a-z-]+)/.exec(value)?.[1] ?? []));
    expect(used.sort()).toEqual(Object.keys(action.inputs).sort());
  });

  it('has its inputs and outputs in docs/cli.md, with their defaults', async () => {
    const page = await readFile(join(ROOT, 'docs/cli.md'), 'utf8');
    const section = page.slice(page.indexOf('| input | default |'), page.indexOf('\n## Which cluster'));
    const rows = [...section.matchAll(/^\| (`[^|]+) \| ([^|]+) \|/gm)];
    const listed = rows.flatMap(([, names = '', value = '']) =>
      [...names.matchAll(/`([a-z-]+)`/g)].map(([, name = '']) => [name, value.trim()]),
    );
    expect(listed.map(([name]) => name).sort()).toEqual(Object.keys(action.inputs).sort());
    for (const [name = '', value = ''] of listed) expect(`\`${action.inputs[name]?.default}\``).toBe(value.startsWith('`') ? value : '``');
    const [, outputs = ''] = /^The outputs are ([^.]+)\./m.exec(section) ?? [];
    expect([...outputs.matchAll(/`([a-z-]+)`/g)].map(([, name]) => name).sort()).toEqual(Object.keys(action.outputs).sort());
    const example = parse(/```yaml\n([\s\S]+?)```/.exec(page.slice(page.indexOf('**Pull requests.**')))?.[1] ?? '') as {
      steps: { with?: object }[];
    };
    const [, given = {}] = example.steps.flatMap((step) => (step.with === undefined ? [] : [step.with]));
    expect(Object.keys(action.inputs)).toEqual(expect.arrayContaining(Object.keys(given)));
    expect(Object.keys(given)).not.toEqual([]);
  });

  it('writes the plan into the summary, and its figures into the outputs', async () => {
    const { code, summary, outputs, stderr } = await job({ snapshot: EXAMPLE, arguments: '-n media\n  -n shop' });
    expect(code, stderr).toBe(0);
    expect(summary).toMatch(/^# Plan `/);
    expect(summary).toContain('| `media/thumbnails` | irsa |');
    const planned = JSON.parse((await start(['cli/main.ts', 'plan', EXAMPLE, '-n', 'media', '-n', 'shop', '-o', 'json']).ended).stdout);
    expect(outputs).toEqual({ 'exit-code': '0', plan: expect.any(String), digest: planned.run.digest, 'to-migrate': '4', held: '2' });
    const declared = Object.values(action.outputs).map(({ value }) => /^\$\{\{ steps\.plan\.outputs\.(\S+) \}\}$/.exec(value)?.[1]);
    expect(declared.sort()).toEqual(Object.keys(outputs).sort());
  });

  it('plans a cluster', async () => {
    const twin = start(['cli/main.ts', 'twin', EXAMPLE, '--no-delays']);
    const env = exportedBy(await twin.seen('podshift plan --cluster'));
    const { code, summary, outputs, stderr } = await job({ cluster: 'shop', region: 'eu-central-1', arguments: '-n media' }, env);
    expect(code, stderr).toBe(0);
    expect(summary).toContain('- Cluster: shop (eu-central-1, account 444455556666)');
    expect(outputs).toMatchObject({ 'to-migrate': '1', held: '0' });
  });

  it('fails where the plan has a finding of the severity that was asked for, with the plan in the summary', async () => {
    const failing = await job({ snapshot: EXAMPLE, arguments: '-n shop', 'fail-on': 'blocker' });
    expect(failing).toMatchObject({ code: 3, outputs: { held: '2', 'exit-code': '0' } });
    expect(failing.stdout).toMatch(/^::error title=podshift::findings of the severity blocker or worse: \d+; the summary has them$/m);
    expect(failing.summary).toContain('PS301');
    const passing = await job({ snapshot: EXAMPLE, arguments: '-n media', 'fail-on': 'blocker' });
    expect(passing.code, passing.stderr).toBe(0);
  });

  it('fails where the plan of now is not the one that was kept, and says what changed', async () => {
    const kept = await job({ snapshot: EXAMPLE, arguments: '-n media' });
    const same = await job({ snapshot: EXAMPLE, compare: kept.outputs.plan ?? '' });
    expect(same.code, same.stderr).toBe(0);
    const moved = await movedExample();
    const other = await job({ snapshot: moved, compare: kept.outputs.plan ?? '' });
    expect(other).toMatchObject({
      code: 3,
      outputs: { 'exit-code': '3' },
      summary: expect.stringMatching(/^~~~~\n[\s\S]*media\/thumbnails[\s\S]*\n~~~~\n$/),
    });
    expect(other.stdout).toContain('::error title=podshift::the plan is not the one that was kept');
    expect(other.outputs.digest).not.toBe(kept.outputs.digest);
  });

  it('fails as podshift does where there is no plan, and takes no input for a command', async () => {
    const marker = join(tmpdir(), `podshift-marker-${process.pid}`);
    const hostile = await job({ snapshot: `nowhere; touch ${marker}`, arguments: `$(touch ${marker}) *` });
    expect(hostile).toMatchObject({ code: 2, outputs: { 'exit-code': '2' } });
    expect(hostile.summary).toBe('podshift made no plan (exit code 2): the log of this step says why.\n');
    expect(hostile.stdout).toContain('::error title=podshift::wrong usage');
    await expect(readFile(marker)).rejects.toThrow('ENOENT');
    expect(await job({ snapshot: EXAMPLE, 'fail-on': 'blockers' })).toMatchObject({
      code: 2,
      stdout: '::error title=podshift::fail-on is never, warning or blocker\n',
    });
  });
});

/** The example after somebody named another role for its service accounts. */
async function movedExample(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'podshift-moved-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await cp(EXAMPLE, folder, { recursive: true });
  const file = join(folder, 'kubernetes/service-accounts.yaml');
  await writeFile(file, (await readFile(file, 'utf8')).replaceAll(':role/shop-media', ':role/nobodys'));
  return folder;
}
