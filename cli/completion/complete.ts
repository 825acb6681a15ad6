import type { Argument, Command, Option } from 'commander';
import { shownCommands, shownOptions } from '../command-line/words.ts';

/** Values of flags that were typed, by their long names. */
export type Given = ReadonlyMap<string, string>;

/** What is completed by looking at this machine; each gives nothing rather than fail. */
export interface Sources {
  /** Ids of the journal's runs, with what they are. */
  runs(given: Given): Promise<readonly Candidate[]>;
  fleets(given: Given): Promise<readonly Candidate[]>;
  /** Names of clusters that this machine knows. */
  clusters(given: Given): Promise<readonly Candidate[]>;
}

/** A word that may stand where the cursor is, and what it is. */
export interface Candidate {
  readonly word: string;
  readonly about: string;
}

/** All words that may stand there, and whether files may. */
export interface Completion {
  readonly words: readonly Candidate[];
  readonly files: boolean;
}

/** What of the sources the placeholder of an argument or a flag's value stands for. */
const SOURCES: Readonly<Record<string, keyof Sources>> = { run: 'runs', fleet: 'fleets', cluster: 'clusters' };

/** Placeholders of files and folders. */
const FILES = ['file', 'folder', 'snapshot', 'snapshots'];

const NOTHING: Completion = { words: [], files: false };

/**
 * What may stand in the place of the last word; the words are those behind the program's name, the last one as far as it is typed. Everything
 * is read off the tree of commands. Bash gives `--flag=value` as three words, zsh and fish as one.
 */
export async function complete(program: Command, words: readonly string[], sources: Sources): Promise<Completion> {
  const typed = joined(words.slice(0, -1), words.at(-1) ?? '');
  const place = walk(program, typed.before);
  if (place === undefined) return NOTHING;
  const { command, positional, pending, given } = place;
  const look = (placeholder: string): Promise<Completion> => ofPlaceholder(placeholder, sources, given);
  if (pending !== undefined) return startingWith(typed.current, '', await valuesOf(pending, look));
  const [, flag = '', value = ''] = /^(--[^=]+)=(.*)$/s.exec(typed.current) ?? [];
  if (flag !== '') {
    const option = shownOptions(command).find(({ long }) => long === flag);
    return option === undefined ? NOTHING : startingWith(value, typed.split ? '' : `${flag}=`, await valuesOf(option, look));
  }
  if (typed.current.startsWith('-'))
    return startingWith(typed.current, '', { words: shownOptions(command).flatMap(flagsOf), files: false });
  if (command.commands.length > 0) {
    const children = shownCommands(command).map((child): Candidate => ({ word: child.name(), about: child.summary() }));
    return startingWith(typed.current, '', { words: [...children, { word: 'help', about: 'show the help of a command' }], files: false });
  }
  const { registeredArguments } = command;
  const last = registeredArguments.at(-1);
  const argument = registeredArguments[positional] ?? (last?.variadic === true ? last : undefined);
  return argument === undefined ? NOTHING : startingWith(typed.current, '', await argumentsOf(argument, look));
}

/** The words with `--flag`, `=` and `value` as one again; `split` where the last one was taken apart. */
function joined(
  before: readonly string[],
  current: string,
): { readonly before: string[]; readonly current: string; readonly split: boolean } {
  const parts: string[] = [];
  for (const [index, part] of [...before, current].entries()) {
    const isSplit = part === '=' || (index > 0 && parts.at(-1)?.endsWith('=') === true && before[index - 1] === '=');
    if (isSplit && parts.at(-1)?.startsWith('--') === true) parts.push(`${parts.pop() ?? ''}${part}`);
    else parts.push(part);
  }
  const last = parts.pop() ?? '';
  return { before: parts, current: last, split: last !== current || current === '=' };
}

/** Where the words have led to. */
interface Place {
  readonly command: Command;
  /** How many arguments the command has got. */
  readonly positional: number;
  /** The flag whose value comes next. */
  readonly pending: Option | undefined;
  readonly given: Given;
}

/** Undefined behind a word that is no command. */
function walk(program: Command, words: readonly string[]): Place | undefined {
  let command = program;
  let positional = 0;
  let pending: Option | undefined;
  const given = new Map<string, string>();
  for (const word of words) {
    if (pending !== undefined) {
      given.set(pending.long ?? '', word);
      pending = undefined;
    } else if (word.length > 1 && word.startsWith('-')) {
      const [name = '', value] = word.split(/=(.*)/s);
      const option = optionsBelow(command).find(({ short, long }) => name === long || name === short);
      if (value !== undefined) given.set(name, value);
      else if (option?.required === true) pending = option;
    } else {
      const child = command.commands.find((one) => one.name() === word);
      if (child !== undefined) command = child;
      else if (command.commands.length === 0) positional += 1;
      else if (word !== 'help') return undefined;
    }
  }
  return { command, positional, pending, given };
}

/** The flags of a command and, where it is a group, of what is in it: flags may stand ahead of the command's words. */
function optionsBelow(command: Command): readonly Option[] {
  const own: readonly Option[] = command.parent === null ? command.options : [...command.options, ...command.parent.options];
  return [...own, ...command.commands.flatMap(optionsBelow)];
}

/** Gives what stands in the place of a placeholder. */
type Look = (placeholder: string) => Promise<Completion>;

async function valuesOf(option: Option, look: Look): Promise<Completion> {
  if (option.argChoices !== undefined) return { words: option.argChoices.map((word) => ({ word, about: '' })), files: false };
  const [, placeholder = ''] = /[<[]([^>\]]+)[>\]]/.exec(option.flags) ?? [];
  return look(option.long === '--cluster' ? 'cluster' : placeholder);
}

async function argumentsOf(argument: Argument, look: Look): Promise<Completion> {
  if (argument.argChoices !== undefined) return { words: argument.argChoices.map((word) => ({ word, about: '' })), files: false };
  return look(argument.name());
}

async function ofPlaceholder(placeholder: string, sources: Sources, given: Given): Promise<Completion> {
  const source = Object.hasOwn(SOURCES, placeholder) ? SOURCES[placeholder] : undefined;
  if (source !== undefined) return { words: await sources[source](given), files: false };
  return { words: [], files: FILES.includes(placeholder) };
}

function flagsOf({ long, short, description }: Option): Candidate[] {
  return [long, short].flatMap((word) => (word ? [{ word, about: description }] : []));
}

function startingWith(start: string, prefix: string, { words, files }: Completion): Completion {
  return {
    words: words.filter(({ word }) => word.startsWith(start)).map(({ word, about }) => ({ word: `${prefix}${word}`, about })),
    files,
  };
}

/** The completion as the shells' scripts read it: a line for each word with a tab and what it is, at the end `:files` where files may stand there. */
export function renderCompletion({ words, files }: Completion): string {
  const lines = words.map(({ word, about }) => (about === '' ? word : `${word}\t${about.replaceAll(/\s+/g, ' ')}`));
  return [...lines, ...(files ? [':files'] : [])].map((line) => `${line}\n`).join('');
}
