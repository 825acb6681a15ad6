import { readFile } from 'node:fs/promises';
import { parseYaml } from '../../engine/service.ts';
import type { Machine } from './definition-suite.ts';

const ROOT = new URL('../../', import.meta.url);
const FILE = /^\$\{file\((statemachine\/[\w.-]+)\)(?::(\w+))?\}$/;

/** A definition of statemachine/ as it stands there: what it takes from other files is named, not put in. */
export async function readDefinition(name: string): Promise<Machine> {
  return (await readYaml(`statemachine/${name}.asl.yaml`)) as Machine;
}

/** A definition with what it takes from other files put in, as the packaging does. */
export async function composeDefinition(name: string): Promise<Machine> {
  return (await withFiles(await readDefinition(name))) as Machine;
}

async function withFiles(value: unknown): Promise<unknown> {
  if (typeof value === 'string') {
    const [, file, key] = FILE.exec(value) ?? [];
    if (file === undefined) return value;
    const content = await readYaml(file);
    return withFiles(key === undefined ? content : (content as Record<string, unknown>)[key]);
  }
  if (Array.isArray(value)) return Promise.all(value.map(withFiles));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(async ([key, item]) => [key, await withFiles(item)] as const);
  return Object.fromEntries(await Promise.all(entries));
}

async function readYaml(file: string): Promise<unknown> {
  return parseYaml(await readFile(new URL(file, ROOT), 'utf8'));
}
