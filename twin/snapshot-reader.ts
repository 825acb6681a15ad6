import type { z } from 'zod';
import { PodshiftError } from '../src/model/errors.ts';
import { schemaProblem } from '../src/model/text/schema-problems.ts';
import { withoutNulls } from './nulls.ts';

/**
 * Reads a value by a schema, null members taken for absent ones, and the member `outerKey` where the AWS CLI wraps its answer in one.
 * What it makes throws `SnapshotUnreadable`, which names the file and the field, and says what was expected.
 */
export function reader<T extends z.ZodType>(
  schema: T,
  outerKey: string | undefined,
  expected: string,
): (value: unknown, file: string) => z.output<T> {
  return (value, file) => {
    const given = withoutNulls(value);
    const inner = outerKey !== undefined && isRecord(given) && outerKey in given ? given[outerKey] : given;
    const result = schema.safeParse(inner);
    if (result.success) return result.data;
    const issue = result.error.issues[0];
    const field = issue === undefined || issue.path.length === 0 ? 'the document' : issue.path.join('.');
    return fail(file, field, `${problemOf(issue)}; expected ${expected}`);
  };
}

/** What is wrong, without the schema library's words. */
function problemOf(issue: z.core.$ZodIssue | undefined): string {
  if (issue === undefined || issue.code === 'invalid_union') return 'is missing, or of another type';
  return schemaProblem(issue);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Throws `SnapshotUnreadable` with the file, the field and what is wrong there. */
export function fail(file: string, field: string, problem: string): never {
  throw new PodshiftError('SnapshotUnreadable', `${file}: ${field}: ${problem}`, { details: { file, field } });
}
