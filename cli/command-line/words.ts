import type { Command, Option } from 'commander';
import { PodshiftError } from '../../src/model/errors.ts';
import { nearest } from '../../src/model/text/nearest.ts';

/** A command line with its command words first. */
export interface Ordered {
  /** The command that is asked for: a group or the program where no further word was given. */
  readonly command: Command;
  /** Everything that was typed behind the program's name: the command's words, then all else in its order. */
  readonly argv: readonly string[];
  /** Whether its help is asked for, by a flag or by the word "help". */
  readonly help: boolean;
}

/**
 * Finds the words of the command among what was typed, wherever the flags stand: `fleet --region R plan` is `fleet plan --region R`, and
 * `help fleet plan` asks for the help of `fleet plan`. Throws `UsageError`, with the nearest name, for a word that is no command of its
 * group, and for an unknown flag ahead of a command.
 */
export function commandFirst(program: Command, argv: readonly string[]): Ordered {
  let command = program;
  let help = false;
  const words: string[] = [];
  const rest: string[] = [];
  let index = 0;
  while (command.commands.length > 0 && index < argv.length) {
    const part = argv[index] ?? '';
    index += 1;
    if (part.length > 1 && part.startsWith('-') && part !== '--') {
      if (part === '-h' || part === '--help') help = true;
      else {
        const option = knownOption(command, part);
        const parts = option.required && isNamed(option, part) ? 2 : 1;
        rest.push(...argv.slice(index - 1, index - 1 + parts));
        index += parts - 1;
      }
    } else if (part === 'help') help = true;
    else if (part !== '--') {
      command = childOf(command, part);
      words.push(part);
    }
  }
  return { command, argv: [...words, ...rest, ...argv.slice(index)], help };
}

/** The names of a command, as they are typed: none for the program. */
export function namesOf(command: Command): string[] {
  return command.parent === null ? [] : [...namesOf(command.parent), command.name()];
}

/** The commands that are in help and completion. */
export function shownCommands(command: Command): Command[] {
  return command
    .createHelp()
    .visibleCommands(command)
    .filter((one) => one.name() !== 'help');
}

/** The flags that help and completion show for a command: its own and those of what it belongs to. */
export function shownOptions(command: Command): Option[] {
  const own = [...command.createHelp().visibleOptions(command)];
  return command.parent === null
    ? own
    : [...own, ...shownOptions(command.parent).filter(({ long }) => !own.some((one) => one.long === long))];
}

/** The long flag of a command that a mistyped one most likely means; undefined where none is near. */
export function nearestFlag(command: Command, typed: string): string | undefined {
  const [name = ''] = typed.replace(/^-+/, '').split('=');
  const names = [command, ...descendants(command)].flatMap(shownOptions).flatMap(({ long }) => (long ? [long.slice(2)] : []));
  const meant = nearest(name, [...new Set(names)]);
  return meant === undefined ? undefined : `--${meant}`;
}

function descendants(command: Command): Command[] {
  return command.commands.flatMap((child) => [child, ...descendants(child)]);
}

/** The complaint about the first flag that a command does not know; undefined where it knows them all. */
export function unknownFlag(command: Command, parts: readonly string[]): string | undefined {
  const known = ancestors(command).flatMap(({ options }) => options);
  const flag = parts.find((part) => part.startsWith('--') && optionOf(known, part) === undefined);
  return flag === undefined ? undefined : `unknown option '${flag}'`;
}

/** What follows a wrong name; nothing where none is near. */
export function didYouMean(meant: string | undefined): string {
  return meant === undefined ? '' : `; did you mean ${meant}?`;
}

function optionOf(options: readonly Option[], part: string): Option | undefined {
  return options.find((option) => isNamed(option, part)) ?? options.find((option) => isNamed(option, leadOf(part)));
}

/** A flag ahead of the command that it may belong to: the program's own one where it has one of this name. */
function knownOption(command: Command, part: string): Option {
  const found = optionOf(
    [...ancestors(command), ...descendants(command)].flatMap(({ options }) => options),
    part,
  );
  if (found !== undefined) return found;
  throw new PodshiftError('UsageError', `unknown option '${part}'${didYouMean(nearestFlag(command, part))}`);
}

/** The flag of `--flag=value` and of `-fvalue`. */
function leadOf(part: string): string {
  return part.startsWith('--') ? (part.split('=')[0] ?? '') : part.slice(0, 2);
}

/** Whether this is the flag's name and nothing besides, so that its value is the next part. */
function isNamed({ short, long }: Option, part: string): boolean {
  return part === long || part === short;
}

function ancestors(command: Command): Command[] {
  return command.parent === null ? [command] : [...ancestors(command.parent), command];
}

function childOf(group: Command, word: string): Command {
  const child = group.commands.find((one) => one.name() === word);
  if (child !== undefined) return child;
  const names = shownCommands(group).map((one) => one.name());
  const choices = group.parent === null ? '' : `. Allowed choices are ${names.join(', ')}`;
  const typed = [...namesOf(group), word].join(' ');
  throw new PodshiftError('UsageError', `unknown command '${typed}'${choices}${didYouMean(nearest(word, names))}`);
}
