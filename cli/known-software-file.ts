import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { PodshiftError } from '../src/model/errors.ts';
import { type KnownSoftwareRow, knownSoftwareRow } from '../src/model/known-software/known-software.ts';
import { schemaProblems } from '../src/model/text/schema-problems.ts';
import { readYaml } from '../src/model/text/yaml-problem.ts';

/**
 * Reads the rows of a `--known-software` file, a list in YAML or JSON in the form of docs/known-software.md. Throws `UsageError`
 * naming the file and what is wrong in it.
 */
export function readKnownSoftware(path: string): KnownSoftwareRow[] {
  const read = readYaml(textOf(path));
  if ('problem' in read) throw new PodshiftError('UsageError', `could not read ${path}: it is not YAML: ${read.problem}`);
  const parsed = z.array(knownSoftwareRow).safeParse(read.value ?? []);
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
