import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { namesOf, shownCommands, shownOptions } from '../../cli/command-line/words.ts';
import { createProgram, parseCommandLine } from '../../cli/program.ts';
import { podshift } from './spawn.ts';

const PROGRAM = createProgram('0.0.0', () => undefined);

/** The program, its groups, and their commands. */
function tree(command: Command): Command[] {
  return [command, ...shownCommands(command).flatMap(tree)];
}

const LEVELS = tree(PROGRAM).map((command): [string, Command] => [['podshift', ...namesOf(command)].join(' '), command]);
const GROUPS = LEVELS.filter(([, command]) => command.commands.length > 0);

/** The word with a letter in its middle twice. */
function mistyped(word: string): string {
  const middle = Math.ceil(word.length / 2);
  return `${word.slice(0, middle)}${word.slice(middle - 1)}`;
}

function refusal(...argv: string[]): { readonly name: string; readonly exitCode: number; readonly message: string } {
  try {
    parseCommandLine(argv, '0.0.0', 80);
  } catch (error) {
    return error as ReturnType<typeof refusal>;
  }
  throw new Error(`taken: ${argv.join(' ')}`);
}

describe('a mistyped', () => {
  it('name is looked for among all commands of both levels', () => {
    expect(GROUPS.map(([name]) => name)).toEqual(['podshift', 'podshift addon', 'podshift schedule', 'podshift fleet']);
    expect(LEVELS.map(([name]) => name)).toEqual(
      expect.arrayContaining(['podshift run', 'podshift fleet plan', 'podshift fleet rehearse', 'podshift schedule delete']),
    );
  });

  it.each(LEVELS)('flag of "%s" is answered with the nearest', (_name, command) => {
    for (const { long } of shownOptions(command)) {
      if (long === undefined || long === null || long === '--help') continue;
      const typo = `--${mistyped(long.slice(2))}`;
      for (const argv of [
        [...namesOf(command), typo],
        [...namesOf(command), `${typo}=x`],
      ])
        expect(refusal(...argv), argv.join(' ')).toMatchObject({
          name: 'UsageError',
          exitCode: 2,
          message: expect.stringMatching(new RegExp(`^unknown option '${typo}(=x)?'; did you mean ${long}\\?$`)),
        });
    }
  });

  it.each(GROUPS)('command of "%s" is answered with the nearest', (_name, group) => {
    for (const child of shownCommands(group)) {
      const typo = mistyped(child.name());
      const path = namesOf(group);
      for (const argv of [
        [...path, typo],
        [...path, typo, '--help'],
        [...path, 'help', typo],
        ['help', ...path, typo],
        [...path, '--debug', typo],
      ])
        expect(refusal(...argv), argv.join(' ')).toMatchObject({
          name: 'UsageError',
          exitCode: 2,
          message: expect.stringMatching(new RegExp(`^unknown command '${[...path, typo].join(' ')}'.*; did you mean ${child.name()}\\?$`)),
        });
    }
  });

  it.each([
    ['ahead of its command', ['fleet', '--regoin', 'eu-west-1', 'plan'], '--region'],
    ['ahead of all commands', ['--clutser', 'shop', 'plan'], '--cluster'],
    ['with one dash', ['plan', '-clutser', 'shop'], '--cluster'],
  ])('flag %s is answered too', (_name, argv, flag) => {
    expect(refusal(...argv).message).toMatch(new RegExp(`did you mean ${flag}\\?$`));
  });

  it.each([
    ['command', ['rnu']],
    ['flag of the program', ['--debgu']],
    ['flag of a command', ['status', '--wtach']],
    ['command of a group', ['fleet', 'paln']],
    ['flag of a command of a group', ['schedule', 'list', '--staeg', 'prod']],
  ])('%s ends the process with 2', async (_name, argv) => {
    expect(await podshift(...argv)).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringMatching(/PE101 UsageError: unknown [\s\S]*; did you mean\s+\S+\?/),
    });
  });
});

describe('a command of a group', () => {
  it.each(GROUPS.slice(1).flatMap(([, group]) => shownCommands(group).map((one): [string, Command] => [namesOf(one).join(' '), one])))(
    'has a help of its own: %s',
    (name, command) => {
      for (const argv of [
        [...name.split(' '), '--help'],
        ['help', ...name.split(' ')],
      ]) {
        const answer = parseCommandLine(argv, '0.0.0', 200);
        if (!('text' in answer)) throw new Error('no help');
        expect(answer.text).toMatch(new RegExp(`^Usage: podshift ${name}`));
        for (const line of answer.text.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80);
        for (const { flags } of command.createHelp().visibleOptions(command)) expect(answer.text).toContain(` ${flags} `);
      }
    },
  );

  it('shows no flag of another one', () => {
    const help = (...argv: string[]) => (parseCommandLine([...argv, '--help'], '0.0.0', 80) as { text: string }).text;
    for (const flag of ['--approve', '--account', '--resume', '--file', '--digest']) expect(help('fleet', 'status')).not.toContain(flag);
    for (const flag of ['--journal', '--service', '--member-role', '--approve']) expect(help('fleet', 'rehearse')).not.toContain(flag);
    for (const flag of ['--cluster ', '--expression', '--wave-size', '--approve']) expect(help('schedule', 'list')).not.toContain(flag);
    for (const flag of ['--cluster ', '--expression', '--wave-size', '--starts']) expect(help('schedule', 'delete')).not.toContain(flag);
  });

  it.each([
    ['behind its words', ['fleet', 'plan', 'f.yaml', '--region', 'r', '--service', 's']],
    ['between them', ['fleet', '--region', 'r', 'plan', 'f.yaml', '--service=s']],
    ['ahead of them', ['--region=r', '--service', 's', 'fleet', 'plan', 'f.yaml']],
  ])('takes its flags %s', (_name, argv) => {
    expect(parseCommandLine(argv, '0.0.0', 80)).toMatchObject({
      name: 'fleet',
      action: 'plan',
      arguments: ['f.yaml'],
      flags: { region: ['r'], service: 's' },
      typed: argv,
    });
  });

  it('is asked for where none is named', () => {
    expect(refusal('fleet').message).toBe('fleet what? give one of plan, run, status, rehearse');
    expect(refusal('schedule', '--stage', 'prod').message).toBe('schedule what? give one of create, list, delete');
  });
});
