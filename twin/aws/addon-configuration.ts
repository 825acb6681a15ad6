import { parse, YAMLError } from 'yaml';
import { z } from 'zod';

/**
 * Configuration values as an object: JSON, or YAML, as DescribeAddon prints them and CreateAddon takes them; empty text is none.
 * Undefined for text that is neither (EKS User Guide, "Customize Amazon EKS add-ons": JSON and YAML).
 */
export function configurationOf(text = ''): Readonly<Record<string, unknown>> | undefined {
  if (text.trim() === '') return {};
  try {
    const value: unknown = /^\s*[[{"]/.test(text) ? JSON.parse(text) : parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof YAMLError) return undefined;
    throw error;
  }
}

/** Whether configuration values are valid by an add-on's schema; EKS's are of draft 6, which draft 7 reads as they are. */
export function isValidConfiguration(text: string, schema = '{}'): boolean {
  const values = configurationOf(text);
  if (values === undefined) return false;
  const rules = configurationOf(schema) ?? {};
  return z.fromJSONSchema({ ...rules, $schema: 'http://json-schema.org/draft-07/schema#' }).safeParse(values).success;
}
