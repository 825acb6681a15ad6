import { readFileSync } from 'node:fs';
import { parseDocument } from 'yaml';
import { z } from 'zod';
import { PodshiftError } from '../src/model/errors.ts';
import { type KnownSoftwareRow, knownSoftwareRow } from '../src/model/known-software/known-software.ts';
import { schemaProblems } from '../src/model/text/schema-problems.ts';

/**
 * Reads the rows of a `--known-software` file, a list in YAML or JSON in the form of docs/known-software.md. Throws `UsageError`
 * naming the file and what is wrong in it.
 */
export function readKnownSoftware(path: string): KnownSoftwareRow[] {
  const document = parseDocument(textOf(path), { uniqueKeys: true });
  const [problem] = document.errors;
  if (problem !== undefined) throw new PodshiftError('UsageError', `could not read ${path}: ${problem.message.split('\n')[0]}`);
  const parsed = z.array(knownSoftwareRow).safeParse(document.toJS() ?? []);
  if (!parsed.success) throw new PodshiftError('UsageError', `could not read ${path}: ${schemaProblems(parsed.error)}`);
  return parsed.data;
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new PodshiftError('UsageError', `could not read ${path}: ${(error as NodeJS.ErrnoException).code}`, { cause: error });
  }
}
