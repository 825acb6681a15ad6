import type { RoleRecord } from '../../model/run.ts';
import type { JournalRuntime } from '../runtime.ts';
import { type Failure, reasonOf } from './grant-trust.ts';

/** What was being done to a role's trust policy: let a wave in, take the old way out, or roll back either. */
export type RoleStep = 'grant' | 'retire' | 'restore';

/** How the reason of a role begins that still trusts service accounts which were rolled back, or does not trust the old way again. */
export const UNREVOKED = 'its trust policy could not be restored';

/** How the reason of a role begins that still trusts the old way of service accounts which were migrated. */
export const UNRETIRED = 'its old trust could not be retired';

/** How the reason of a role begins in which podshift overwrote what somebody else wrote at the same moment. */
export const OVERWRITTEN = 'a change of somebody else was overwritten';

const PREFIXES: Readonly<Record<RoleStep, string>> = { grant: '', retire: `${UNRETIRED}: `, restore: `${UNREVOKED}: ` };

/**
 * Notes why a role could not be written after all tries. Where it was to let units in, they end as held instead of being
 * migrated; else the run ends with the role as an operator's work.
 */
export async function blockRole(
  runtime: JournalRuntime,
  input: { runId: string; roleArn: string; step: RoleStep; failure: Failure },
): Promise<{ wrote: boolean }> {
  await runtime.journal.updateRole(input.runId, input.roleArn, { blocked: `${PREFIXES[input.step]}${reasonOf(input.failure)}` });
  return { wrote: false };
}

/** Strikes out that the role could not be restored, once it is. */
export async function unblockRestored(runtime: JournalRuntime, { runId, roleArn, blocked }: RoleRecord): Promise<void> {
  if (blocked.startsWith(UNREVOKED)) await runtime.journal.updateRole(runId, roleArn, { blocked: '' });
}
