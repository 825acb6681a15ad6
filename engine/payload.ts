import { TaskFailure } from './task-failure.ts';

/** The most bytes of UTF-8 in the input or output of a state (Step Functions Developer Guide, "Quotas"). */
export const DATA_LIMIT = 262_144;

/** Refuses what Step Functions would refuse: more than 256 KiB. No rule can catch it. */
export function checkSize(value: unknown, what: string): void {
  const size = Buffer.byteLength(JSON.stringify(value) ?? '');
  if (size > DATA_LIMIT) {
    throw new TaskFailure('States.DataLimitExceeded', `${what} has ${size} bytes, more than ${DATA_LIMIT}`, { terminal: true });
  }
}

/** The value as it would arrive over the wire: a copy through JSON. What JSON would change or drop on the way is refused. */
export function overTheWire(value: unknown, what: string): unknown {
  checkPlain(value, what);
  return JSON.parse(JSON.stringify(value));
}

function checkPlain(value: unknown, path: string): void {
  if (value === null || typeof value === 'string' || typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value))) {
    return;
  }
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      checkPlain(item, `${path}[${index}]`);
    }
    return;
  }
  if (typeof value === 'object' && (Object.getPrototypeOf(value) === Object.prototype || Object.getPrototypeOf(value) === null)) {
    for (const [key, item] of Object.entries(value)) {
      checkPlain(item, `${path}.${key}`);
    }
    return;
  }
  const kind = typeof value === 'object' ? value.constructor.name : String(value === undefined ? value : typeof value);
  throw new TaskFailure('InternalError', `${path} is not plain JSON: ${kind}`);
}
