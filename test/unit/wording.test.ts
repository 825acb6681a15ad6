import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { EXIT_CODES } from '../../cli/exit-codes.ts';
import { REMEDIES } from '../../src/model/errors/kinds.ts';
import { ERRORS } from '../../src/model/errors.ts';
import { FINDINGS } from '../../src/model/findings.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Words that docs/wording.md has others for. */
const HOUSE_WORDS: readonly RegExp[] = [
  /\bmend(s|ed|ing)?\b/i,
  /\bsettl(e|es|ed|ing)\b/i,
  /\bways? back\b/i,
  /\b(goes|go|went|gone|going) back\b/i,
  /\b(take|takes|taken|taking|took) (it |them |all |that )?back\b/i,
  /\bleft alone\b|\bleaves? (it|them|(its|the|a) [\w-]+) alone\b|\bleft (exactly )?as (it|they) (is|are|was|were)\b/i,
  // In the sense of a blocker or a lock; a file may hold text.
  /\bheld\b/i,
  /(?<!--)\bhold(s|ing)? (the |a |its |such |no )?(service accounts?|units?|runs?|workloads?|cluster|wave|lock)\b/i,
  /\b(run|topic|unit|operator|reader)s? (is|are|was|were) told\b|\btells? of\b|\btold (of|by)\b/i,
  /\bnothing is to be\b|\b(is|are) to be (installed|done|held|retired)\b/i,
  /\bmade again\b|\bmakes? (it|them) again\b/i,
  /\bThe step is tried again\b/,
];

/** The words of libraries, and how regular expressions look. */
const FOREIGN: readonly RegExp[] = [
  /\b(zod|YAMLParseError|SyntaxError|JSON\.parse)\b/,
  /\bInvalid input\b|\bUnrecognized key|\bexpected string, received\b/,
  /\bUnexpected token\b|\bUnexpected end of JSON\b/,
  /\bFlow (sequence|map)\b|\bblock collection\b|\bimplicit key/i,
  /\(\?[:=!<]|\[\^|\\[dws]\b|\^\[|\]\+\$/,
];

/** What a text has that it should not; code in back quotes and placeholders are no prose. */
function wrong(text: string, words: readonly RegExp[] = [...HOUSE_WORDS, ...FOREIGN]): string[] {
  const prose = text.replaceAll(/`[^`]*`|<[^>]*>/g, '…');
  return words.flatMap((word) => word.exec(prose)?.[0] ?? []);
}

/** Files whose literals reach people; definitions of patterns and the twin's own machinery are looked at too, their comments not. */
const ROOMS = ['src', 'cli', 'functions', 'engine', 'infra', 'twin'];

function filesUnder(folder: string, ending: RegExp): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => ending.test(name) && !name.includes('node_modules'))
    .map((name) => join(folder, name))
    .sort();
}

/** The texts of a file, without its code: string literals of two words and more, and what a template has between its expressions. */
function literalsOf(file: string): { readonly line: number; readonly text: string }[] {
  const source = ts.createSourceFile(file, readFileSync(join(ROOT, file), 'utf8'), ts.ScriptTarget.Latest, true);
  const found: { line: number; text: string }[] = [];
  const add = (node: ts.Node, text: string): void => {
    if (!/\s/.test(text.trim())) return;
    found.push({ line: source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1, text });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return;
    if (ts.isStringLiteralLike(node)) add(node, node.text);
    else if (ts.isTemplateExpression(node)) {
      add(node, [node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)].join('…'));
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** Texts that stand as they are for a reason: another product's words that are read, not written. */
const READ_NOT_WRITTEN = new Set(['src/model/text/schema-problems.ts', 'infra/bundle.cjs']);

describe('the wording of what people read (docs/wording.md)', () => {
  it.each(ROOMS)('is the field’s in the texts of %s', (room) => {
    const found = filesUnder(room, /\.(ts|cjs)$/)
      .filter((file) => !READ_NOT_WRITTEN.has(file))
      .flatMap((file) =>
        literalsOf(file).flatMap(({ line, text }) => wrong(text).map((word) => `${file}:${line}: "${word}" in: ${text.slice(0, 160)}`)),
      );
    expect(found).toEqual([]);
  });

  it('is the field’s in the tables, which the pages repeat', () => {
    const texts = [
      ...Object.entries(ERRORS).map(([name, { remedy }]) => [name, remedy] as const),
      ...Object.entries(REMEDIES).map(([kind, { remedy }]) => [kind, remedy] as const),
      ...Object.entries(FINDINGS).flatMap(([code, { title, remedy }]) => [[code, title] as const, [code, remedy] as const]),
      ...Object.entries(EXIT_CODES).map(([name, { meaning }]) => [name, meaning] as const),
    ];
    expect(texts.length).toBeGreaterThan(200);
    expect(texts.flatMap(([name, text]) => wrong(text).map((word) => `${name}: "${word}" in: ${text}`))).toEqual([]);
  });

  it.each(filesUnder('docs', /^[^/]+\.md$/).filter((file) => file !== 'docs/wording.md'))('is the field’s in %s', (file) => {
    // Code, and the names of tests that a page links to, are no prose.
    const prose = readFileSync(join(ROOT, file), 'utf8')
      .replaceAll(/```[\s\S]*?```/g, '')
      .replaceAll(/› \*[^*]*\*/g, '');
    const found = prose.split('\n').flatMap((line) => wrong(line, HOUSE_WORDS).map((word) => `"${word}" in: ${line.slice(0, 160)}`));
    expect(found).toEqual([]);
  });

  it.each(['serverless.yml', ...filesUnder('statemachine', /\.yaml$/), ...filesUnder('infra', /\.ya?ml$/)])(
    'is the field’s in the descriptions, comments and causes of %s',
    (file) => {
      const lines = readFileSync(join(ROOT, file), 'utf8').split('\n');
      const texts = lines.filter((line) => /\b(description|Description|Comment|Cause|Error):/.test(line));
      expect(texts.flatMap((line) => wrong(line, HOUSE_WORDS).map((word) => `"${word}" in: ${line.trim()}`))).toEqual([]);
    },
  );

  it.each([
    ['fix what blocks shop/orders', []],
    ['mend what holds the unit, then go back', ['mend', 'go back', 'holds the unit']],
    ['or block such workloads with --hold-downtime', []],
    ['the run ended as `held`', []],
    ['no log holds a secret', []],
    ['the run was held', ['held']],
    ['expected a region such as eu-central-1', []],
    ['must match ^[a-z]+$', ['^[']],
    ['the webhook leaves the container alone', ['leaves the container alone']],
  ])('is judged in: %s', (text, words) => {
    expect(wrong(text)).toEqual(words);
  });
});
