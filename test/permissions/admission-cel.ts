/** A CEL string. */
export const text = (value: string): string => JSON.stringify(value);

/** A CEL list of strings. */
export const list = (values: readonly string[]): string => `[${values.map(text).join(', ')}]`;

/** CEL: a value whose keys are gone through: the API server's check of types takes an object of the API for no map. */
export const anyKey = (value: string): string => `dyn(${value})`;

/** CEL: whether two maps have the same values but for these keys, which is a CEL list. */
export function sameBut(first: string, second: string, except: string): string {
  const [one, other] = [first, second].map(anyKey) as [string, string];
  return `${one}.all(k, k in ${except} || (k in ${other} && ${other}[k] == ${one}[k])) && ${other}.all(k, k in ${except} || k in ${one})`;
}

/** CEL: the lines of an entry of the settings, without empty ones. */
export const lines = (key: string): string => `params.data[?${text(key)}].orValue("").split("\\n").filter(line, line != "")`;

/** CEL: whether one of these lines is the name, or ends with a star and begins it. */
export function listed(entries: string, name: string): string {
  return `${entries}.exists(e, e == ${name} || (e.endsWith("*") && ${name}.startsWith(e.substring(0, e.size() - 1))))`;
}

/** CEL: whether one of these lines, `NAMESPACE/NAME` with a star for any namespace, names the object. */
export function namesDaemon(entries: string, namespace: string, name: string): string {
  return `${entries}.exists(e, e == ${namespace} + "/" + ${name} || e == "*/" + ${name})`;
}

/** CEL: a field that may be absent, as a map. */
export const mapOf = (owner: string, field: string): string => `${owner}.?${field}.orValue({})`;
