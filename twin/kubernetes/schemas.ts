import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { BUILT, PACKAGED } from '../../engine/root.ts';

/** A schema of OpenAPI v3, as far as it is made here. */
export type Schema = Readonly<Record<string, unknown>>;

/** Where the Kubernetes client has a declaration file for each type of the API, with the API's own descriptions. */
const MODELS = PACKAGED ? '' : join(dirname(createRequire(import.meta.url).resolve('@kubernetes/client-node')), 'gen', 'models');

let ofPackage: Readonly<Record<string, string>> | undefined;

/** The declaration of a type; undefined where the client has none. The npm package has all of them in one file. */
function declarationOf(type: string): string | undefined {
  if (PACKAGED) {
    ofPackage ??= JSON.parse(readFileSync(join(BUILT, 'kubernetes-models.json'), 'utf8')) as Record<string, string>;
    return ofPackage[type];
  }
  const file = join(MODELS, `${type}.d.ts`);
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

const PLAIN: Readonly<Record<string, Schema>> = {
  string: { type: 'string' },
  number: { type: 'integer' },
  boolean: { type: 'boolean' },
  any: { type: 'object' },
  object: { type: 'object' },
  Date: { type: 'string', format: 'date-time' },
  V1MicroTime: { type: 'string', format: 'date-time' },
  IntOrString: { oneOf: [{ type: 'integer' }, { type: 'string' }], format: 'int-or-string' },
};

/**
 * How lists merge, by type and member (the `patchStrategy` and `patchMergeKey` tags of k8s.io/api): kubectl reads it from here before
 * it makes a strategic merge patch. A member without a key is a set.
 */
const MERGED: Readonly<Record<string, Readonly<Record<string, string | null>>>> = {
  PodSpec: {
    containers: 'name',
    initContainers: 'name',
    ephemeralContainers: 'name',
    volumes: 'name',
    imagePullSecrets: 'name',
    hostAliases: 'ip',
    topologySpreadConstraints: 'topologyKey',
    resourceClaims: 'name',
    schedulingGates: 'name',
  },
  Container: { env: 'name', volumeMounts: 'mountPath', volumeDevices: 'devicePath', ports: 'containerPort' },
  EphemeralContainer: { env: 'name', volumeMounts: 'mountPath', volumeDevices: 'devicePath', ports: 'containerPort' },
  ServiceSpec: { ports: 'port' },
  ServiceAccount: { secrets: 'name', imagePullSecrets: 'name' },
  ObjectMeta: { ownerReferences: 'uid', finalizers: null },
  NodeStatus: { addresses: 'type', conditions: 'type' },
  PodStatus: { podIPs: 'ip', conditions: 'type' },
};

/** Members whose objects keep only what a patch names of them. */
const RETAINED: Readonly<Record<string, ReadonlySet<string>>> = {
  PodSpec: new Set(['volumes', 'resourceClaims']),
  DeploymentSpec: new Set(['strategy']),
};

/** The name of a kind's schema among those of {@link schemasOf}. */
export interface NamedSchemas {
  readonly name: string;
  readonly schemas: ReadonlyMap<string, Schema>;
}

/** The schema of a built-in kind, with all that it refers to; undefined where the client has no such type. */
export function schemasOf(version: string, kind: string): NamedSchemas | undefined {
  const prefix = `${version.charAt(0).toUpperCase()}${version.slice(1)}`;
  const type = [`${prefix}${kind}`, `Core${prefix}${kind}`].find((one) => declarationOf(one) !== undefined);
  if (type === undefined) return undefined;
  const schemas = new Map<string, Schema>();
  const wanted = [type];
  for (let next = wanted.pop(); next !== undefined; next = wanted.pop()) {
    const name = nameOf(next);
    if (schemas.has(name)) continue;
    const { schema, types } = read(next);
    schemas.set(name, schema);
    wanted.push(...types);
  }
  return { name: nameOf(type), schemas };
}

interface Read {
  readonly schema: Schema;
  /** The types that it refers to. */
  readonly types: readonly string[];
}

/** A member of a declared type, with its comment. */
const MEMBER = /(?: {4}\/\*\*\n((?: {4}\*[^\n]*\n)*?) {4}\*\/\n)? {4}'([^']+)'(\?)?: (\{[^}]*\}|[^;{]+);\n/g;

const cache = new Map<string, Read>();

/** The schema that a type's declaration file describes. */
function read(type: string): Read {
  const known = cache.get(type);
  if (known !== undefined) return known;
  const text = declarationOf(type) ?? '';
  const types: string[] = [];
  const required: string[] = [];
  const short = shortOf(type);
  const properties: Record<string, Schema> = {};
  const [, description = ''] = /\/\*\*\n((?:\* [^\n]*\n)+)\*\/\nexport declare class /.exec(text) ?? [];
  for (const [, comment = '', name = '', optional, declared = ''] of text.matchAll(MEMBER)) {
    if (optional === undefined) required.push(name);
    properties[name] = { ...schemaOf(declared, types), description: wordsOf(comment), ...mergingOf(short, name) };
  }
  const schema = {
    type: 'object',
    description: wordsOf(description),
    properties,
    ...(required.length === 0 ? {} : { required }),
  };
  const found = { schema, types };
  cache.set(type, found);
  return found;
}

/** The schema of a declared type; adds the types that it refers to. */
function schemaOf(declared: string, types: string[]): Schema {
  const text = declared.trim();
  const list = /^(?:Array<(.+)>|(.+)\[\])$/.exec(text);
  if (list !== null) return { type: 'array', items: schemaOf(list[1] ?? list[2] ?? 'any', types) };
  const map = /^\{\s*\[key: string\]: ([^;]+);?\s*\}$/.exec(text);
  if (map !== null) return { type: 'object', additionalProperties: schemaOf(map[1] ?? 'any', types) };
  const plain = PLAIN[text];
  if (plain !== undefined) return plain;
  if (!existsSync(join(MODELS, `${text}.d.ts`))) return { type: 'object' };
  types.push(text);
  return { allOf: [{ $ref: `#/components/schemas/${nameOf(text)}` }] };
}

function mergingOf(type: string, member: string): Schema {
  const keys = MERGED[type] ?? (type.endsWith('Status') ? { conditions: 'type' } : {});
  const retains = RETAINED[type]?.has(member) === true;
  if (!(member in keys)) return retains ? { 'x-kubernetes-patch-strategy': 'retainKeys' } : {};
  const key = keys[member];
  return {
    'x-kubernetes-patch-strategy': retains ? 'merge,retainKeys' : 'merge',
    ...(typeof key === 'string' ? { 'x-kubernetes-patch-merge-key': key } : {}),
  };
}

/** `V1DeploymentSpec` is `DeploymentSpec`, as kubectl shows it. */
function shortOf(type: string): string {
  return type.replace(/^[A-Za-z]*?V\d+(?:(?:alpha|beta)\d+)?(?=[A-Z])/, '');
}

function nameOf(type: string): string {
  const version = /V\d+(?:(?:alpha|beta)\d+)?/.exec(type)?.[0].toLowerCase() ?? 'v1';
  return `io.k8s.api.${version}.${shortOf(type)}`;
}

function wordsOf(comment: string): string {
  return comment
    .replace(/^ *\* ?/gm, '')
    .replaceAll("\\'", "'")
    .trim();
}
