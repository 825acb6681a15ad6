import { parse as parseYaml, YAMLError } from 'yaml';

/**
 * What an application says when it names the web-identity provider itself instead of using the default chain: a class, an option or
 * a profile's key of it, or its token's file. The action's name in a policy (`sts:AssumeRoleWithWebIdentity`) is none of these.
 */
const PROVIDER = /(?<!sts:\w*)web[_-]?identity|eks\.amazonaws\.com\/serviceaccount\/token/i;

/** The variable in its own case and as a whole word: SDKs read no other, and programs have options that differ in case alone. */
const VARIABLE = /(?<!\w)AWS_ROLE_ARN(?!\w)/;

/** Whether a text names the web-identity provider, or the variable that leads to it. */
export function namesWebIdentity(text: string): boolean {
  return PROVIDER.test(text) || VARIABLE.test(text);
}

/** Whether a word of a command line does: what a shell takes for a comment says nothing. */
export function commandNamesWebIdentity(word: string): boolean {
  return namesWebIdentity(word.includes('\n') ? withoutComments(word, SHELL) : word);
}

/** Whether a file does in what its program reads of it: not in its comments, and not where it only shows or describes something. */
export function fileNamesWebIdentity(name: string, text: string): boolean {
  if (!namesWebIdentity(text) || describes(name, text)) return false;
  return namesWebIdentity(withoutOptions(withoutComments(text, grammarOf(name))));
}

/** How a file's comments begin: as a whole line, and behind something; and its comments of several lines. */
interface Grammar {
  readonly line: RegExp;
  readonly trailing: RegExp | undefined;
  readonly blocks: readonly RegExp[];
}

const SHELL: Grammar = { line: /^\s*#/, trailing: /(?<=\s)#/, blocks: [] };
const SOURCE: Grammar = { line: /^\s*\/\//, trailing: /(?<=\s)\/\//, blocks: [/\/\*[\s\S]*?\*\//g] };
const PROPERTIES: Grammar = { line: /^\s*[#!]/, trailing: undefined, blocks: [] };
const MARKUP: Grammar = { line: /(?!)/, trailing: undefined, blocks: [/<!--[\s\S]*?-->/g] };
const SCRIPTED: Grammar = { line: /^\s*--/, trailing: /(?<=\s)--\s/, blocks: [/--\[\[[\s\S]*?\]\]/g] };
const COMMON: Grammar = { line: /^\s*(#|;|\/\/)/, trailing: SHELL.trailing, blocks: SOURCE.blocks };

/** By the end of the file's name; any other name has the comments that most formats share. */
const GRAMMARS: readonly (readonly [RegExp, Grammar])[] = [
  [/\.(sh|bash|ya?ml|toml|py|rb|conf\.d|env|envrc)$|^\.?(bash_?rc|profile|env)$/i, SHELL],
  [/\.(js|cjs|mjs|ts|go|java|kt|groovy|jsonnet|json5?|jsonc)$/i, SOURCE],
  [/\.properties$/i, PROPERTIES],
  [/\.(xml|xsl|html?)$/i, MARKUP],
  [/\.(lua|sql)$/i, SCRIPTED],
];

function grammarOf(name: string): Grammar {
  return GRAMMARS.find(([pattern]) => pattern.test(name))?.[1] ?? COMMON;
}

function withoutComments(text: string, { line, trailing, blocks }: Grammar): string {
  const rest = blocks.reduce((left, block) => left.replace(block, ' '), text);
  return rest
    .split(/\r?\n/)
    .filter((one) => !line.test(one))
    .map((one) => (trailing === undefined ? one : withoutTrailing(one, trailing)))
    .join('\n');
}

/** A mark between quotes begins no comment; a quote that never ends leaves the line as it is. */
function withoutTrailing(text: string, mark: RegExp): string {
  for (const { index } of text.matchAll(new RegExp(mark, 'g'))) {
    const ahead = text.slice(0, index);
    const open = ['"', "'", '`'].some((quote) => (ahead.split(quote).length - 1) % 2 === 1);
    if (!open) return ahead;
  }
  return text;
}

/** A Fluent Bit configuration in its classic form, whose keys have any case: AWS_Role_ARN there is the output's own option. */
const FLUENT_BIT_SECTION = /^\s*\[(SERVICE|INPUT|FILTER|OUTPUT)\]\s*$/im;
const FLUENT_BIT_ROLE = /^\s*AWS_ROLE_ARN[ \t]+(?![=\s]).*$/gm;

function withoutOptions(text: string): string {
  return FLUENT_BIT_SECTION.test(text) ? text.replace(FLUENT_BIT_ROLE, '') : text;
}

/** Texts for people, Grafana's dashboards and Prometheus' rules: whatever they name, nothing is configured by it. */
function describes(name: string, text: string): boolean {
  if (/\.(md|markdown|rst|adoc)$/i.test(name)) return true;
  const content = parsed(name, text);
  if (content === undefined) return false;
  const board = isRecord(content.dashboard) ? content.dashboard : content;
  if (Array.isArray(board.panels) && ('schemaVersion' in board || 'templating' in board || 'title' in board)) return true;
  const { groups } = content;
  return Array.isArray(groups) && groups.length > 0 && groups.every((group) => isRecord(group) && Array.isArray(group.rules));
}

function parsed(name: string, text: string): Readonly<Record<string, unknown>> | undefined {
  if (!/\.(json|ya?ml|rules)$/i.test(name)) return undefined;
  try {
    const value: unknown = parseYaml(text);
    return isRecord(value) ? value : undefined;
  } catch (error) {
    // A ReferenceError is the library's word for aliases without end.
    if (error instanceof YAMLError || error instanceof ReferenceError) return undefined;
    throw error;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
