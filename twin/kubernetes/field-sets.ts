/** Paths of fields, as managedFields names their steps: `f:NAME`, `k:{KEYS}` for an item of a list with keys, `v:VALUE` for one of a set. */
export type FieldPath = readonly string[];

/** FieldsV1 of managedFields (k8s.io/apimachinery pkg/apis/meta/v1): a tree of steps; `.` is the item itself. */
export type FieldsV1 = Readonly<{ [step: string]: FieldsV1 }>;

type Json = unknown;
type JsonObject = Readonly<Record<string, Json>>;

/**
 * Lists whose items have keys, by the member that holds the list's owner and the list's own name (`listMapKeys` of k8s.io/api). A
 * default stands for a key that an item lacks.
 */
const KEYED: Readonly<Record<string, readonly (readonly [key: string, byDefault?: Json])[]>> = {
  'spec.containers': [['name']],
  'spec.initContainers': [['name']],
  'spec.ephemeralContainers': [['name']],
  'spec.volumes': [['name']],
  'spec.imagePullSecrets': [['name']],
  'spec.hostAliases': [['ip']],
  'spec.topologySpreadConstraints': [['topologyKey'], ['whenUnsatisfiable']],
  'spec.resourceClaims': [['name']],
  'spec.schedulingGates': [['name']],
  'spec.ports': [['port'], ['protocol', 'TCP']],
  'containers.env': [['name']],
  'containers.ports': [['containerPort'], ['protocol', 'TCP']],
  'containers.volumeMounts': [['mountPath']],
  'containers.volumeDevices': [['devicePath']],
  'metadata.ownerReferences': [['uid']],
  'status.conditions': [['type']],
  'status.addresses': [['type']],
  '.secrets': [['name']],
  '.imagePullSecrets': [['name']],
};

/** Lists that are sets of plain values. */
const SETS = new Set(['metadata.finalizers']);

/** Objects that are owned as one (`mapType=atomic`). */
const ATOMIC = new Set([
  'selector',
  'nodeSelector',
  'labelSelector',
  'namespaceSelector',
  'podSelector',
  'secretRef',
  'fieldRef',
  'resourceFieldRef',
  'scaleTargetRef',
  'roleRef',
  'subjects',
]);

/** What nobody owns: it names the object, or the server sets it. */
const UNOWNED = new Set([
  'f:apiVersion',
  'f:kind',
  ...[
    'name',
    'namespace',
    'uid',
    'resourceVersion',
    'generation',
    'creationTimestamp',
    'deletionTimestamp',
    'managedFields',
    'selfLink',
    'deletionGracePeriodSeconds',
  ].map((name) => `f:metadata/f:${name}`),
]);

/** One step of an object: its name in managedFields, its value, and where it stands. */
interface Step {
  readonly name: string;
  readonly value: Json;
  /** The name of the member that it is, or in whose list it is an item. */
  readonly member: string;
}

/** Every field that an object sets, but those that nobody owns. `custom` objects have no lists with keys. */
export function pathsOf(object: Json, custom: boolean): FieldPath[] {
  const found: FieldPath[] = [];
  const walk = (value: Json, path: FieldPath, member: string): void => {
    if (UNOWNED.has(path.join('/'))) return;
    const steps = isAtomic(path) ? undefined : stepsOf(value, parentOf(path), member, custom);
    if (steps === undefined || (steps.length === 0 && path.length > 0)) {
      found.push(path);
      return;
    }
    if (path.at(-1)?.startsWith('k:') === true) found.push([...path, '.']);
    for (const step of steps) walk(step.value, [...path, step.name], step.member);
  };
  walk(object, [], '');
  return found;
}

/** Whether what is at a path is owned as one, whatever is in it. */
export function isAtomic(path: FieldPath): boolean {
  const step = path.at(-1) ?? '';
  return step.startsWith('f:') && ATOMIC.has(step.slice(2));
}

/** The steps below a value; undefined for one that is owned as a whole. */
function stepsOf(value: Json, parent: string, member: string, custom: boolean): Step[] | undefined {
  if (Array.isArray(value)) {
    const place = `${parent}.${member}`;
    if (SETS.has(place)) return value.map((item) => ({ name: `v:${JSON.stringify(item)}`, value: item, member }));
    const keys = custom && !place.startsWith('metadata.') ? undefined : KEYED[place];
    if (keys === undefined || !value.every((item) => typeof item === 'object' && item !== null)) return undefined;
    return value.map((item) => ({ name: keyOf(item as JsonObject, keys), value: item, member }));
  }
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.entries(value).map(([name, inner]) => ({ name: `f:${name}`, value: inner, member: name }));
}

function keyOf(item: JsonObject, keys: (typeof KEYED)[string]): string {
  const entries = keys.flatMap(([key, byDefault]) => {
    const value = item[key] ?? byDefault;
    return value === undefined ? [] : [[key, value] as const];
  });
  return `k:${JSON.stringify(Object.fromEntries(entries))}`;
}

/** The member that holds a path's last field: lists of containers of any sort are alike. */
function parentOf(path: FieldPath): string {
  const names = path.slice(0, -1).filter((step) => step.startsWith('f:'));
  const name = names.at(-1)?.slice(2) ?? '';
  return name === 'initContainers' || name === 'ephemeralContainers' ? 'containers' : name;
}

/** A set of paths as managedFields holds it. */
export function toFields(paths: Iterable<FieldPath>): FieldsV1 {
  const root: { [step: string]: object } = {};
  for (const path of paths) {
    let at: { [step: string]: object } = root;
    for (const step of path) {
      at[step] ??= {};
      at = at[step] as { [step: string]: object };
    }
  }
  return root as FieldsV1;
}

/** The paths of a tree of managedFields: those of its leaves. */
export function fromFields(fields: FieldsV1): FieldPath[] {
  return Object.entries(fields).flatMap(([step, inner]): FieldPath[] =>
    Object.keys(inner).length === 0 ? [[step]] : fromFields(inner).map((path) => [step, ...path]),
  );
}

/** The value at a path; undefined where there is none. */
export function valueAt(object: Json, path: FieldPath): Json {
  return path.reduce<Json>((value, step) => (step === '.' ? value : childOf(value, step)), object);
}

function childOf(value: Json, step: string): Json {
  const rest = step.slice(2);
  if (step.startsWith('f:')) return typeof value === 'object' && value !== null ? (value as JsonObject)[rest] : undefined;
  if (!Array.isArray(value)) return undefined;
  const wanted: Json = JSON.parse(rest);
  return step.startsWith('v:') ? value.find((item) => item === wanted) : value.find((item) => isKeyed(item, wanted as JsonObject));
}

function isKeyed(item: Json, keys: JsonObject): boolean {
  if (typeof item !== 'object' || item === null) return false;
  return Object.entries(keys).every(
    ([key, value]) =>
      (item as JsonObject)[key] === value || (key === 'protocol' && value === 'TCP' && (item as JsonObject)[key] === undefined),
  );
}

/** The object with a value at a path; what is missing on the way is made. */
export function withValue(object: Json, path: FieldPath, value: Json): Json {
  const [step, ...rest] = path;
  if (step === undefined) return value;
  if (step === '.') return object ?? {};
  const name = step.slice(2);
  if (step.startsWith('f:')) {
    const base = typeof object === 'object' && object !== null && !Array.isArray(object) ? (object as JsonObject) : {};
    return { ...base, [name]: withValue(base[name], rest, value) };
  }
  const list: readonly Json[] = Array.isArray(object) ? object : [];
  const wanted: Json = JSON.parse(name);
  if (step.startsWith('v:')) return list.includes(wanted) ? list : [...list, wanted];
  const index = list.findIndex((item) => isKeyed(item, wanted as JsonObject));
  const changed = withValue(index === -1 ? wanted : list[index], rest, value);
  return index === -1 ? [...list, changed] : list.map((item, at) => (at === index ? changed : item));
}

/** The object without what is at a path; an item goes as a whole where the path ends with it. */
export function withoutValue(object: Json, path: FieldPath): Json {
  const [step, ...rest] = path;
  if (step === undefined) return undefined;
  const name = step.slice(2);
  if (step.startsWith('f:')) {
    if (typeof object !== 'object' || object === null || !(name in object)) return object;
    const { [name]: inner, ...others } = object as JsonObject;
    const changed = withoutValue(inner, rest);
    return withoutEmpty(changed === undefined ? others : { ...others, [name]: changed });
  }
  if (!Array.isArray(object)) return object;
  const wanted: Json = JSON.parse(name);
  if (step.startsWith('v:')) return withoutEmpty(object.filter((item) => item !== wanted));
  const left = object.flatMap((item) => {
    if (!isKeyed(item, wanted as JsonObject)) return [item];
    if (rest[0] === '.') return [];
    const changed = withoutValue(item, rest);
    return changed === undefined ? [] : [changed];
  });
  return withoutEmpty(left);
}

/** A list or a map whose last item goes is gone itself. */
function withoutEmpty<T extends object>(value: T): T | undefined {
  return Object.keys(value).length === 0 ? undefined : value;
}
