import { execFile, execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Command } from 'commander';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { namesOf, shownCommands } from '../../cli/command-line/words.ts';
import { answerCompletion } from '../../cli/completion/answer.ts';
import { SCRIPTS } from '../../cli/completion/scripts.ts';
import { clustersOfKubeconfig } from '../../cli/completion/sources.ts';
import { createProgram, parseCommandLine } from '../../cli/program.ts';
import { openLocalJournal } from '../../engine/local-journal.ts';
import { migrationOptions } from '../../src/model/options.ts';
import { createSystemClock } from '../../twin/clock.ts';
import { podshift, ROOT, start } from './spawn.ts';

const run = promisify(execFile);
let folder = '';

/** A machine with podshift in its PATH, a journal with a run and a fleet, and a kubeconfig. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podshift-test-'));
  const program = join(folder, 'bin', 'podshift');
  await mkdir(join(folder, 'bin'));
  await writeFile(program, `#!/bin/sh\nexec '${process.execPath}' '${join(ROOT, 'cli/main.ts')}' "$@"\n`);
  await chmod(program, 0o755);
  const clock = createSystemClock();
  const local = await openLocalJournal({ path: join(folder, 'state/podshift'), clock });
  const target = { clusterName: 'shop', region: 'eu-central-1', assumeRoleArn: null };
  await local.journal.createRun({ runId: 'run-1', target, options: migrationOptions.parse({}), startedAt: '2026-01-01T00:00:00Z' });
  await local.close();
  clock.close();
  await writeFile(
    join(folder, 'kubeconfig'),
    'contexts:\n- name: arn:aws:eks:eu-west-1:111122223333:cluster/media\n- name: me@blue.us-east-1.eksctl.io\n- name: kind-kind\n',
  );
});
afterEach(() => void vi.unstubAllEnvs());
afterAll(() => rm(folder, { recursive: true, force: true }));

function environment(): NodeJS.ProcessEnv {
  return {
    ...process.env,
    PATH: `${join(folder, 'bin')}:${process.env.PATH}`,
    HOME: folder,
    XDG_STATE_HOME: join(folder, 'state'),
    XDG_CONFIG_HOME: join(folder, 'config'),
    KUBECONFIG: join(folder, 'kubeconfig'),
  };
}

/**
 * What bash offers for each of these lines, in one shell; the last word is the one under the cursor. What podshift answers is made ahead,
 * in this process, so that not each line starts one; with `real` it is started.
 */
async function bash(lines: readonly (readonly string[])[], { real = false } = {}): Promise<string[][]> {
  const answers = join(folder, 'answers');
  await mkdir(answers, { recursive: true });
  const env = environment();
  if (!real) {
    await writeFile(join(answers, 'script'), SCRIPTS.bash);
    vi.stubEnv('XDG_STATE_HOME', env.XDG_STATE_HOME);
    for (const [index, words] of lines.entries()) await writeFile(join(answers, `${index}`), await answerCompletion(words, env));
  }
  const standIn = `podshift() { if [ "$1" = __complete ]; then cat "${answers}/$NUMBER"; else cat "${answers}/script"; fi; }`;
  const asked = lines.map((words, index) => `NUMBER=${index}; ask ${words.map((word) => `'${word}'`).join(' ')}`);
  const script = `
${real ? '' : standIn}
source <(podshift completion bash)
complete -p podshift >/dev/null || exit 1
ask() {
  COMP_WORDS=(podshift "$@"); COMP_CWORD=$#
  _podshift
  printf '%s\\037' "\${COMPREPLY[@]}"; printf '\\n'
}
${asked.join('\n')}
`;
  const { stdout } = await run('bash', ['--norc', '-c', script], { env, cwd: folder });
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\u001f').filter((word) => word !== ''));
}

function levels(command: Command): Command[] {
  return [command, ...shownCommands(command).flatMap(levels)];
}

const LEVELS = levels(createProgram('', () => undefined));

/** What the help of a command names: its commands, and its flags by their long names. */
function named(command: Command): { readonly commands: string[]; readonly flags: string[] } {
  const answer = parseCommandLine([...namesOf(command), '--help'], '', 80);
  if (!('text' in answer)) throw new Error('no help');
  const [, listed = ''] = /\nCommands:\n([\s\S]*?)(\n\n|$)/.exec(answer.text) ?? [];
  return {
    commands: [...listed.matchAll(/^ {2}([a-z]+)/gm)].map(([, name = '']) => name),
    flags: [...answer.text.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm)].map(([, flag = '']) => flag),
  };
}

describe('completion in bash', () => {
  it('offers every command and every flag that the help names', async () => {
    const offered = await bash(
      LEVELS.flatMap((command) => [
        [...namesOf(command), ''],
        [...namesOf(command), '--'],
      ]),
    );
    expect(offered).toHaveLength(LEVELS.length * 2);
    for (const [index, command] of LEVELS.entries()) {
      const { commands, flags } = named(command);
      const [words = [], options = []] = offered.slice(index * 2, index * 2 + 2);
      expect(flags.length).toBeGreaterThan(0);
      expect(options, namesOf(command).join(' ')).toEqual(expect.arrayContaining(flags));
      if (commands.length > 0) expect(words.toSorted()).toEqual(commands.toSorted());
    }
  });

  it('offers choices, runs, and clusters', async () => {
    expect(
      await bash([
        ['pl'],
        ['plan', '--output', 'js'],
        ['plan', '--output', '=', 'w'],
        ['plan', '--output', '='],
        ['run', '--on-wave-failure', ''],
        ['retire', 'k'],
        ['report', ''],
        ['run', '--resume', 'run-'],
        ['report', '--service', 'https://x', ''],
        ['rollback', '--journal', join(folder, 'none'), ''],
        ['run', '--cluster', ''],
        ['schedule', '--cluster', ''],
        ['completion', ''],
        ['no-such-command', ''],
        ['report', 'run-1', ''],
      ]),
    ).toEqual([
      ['plan'],
      ['json'],
      ['wide'],
      ['table', 'wide', 'json', 'yaml', 'markdown', 'html'],
      ['halt', 'rollback'],
      ['kube2iam', 'kiam'],
      ['run-1'],
      ['run-1'],
      [],
      [],
      ['media', 'blue', 'shop'],
      ['media', 'blue', 'shop'],
      ['bash', 'zsh', 'fish'],
      [],
      [],
    ]);
  });
});

describe('completion', { timeout: 120_000 }, () => {
  it('is asked of the command that is in the PATH', async () => {
    expect(
      await bash(
        [
          ['fleet', 're'],
          ['report', ''],
        ],
        { real: true },
      ),
    ).toEqual([['rehearse'], ['run-1']]);
  });

  it('is for bash, zsh and fish, and no other shell', async () => {
    for (const shell of ['bash', 'zsh', 'fish']) {
      const { code, stdout } = await podshift('completion', shell);
      expect([code, stdout]).toEqual([0, expect.stringContaining('__complete')]);
      if (isInstalled(shell)) await run(shell, ['-n', await fileOf(shell, stdout)]);
    }
    expect(await podshift('completion', 'tcsh')).toMatchObject({ code: 2, stderr: expect.stringContaining('bash, zsh, fish') });
  });

  it('is offered by fish, where that is installed, as the same words with what they are', async () => {
    const words = isInstalled('fish')
      ? (await run('fish', ['-N', '-c', 'podshift completion fish | source; complete -C "podshift fleet re"'], { env: environment() }))
          .stdout
      : (await start(['cli/main.ts', '__complete', 'fleet', 're']).ended).stdout;
    expect(words).toBe('rehearse\trun a whole fleet on the twins of snapshots\n');
  });

  it('has files where the help says that there is one', async () => {
    const ask = async (...words: string[]) =>
      (await start([join(ROOT, 'cli/main.ts'), '__complete', ...words], { cwd: folder }).ended).stdout;
    expect(await ask('run', '--plan', '')).toBe(':files\n');
    expect(await ask('fleet', 'rehearse', 'one', '')).toBe(':files\n');
    expect(await ask('plan', '--output=j')).toBe('--output=json\n');
    expect(await ask()).toContain('plan\t');
  });

  it('loads no SDK, and nothing of what a run needs', async () => {
    const hooks = `import { registerHooks } from 'node:module'; registerHooks({ load(url, context, next) { process.stderr.write(url + '\\n'); return next(url, context); } });`;
    const watched = ['--import', `data:text/javascript,${encodeURIComponent(hooks)}`, join(ROOT, 'cli/main.ts'), '__complete'];
    for (const words of [
      ['fleet', ''],
      ['plan', '--'],
      ['report', ''],
      ['run', '--cluster', ''],
    ]) {
      const { code, stdout, stderr } = await start([...watched, ...words], { env: environment(), cwd: folder }).ended;
      expect([code, stdout]).toEqual([0, expect.stringMatching(/./)]);
      expect(stderr).toContain('cli/program.ts');
      expect(stderr).not.toMatch(/@aws-sdk|@smithy|@kubernetes|src\/(aws|kubernetes|migration|inventory|trust)\//);
    }
  });

  it('names the clusters of kubeconfigs as the AWS CLI and eksctl write them', () => {
    const user = (args: string) => `users:\n- name: x\n  user:\n    exec:\n      command: aws\n      args: ${args}\n`;
    expect(clustersOfKubeconfig(user('[--region, eu-west-1, eks, get-token, --cluster-name, shop, --output, json]'))).toEqual([
      { word: 'shop', about: 'eu-west-1' },
    ]);
    expect(clustersOfKubeconfig(user('[token, -i, blue]'))).toEqual([{ word: 'blue', about: '' }]);
    expect(clustersOfKubeconfig('clusters:\n- name: arn:aws-cn:eks:cn-north-1:111122223333:cluster/a_b\n- name: other\n')).toEqual([
      { word: 'a_b', about: 'cn-north-1' },
    ]);
    expect(clustersOfKubeconfig('')).toEqual([]);
  });
});

function isInstalled(shell: string): boolean {
  try {
    return execFileSync('which', [shell]).length > 0;
  } catch {
    return false;
  }
}

async function fileOf(shell: string, text: string): Promise<string> {
  const file = join(folder, `completion.${shell}`);
  await writeFile(file, text);
  return file;
}
