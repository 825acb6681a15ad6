import { z } from 'zod';

/** `**` before the path's last segments stands for any registry and path; `*` for any run of characters within a segment. */
const pattern = z
  .string()
  .regex(/^[\w.*/-]+$/, 'expected the last segments of an image repository, such as **/fluent/fluent-bit')
  .max(200);
const version = z.string().regex(/^\d+(\.\d+)*$/, 'expected a version in numbers, such as 3.2.10');

/**
 * What is known of one piece of software and Pod Identity. A row of a user's own file (`--known-software`) has the same form.
 * A stated minimum that is not met is a blocker; a reported failure is a warning and no promise about the next version.
 */
export const knownSoftwareRow = z
  .strictObject({
    /** Repositories that the row is about, by their last path segments. */
    images: z.array(pattern).min(1).max(20),
    /** The first version that the project itself says works with Pod Identity. */
    minimum: version.nullable().default(null),
    /** The last version that was reported to fail; null where the report names none. Only where `reported` is set. */
    failedUpTo: version.nullable().default(null),
    /** The report in a few words, such as `open in May 2026` or `before the pull request 4165`; empty where none is known. */
    reported: z.string().max(200).default(''),
    /** Whether the report stands for every version after it too, since nothing has answered it. */
    open: z.boolean().default(false),
    /** What has to be so for the row to matter, which the image does not show, such as `with identityOwner: workload`. */
    condition: z.string().max(200).default(''),
    /** Where this is stated, a URL. */
    source: z.url().max(500),
    note: z.string().max(500).default(''),
  })
  .refine((row) => row.minimum !== null || row.reported !== '', 'a row states a minimum or a report');

/** A row with every default filled in. */
export type KnownSoftwareRow = z.output<typeof knownSoftwareRow>;

/** Whether an image repository is one of the row's, in any registry. */
export function isOf(row: Pick<KnownSoftwareRow, 'images'>, repository: string): boolean {
  return row.images.some((image) => matcherOf(image).test(`/${repository}`));
}

const matchers = new Map<string, RegExp>();

function matcherOf(image: string): RegExp {
  const known = matchers.get(image);
  if (known !== undefined) return known;
  const path = image
    .replace(/^\*\*\//, '')
    .replace(/[.+?^${}()|[\]\\]/g, '\\$&')
    .replace(/\*/g, '[^/]*');
  const made = new RegExp(`${image.startsWith('**/') ? '/' : '^/'}${path}$`);
  matchers.set(image, made);
  return made;
}
