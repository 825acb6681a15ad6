/** The parts of a `SET` expression that grows assignment by assignment. */
export interface Update {
  readonly names: Record<string, string>;
  readonly values: Record<string, unknown>;
  readonly assignments: string[];
}

/** `SET` assignments of top-level attributes. Names are always escaped: `status` and `state` are reserved words. */
export function assign(changes: Readonly<Record<string, unknown>>): Update {
  const update: Update = { names: {}, values: {}, assignments: [] };
  for (const [name, value] of Object.entries(changes)) {
    if (value !== undefined) {
      update.names[`#${name}`] = name;
      update.values[`:${name}`] = value;
      update.assignments.push(`#${name} = :${name}`);
    }
  }
  return update;
}

/** Adds assignments of single keys of a map attribute. */
export function assignMap(
  attribute: string,
  changes: Readonly<Record<string, unknown>>,
  assignment: (path: string, value: string) => string,
  update: Update,
): void {
  for (const [index, [key, value]] of Object.entries(changes).entries()) {
    if (value !== undefined) {
      update.names[`#${attribute}`] = attribute;
      update.names[`#${attribute}${index}`] = key;
      update.values[`:${attribute}${index}`] = value;
      update.assignments.push(assignment(`#${attribute}.#${attribute}${index}`, `:${attribute}${index}`));
    }
  }
}
