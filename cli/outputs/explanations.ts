import { z } from 'zod';

const common = {
  code: z.string(),
  meaning: z.string(),
  remedy: z.string().describe('What to do'),
  group: z.string().describe('The heading of the page that it stands under'),
  about: z.string().describe('What the page says of the whole group; empty where it says nothing'),
  page: z.string().describe('The page, from the folder of podshift'),
};

const finding = z.strictObject({
  ...common,
  kind: z.literal('finding'),
  severity: z.enum(['blocker', 'warning', 'info']),
  acceptable: z.boolean().describe('Whether --accept lets it not block a service account'),
  practice: z
    .array(z.strictObject({ pain: z.string(), answer: z.string() }))
    .describe('What goes wrong without it, and all that podshift does about that'),
});

const error = z.strictObject({
  ...common,
  kind: z.literal('error'),
  name: z.string(),
  exitCode: z.int().describe('What a command exits with that the error ends'),
  retried: z.boolean().describe('Whether a step that fails with it is tried again by itself'),
  causes: z
    .array(z.strictObject({ cause: z.string(), remedy: z.string() }))
    .describe('Remedies that are printed in place of this one where the cause is known'),
});

/** One code, as its page explains it. */
export const explanation = z.discriminatedUnion('kind', [finding, error]);

/** What `explain` prints with `-o json`. */
export const explanations = z.strictObject({
  apiVersion: z.literal('podshift/v1'),
  kind: z.literal('Explanations'),
  codes: z.array(explanation),
});

export type Explanation = z.output<typeof explanation>;
