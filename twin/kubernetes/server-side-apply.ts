import { isDeepStrictEqual } from 'node:util';
import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import { type FieldPath, type FieldsV1, fromFields, isAtomic, pathsOf, toFields, valueAt, withoutValue, withValue } from './field-sets.ts';
import { withMetadata } from './objects.ts';
import { ApiError } from './status.ts';

/** One manager of an object's fields. */
type Managed = NonNullable<KubernetesObject['metadata']['managedFields']>[number] & {
  readonly apiVersion?: string;
  readonly time?: string;
  readonly fieldsType?: string;
  readonly fieldsV1?: FieldsV1;
  readonly subresource?: string;
};

/** Who applies, and how. */
export interface ApplyOptions {
  readonly manager: string;
  /** Takes fields from whoever has them. */
  readonly force: boolean;
  /** RFC 3339. */
  readonly time: string;
  /** Whether the object is a custom resource. */
  readonly custom: boolean;
}

/**
 * What server-side apply makes of an object: its fields as applied, without those that this manager applied before and nobody else has,
 * and with who manages what (sigs.k8s.io/structured-merge-diff). Throws 409 with the fields that another manager holds with other
 * values, unless it is forced.
 */
export function applied(live: KubernetesObject, config: KubernetesObject, options: ApplyOptions): KubernetesObject {
  const { manager, force, custom } = options;
  const managers = (live.metadata.managedFields ?? []) as readonly Managed[];
  const isOwn = (entry: Managed) => entry.manager === manager && entry.operation === 'Apply' && entry.subresource === undefined;
  const others = managers.filter((entry) => !isOwn(entry));
  const wanted = pathsOf(config, custom);
  const keys = new Set(wanted.map(keyOf));
  const differs = (path: FieldPath) =>
    path.at(-1) !== '.' && !isDeepStrictEqual(valueAt(live, path), valueAt(merge(live, path, valueAt(config, path)), path));
  const conflicts = others.flatMap((entry) =>
    fromFields(entry.fieldsV1 ?? {}).flatMap((path) => (keys.has(keyOf(path)) && differs(path) ? [{ entry, path }] : [])),
  );
  if (conflicts.length > 0 && !force) throw conflictOf(conflicts);

  const held = new Set(others.flatMap((entry) => fromFields(entry.fieldsV1 ?? {}).map(keyOf)));
  const before = managers.filter(isOwn).flatMap((entry) => fromFields(entry.fieldsV1 ?? {}));
  const given = before.filter((path) => !(keys.has(keyOf(path)) || held.has(keyOf(path))));
  // An item goes with its own path; what is in it need not be looked at.
  const ordered = [...given].sort((a, b) => Number(b.at(-1) === '.') - Number(a.at(-1) === '.'));
  const without = ordered.reduce<unknown>((object, path) => withoutValue(object, path) ?? {}, live);
  const merged = wanted.reduce<unknown>((object, path) => merge(object, path, valueAt(config, path)), without) as KubernetesObject;
  const lost = new Set(conflicts.map(({ path }) => keyOf(path)));
  const mine: Managed = {
    manager,
    operation: 'Apply',
    apiVersion: config.apiVersion,
    time: options.time,
    fieldsType: 'FieldsV1',
    fieldsV1: toFields(wanted),
  };
  return withMetadata(merged, { managedFields: [mine, ...withoutPaths(others, lost)] });
}

/** An empty object says that it is there, and nothing of what is in it. */
function merge(object: unknown, path: FieldPath, value: unknown): unknown {
  const present = valueAt(object, path);
  const isMap = (one: unknown) => typeof one === 'object' && one !== null && !Array.isArray(one);
  const says = !isMap(value) || Object.keys(value as object).length > 0 || isAtomic(path);
  return says || !isMap(present) ? withValue(object, path, value) : object;
}

/** Who manages what after a manager changed an object otherwise than by apply: the fields that it changed are its own, and nobody else's. */
export function afterUpdate(before: KubernetesObject, after: KubernetesObject, entry: Managed, custom: boolean): Managed[] {
  const managers = (before.metadata.managedFields ?? []) as readonly Managed[];
  const isSame = (one: Managed) => one.manager === entry.manager && one.operation !== 'Apply' && one.subresource === entry.subresource;
  const others = managers.filter((one) => !isSame(one));
  const isTracked = managers.some(({ fieldsV1 }) => Object.keys(fieldsV1 ?? {}).length > 0);
  if (!isTracked) return [...others, entry];
  const written = pathsOf(after, custom).filter((path) => !isDeepStrictEqual(valueAt(before, path), valueAt(after, path)));
  const changed = new Set(
    [...written, ...pathsOf(before, custom)].filter((path) => !isDeepStrictEqual(valueAt(before, path), valueAt(after, path))).map(keyOf),
  );
  const kept = managers
    .filter(isSame)
    .flatMap(({ fieldsV1 }) => fromFields(fieldsV1 ?? {}).filter((path) => valueAt(after, path) !== undefined));
  return [...withoutPaths(others, changed), { ...entry, fieldsV1: toFields([...kept, ...written]) }];
}

/** Whether the same managers have the same fields in both, whenever they got them. */
export function sameManagers(one: KubernetesObject, other: KubernetesObject): boolean {
  const of = ({ metadata }: KubernetesObject) =>
    ((metadata.managedFields ?? []) as readonly Managed[])
      .map(({ manager, operation, subresource, fieldsV1 }) =>
        JSON.stringify([
          manager,
          operation,
          subresource,
          fromFields(fieldsV1 ?? {})
            .map(keyOf)
            .sort(),
        ]),
      )
      .sort();
  return isDeepStrictEqual(of(one), of(other));
}

function withoutPaths(entries: readonly Managed[], lost: ReadonlySet<string>): Managed[] {
  return entries.flatMap((entry) => {
    const paths = fromFields(entry.fieldsV1 ?? {});
    const left = paths.filter((path) => !lost.has(keyOf(path)));
    if (left.length === paths.length) return [entry];
    return left.length === 0 ? [] : [{ ...entry, fieldsV1: toFields(left) }];
  });
}

function conflictOf(conflicts: readonly { readonly entry: Managed; readonly path: FieldPath }[]): ApiError {
  const of = ({ entry }: (typeof conflicts)[number]) =>
    `conflict with "${entry.manager}"${entry.operation === 'Apply' ? '' : ` using ${entry.apiVersion}`}`;
  const several = conflicts.length === 1 ? '1 conflict' : `${conflicts.length} conflicts`;
  const words = [...new Set(conflicts.map(of))].map((who) => {
    const fields = conflicts.filter((one) => of(one) === who).map(({ path }) => textOf(path));
    return conflicts.length === 1 ? `${who}: ${fields[0]}` : `${who}:\n${fields.map((field) => `- ${field}`).join('\n')}`;
  });
  return new ApiError(409, 'Conflict', `Apply failed with ${several}: ${words.join('\n')}`, {
    causes: conflicts.map((one) => ({ reason: 'FieldManagerConflict', message: of(one), field: textOf(one.path) })),
  });
}

/** A path as messages have it: `.spec.containers[name="a"].image`. */
function textOf(path: FieldPath): string {
  return path
    .filter((step) => step !== '.')
    .map((step) => {
      const rest = step.slice(2);
      if (step.startsWith('f:')) return `.${rest}`;
      if (step.startsWith('v:')) return `[=${rest}]`;
      const keys = Object.entries(JSON.parse(rest) as Record<string, unknown>);
      return `[${keys.map(([key, value]) => `${key}=${JSON.stringify(value)}`).join(',')}]`;
    })
    .join('');
}

function keyOf(path: FieldPath): string {
  return JSON.stringify(path);
}
