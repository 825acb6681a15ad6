import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { OUTPUTS, type Output, type OutputName, outputSchema } from '../../../cli/outputs/schemas.ts';
import { commandsWithJson } from '../fixtures/command-lines.ts';

const folder = fileURLToPath(new URL('../../../docs/schemas/', import.meta.url));
const page = readFileSync(new URL('../../../docs/cli.md', import.meta.url), 'utf8');
const names = Object.keys(OUTPUTS) as OutputName[];

/** Places of a schema where an object may have keys that it does not name, and is no map of names to values. */
function openObjects(schema: unknown, path = ''): string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  const { type, additionalProperties } = schema as { readonly type?: unknown; readonly additionalProperties?: unknown };
  const isOpen = type === 'object' && additionalProperties !== false && typeof additionalProperties !== 'object';
  return [...(isOpen ? [path] : []), ...Object.entries(schema).flatMap(([key, value]) => openObjects(value, `${path}/${key}`))];
}

describe('docs/schemas', () => {
  it.each(names)('has the schema of %s as the code makes it (npm run schemas writes it)', async (name) => {
    await expect(`${JSON.stringify(outputSchema(name), null, 2)}\n`).toMatchFileSnapshot(`${folder}${name}.json`);
  });

  it('has no other schema', () => {
    expect(readdirSync(folder).sort()).toEqual(names.map((name) => `${name}.json`).sort());
  });

  it.each(names)('lets %s have no key that it does not name', (name) => {
    expect(openObjects(outputSchema(name))).toEqual([]);
  });

  it('has a schema for every command that takes -o json', () => {
    const described = new Set(Object.values<Output>(OUTPUTS).flatMap(({ commands }) => commands));
    const found = commandsWithJson();
    expect(found).toEqual(expect.arrayContaining(['scan', 'plan', 'fleet plan', 'schedule create', 'addon permissions', 'rollback']));
    expect(found.filter((command) => !described.has(command))).toEqual([]);
  });

  it.each(names)('%s is in the table of docs/cli.md, with the commands that print it', (name) => {
    const { commands }: Output = OUTPUTS[name];
    expect(page).toContain(`| [${name}](schemas/${name}.json) | ${commands.map((command) => `\`${command}\``).join(', ')} |`);
  });
});
