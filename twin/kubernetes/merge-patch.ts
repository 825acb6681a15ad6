/** JSON as a patch holds it. */
type Json = unknown;
type JsonObject = Readonly<Record<string, Json>>;

/** RFC 7396. Parts that the patch does not touch are shared with `target`. */
export function mergePatch(target: Json, patch: Json): Json {
  if (!isObject(patch)) {
    return patch;
  }
  const result = new Map<string, Json>(isObject(target) ? Object.entries(target) : []);
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) {
      result.delete(key);
    } else {
      result.set(key, mergePatch(result.get(key), value));
    }
  }
  return Object.fromEntries(result);
}

/**
 * Lists that a strategic merge patch merges by a key rather than replaces, with that key.
 * From the `patchMergeKey` tags of k8s.io/api core/v1, apps/v1 and meta/v1.
 */
const MERGE_KEYS: Readonly<Record<string, string>> = {
  'spec.containers': 'name',
  'spec.initContainers': 'name',
  'spec.ephemeralContainers': 'name',
  'spec.volumes': 'name',
  'spec.imagePullSecrets': 'name',
  'spec.hostAliases': 'ip',
  'spec.topologySpreadConstraints': 'topologyKey',
  'spec.resourceClaims': 'name',
  'spec.schedulingGates': 'name',
  'spec.ports': 'port',
  'containers.env': 'name',
  'containers.volumeMounts': 'mountPath',
  'containers.volumeDevices': 'devicePath',
  'containers.ports': 'containerPort',
  'metadata.ownerReferences': 'uid',
  'status.conditions': 'type',
  'status.addresses': 'type',
  'status.podIPs': 'ip',
  secrets: 'name',
};

/** Lists of plain values that are merged as sets. */
const SETS = new Set(['metadata.finalizers']);

/** Thrown for a patch that cannot be applied; the API server answers 400. */
export class PatchProblem extends Error {}

/** Kubernetes' strategic merge patch, with its directives `$patch`, `$retainKeys`, `$deleteFromPrimitiveList` and `$setElementOrder`. */
export function strategicMergePatch(target: Json, patch: Json): Json {
  return mergeObject(target, patch, '');
}

function mergeObject(target: Json, patch: Json, parent: string): Json {
  if (!isObject(patch)) {
    return patch;
  }
  const directive = patch.$patch;
  if (directive === 'delete') {
    return undefined;
  }
  const result: Record<string, Json> = isObject(target) && directive !== 'replace' ? { ...target } : {};
  const retained = patch.$retainKeys;
  if (Array.isArray(retained)) {
    for (const key of Object.keys(result)) {
      if (!retained.includes(key)) {
        delete result[key];
      }
    }
  }
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith('$deleteFromPrimitiveList/')) {
      const name = key.slice('$deleteFromPrimitiveList/'.length);
      result[name] = asArray(result[name]).filter((item) => !asArray(value).includes(item));
    } else if (key.startsWith('$')) {
      // The order of merged lists is kept as it is: nothing in the API depends on what `$setElementOrder` asks.
    } else if (value === null) {
      delete result[key];
    } else {
      const merged = mergeField(result[key], value, parent, key);
      if (merged === undefined) {
        delete result[key];
      } else {
        result[key] = merged;
      }
    }
  }
  return result;
}

function mergeField(target: Json, value: Json, parent: string, key: string): Json {
  if (!Array.isArray(value)) {
    return mergeObject(target, value, key);
  }
  const path = parent === '' ? key : `${parent === 'initContainers' || parent === 'ephemeralContainers' ? 'containers' : parent}.${key}`;
  const mergeKey = MERGE_KEYS[path];
  if (mergeKey !== undefined) {
    return mergeList(asArray(target), value, mergeKey, key);
  }
  return SETS.has(path) ? [...new Set([...asArray(target), ...value])] : value;
}

function mergeList(target: readonly Json[], patch: readonly Json[], mergeKey: string, parent: string): Json {
  const replaces = patch.some((item) => isObject(item) && item.$patch === 'replace' && item[mergeKey] === undefined);
  let result: Json[] = replaces ? [] : [...target];
  for (const item of patch) {
    if (!isObject(item)) {
      throw new PatchProblem(`expected an object in the list "${parent}"`);
    }
    const name = item[mergeKey];
    if (name === undefined) {
      if (item.$patch === 'replace') {
        continue;
      }
      throw new PatchProblem(`map: ${JSON.stringify(item)} does not contain declared merge key: ${mergeKey}`);
    }
    const index = result.findIndex((entry) => isObject(entry) && entry[mergeKey] === name);
    if (item.$patch === 'delete') {
      result = result.filter((_, position) => position !== index);
    } else if (index === -1) {
      result.push(mergeObject(undefined, item, parent));
    } else {
      result[index] = mergeObject(result[index], item, parent);
    }
  }
  return result;
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function asArray(value: Json): readonly Json[] {
  return Array.isArray(value) ? value : [];
}
