import { z } from 'zod';

/** What `podshift config -o json` prints. */
export const configReport = z.strictObject({
  apiVersion: z.literal('podshift/v1'),
  kind: z.literal('Config'),
  file: z.string().describe('Where the settings of this user are, whether or not there is a file'),
  settings: z.array(
    z.strictObject({
      name: z.enum(['service', 'fleetService', 'journal', 'region', 'profile', 'output']),
      value: z.string().nullable().describe('Null where it is set nowhere and has no default'),
      source: z.enum(['environment', 'file', 'default']),
      from: z.string().describe('The variable, or file and line; empty for a default'),
    }),
  ),
});

export type ConfigReport = z.output<typeof configReport>;
