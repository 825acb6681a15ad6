import { isRecord } from './names.ts';

/** A value with the field where it stands. */
export interface FoundField {
  readonly value: unknown;
  readonly at: string;
}

/** What stands at a path of a row (`spec.a[].b`, `spec.*.b`); nothing where a part of it is missing. */
export function valuesAt(object: unknown, path: string): FoundField[] {
  const parts = path.split('.');
  return parts.reduce<FoundField[]>((found, part) => found.flatMap((one) => below(one, part)), [{ value: object, at: '' }]);
}

function below({ value, at }: FoundField, part: string): FoundField[] {
  if (!isRecord(value)) return [];
  const join = (key: string): string => (at === '' ? key : `${at}.${key}`);
  if (part === '*') return Object.entries(value).map(([key, inner]) => ({ value: inner, at: join(key) }));
  const isList = part.endsWith('[]');
  const key = isList ? part.slice(0, -2) : part;
  const inner = value[key];
  if (!isList) return inner === undefined ? [] : [{ value: inner, at: join(key) }];
  return Array.isArray(inner) ? inner.map((item, index) => ({ value: item, at: `${join(key)}[${index}]` })) : [];
}
