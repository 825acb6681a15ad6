import { z } from 'zod';

/** Steps to a field: keys of objects, 0 for the item of a list, `*` for any key of a map. */
export type FieldPath = readonly (string | 0)[];

interface Schema {
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: Schema | boolean;
  readonly anyOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
}

/** Every field of a schema into which its sender can write a text of their own, however deep it lies. */
export function textFields(schema: z.ZodType): FieldPath[] {
  return [
    ...new Map(
      fieldsOf(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Schema, []).map((path) => [path.join('.'), path]),
    ).values(),
  ];
}

function fieldsOf(schema: Schema, path: FieldPath): FieldPath[] {
  const parts = [...(schema.anyOf ?? []), ...(schema.allOf ?? [])].flatMap((one) => fieldsOf(one, path));
  if (schema.enum !== undefined || schema.const !== undefined) return parts;
  const types = [schema.type ?? []].flat();
  return [
    ...parts,
    ...(types.includes('string') ? [path] : []),
    ...Object.entries(schema.properties ?? {}).flatMap(([key, one]) => fieldsOf(one, [...path, key])),
    ...(schema.items === undefined ? [] : fieldsOf(schema.items, [...path, 0])),
    ...(typeof schema.additionalProperties === 'object' ? fieldsOf(schema.additionalProperties, [...path, '*']) : []),
  ];
}

/** A copy of `base` with this text at the path; what is missing on the way is made. */
export function withText(base: unknown, [step, ...rest]: FieldPath, text: string): unknown {
  if (step === undefined) return text;
  if (step === 0) return [withText(Array.isArray(base) ? base[0] : undefined, rest, text)];
  const object = typeof base === 'object' && base !== null && !Array.isArray(base) ? base : {};
  return { ...object, [step]: withText((object as Record<string, unknown>)[step], rest, text) };
}
