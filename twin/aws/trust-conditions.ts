/** Condition keys of a request, in lower case. An absent key was not sent. */
export type Context = Readonly<Record<string, string | readonly string[]>>;

/** One operator over one key. */
export interface Condition {
  /** In lower case, without quantifier and `IfExists`. */
  readonly operator: string;
  readonly quantifier: 'any' | 'all' | undefined;
  readonly ifExists: boolean;
  /** In lower case: condition keys have no case. */
  readonly key: string;
  readonly values: readonly string[];
  /** Whether `${…}` in values is replaced: only in documents of version 2012-10-17. */
  readonly variables: boolean;
}

type Test = (actual: string, expected: string) => boolean;

const same: Test = (actual, expected) => actual === expected;
const sameIgnoringCase: Test = (actual, expected) => actual.toLowerCase() === expected.toLowerCase();
const likeCache = new Map<string, RegExp>();
const like: Test = (actual, expected) => {
  if (!/[*?]/.test(expected)) return actual === expected;
  return pattern(expected).test(actual);
};
// Each of the six parts of an ARN is matched by itself: a `*` in one does not reach over a colon.
const arnLike: Test = (actual, expected) => {
  const actualParts = arnParts(actual);
  const expectedParts = arnParts(expected);
  if (actualParts === undefined || expectedParts === undefined) return false;
  return expectedParts.every((part, index) => like(actualParts[index] ?? '', part));
};
const number =
  (compare: (actual: number, expected: number) => boolean): Test =>
  (actual, expected) =>
    actual !== '' && expected !== '' && compare(Number(actual), Number(expected));
const date =
  (compare: (actual: number, expected: number) => boolean): Test =>
  (actual, expected) =>
    compare(instant(actual), instant(expected));

/** Operators by name in lower case; `negated` ones hold where the key is absent and where no value passes the test. */
const OPERATORS: Readonly<Record<string, { readonly test: Test; readonly negated: boolean }>> = {
  stringequals: { test: same, negated: false },
  stringnotequals: { test: same, negated: true },
  stringequalsignorecase: { test: sameIgnoringCase, negated: false },
  stringnotequalsignorecase: { test: sameIgnoringCase, negated: true },
  stringlike: { test: like, negated: false },
  stringnotlike: { test: like, negated: true },
  arnequals: { test: arnLike, negated: false },
  arnlike: { test: arnLike, negated: false },
  arnnotequals: { test: arnLike, negated: true },
  arnnotlike: { test: arnLike, negated: true },
  bool: { test: sameIgnoringCase, negated: false },
  binaryequals: { test: same, negated: false },
  numericequals: { test: number((a, b) => a === b), negated: false },
  numericnotequals: { test: number((a, b) => a === b), negated: true },
  numericlessthan: { test: number((a, b) => a < b), negated: false },
  numericlessthanequals: { test: number((a, b) => a <= b), negated: false },
  numericgreaterthan: { test: number((a, b) => a > b), negated: false },
  numericgreaterthanequals: { test: number((a, b) => a >= b), negated: false },
  dateequals: { test: date((a, b) => a === b), negated: false },
  datenotequals: { test: date((a, b) => a === b), negated: true },
  datelessthan: { test: date((a, b) => a < b), negated: false },
  datelessthanequals: { test: date((a, b) => a <= b), negated: false },
  dategreaterthan: { test: date((a, b) => a > b), negated: false },
  dategreaterthanequals: { test: date((a, b) => a >= b), negated: false },
  ipaddress: { test: inRange, negated: false },
  notipaddress: { test: inRange, negated: true },
};

/** Whether IAM knows the operator, quantifier and `IfExists` included, in any case. */
export function isOperator(name: string): boolean {
  const { operator, ifExists } = parseOperator(name);
  return operator === 'null' ? !ifExists : operator in OPERATORS;
}

/** The conditions of a statement's `Condition` element, all of which must hold. */
export function compileConditions(element: unknown, variables: boolean): Condition[] {
  if (typeof element !== 'object' || element === null) return [];
  return Object.entries(element).flatMap(([name, keys]) =>
    Object.entries((keys ?? {}) as Record<string, unknown>).map(([key, values]) => ({
      ...parseOperator(name),
      key: key.toLowerCase(),
      values: (Array.isArray(values) ? values : [values]).map(String),
      variables,
    })),
  );
}

/**
 * Whether a condition holds. An operator that IAM does not know (it refuses such documents) makes an Allow not match and a
 * Deny match: the evaluator never says yes to what it cannot read.
 */
export function holds(condition: Condition, context: Context, allow: boolean): boolean {
  const actual = context[condition.key];
  if (condition.operator === 'null') return condition.values.some((value) => (value.toLowerCase() === 'true') === (actual === undefined));
  const operator = OPERATORS[condition.operator];
  if (operator === undefined) return !allow;
  if (actual === undefined) {
    if (condition.ifExists || condition.quantifier === 'all') return true;
    return condition.quantifier === 'any' ? false : operator.negated;
  }
  const expected = condition.variables ? condition.values.map((value) => substitute(value, context)) : condition.values;
  const passes = (value: string) => expected.some((one) => one !== undefined && operator.test(value, one)) !== operator.negated;
  const values = typeof actual === 'string' ? [actual] : actual;
  return condition.quantifier === 'all' || (operator.negated && condition.quantifier === undefined)
    ? values.every(passes)
    : values.some(passes);
}

function parseOperator(name: string): Pick<Condition, 'operator' | 'quantifier' | 'ifExists'> {
  const lower = name.toLowerCase();
  const quantifier = lower.startsWith('foranyvalue:') ? 'any' : lower.startsWith('forallvalues:') ? 'all' : undefined;
  const bare = quantifier === undefined ? lower : lower.slice(lower.indexOf(':') + 1);
  const ifExists = bare.endsWith('ifexists');
  return { operator: ifExists ? bare.slice(0, -'ifexists'.length) : bare, quantifier, ifExists };
}

/** A value with its policy variables replaced; undefined where one has no value, for then nothing matches. */
function substitute(value: string, context: Context): string | undefined {
  if (!value.includes('${')) return value;
  let complete = true;
  const replaced = value.replace(/\$\{([^}]*)\}/g, (_whole, name: string) => {
    if (name === '*' || name === '?' || name === '$') return name;
    const [key = '', fallback] = name.split(/\s*,\s*/);
    const actual = context[key.trim().toLowerCase()];
    if (typeof actual === 'string') return actual;
    if (fallback !== undefined) return fallback.replace(/^'|'$/g, '');
    complete = false;
    return '';
  });
  return complete ? replaced : undefined;
}

function pattern(text: string): RegExp {
  const known = likeCache.get(text);
  if (known !== undefined) return known;
  const body = text
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  const made = new RegExp(`^${body}$`, 's');
  if (likeCache.size > 5000) likeCache.clear();
  likeCache.set(text, made);
  return made;
}

function arnParts(arn: string): string[] | undefined {
  const parts = arn.split(':');
  if (parts.length < 6 || parts[0] !== 'arn') return undefined;
  return [...parts.slice(0, 5), parts.slice(5).join(':')];
}

function instant(text: string): number {
  return /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : Date.parse(text);
}

function inRange(address: string, range: string): boolean {
  const [base = '', bits = '32'] = range.split('/');
  const [left, right] = [ipv4(address), ipv4(base)];
  if (left === undefined || right === undefined) return address === base;
  const shift = 32 - Number(bits);
  return shift >= 32 || Math.floor(left / 2 ** shift) === Math.floor(right / 2 ** shift);
}

function ipv4(text: string): number | undefined {
  const parts = text.split('.').map(Number);
  if (parts.length !== 4 || parts.some((part) => !Number.isInteger(part) || part < 0 || part > 255)) return undefined;
  return parts.reduce((sum, part) => sum * 256 + part, 0);
}
