import { type Document, parseDocument, visit, type YAMLError } from 'yaml';
import { placeIn } from './place.ts';

/** Where and why a text is no YAML. */
export interface YamlProblem {
  readonly line: number;
  readonly column: number;
  /** In words of our own; it quotes nothing of the text. */
  readonly problem: string;
}

/** What is wrong, by the codes of the library: its own texts speak of its parser, and quote what stands there, which may be secret. */
const WORDS: Readonly<Record<string, string>> = {
  ALIAS_PROPS: 'an alias (*NAME) has an anchor or a tag',
  BAD_ALIAS: 'an anchor or an alias has no name that can be read',
  BAD_DQ_ESCAPE: 'a backslash in double quotes begins nothing that is known',
  BAD_INDENT: 'the indentation does not fit, or a bracket is not closed',
  BAD_SCALAR_START: 'a value begins with a character that needs quotes',
  BLOCK_AS_IMPLICIT_KEY: 'a second colon stands on the line: put the value in quotes, or on lines of its own',
  BLOCK_IN_FLOW: 'an indented list or map stands within brackets',
  DUPLICATE_KEY: 'a key stands twice in one map',
  KEY_OVER_1024_CHARS: 'a key is longer than 1024 characters',
  MISSING_CHAR: 'a quote, a bracket, a comma or a colon is missing',
  MULTILINE_IMPLICIT_KEY: 'a key goes over several lines, or its colon is missing',
  MULTIPLE_DOCS: 'a second document begins, where one is expected',
  TAB_AS_INDENT: 'a tab stands where spaces have to indent',
};
const OTHER = 'what stands here does not fit';
const CUT_OFF = 'the text ends in the middle';
const UNRESOLVED = 'an alias (*NAME) has no anchor (&NAME) ahead of it';

/** The first thing that is wrong with a text, from what the library found. */
export function yamlProblem(text: string, error: YAMLError): YamlProblem {
  const { line, column } = placeIn(text, error.pos[0]);
  const isCut = error.pos[0] >= text.trimEnd().length && (error.code === 'BAD_INDENT' || error.code === 'MISSING_CHAR');
  return { line, column, problem: isCut ? CUT_OFF : (WORDS[error.code] ?? OTHER) };
}

/** `line 2, column 1: a key stands twice in one map`. */
export function describeYaml({ line, column, problem }: YamlProblem): string {
  return `line ${line}, column ${column}: ${problem}`;
}

/** The first alias without an anchor: the library finds it only when it makes values of the document. */
export function unresolvedAlias(text: string, document: Document.Parsed): YamlProblem | undefined {
  let found: YamlProblem | undefined;
  visit(document, {
    Alias(_key, alias) {
      if (alias.resolve(document) !== undefined) return undefined;
      found = { ...placeIn(text, alias.range?.[0] ?? 0), problem: UNRESOLVED };
      return visit.BREAK;
    },
  });
  return found;
}

/** The value of a text that holds one YAML document (JSON is one), null for an empty one; or why it cannot be read. */
export function readYaml(text: string): { readonly value: unknown } | { readonly problem: string } {
  const document = parseDocument(text, { uniqueKeys: true, logLevel: 'error' });
  const [error] = document.errors;
  const problem = error === undefined ? unresolvedAlias(text, document) : yamlProblem(text, error);
  return problem === undefined ? { value: document.toJS({ maxAliasCount: -1 }) as unknown } : { problem: describeYaml(problem) };
}
