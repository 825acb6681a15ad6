import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import type { OutputName } from '../../cli/outputs/schemas.ts';
import { ROOT } from '../cli/spawn.ts';

const ajv = new Ajv2020({ allErrors: true, allowUnionTypes: true });
formats.default(ajv);

/** What a value has that its published schema (the file in docs/schemas) does not allow, a line each; empty where it is valid. */
export function problemsOf(name: OutputName, value: unknown): string[] {
  const id = `urn:podshift:schema:${name}`;
  const validate = ajv.getSchema(id) ?? ajv.compile(JSON.parse(readFileSync(join(ROOT, 'docs/schemas', `${name}.json`), 'utf8')));
  validate(value);
  return (validate.errors ?? []).map(
    ({ instancePath, message, params }) => `${name}${instancePath} ${message ?? ''} ${JSON.stringify(params)}`,
  );
}
