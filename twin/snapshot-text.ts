import { type Document, type DocumentOptions, type ParseOptions, parseAllDocuments, type SchemaOptions } from 'yaml';
import { PodshiftError } from '../src/model/errors.ts';
import { isCutOff, jsonFault } from '../src/model/text/json-problem.ts';
import { placeIn } from '../src/model/text/place.ts';
import { unresolvedAlias, yamlProblem } from '../src/model/text/yaml-problem.ts';

/** Where a file is of no use: its command failed, and the shell made the file all the same. */
export type Emptiness = 'empty' | { readonly said: string };

/** What an AWS CLI or kubectl command prints when it fails, where somebody kept that too. */
const FAILURE =
  /^\s*(An error occurred \([^)]*\).*|aws: \[?error\]?.*|usage: aws .*|Unable to locate credentials.*|Error from server.*|error: .*|The connection to the server .*)/i;

/**
 * The text of a file as tools write it: UTF-8, or UTF-16 of either byte order (PowerShell 5 writes it by `>`), with or without a byte
 * order mark. Throws `SnapshotUnreadable` for any other encoding.
 */
export function decodeText(bytes: Uint8Array, name: string): string {
  const encoding = encodingOf(bytes);
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new PodshiftError('SnapshotUnreadable', `${name}: the text is neither UTF-8 nor UTF-16; save it as UTF-8, or take it again`, {
      cause,
      details: { file: name },
    });
  }
}

function encodingOf(bytes: Uint8Array): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be';
  // Without a mark: what these files begin with is ASCII, one half of whose UTF-16 units is zero.
  if (bytes.length >= 2 && bytes[0] !== 0 && bytes[1] === 0) return 'utf-16le';
  if (bytes.length >= 2 && bytes[0] === 0 && bytes[1] !== 0) return 'utf-16be';
  return 'utf-8';
}

/** Why a text holds no document; undefined where it holds something. */
export function emptiness(text: string): Emptiness | undefined {
  if (text.trim() === '') return 'empty';
  const said = FAILURE.exec(text)?.[1];
  return said === undefined ? undefined : { said: said.trim().slice(0, 200) };
}

/**
 * The documents of a text, JSON or YAML whatever the file is called: one, several behind each other (answers that were appended), or
 * none. Documents that hold nothing are left out. Throws `SnapshotUnreadable` with line and column where it breaks.
 */
export function parseDocuments(text: string, name: string): unknown[] {
  const isJson = /^\s*[[{]/.test(text) && !/\.ya?ml$/.test(name);
  const documents = isJson ? parseJsonDocuments(text, name) : parseYamlDocuments(text, name);
  return documents.filter((document) => document !== null && document !== undefined);
}

function parseJsonDocuments(text: string, name: string): unknown[] {
  try {
    return [JSON.parse(text)];
  } catch {
    const parts = splitJson(text);
    return parts.map(({ text: part, start }) => {
      const document = part.trimStart();
      const fault = jsonFault(document);
      if (fault === undefined) return JSON.parse(document) as unknown;
      throw brokenJson(text, name, start + part.length - document.length + fault);
    });
  }
}

/** Values that stand behind each other, by their brackets; brackets in strings do not count. */
function splitJson(text: string): { text: string; start: number }[] {
  const parts: { text: string; start: number }[] = [];
  let depth = 0;
  let inString = false;
  let start = 0;
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index];
    if (inString) {
      if (character === '\\') index += 1;
      else if (character === '"') inString = false;
    } else if (character === '"') inString = true;
    else if (character === '{' || character === '[') depth += 1;
    else if (character === '}' || character === ']') {
      depth -= 1;
      if (depth === 0) {
        parts.push({ text: text.slice(start, index + 1), start });
        start = index + 1;
      }
    }
  }
  return text.slice(start).trim() === '' ? parts : [...parts, { text: text.slice(start), start }];
}

function brokenJson(text: string, name: string, fault: number): PodshiftError {
  const { line, column } = placeIn(text, fault);
  const cut = isCutOff(text, fault) ? ', but the text ends in the middle' : '';
  return new PodshiftError('SnapshotUnreadable', `${name}:${line}:${column}: expected JSON${cut}`, { details: { file: name } });
}

/**
 * As kubectl, Helm and the AWS CLI write and read YAML: version 1.1 with merge keys (`yes` and `on` are booleans), but times, and
 * numbers of base 60, are text, as they are to Go's parser.
 */
const YAML: ParseOptions & DocumentOptions & SchemaOptions = {
  version: '1.1',
  merge: true,
  uniqueKeys: true,
  customTags: (tags) =>
    tags.filter(
      (tag) => typeof tag === 'string' || !(tag.tag === 'tag:yaml.org,2002:timestamp' || ('format' in tag && tag.format === 'TIME')),
    ),
};

function parseYamlDocuments(text: string, name: string): unknown[] {
  const whole = text.replaceAll('\r\n', '\n');
  const parsed = parseAllDocuments(whole, YAML);
  if ('empty' in parsed) return [];
  const repeated = parsed.some((document) => document.errors.some(({ code }) => code === 'DUPLICATE_KEY'));
  const read = repeated ? separate(whole) : { text: whole, added: [] };
  const documents = repeated ? parseAllDocuments(read.text, YAML) : parsed;
  return documents.map((document) => {
    const [error] = document.errors;
    const found = error === undefined ? unresolvedAlias(read.text, document as Document.Parsed) : yamlProblem(read.text, error);
    if (found !== undefined) {
      const line = found.line - read.added.filter((separator) => separator < found.line).length;
      const message = `${name}:${line}:${found.column}: expected YAML, but ${found.problem}`;
      throw new PodshiftError('SnapshotUnreadable', message, { details: { file: name } });
    }
    return document.toJS({ maxAliasCount: -1 }) as unknown;
  });
}

/** Answers of kubectl that were appended without a separator: each begins with `apiVersion` in the first column. With the numbers of the lines that were added. */
function separate(text: string): { readonly text: string; readonly added: readonly number[] } {
  const lines: string[] = [];
  const added: number[] = [];
  for (const line of text.split('\n')) {
    if (line.startsWith('apiVersion:') && lines.length > 0 && !lines.at(-1)?.startsWith('---')) added.push(lines.push('---'));
    lines.push(line);
  }
  return { text: lines.join('\n'), added };
}
