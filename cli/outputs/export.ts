import { z } from 'zod';

/** What `export` prints with `-o json`: what was exported, and the files that it wrote. */
export const exportAnswer = z.strictObject({
  apiVersion: z.literal('podshift/v1'),
  kind: z.literal('Export'),
  of: z.enum(['plan', 'run']),
  id: z.string().describe("The plan's digest, or the run's id"),
  cluster: z.string().describe('ARN'),
  folder: z.string(),
  files: z.array(z.string()).describe('Paths below the folder, with `/`'),
});

export type ExportAnswer = z.output<typeof exportAnswer>;
