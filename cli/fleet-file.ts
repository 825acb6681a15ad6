import { readFile } from 'node:fs/promises';
import { PodshiftError } from '../src/model/errors.ts';
import { type FleetSpec, fleetSpec } from '../src/model/fleet.ts';
import { nearest } from '../src/model/text/nearest.ts';
import { schemaProblems } from '../src/model/text/schema-problems.ts';
import { readYaml } from '../src/model/text/yaml-problem.ts';
import { textFlag } from './context.ts';
import type { Invocation } from './program.ts';
import { isSystemError } from './sessions.ts';

/**
 * The settings of a fleet: its file's keys, overruled by the flags that were given, over `defaults`. Throws `UsageError` for
 * a file that cannot be read, for a key that does not exist (it names the nearest one) and for a wrong value.
 */
export async function fleetSpecOf(
  invocation: Invocation,
  file: string | undefined,
  defaults: Readonly<Record<string, unknown>> = {},
): Promise<FleetSpec> {
  const read: Record<string, unknown> = file === undefined ? {} : parseMap(file, await readText(file));
  const given = { ...defaults, ...read, ...flagsOf(invocation) };
  const clusters = { ...(isMap(read.clusters) ? read.clusters : {}), ...selectorsOf(invocation) };
  const parsed = fleetSpec.safeParse(Object.keys(clusters).length === 0 ? given : { ...given, clusters });
  if (parsed.success) return parsed.data;
  if (given.regions === undefined) throw new PodshiftError('UsageError', 'which regions? give --region, or "regions" in the fleet file');
  throw new PodshiftError('UsageError', schemaProblems(parsed.error));
}

function flagsOf(invocation: Invocation): Record<string, unknown> {
  const { account, region } = invocation.flags;
  const texts = {
    memberRole: textFlag(invocation, 'memberRole'),
    externalId: textFlag(invocation, 'externalId'),
    canary: textFlag(invocation, 'canary'),
  };
  return {
    ...(account === undefined ? {} : { accounts: account }),
    ...(region === undefined ? {} : { regions: region }),
    ...Object.fromEntries(Object.entries(texts).filter(([, value]) => value !== undefined)),
  };
}

function selectorsOf({ flags }: Invocation): Record<string, unknown> {
  const tags = ((flags.tag ?? []) as string[]).map((text): [string, string] => {
    const [, key, value] = /^([^=]+)(?:=(.+))?$/.exec(text) ?? [];
    if (key === undefined) throw new PodshiftError('UsageError', `--tag takes KEY or KEY=VALUE, not "${text}"`);
    return [key, value ?? '*'];
  });
  return { ...(flags.name === undefined ? {} : { names: flags.name }), ...(tags.length === 0 ? {} : { tags: Object.fromEntries(tags) }) };
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw new PodshiftError('UsageError', `the fleet file ${file} cannot be read (${error.code})`, { cause: error });
  }
}

function parseMap(file: string, text: string): Record<string, unknown> {
  const read = readYaml(text);
  if ('problem' in read) throw new PodshiftError('UsageError', `the fleet file ${file} is not YAML: ${read.problem}`);
  const value = read.value ?? {};
  if (!isMap(value)) throw new PodshiftError('UsageError', `the fleet file ${file} must be a map of keys to values`);
  const keys = Object.keys(fleetSpec.shape);
  const unknown = Object.keys(value).find((key) => !keys.includes(key));
  if (unknown === undefined) return value;
  const meant = nearest(unknown, keys);
  throw new PodshiftError(
    'UsageError',
    `unknown key "${unknown}" in the fleet file ${file}${meant === undefined ? '' : `; did you mean "${meant}"?`}`,
  );
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
