import type { CapturedFile } from '../aws-answers.ts';
import { tokensBy } from '../redaction/replacement.ts';
import { createDocuments, isOwnGroup } from './documents.ts';
import { createTexts, prefixesIn } from './texts.ts';
import { isKeptWord } from './well-known.ts';
import { createWords } from './words.ts';

/** Files that hold what AWS tells everybody. */
const PUBLIC = /^eks\/(addon-versions\.json|addon-configurations\/)/;

/**
 * The files of a snapshot with every name, id and address replaced that is somebody's own, and with what is well known kept: equal stays
 * equal, and the form and length of each text stay, so that a plan decides alike. Nobody without `key`, which is of one capture and kept
 * nowhere, can tell or try what a text was.
 */
export function withHashedNames(files: readonly CapturedFile[], key: Uint8Array): CapturedFile[] {
  // As they are written: times are text.
  const plain = files.map(({ name, content }) => ({ name, content: JSON.parse(JSON.stringify(content)) as unknown }));
  const prefixes = new Set(plain.filter(({ name }) => !PUBLIC.test(name)).flatMap(({ content }) => textsOf(content).flatMap(prefixesIn)));
  const texts = createTexts(createWords(key, isKeptWord, prefixes));
  const documents = createDocuments(texts, tokensBy(key));
  return plain.map(({ name, content }) =>
    PUBLIC.test(name) ? { name, content } : { name: nameOf(name, texts.hide), content: documents.hide(content) },
  );
}

/** A file's path: its folder and ending stay. */
function nameOf(path: string, hide: (text: string) => string): string {
  const [, folder = '', name = ''] = /^(.*\/)?(.*)\.json$/.exec(path) ?? [];
  if (/^(eks|iam|cloudtrail)\/$|^$/.test(folder) || folder === 'eks/addons/') return path;
  const isKnown = folder === 'kubernetes/' && !isOwnGroup(name.slice(name.indexOf('.') + 1));
  return `${folder}${isKnown ? name : hide(name)}.json`;
}

function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [key, ...textsOf(inner)]);
}
