import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { posix, win32 } from 'node:path';
import { isMap, isScalar, LineCounter, type Pair, parseDocument, type Scalar } from 'yaml';
import { PodshiftError } from '../../src/model/errors.ts';
import { nearest } from '../../src/model/text/nearest.ts';
import { didYouMean } from '../command-line/words.ts';
import type { Machine } from '../journal-folder.ts';
import { SETTINGS, type SettingName } from './table.ts';

/** A setting as it holds here, and where it is from. */
export interface Setting {
  readonly name: SettingName;
  readonly value: string;
  readonly source: 'environment' | 'file';
  /** The variable's name, or the file and the line: `/home/me/.config/podshift/config.yaml:2`. */
  readonly from: string;
}

const NAMES = Object.keys(SETTINGS) as SettingName[];

/**
 * Where the user's settings are: `podshift/config.yaml` in `$XDG_CONFIG_HOME` or `~/.config` (XDG Base Directory Specification, by which a
 * relative path is as none), on Windows in `%APPDATA%`.
 */
export function settingsPath({ platform, environment, home }: Machine): string {
  if (platform === 'win32') return win32.join(environment.APPDATA || win32.join(home, 'AppData', 'Roaming'), 'podshift', 'config.yaml');
  const given = environment.XDG_CONFIG_HOME ?? '';
  return posix.join(posix.isAbsolute(given) ? given : posix.join(home, '.config'), 'podshift', 'config.yaml');
}

/** The file of this user. */
export function settingsFile(environment: Machine['environment']): string {
  return settingsPath({ platform: process.platform, environment, home: homedir() });
}

/**
 * The settings of the environment and of the user's file, the environment first; none is there twice. Throws `UsageError` for a file that
 * cannot be read, an unknown key (with the nearest one) and a wrong value, with file and line.
 */
export async function readSettings(environment: Machine['environment']): Promise<Setting[]> {
  const path = settingsFile(environment);
  return settingsOf(environment, { path, text: await textOf(path) });
}

/** The same of a file's text, undefined where there is none. Pure. */
export function settingsOf(
  environment: Machine['environment'],
  { path, text }: { readonly path: string; readonly text: string | undefined },
): Setting[] {
  const ofFile = text === undefined ? [] : parseSettings(text, path);
  return NAMES.flatMap((name) => {
    const own = fromEnvironment(name, environment);
    if (own !== undefined) return [own];
    // Whoever has set other credentials of AWS means those.
    if (SETTINGS[name].hiddenBy.some((variable) => isSet(environment[variable]))) return [];
    return ofFile.filter((one) => one.name === name);
  });
}

function fromEnvironment(name: SettingName, environment: Machine['environment']): Setting | undefined {
  const variable = SETTINGS[name].variables.find((one) => isSet(environment[one]));
  if (variable === undefined) return undefined;
  const value = environment[variable] ?? '';
  // AWS says itself what is wrong with its own.
  if (!variable.startsWith('AWS_') && !SETTINGS[name].isRight(value)) throw wrong(variable, `it must be ${SETTINGS[name].expects}`);
  return { name, value: atHome(name, value), source: 'environment', from: variable };
}

/** The settings in a file's text. Throws `UsageError`, with file and line. */
export function parseSettings(text: string, path: string): Setting[] {
  const lines = new LineCounter();
  const document = parseDocument(text, { uniqueKeys: true, lineCounter: lines, prettyErrors: false });
  const at = (offset: number): string => `${path}:${lines.linePos(offset).line}`;
  const [problem] = document.errors;
  if (problem !== undefined)
    throw wrong(at(problem.pos[0]), problem.code === 'DUPLICATE_KEY' ? 'this key is there twice' : 'this is no YAML');
  if (document.contents === null) return [];
  if (!isMap(document.contents)) throw wrong(at(0), 'settings are a map of keys to values, such as "region: eu-central-1"');
  return document.contents.items.map((item) => {
    const { key, value } = item as Pair<Scalar, Scalar | null>;
    const name = String(key.value);
    const from = at(key.range?.[0] ?? 0);
    if (!isName(name)) throw wrong(from, `unknown key "${name}"; known are ${NAMES.join(', ')}${didYouMean(nearest(name, NAMES))}`);
    const given: unknown = isScalar(value) ? value.value : undefined;
    if (typeof given !== 'string' || !SETTINGS[name].isRight(given)) throw wrong(from, `${name} must be ${SETTINGS[name].expects}`);
    return { name, value: atHome(name, given), source: 'file', from };
  });
}

function isName(name: string): name is SettingName {
  return Object.hasOwn(SETTINGS, name);
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== '';
}

/** The journal's folder with the user's home for `~`. */
function atHome(name: SettingName, value: string): string {
  return name === 'journal' && value.startsWith('~/') ? posix.join(homedir(), value.slice(2)) : value;
}

/** A mistake in the settings; its text never has a value, which could be a secret in the wrong place. */
function wrong(where: string, what: string): PodshiftError {
  return new PodshiftError('UsageError', `${where}: ${what}`);
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new PodshiftError('UsageError', `the settings in ${path} cannot be read (${code})`, { cause: error });
  }
}
