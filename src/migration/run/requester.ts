import { createHash } from 'node:crypto';
import { z } from 'zod';
import { timestamp } from '../../model/clock.ts';
import type { MigrationOptions } from '../../model/options.ts';
import type { Requester, RunRequest, RunTerms } from '../../model/requester.ts';
import type { ClusterTarget } from '../../model/run.ts';
import { canonicalJson } from '../../plan/digest.ts';
import type { JournalRuntime } from '../runtime.ts';

/** What an execution of `migrate-cluster` is asked for. */
export interface AskedRun extends RunTerms {
  readonly runId: string;
  readonly target: ClusterTarget;
  readonly options: MigrationOptions;
}

/**
 * What an execution's whole input may say of who asked, as a schedule's does: whoever may start executions writes it, so that nothing
 * but the record rests on it. What does not fit is passed over.
 */
export const executionClaim = z.object({
  requestedBy: z
    .object({ source: z.literal('schedule'), by: z.string().regex(/^arn:[\w+=,.@:/-]{1,2048}$/) })
    .optional()
    .catch(undefined),
});

/** See {@link executionClaim}. */
export type ExecutionClaim = z.output<typeof executionClaim>;

/**
 * Notes who asks for a run ahead of the start of its execution, with the digest of all that is asked for: an execution under the same id
 * that asks for anything else is not theirs. The first note of a run stays, and is the answer.
 */
export async function noteRequester({ journal }: JournalRuntime, asked: AskedRun, requester: Requester): Promise<RunRequest> {
  return journal.noteRequest(asked.runId, { requester, fingerprint: fingerprintOf(asked) });
}

/**
 * Who asked for the run of an execution: whom the API noted for this very input; where podshift is deployed, else whom a schedule names
 * or nobody; on one machine, whoever's credentials the process has, and undefined in a rehearsal.
 */
export async function requesterOf(
  runtime: JournalRuntime,
  asked: AskedRun,
  claim: ExecutionClaim | undefined,
): Promise<Requester | undefined> {
  const noted = await runtime.journal.getRequest(asked.runId);
  if (noted !== undefined && noted.fingerprint === fingerprintOf(asked)) return noted.requester;
  const at = timestamp(runtime.clock);
  if (runtime.deployment === undefined) {
    const by = await runtime.whoAsks?.(asked.target);
    return by === undefined ? undefined : { by, source: 'cli', at, known: by !== null };
  }
  const { requestedBy } = claim ?? {};
  if (requestedBy !== undefined) return { ...requestedBy, at, known: false };
  return { by: null, source: 'states:StartExecution', at, known: false };
}

/** The same for the same request, however it was written and wherever it was parsed. */
function fingerprintOf({ target, mode, approval, expectedDigest, options }: AskedRun): string {
  const request: unknown = JSON.parse(JSON.stringify({ target, mode, approval, expectedDigest, options }));
  return createHash('sha256').update(canonicalJson(request)).digest('hex');
}
