import { parse as parseYaml } from 'yaml';
import { accountsIn, isConfiguration } from '../../inventory/addons.ts';
import { replaceLeaves, textLeaves } from './leaves.ts';
import type { Token } from './replacement.ts';

/** Configuration values of an add-on, with the names of its service accounts and without other texts. */
export function redactConfiguration(values: string, token: Token): string {
  if (values === '') return values;
  if (!isConfiguration(values)) return token(values);
  const content = { values: parseYaml(values) as unknown };
  const rendered = (): string => JSON.stringify(content.values);
  replaceLeaves(textLeaves(content, token), () => [accountsIn(rendered()), isConfiguration(rendered())]);
  return rendered();
}

/** An event of CloudTrail without the credentials that its call gave out: CloudTrail hides the key, and not the session's token. */
export function redactTrailEvent(text: string, token: Token): string {
  const event = parsed(text);
  if (event === undefined) return token(text);
  const credentials = event.responseElements?.credentials;
  if (typeof credentials !== 'object' || credentials === null) return text;
  const hidden = Object.fromEntries(
    Object.entries(credentials).map(([key, value]) => [key, key === 'expiration' ? value : token(String(value))]),
  );
  return JSON.stringify({ ...event, responseElements: { ...event.responseElements, credentials: hidden } });
}

interface TrailEvent {
  readonly responseElements?: { readonly credentials?: unknown } | null;
}

function parsed(text: string): TrailEvent | undefined {
  try {
    const event: unknown = JSON.parse(text);
    return typeof event === 'object' && event !== null && !Array.isArray(event) ? event : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
