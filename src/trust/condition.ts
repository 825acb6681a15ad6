import { every, known, not, some } from './answer.ts';
import type { Context, ContextValue } from './context.ts';
import { arnParts, globMatches } from './glob.ts';
import { isObject } from './trust-policy.ts';
import type { Answer } from './types.ts';

/** Whether one value of the call matches one value of the policy. */
type Comparison = (value: string, expected: string) => Answer;

interface Operator {
  readonly compare: Comparison;
  /** Whether it holds where nothing matches, and so where the key is absent. */
  readonly negated: boolean;
}

const COMPARISONS: Readonly<Record<string, Comparison>> = {
  equals: (value, expected) => known(value === expected),
  equalsIgnoringCase: (value, expected) => known(value.toLowerCase() === expected.toLowerCase()),
  like: (value, expected) => known(globMatches(expected, value)),
  arn: compareArns,
  bool: compareBooleans,
  // Dates, numbers, addresses: only their absence can be told, since no such key has a known value.
  other: () => 'undecidable',
};

/** The operators by their names in lower case (IAM user guide, "IAM JSON policy elements: Condition operators"). */
const OPERATORS: ReadonlyMap<string, Operator> = new Map([
  ...pair('stringequals', 'stringnotequals', 'equals'),
  ...pair('stringequalsignorecase', 'stringnotequalsignorecase', 'equalsIgnoringCase'),
  ...pair('stringlike', 'stringnotlike', 'like'),
  ...pair('arnequals', 'arnnotequals', 'arn'),
  ...pair('arnlike', 'arnnotlike', 'arn'),
  ...pair('ipaddress', 'notipaddress', 'other'),
  ...pair('numericequals', 'numericnotequals', 'other'),
  ...pair('dateequals', 'datenotequals', 'other'),
  positive('bool', 'bool'),
  ...['numericlessthan', 'numericlessthanequals', 'numericgreaterthan', 'numericgreaterthanequals'].map((name) => positive(name, 'other')),
  ...['datelessthan', 'datelessthanequals', 'dategreaterthan', 'dategreaterthanequals'].map((name) => positive(name, 'other')),
  positive('binaryequals', 'other'),
]);

function positive(name: string, comparison: string): [string, Operator] {
  return [name, { compare: COMPARISONS[comparison] as Comparison, negated: false }];
}

function pair(name: string, negatedName: string, comparison: string): [string, Operator][] {
  return [positive(name, comparison), [negatedName, { compare: COMPARISONS[comparison] as Comparison, negated: true }]];
}

/** ARNs match part by part: a `*` never crosses one of the first five colons. */
function compareArns(value: string, expected: string): Answer {
  const parts = arnParts(value);
  const patterns = arnParts(expected);
  if (parts === undefined || patterns === undefined) return 'undecidable';
  return known(patterns.every((pattern, index) => globMatches(pattern, parts[index] as string)));
}

function compareBooleans(value: string, expected: string): Answer {
  const wanted = expected.toLowerCase();
  return wanted === 'true' || wanted === 'false' ? known(value.toLowerCase() === wanted) : 'undecidable';
}

/**
 * Whether a Condition block holds for a call: every operator and every key of it must. Whatever is not understood is
 * undecidable, unless another part already says no. `hasVariables`: whether `${…}` is a variable, as of Version 2012-10-17.
 */
export function conditionHolds(condition: unknown, context: Context, hasVariables: boolean): Answer {
  if (condition === undefined) return 'yes';
  if (!isObject(condition) || repeatsIgnoringCase(condition)) return 'undecidable';
  return every(Object.entries(condition), ([name, keys]) => {
    if (!isObject(keys) || repeatsIgnoringCase(keys)) return 'undecidable';
    const holds = operator(name.toLowerCase(), hasVariables);
    return every(Object.entries(keys), ([key, values]) => {
      const expected = policyValues(values);
      return expected === undefined ? 'undecidable' : holds(context(key.toLowerCase()), expected);
    });
  });
}

/** Whether two names are the same but for their case: which of them IAM reads is not documented. */
function repeatsIgnoringCase(value: Record<string, unknown>): boolean {
  const keys = Object.keys(value);
  return new Set(keys.map((key) => key.toLowerCase())).size < keys.length;
}

/** The values of a condition key as strings; undefined for what IAM would not compare as written. */
function policyValues(values: unknown): string[] | undefined {
  const list: readonly unknown[] = Array.isArray(values) ? values : [values];
  const strings: string[] = [];
  for (const value of list) {
    if (typeof value !== 'string' && typeof value !== 'boolean' && !Number.isSafeInteger(value)) return undefined;
    strings.push(String(value));
  }
  return strings.length === 0 ? undefined : strings;
}

type KeyTest = (value: ContextValue, expected: readonly string[]) => Answer;

const UNDECIDABLE: KeyTest = () => 'undecidable';

/** The test that an operator name in lower case stands for: set prefix, operator, IfExists suffix. */
function operator(name: string, hasVariables: boolean): KeyTest {
  if (name === 'null') return isNull;
  const [, set, base, ifExists] = /^(forallvalues:|foranyvalue:)?(.*?)(ifexists)?$/.exec(name) as unknown as [
    string,
    string?,
    string?,
    string?,
  ];
  const found = OPERATORS.get(base as string);
  if (found === undefined) return UNDECIDABLE;
  return (value, expected) => {
    if (value.state === 'absent') {
      if (ifExists !== undefined || set === 'forallvalues:') return 'yes';
      return known(found.negated && set === undefined);
    }
    if (value.state === 'unknown') return 'undecidable';
    if (value.state !== 'known') {
      const any = found.compare === COMPARISONS.like && expected.some((pattern) => /^\*+$/.test(pattern));
      return any ? known(!found.negated) : 'undecidable';
    }
    const holds = (single: string): Answer => {
      const matched = some(expected, (each) => (hasVariables && each.includes('${') ? 'undecidable' : found.compare(single, each)));
      return found.negated ? not(matched) : matched;
    };
    if (set === 'foranyvalue:') return some(value.values, holds);
    return value.multivalued && set === undefined ? 'undecidable' : every(value.values, holds);
  };
}

/** `Null`: whether the key is absent, which the policy asks for with true. */
function isNull(value: ContextValue, expected: readonly string[]): Answer {
  if (value.state === 'unknown') return 'undecidable';
  return some(expected, (wanted) => compareBooleans(String(value.state === 'absent'), wanted));
}
