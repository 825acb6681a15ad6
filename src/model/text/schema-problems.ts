import type { z } from 'zod';

/** What a schema found wrong, field by field, on one line; values are never part of it. */
export function schemaProblems(error: z.ZodError): string {
  return error.issues.map((issue) => (issue.path.length === 0 ? issue.message : `${issue.path.join('.')}: ${issue.message}`)).join('; ');
}
