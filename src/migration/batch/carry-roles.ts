import { namedError } from '../../model/errors.ts';
import type { JournalRuntime } from '../runtime.ts';
import { blockRole, type RoleStep } from '../trust/block-role.ts';
import type { Failure } from '../trust/grant-trust.ts';
import type { RoleBatch } from './batch.ts';
import { failureOf, isDue, secondsUntilNext, triedAgain, workOn } from './carry.ts';

/** One step of the roles of a batch. */
export interface RoleStage<Reach extends JournalRuntime> {
  /** What is noted of a role that it fails for. */
  readonly kind: RoleStep;
  step(runtime: Reach, roleArn: string): Promise<{ readonly wrote: boolean }>;
}

/**
 * Takes the roles of a batch through a step, several at a time, as far as it goes in this call. One that cannot be written is noted with its
 * reason, and the others go on; one whose lease is held, or whose turn has not come, is tried again later. Throws what the journal throws.
 */
export async function carryRoles<Reach extends JournalRuntime>(
  runtime: Reach,
  { runId, batch }: { readonly runId: string; readonly batch: RoleBatch },
  { kind, step }: RoleStage<Reach>,
): Promise<RoleBatch> {
  const now = runtime.clock.now();
  const ends = { wrote: batch.wrote, blocked: batch.blocked, looks: batch.looks + 1 };
  const [first] = batch.pending;
  const pending = await workOn(
    runtime,
    batch.pending,
    (item) => (batch.alone ? item === first : isDue(item, now)),
    async (item): Promise<RoleBatch['pending'][number] | undefined> => {
      const { roleArn } = item;
      try {
        const { wrote } = await step(runtime, roleArn);
        ends.wrote ||= wrote;
        return undefined;
      } catch (thrown) {
        const error = namedError(thrown);
        runtime.logger.error(error.message, { runId, roleArn, error: error.name, code: error.code, ...error.details });
        const turn = { seed: `${runId} ${kind} ${roleArn}`, batch: `${runId} ${kind} ${first?.roleArn ?? ''}`, looks: batch.looks };
        const again = triedAgain(item, error, runtime.clock.now(), turn);
        if (again !== undefined) return again;
        await blockRole(runtime, { runId, roleArn, step: kind, failure: failureOf(error) });
        ends.blocked = true;
        return undefined;
      }
    },
  );
  if (pending.length === 0) return { ...batch, ...ends, pending, status: 'ready', waitSeconds: 0 };
  const after = runtime.clock.now();
  // One at a time: the next one comes first.
  const list = batch.alone && pending[0]?.roleArn === first?.roleArn ? [...pending.slice(1), ...pending.slice(0, 1)] : pending;
  const waitSeconds = secondsUntilNext(list, after);
  return { ...batch, ...ends, pending: list, status: 'waiting', waitSeconds };
}

/**
 * After a call that did not end: the roles are called one at a time from now on. Where that was so already, the one that was called is noted
 * with its reason, and the others go on.
 */
export async function isolateRoles(
  runtime: JournalRuntime,
  {
    runId,
    batch,
    step,
    failure,
  }: { readonly runId: string; readonly batch: RoleBatch; readonly step: RoleStep; readonly failure: Failure },
): Promise<RoleBatch> {
  const [first, ...rest] = batch.pending;
  const next = { ...batch, status: 'waiting' as const, waitSeconds: 0 };
  if (!batch.alone && rest.length > 0) return { ...next, alone: true };
  if (first !== undefined) await blockRole(runtime, { runId, roleArn: first.roleArn, step, failure });
  return { ...next, pending: rest, blocked: true };
}
