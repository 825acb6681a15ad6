import { z } from 'zod';

/** How a run or a fleet stands, in one word for programs. */
export const RUN_STATES = [
  'planning',
  'waiting',
  'migrating',
  'soaking',
  'rolling-back',
  'interrupted',
  'needs-operator',
  'planned',
  'migrated',
  'held',
  'refused',
  'rolled-back',
] as const;

/** How a run, or a fleet, stands in words, and what somebody does next about it. */
export const runState = z.strictObject({
  name: z.enum(RUN_STATES),
  text: z.string().describe('The same in words, with times and progress'),
  attention: z.boolean().describe('Whether it stands still until somebody does something'),
  next: z
    .array(z.strictObject({ action: z.enum(['approve', 'resume', 'roll back', 'look']), command: z.string() }))
    .describe('What somebody can do about it, as whole commands; empty where nobody has to'),
});

export type RunState = z.output<typeof runState>;

/**
 * Who carries a run that has no end: a process that is alive, nobody since the last sign of life (RFC 3339), or nobody can tell
 * (a run of a deployed service, whose own watch looks after it).
 */
export type Carrier = { readonly kind: 'alive' } | { readonly kind: 'none'; readonly lastSign: string } | { readonly kind: 'unknown' };
