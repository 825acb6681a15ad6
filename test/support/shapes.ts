import * as kubernetes from '@kubernetes/client-node';

// The runtime schemas of the AWS SDK's clients: numbers, arrays, or functions that answer one (@smithy/types, "StaticSchema").
type Schema = unknown;

const LIST = 64;
const MAP = 128;
const KINDS = { simple: 0, list: 1, map: 2, structure: 3 } as const;
const BASE = { blob: 21, boolean: 2, number: 1 } as const;
/** Every number of a time type. */
const TIMES = new Set([4, 5, 6, 7]);

/** A time as the AWS CLI prints it. */
export const TIME = '2026-02-03T04:05:06+00:00';

/** Values by the member's name, or by its path; what is not here gets one by its type. */
export type Samples = Readonly<Record<string, unknown>>;

/** The members of a structure's schema: name and schema. */
function membersOf(schema: readonly unknown[]): [string, Schema][] {
  const [, , , , names, refs] = schema as [number, string, string, unknown, string[], Schema[]];
  return names.map((name, index) => [name, refs[index]]);
}

function resolved(schema: Schema): number | readonly unknown[] {
  let found = typeof schema === 'function' ? (schema as () => Schema)() : schema;
  // A member with traits of its own is a pair of its target and these.
  while (Array.isArray(found) && typeof found[0] !== 'number') found = typeof found[0] === 'function' ? found[0]() : found[0];
  return found as number | readonly unknown[];
}

/** The fullest value of a schema, as the AWS CLI prints it: every member, every list and map with one item. */
export function maximal(schema: Schema, samples: Samples, path = '', open: readonly string[] = []): unknown {
  const member = path.split('.').at(-1) ?? '';
  if (path in samples) return structuredClone(samples[path]);
  if (member in samples) return structuredClone(samples[member]);
  const found = resolved(schema);
  if (typeof found === 'number') {
    if (found >= MAP) return { key: simple(found - MAP, member) };
    return found >= LIST ? [simple(found - LIST, member)] : simple(found, member);
  }
  const [kind, , name] = found as [number, string, string];
  if (kind === KINDS.list) return [maximal(found[4], samples, `${path}[]`, open)];
  if (kind === KINDS.map) return { key: maximal(found[5], samples, `${path}{}`, open) };
  if (kind === KINDS.simple) return simple(found[4] as number, member);
  if (open.includes(name)) return {};
  return Object.fromEntries(membersOf(found).map(([one, inner]) => [one, maximal(inner, samples, `${path}.${one}`, [...open, name])]));
}

function simple(type: number, member: string): unknown {
  if (TIMES.has(type)) return TIME;
  if (type === BASE.boolean) return true;
  return type === BASE.number ? 7 : type === BASE.blob ? 'YmxvYg==' : `some-${member.replace('[]', '')}`;
}

/** The path of every member of a value, lists by their first item. */
export function memberPaths(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (Array.isArray(value)) return value.slice(0, 1).flatMap((item) => memberPaths(item, [...path, '0']));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) => [[...path, name], ...memberPaths(member, [...path, name])]);
}

/** A copy with the member at a path replaced, or left out where the value is undefined. */
export function withMember<T extends object>(value: T, path: readonly string[], member: unknown): T {
  const copy = structuredClone(value);
  const holder = path.slice(0, -1).reduce((at, name) => at[name] as Record<string, unknown>, copy as Record<string, unknown>);
  const last = path.at(-1) as string;
  if (member === undefined) delete holder[last];
  else holder[last] = member;
  return copy;
}

interface Attribute {
  readonly baseName: string;
  readonly type: string;
  readonly format: string;
}

/** The fullest object of a class of the Kubernetes client, such as `V1Pod`, as kubectl prints it. */
export function maximalObject(type: string, samples: Samples, path = '', open: readonly string[] = []): unknown {
  const member = path.split('.').at(-1) ?? '';
  if (path in samples) return structuredClone(samples[path]);
  if (member in samples) return structuredClone(samples[member]);
  const list = /^(?:Array|Set)<(.+)>$/.exec(type)?.[1];
  if (list !== undefined) return [maximalObject(list, samples, `${path}[]`, open)];
  const map = /^\{ \[key: string\]: (.+); \}$/.exec(type)?.[1];
  if (map !== undefined) return { key: maximalObject(map, samples, `${path}{}`, open) };
  if (type === 'boolean') return true;
  if (type === 'number') return 7;
  if (/^(Date|V1MicroTime)$/.test(type)) return '2026-02-03T04:05:06Z';
  const model = (kubernetes as unknown as Record<string, { getAttributeTypeMap?(): Attribute[] } | undefined>)[type];
  const attributes = model?.getAttributeTypeMap?.();
  if (attributes === undefined) return type === 'any' ? { key: 'value' } : type === 'IntOrString' ? 1 : `some-${member.replace('[]', '')}`;
  if (open.includes(type)) return {};
  return Object.fromEntries(
    attributes.map(({ baseName, type: inner }) => [baseName, maximalObject(inner, samples, `${path}.${baseName}`, [...open, type])]),
  );
}
