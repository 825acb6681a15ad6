import { PodshiftError } from '../../model/errors.ts';
import type { Evidence, RunRecord, UnitRecord } from '../../model/run.ts';
import { type RoleBatch, roleBatches } from '../batch/batch.ts';
import { refuseEarly } from '../quiet.ts';
import { principalsToRetire, rolesOfDaemon } from '../retirement/daemon-trust.ts';
import { type Round, roundOf } from '../run/round.ts';
import type { ClusterRuntime, JournalRuntime, Runtime } from '../runtime.ts';
import { forwardRun, holdLock, journaledWrite, markUndone } from '../write.ts';
import { UNREVOKED, unblockRestored } from './block-role.ts';
import { type OldWay, withoutOldWay } from './old-way.ts';
import {
  documentOf,
  type Lease,
  policyOf,
  recordTrust,
  sameDocument,
  type TrustedRole,
  trustedRole,
  trustKey,
  trustNow,
  withLease,
} from './role-trust.ts';
import { writeTrust } from './write-trust.ts';

/** The next roles with a unit whose old way may go, where the run's options ask for it, and those of a daemon that is retired. */
export async function rolesToRetire(runtime: JournalRuntime, input: { runId: string; after: string }): Promise<Round<RoleBatch>> {
  const run = await forwardRun(runtime, input.runId);
  const units = run.options.retireOldTrust ? await retirable(runtime, run.runId) : [];
  const roleArns = [...units.map((unit) => unit.plan.roleArn), ...(await rolesOfDaemon(runtime, run.runId))];
  return roundOf(roleArns, input.after, (arns) => roleBatches(arns));
}

/** A session by web identity lasts an hour by default (STS API Reference): a process that renews it was heard of by then. */
const SILENCE_TO_RETIRE_SECONDS = 3600;

/** Migrated by this run and used by no consumer, however long it was silent; and CloudTrail showed the new way in use and the old way silent for a whole session. */
async function retirable(runtime: JournalRuntime, runId: string): Promise<UnitRecord[]> {
  const evidence = await runtime.journal.listEvidence(runId);
  const inUse = (items: readonly Evidence[]): boolean => {
    const use = items.findLast((item) => item.grade === 3);
    return use?.passed === true && Number(use.facts.silentSeconds) >= SILENCE_TO_RETIRE_SECONDS;
  };
  const units = await runtime.journal.listUnits(runId);
  return units.filter(
    ({ unitId, status, plan }) =>
      status === 'migrated' && plan.mechanism === 'irsa' && (plan.consumers ?? []).length === 0 && inUse(evidence.get(unitId) ?? []),
  );
}

/**
 * Takes the old way out of a role's trust policy: the proved service accounts out of its statements for this cluster's OIDC
 * provider, and the principals of a retired daemon, once its silence is proved. A document that the trust engine will not
 * edit, or that somebody changed, stays as it is: the migration is whole without this.
 */
export async function retireOldTrust(
  runtime: ClusterRuntime,
  input: { runId: string; roleArn: string },
): Promise<{ wrote: boolean; reason: string }> {
  const run = await forwardRun(runtime, input.runId);
  const principals = await principalsToRetire(runtime, run, input.roleArn);
  const units = run.options.retireOldTrust ? await retirable(runtime, run.runId) : [];
  const concerned = units.filter((unit) => unit.plan.roleArn === input.roleArn);
  const serviceAccounts = concerned.map((unit) => ({ namespace: unit.plan.namespace, name: unit.plan.serviceAccount }));
  const { oidcIssuer } = await runtime.aws(run.target).eks.describeCluster();
  const request: OldWay = { principals, issuer: serviceAccounts.length === 0 ? undefined : oidcIssuer, serviceAccounts };
  if (principals.length === 0 && request.issuer === undefined) return { wrote: false, reason: 'no old statement may be removed' };
  const role = trustedRole(input.roleArn);
  return withLease(runtime, run.runId, input.roleArn, (lease) => retireUnderLease(runtime, run, lease, role, request));
}

async function retireUnderLease(
  runtime: Runtime,
  run: RunRecord,
  lease: Lease,
  role: TrustedRole,
  oldWay: OldWay,
): Promise<{ wrote: boolean; reason: string }> {
  const { iam } = runtime.aws(run.target);
  const key = trustKey(role.roleArn, 'retire');
  const record = await runtime.journal.getRole(run.runId, role.roleArn);
  const begun = await runtime.journal.getEntry(run.runId, key);
  const found = await trustNow(iam, role);
  const before = begun === undefined ? found : documentOf(begun.before);
  const result = withoutOldWay(run, role, policyOf(role, before), oldWay);
  if (result.kind === 'refused') return { wrote: false, reason: result.problem.message };
  if (result.kind === 'unchanged') return { wrote: false, reason: 'no statement names them' };
  if (!sameDocument(found, before) && !sameDocument(found, result.text))
    return { wrote: false, reason: 'the trust policy changed meanwhile' };
  await journaledWrite(runtime, run, {
    key,
    unitId: null,
    kind: 'trust',
    object: role.roleArn,
    // A process that dies right after the write notes nothing more: then this tells our document from somebody else's.
    before: { document: before, intended: result.text },
    perform: async () => {
      await writeTrust(runtime, run, lease, { role, acts: [{ kind: 'retire', ...oldWay }], before, document: result.text });
      return { document: result.text };
    },
  });
  await recordTrust(runtime, record, result.text, !sameDocument(before, record.trustAfter) && !sameDocument(before, record.trustBefore));
  return { wrote: true, reason: '' };
}

/** The first step of a rollback after a retirement: the old way is trusted again before any unit returns to it. */
export async function restoreOldTrust(runtime: Runtime, input: { runId: string; roleArn: string }): Promise<{ wrote: boolean }> {
  const run = await runtime.journal.getRun(input.runId);
  const key = trustKey(input.roleArn, 'retire');
  const entry = await runtime.journal.getEntry(run.runId, key);
  if (entry === undefined || entry.state === 'undone') return { wrote: false };
  const role = trustedRole(input.roleArn);
  refuseEarly(runtime.clock, input.roleArn, [entry]);
  const { iam } = runtime.aws(run.target);
  const before = documentOf(entry.before);
  return withLease(runtime, run.runId, input.roleArn, async (lease) => {
    const record = await runtime.journal.getRole(run.runId, input.roleArn);
    const found = await trustNow(iam, role);
    const wrote = !sameDocument(found, before);
    // What was put back of somebody else's stands in what was noted since, and would be lost.
    const ours = [
      ...(record.shared === true ? [] : [record.trustAfter]),
      (entry.before as { readonly intended?: string }).intended,
      (entry.after as { readonly document?: string } | null)?.document,
    ];
    if (wrote && !ours.some((document) => document !== undefined && sameDocument(found, document))) {
      const problem = `the trust policy of ${input.roleArn} was changed after podshift wrote it`;
      await runtime.journal.updateRole(run.runId, input.roleArn, { blocked: `${UNREVOKED}: ${problem}` });
      throw new PodshiftError('UndoFailed', problem);
    }
    if (wrote) {
      await holdLock(runtime, run);
      await writeTrust(runtime, run, lease, { role, acts: [{ kind: 'restore' }], before: found, document: before });
    }
    await recordTrust(runtime, record, before);
    await markUndone(runtime, run.runId, key);
    await unblockRestored(runtime, record);
    return { wrote };
  });
}
