import { z } from 'zod';
import { planContents } from '../report.ts';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/**
 * A plan that was kept in a file: what it shows, what its digest is over, and what holds both together. It has no secrets; ARNs,
 * trust policies and names of objects it has.
 */
export const planFile = z.strictObject({
  apiVersion: z.literal('podshift/v1'),
  kind: z.literal('Plan'),
  /** Over `decisions`: what an approval names, and what a run has to plan again to be this one. */
  digest: sha256,
  /** SHA-256 in hex over the canonical JSON of all else in the file: what a person read in it is what was written. */
  checksum: sha256,
  /** RFC 3339. */
  madeAt: z.string(),
  cluster: z.strictObject({ arn: z.string(), name: z.string(), region: z.string() }),
  ...planContents.shape,
  /** By subject, such as `Role/ARN`, and field. */
  decisions: z.record(z.string(), z.record(z.string(), z.unknown())),
});

export type PlanFile = z.output<typeof planFile>;
