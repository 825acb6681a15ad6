import { z } from 'zod';
import { openRun } from '../../src/migration/run/open-run.ts';
import { executionClaim } from '../../src/migration/run/requester.ts';
import { migrationOptions } from '../../src/model/options.ts';
import { accountFunction } from '../middleware/account.ts';

const target = z.strictObject({
  clusterName: z.string().min(1),
  region: z.string().min(1),
  assumeRoleArn: z.string().nullable(),
  externalId: z.string().optional(),
});

/** What an execution of `migrate-cluster` or `scan-cluster` hands to its first step: all that whoever starts one can say. */
export const openRunEvent = z.strictObject({
  runId: z.string().min(1),
  executionId: z.string().min(1),
  target,
  mode: z.enum(['plan', 'run']),
  approval: z.enum(['none', 'required']),
  expectedDigest: z.string().nullable(),
  options: migrationOptions,
  input: executionClaim.optional(),
});

/** Creates a run, or takes it up. */
export const handler = accountFunction(openRunEvent, openRun);
