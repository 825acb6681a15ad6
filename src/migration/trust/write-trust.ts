import { isPodshiftError, PodshiftError } from '../../model/errors.ts';
import type { RunRecord, TrustAct, TrustWrite } from '../../model/run.ts';
import { READ_LAG_SECONDS } from '../quiet.ts';
import type { Runtime } from '../runtime.ts';
import { fingerprint, type Lease, sameDocument, type TrustedRole, trustNow } from './role-trust.ts';

/** Refusals of IAM: the write did not happen. */
const REFUSED = ['AccessDenied', 'InvalidRequest', 'LimitExceeded', 'NotFound'] as const;

/** One write of a role's trust policy: what it does, and the document before and after. */
export interface DocumentWrite {
  readonly role: TrustedRole;
  readonly acts: readonly TrustAct[];
  readonly before: string;
  readonly document: string;
  /** `document` is what the role's record is to have as read back, with nothing of anybody else's in it. */
  readonly isRecorded?: true;
}

/**
 * Reads the document once more, writes under the role's lease, and reads back: IAM compares nothing, so that what somebody wrote
 * between the last read and the write is lost. From when to when that can have been stands with the role ahead of the write, for
 * {@link checkWriters}. After a try that IAM may have taken it only looks until IAM's reads have caught up: a read that shows the
 * document of before may be late, and what somebody added to podshift's meanwhile would be lost. Throws `Conflict` where it is another document than `before` by now, and nothing is written,
 * `LeaseHeld` where the lease runs out, `RoleNotReady` while IAM shows the old one still (its reads lag behind its
 * writes), `TrustPolicyMoved` where it shows a third one. Answers whether the document is on record as read back.
 */
export async function writeTrust(runtime: Runtime, run: RunRecord, lease: Lease, write: DocumentWrite): Promise<boolean> {
  const { role, before, document } = write;
  const { iam } = runtime.aws(run.target);
  lease.check();
  const attempt = await beginWrite(runtime, run, write);
  try {
    const current = await trustNow(iam, role);
    if (sameDocument(current, document)) {
      await attempt.foundWritten();
      return false;
    }
    if (!sameDocument(current, before))
      throw new PodshiftError('Conflict', `somebody changed the trust policy of ${role.roleArn} right before podshift wrote it`);
    if (attempt.mayBeThere()) throw notShown(role);
    await attempt.begins();
    lease.check();
  } catch (error) {
    await attempt.unwritten();
    throw error;
  }
  try {
    await iam.updateAssumeRolePolicy(role.roleName, document);
  } catch (error) {
    if (isPodshiftError(error, ...REFUSED)) await attempt.unwritten();
    else await attempt.unknown(isPodshiftError(error, 'Throttled'));
    throw error;
  }
  const found = await trustNow(iam, role);
  if (sameDocument(found, before)) {
    await attempt.unknown(false);
    throw notShown(role);
  }
  const isThere = sameDocument(found, document);
  const isRecorded = isThere && write.isRecorded === true;
  await attempt.written(isRecorded ? { trustAfter: document } : {});
  if (isThere) return isRecorded;
  throw new PodshiftError('TrustPolicyMoved', `the trust policy of ${role.roleArn} was changed by someone else while podshift wrote it`);
}

function notShown({ roleArn }: TrustedRole): PodshiftError {
  return new PodshiftError('RoleNotReady', `IAM does not show the new trust policy of ${roleArn} yet`);
}

/** What becomes of a write that is on record. */
interface Attempt {
  /** Whether IAM may have taken an earlier try, and show what was before it still. */
  mayBeThere(): boolean;
  /** It is sent now. */
  begins(): Promise<void>;
  /** Nobody knows yet whether it is there; what IAM throttled it has not taken. */
  unknown(isThrottled: boolean): Promise<void>;
  written(changes: { readonly trustAfter?: string }): Promise<void>;
  /** The document is there: an earlier try wrote it, or somebody else did. */
  foundWritten(): Promise<void>;
  /** This try wrote nothing; what an earlier one may have written stays on record. */
  unwritten(): Promise<void>;
}

/** Records the write ahead of it; a try that follows one whose end nobody knows goes on with its record. */
async function beginWrite(runtime: Runtime, run: RunRecord, { role, acts, before, document }: DocumentWrite): Promise<Attempt> {
  const { journal, clock } = runtime;
  const { writes = [] } = await journal.getRole(run.runId, role.roleArn);
  const [was, is] = [fingerprint(before), fingerprint(document)];
  /** IAM may have taken it, and not show it yet. */
  const isFresh = ({ to, sent }: TrustWrite): boolean =>
    to === null && sent !== undefined && clock.now() < sent + READ_LAG_SECONDS.trust * 1000;
  // What this one would be made of may be a late read.
  if (writes.some((one) => one.is !== is && one.is !== was && isFresh(one))) throw notShown(role);
  const earlier = writes.find((one) => one.is === is && one.to === null);
  const now = clock.now();
  const { sent, ...mine }: TrustWrite = earlier ?? { acts, was, is, from: now, to: null, sent: now };
  const others = writes.filter((one) => one !== earlier);
  const keep = async (list: readonly TrustWrite[], changes: { readonly trustAfter?: string } = {}): Promise<void> => {
    await journal.updateRole(run.runId, role.roleArn, { writes: list, ...changes });
  };
  const keepSent = (): Promise<void> => keep([...others, { ...mine, sent: clock.now() }]);
  if (earlier === undefined) await keepSent();
  const written: Attempt['written'] = (changes) => keep([...others, { ...mine, to: clock.now() }], changes);
  const unwritten = async (): Promise<void> => {
    if (earlier === undefined) await keep(others);
  };
  return {
    mayBeThere: () => earlier !== undefined && isFresh(earlier),
    // The first try is on record from before its read on.
    begins: earlier === undefined ? async () => undefined : keepSent,
    unknown: (isThrottled) => (isThrottled ? keep([...others, mine]) : keepSent()),
    written,
    unwritten,
    foundWritten: earlier === undefined ? unwritten : () => written({}),
  };
}
