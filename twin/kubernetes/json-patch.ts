import { equal } from './objects.ts';

/** Thrown for a patch that does not apply: the API server answers 422, or 400 where it cannot be read. */
export class JsonPatchProblem extends Error {
  readonly unreadable: boolean;

  constructor(message: string, unreadable = false) {
    super(message);
    this.unreadable = unreadable;
  }
}

type Container = Record<string, unknown> | unknown[];

/** RFC 6902. `target` stays as it is; parts that the patch does not touch are shared with it. */
export function jsonPatch(target: unknown, operations: unknown): unknown {
  if (!Array.isArray(operations)) {
    throw new JsonPatchProblem('a JSON patch is a list of operations', true);
  }
  return operations.reduce((document, operation) => apply(document, operation as Record<string, unknown>), target);
}

function apply(document: unknown, operation: Record<string, unknown>): unknown {
  const path = pointer(operation.path);
  switch (operation.op) {
    case 'add':
      return change(document, path, (container, key) => put(container, key, operation.value, true));
    case 'remove':
      read(document, path);
      return change(document, path, drop);
    case 'replace':
      read(document, path);
      return change(document, path, (container, key) => put(container, key, operation.value, false));
    case 'move': {
      const from = pointer(operation.from);
      const value = read(document, from);
      return change(change(document, from, drop), path, (container, key) => put(container, key, value, true));
    }
    case 'copy': {
      const value = read(document, pointer(operation.from));
      return change(document, path, (container, key) => put(container, key, value, true));
    }
    case 'test':
      if (!equal(read(document, path), operation.value)) {
        throw new JsonPatchProblem(`testing value ${String(operation.path)} failed`);
      }
      return document;
    default:
      throw new JsonPatchProblem(`Unexpected kind: ${String(operation.op)}`);
  }
}

function pointer(path: unknown): string[] {
  if (typeof path !== 'string' || (path !== '' && !path.startsWith('/'))) {
    throw new JsonPatchProblem(`bad JSON pointer ${JSON.stringify(path)}`, true);
  }
  return path === ''
    ? []
    : path
        .slice(1)
        .split('/')
        .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function read(document: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((at, key) => {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) {
      throw new JsonPatchProblem(`doc is missing path: /${path.join('/')}: missing value`);
    }
    return (at as Record<string, unknown>)[key];
  }, document);
}

function change(document: unknown, path: readonly string[], edit: (container: Container, key: string) => void): unknown {
  const [key, ...rest] = path;
  if (key === undefined || typeof document !== 'object' || document === null) {
    throw new JsonPatchProblem('doc is missing path: missing value');
  }
  const copy: Container = Array.isArray(document) ? [...document] : { ...document };
  if (rest.length === 0) {
    edit(copy, key);
  } else {
    (copy as Record<string, unknown>)[key] = change((document as Record<string, unknown>)[key], rest, edit);
  }
  return copy;
}

function put(container: Container, key: string, value: unknown, insert: boolean): void {
  if (!Array.isArray(container)) {
    container[key] = value;
    return;
  }
  const index = key === '-' ? container.length : Number(key);
  if (!Number.isInteger(index) || index < 0 || index > container.length) {
    throw new JsonPatchProblem(`Unable to access invalid index: ${key}`);
  }
  container.splice(index, insert ? 0 : 1, value);
}

function drop(container: Container, key: string): void {
  if (Array.isArray(container)) {
    container.splice(Number(key), 1);
  } else {
    delete container[key];
  }
}
