import { z } from 'zod';

/** Whether text is JSON of an object. */
export function isConfiguration(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

/** Whether configuration values are valid by an add-on's schema; EKS's are of draft 6, which draft 7 reads as they are. */
export function isValidConfiguration(text: string, schema = '{}'): boolean {
  if (!isConfiguration(text)) return false;
  const parsed = z.fromJSONSchema({ ...JSON.parse(schema), $schema: 'http://json-schema.org/draft-07/schema#' });
  return parsed.safeParse(JSON.parse(text)).success;
}
