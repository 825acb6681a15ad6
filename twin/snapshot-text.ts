import { type DocumentOptions, type ParseOptions, parseAllDocuments, type SchemaOptions } from 'yaml';
import { PodshiftError } from '../src/model/errors.ts';
import { isCutOff } from '../src/model/text/json-problem.ts';

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
 * none. Documents that hold nothing are left out. Throws `SnapshotUnreadable` with the line where it breaks.
 */
export function parseDocuments(text: string, name: string): unknown[] {
  const isJson = /^\s*[[{]/.test(text) && !/\.ya?ml$/.test(name);
  const documents = isJson ? parseJsonDocuments(text, name) : parseYamlDocuments(text, name);
  return documents.filter((document) => document !== null && document !== undefined);
}

function parseJsonDocuments(text: string, name: string): unknown[] {
  try {
    return [JSON.parse(text)];
  } catch (error) {
    const parts = splitJson(text);
    if (parts.length < 2) throw brokenJson(text, name, 0, error as Error);
    return parts.map(({ text: part, start }) => {
      const document = part.trimStart();
      try {
        return JSON.parse(document) as unknown;
      } catch (inner) {
        throw brokenJson(document, name, lineOfStart(text, part, start), inner as Error);
      }
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

/** The lines ahead of the one that a part begins on. */
function lineOfStart(text: string, part: string, start: number): number {
  return text.slice(0, start + part.length - part.trimStart().length).split('\n').length - 1;
}

function brokenJson(text: string, name: string, linesAhead: number, error: Error): PodshiftError {
  const line = lineOf(text, error);
  const place = line === undefined && linesAhead === 0 ? '' : `:${(line ?? 1) + linesAhead}`;
  const cut = isCutOff(text, error) ? ', but the text ends in the middle' : '';
  return new PodshiftError('SnapshotUnreadable', `${name}${place}: expected JSON${cut}`, { details: { file: name } });
}

/** The line of V8's "position N" or "line N"; undefined where it names none. */
function lineOf(text: string, error: Error): number | undefined {
  const line = /line (\d+)/.exec(error.message)?.[1];
  if (line !== undefined) return Number(line);
  const position = /position (\d+)/.exec(error.message)?.[1];
  return position === undefined ? undefined : text.slice(0, Number(position)).split('\n').length;
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
  const documents = repeated ? appended(whole) : parsed;
  return documents.map((document) => {
    const error = document.errors[0];
    if (error !== undefined) {
      const line = error.linePos?.[0].line ?? 1;
      throw new PodshiftError('SnapshotUnreadable', `${name}:${line}: expected YAML, ${error.message.split('\n')[0]}`, {
        details: { file: name },
      });
    }
    return document.toJS({ maxAliasCount: -1 }) as unknown;
  });
}

/** Answers of kubectl that were appended without a separator: each begins with `apiVersion` in the first column. */
function appended(text: string): ReturnType<typeof parseAllDocuments> {
  const separated = text.replace(/\n(?=apiVersion:)/g, (_whole, offset: number) =>
    /(^|\n)---[^\n]*\n?$/.test(text.slice(0, offset)) ? '\n' : '\n---\n',
  );
  return parseAllDocuments(separated, YAML);
}
