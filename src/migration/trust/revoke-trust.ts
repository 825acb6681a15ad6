import { isPodshiftError } from '../../model/errors.ts';
import type { RolePlan } from '../../model/plan.ts';
import type { JournalEntry, RoleRecord, RunRecord, UnitRecord } from '../../model/run.ts';
import { revokeServiceAccounts } from '../../trust/index.ts';
import { refuseEarly } from '../quiet.ts';
import { changedByLaterRuns } from '../run/later-runs.ts';
import { planOf } from '../run/plan-run.ts';
import type { JournalRuntime, Runtime } from '../runtime.ts';
import { holdLock, markUndone } from '../write.ts';
import { UNREVOKED, unblockRestored } from './block-role.ts';
import { admittedByRun, type Lease, policyOf, recordTrust, sameDocument, trustKey, withLease } from './role-trust.ts';
import { writeTrust } from './write-trust.ts';

/** A unit in one of these holds nothing of the new way any more. */
const GONE: ReadonlySet<UnitRecord['status']> = new Set(['rolled-back', 'held']);

/**
 * Takes what this run let in, and what did not stay, out of a role's trust policy: the last step of a rollback, after every
 * pod is on the old way again. The role's own document of before comes back byte for byte where nobody else changed it;
 * else only our own statements shrink. Units that stay migrated, or that an operator has to look at, keep theirs, and so do those that a
 * later run has changed since: its pods may live on them, and what this run let in waits, as not undone, for that run's own rollback.
 * What cannot be undone is noted on the role, and the run ends as `needs-operator`.
 */
export async function revokeTrust(runtime: Runtime, input: { runId: string; roleArn: string }): Promise<{ wrote: boolean }> {
  const run = await runtime.journal.getRun(input.runId);
  const role = (await planOf(runtime, run.runId)).roles.find((candidate) => candidate.roleArn === input.roleArn);
  const entries = (await runtime.journal.listEntries(run.runId, null)).filter(
    (entry) => entry.kind === 'trust' && entry.object === input.roleArn,
  );
  if (role === undefined || !entries.some((entry) => entry.state !== 'undone')) return { wrote: false };
  const units = (await runtime.journal.listUnits(run.runId)).filter((unit) => unit.plan.roleArn === input.roleArn);
  if (!units.some((unit) => isAdmitted(unit, role, entries) && GONE.has(unit.status))) return { wrote: false };
  refuseEarly(runtime.clock, input.roleArn, entries);
  const record = await runtime.journal.getRole(run.runId, input.roleArn);
  try {
    const wrote = await withLease(runtime, run.runId, input.roleArn, (lease) =>
      revokeUnderLease(lease, runtime, run, { role, record, entries, units }),
    );
    await unblockRestored(runtime, record);
    return { wrote };
  } catch (error) {
    if (!isPodshiftError(error, 'TrustPolicyMoved', 'AccessDenied', 'InvalidRequest', 'LimitExceeded')) throw error;
    await runtime.journal.updateRole(run.runId, input.roleArn, { blocked: `${UNREVOKED}: ${error.message}` });
    return { wrote: false };
  }
}

interface Revocation {
  readonly role: RolePlan;
  readonly record: RoleRecord;
  readonly entries: readonly JournalEntry[];
  readonly units: readonly UnitRecord[];
}

async function revokeUnderLease(
  lease: Lease,
  runtime: Runtime,
  run: RunRecord,
  { role, record, entries, units }: Revocation,
): Promise<boolean> {
  const { iam } = runtime.aws(run.target);
  const found = await iam.getRole(role.roleName);
  const admitted = units.filter((unit) => isAdmitted(unit, role, entries));
  const later = await changedByLaterRuns(runtime, run);
  const gone = admitted.filter((unit) => GONE.has(unit.status) && !later.has(unit.unitId));
  const allGone = gone.length === admitted.length;
  // A role that was deleted meanwhile trusts nobody.
  if (found !== undefined) {
    const names = gone.map((unit) => ({ namespace: unit.plan.namespace, name: unit.plan.serviceAccount }));
    const ours = isOurs(role, record, entries, found.trustPolicy);
    const document =
      allGone && ours
        ? record.trustBefore
        : revokeServiceAccounts(policyOf(role, found.trustPolicy), { clusterArn: run.clusterArn, serviceAccounts: names }).text;
    const changes = found.trustPolicy !== document;
    if (changes) {
      await holdLock(runtime, run);
      const acts = [{ kind: 'revoke', serviceAccounts: names }] as const;
      await writeTrust(runtime, run, lease, { role, acts, before: found.trustPolicy, document });
    }
    await recordTrust(runtime, record, document, !ours);
    if (allGone) await allUndone(runtime, run, entries);
    return changes;
  }
  await allUndone(runtime, run, entries);
  return false;
}

/**
 * Whether what IAM has is one of our own documents, so that nobody else's change is lost by going back to the first. A
 * process that died right after a write has not noted what it wrote: then the plan knows, of the waves whose write was begun. What the
 * plan has for another wave may be what a later run wrote. What was put back of somebody else's is in what was noted since.
 */
function isOurs(role: RolePlan, record: RoleRecord, entries: readonly JournalEntry[], found: string): boolean {
  if (record.shared === true) return false;
  const noted = entries.flatMap((entry) => [imageOf(entry.before), imageOf(entry.after)]);
  const begun = role.waves.filter(({ wave }) => entries.some(({ key }) => key === trustKey(role.roleArn, wave)));
  const ours = [record.trustAfter, ...begun.map((wave) => wave.trustAfter), ...noted];
  return ours.some((document) => document !== undefined && sameDocument(document, found));
}

function imageOf(image: unknown): string | undefined {
  return typeof image === 'object' && image !== null && 'document' in image && typeof image.document === 'string'
    ? image.document
    : undefined;
}

function isAdmitted(unit: UnitRecord, role: RolePlan, entries: readonly JournalEntry[]): boolean {
  return admittedByRun(role, entries).some(({ namespace, name }) => namespace === unit.plan.namespace && name === unit.plan.serviceAccount);
}

async function allUndone(runtime: JournalRuntime, run: RunRecord, entries: readonly JournalEntry[]): Promise<void> {
  for (const entry of entries) {
    if (entry.state !== 'undone') await markUndone(runtime, run.runId, entry.key);
  }
}
