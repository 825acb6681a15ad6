import { z } from 'zod';

const side = z.strictObject({ digest: z.string(), madeAt: z.string() });

/** What `plan --compare FILE` prints with `-o json`: a plan that was kept, and the one of now. */
export const planComparison = z.strictObject({
  apiVersion: z.literal('podshift/v1'),
  kind: z.literal('PlanComparison'),
  cluster: z.string(),
  /** Whether both have one digest: then nothing below is listed. */
  same: z.boolean(),
  before: side,
  after: side,
  /** Ids, `NAMESPACE/SERVICEACCOUNT`. */
  units: z.strictObject({ added: z.array(z.string()), removed: z.array(z.string()), changed: z.array(z.string()) }),
  options: z.array(z.strictObject({ option: z.string(), before: z.unknown(), after: z.unknown() })),
  /** Of each object and field that the plans decide differently. `new` and `gone`: in the later or the earlier plan alone, without a field. */
  objects: z.array(
    z.strictObject({
      object: z.string(),
      kind: z.enum(['new', 'gone', 'changed']),
      field: z.string(),
      before: z.unknown(),
      after: z.unknown(),
    }),
  ),
});

export type PlanComparison = z.output<typeof planComparison>;
