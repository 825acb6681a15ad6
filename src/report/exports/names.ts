import { createHash } from 'node:crypto';

/** How a format takes names: what a name may hold, what stands in for the rest, how long it may be, and what it begins with. */
export interface NameRule {
  /** Matches each character that a name may not hold. */
  readonly foreign: RegExp;
  readonly filler: string;
  readonly longest: number;
  /** Put in front of a name that does not begin as the format wants it. */
  readonly start: { readonly pattern: RegExp; readonly prefix: string };
}

/** Terraform: letters, digits, `_` and `-`, no digit in front (Terraform language, "Identifiers"). */
export const TERRAFORM_NAMES: NameRule = {
  foreign: /[^A-Za-z0-9_-]/g,
  filler: '_',
  longest: 200,
  start: { pattern: /^[A-Za-z_]/, prefix: '_' },
};

/** CloudFormation: letters and digits alone, 255 at most ("Resources", logical ID). */
export const CLOUDFORMATION_NAMES: NameRule = {
  foreign: /[^A-Za-z0-9]/g,
  filler: '',
  longest: 255,
  start: { pattern: /^[A-Za-z]/, prefix: 'P' },
};

/** Kubernetes: a subdomain of RFC 1123; shorter than its 253 characters, as some tools append to it. */
export const KUBERNETES_NAMES: NameRule = {
  foreign: /[^a-z0-9.-]/g,
  filler: '-',
  longest: 200,
  start: { pattern: /^[a-z0-9]/, prefix: 'p-' },
};

/** Files and folders: what every system takes. */
export const FILE_NAMES: NameRule = {
  foreign: /[^A-Za-z0-9._@+-]/g,
  filler: '-',
  longest: 120,
  start: { pattern: /^[A-Za-z0-9]/, prefix: '_' },
};

/**
 * A name for each of these texts, as the rule takes them: as close to the text as it can be, each another one, and the same for the same
 * texts whatever their order. Texts that become alike get six digits of their hash. Pure.
 */
export function namesFor(all: readonly string[], rule: NameRule): ReadonlyMap<string, string> {
  const plain = new Map([...new Set(all)].map((text) => [text, plainName(text, rule)]));
  const takers = Map.groupBy(plain, ([, name]) => name.toLowerCase());
  return new Map(
    [...plain].map(([text, name]) => {
      const alone = takers.get(name.toLowerCase())?.length === 1 && plainLength(text, rule) <= rule.longest;
      if (alone) return [text, name];
      const hash = createHash('sha256').update(text).digest('hex').slice(0, 6);
      return [text, `${name.slice(0, rule.longest - 7)}${rule.filler}${hash}`];
    }),
  );
}

function plainName(text: string, rule: NameRule): string {
  return startedWell(rule.filler === '' ? camel(text, rule) : text.replaceAll(rule.foreign, rule.filler), rule).slice(0, rule.longest);
}

function plainLength(text: string, rule: NameRule): number {
  return startedWell(rule.filler === '' ? camel(text, rule) : text, rule).length;
}

/** Where nothing may stand between words, each begins with a capital. */
function camel(text: string, { foreign }: NameRule): string {
  return text
    .split(foreign)
    .filter((word) => word !== '')
    .map((word) => `${word.charAt(0).toUpperCase()}${word.slice(1)}`)
    .join('');
}

function startedWell(name: string, { start }: NameRule): string {
  return start.pattern.test(name) ? name : `${start.prefix}${name}`;
}
