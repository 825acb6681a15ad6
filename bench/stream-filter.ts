import { readFile } from 'node:fs/promises';
import { parseYaml } from '../engine/service.ts';

/** A pattern of an event source's filter: what it names must be there, and be one of the values (Lambda developer guide, "Event filtering"). */
export type Pattern = { readonly [key: string]: Pattern | readonly Rule[] | readonly Pattern[] };

type Rule =
  | string
  | number
  | boolean
  | null
  | { readonly prefix: string }
  | { readonly suffix: string }
  | { readonly exists: boolean }
  | { readonly 'anything-but': Rule | readonly Rule[] };

/** The filter patterns of the function that reads the journal's stream, as serverless.yml has them. */
export async function streamPatterns(): Promise<readonly Pattern[]> {
  const text = await readFile(new URL('../serverless.yml', import.meta.url), 'utf8');
  const { functions } = parseYaml(text) as {
    functions: { publishEvents: { events: readonly { stream?: { filterPatterns: Pattern[] } }[] } };
  };
  return functions.publishEvents.events.flatMap(({ stream }) => stream?.filterPatterns ?? []);
}

/** Whether a record passes a pattern. Throws `Error` for a rule that is not known here, rather than count wrongly. */
export function matches(pattern: Pattern, record: unknown): boolean {
  return Object.entries(pattern).every(([key, wanted]) => {
    if (key === '$or') return (wanted as unknown as readonly Pattern[]).some((one) => matches(one, record));
    const found = typeof record === 'object' && record !== null ? (record as Readonly<Record<string, unknown>>)[key] : undefined;
    if (!Array.isArray(wanted)) return matches(wanted as Pattern, found);
    return wanted.some((rule: Rule) => fits(rule, found));
  });
}

function fits(rule: Rule, found: unknown): boolean {
  if (typeof rule !== 'object' || rule === null) return found === rule;
  if ('prefix' in rule) return typeof found === 'string' && found.startsWith(rule.prefix);
  if ('suffix' in rule) return typeof found === 'string' && found.endsWith(rule.suffix);
  if ('exists' in rule) return (found !== undefined) === rule.exists;
  if ('anything-but' in rule) {
    const but = rule['anything-but'];
    return found !== undefined && ![but].flat().some((one) => fits(one as Rule, found));
  }
  throw new Error(`the filter of the stream has a rule that the bench does not know: ${JSON.stringify(rule)}`);
}
