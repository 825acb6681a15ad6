import { PodshiftError } from '../model/errors.ts';
import type { Evidence, UnitRecord } from '../model/run.ts';
import { retireIssuerSubjects } from '../trust/index.ts';
import { type Batch, batchOf } from './batch.ts';
import { UNREVOKED, unblockRestored } from './block-role.ts';
import { planOf } from './plan-run.ts';
import { accountOf, documentOf, noteTrust, policyOf, sameDocument, trustKey, trustNow, withLease, writeTrust } from './role-trust.ts';
import type { JournalRuntime, Runtime } from './runtime.ts';
import { forwardRun, journaledWrite, LOCK_SECONDS } from './write.ts';

/** The next roles with a unit whose old way may go; none unless the run's options ask for it. */
export async function rolesToRetire(runtime: JournalRuntime, input: { runId: string; after: string }): Promise<Batch> {
  const run = await forwardRun(runtime, input.runId);
  const units = run.options.retireOldTrust ? await retirable(runtime, run.runId) : [];
  return batchOf(
    units.map((unit) => unit.plan.roleArn),
    input.after,
  );
}

/** A session by web identity lasts an hour by default (STS API Reference): a process that renews it was heard of by then. */
const SILENCE_TO_RETIRE_SECONDS = 3600;

/** Migrated by this run, and CloudTrail showed the new way in use and the old way silent for a whole session. */
async function retirable(runtime: JournalRuntime, runId: string): Promise<UnitRecord[]> {
  const evidence = await runtime.journal.listEvidence(runId);
  const inUse = (items: readonly Evidence[]): boolean => {
    const use = items.findLast((item) => item.grade === 3);
    return use?.passed === true && Number(use.facts.silentSeconds) >= SILENCE_TO_RETIRE_SECONDS;
  };
  const units = await runtime.journal.listUnits(runId);
  return units.filter((unit) => unit.status === 'migrated' && unit.plan.mechanism === 'irsa' && inUse(evidence.get(unit.unitId) ?? []));
}

/**
 * Takes the proved service accounts out of the role's statements for this cluster's OIDC provider. A document that the
 * trust engine will not edit, or that somebody changed, stays as it is: the migration is whole without this.
 */
export async function retireOldTrust(
  runtime: Runtime,
  input: { runId: string; roleArn: string },
): Promise<{ wrote: boolean; reason: string }> {
  const run = await forwardRun(runtime, input.runId);
  const role = (await planOf(runtime, run.runId)).roles.find((candidate) => candidate.roleArn === input.roleArn);
  const { oidcIssuer } = await runtime.aws(run.target).eks.describeCluster();
  if (role === undefined || oidcIssuer === undefined)
    return { wrote: false, reason: 'the cluster has no OIDC issuer, or the plan does not name the role' };
  const units = (await retirable(runtime, run.runId)).filter((unit) => unit.plan.roleArn === input.roleArn);
  const serviceAccounts = units.map((unit) => ({ namespace: unit.plan.namespace, name: unit.plan.serviceAccount }));
  const { iam } = runtime.aws(run.target);
  const key = trustKey(role.roleArn, 'retire');
  return withLease(runtime, run.runId, input.roleArn, async (lease) => {
    const record = await runtime.journal.getRole(run.runId, input.roleArn);
    const begun = await runtime.journal.getEntry(run.runId, key);
    const found = await trustNow(iam, role);
    const before = begun === undefined ? found : documentOf(begun.before);
    const result = retireIssuerSubjects(policyOf(role, before), { issuer: oidcIssuer, ...accountOf(run.clusterArn), serviceAccounts });
    if (result.kind === 'refused') return { wrote: false, reason: result.problem.message };
    if (result.kind === 'unchanged') return { wrote: false, reason: 'no statement names them' };
    if (!sameDocument(found, before) && !sameDocument(found, result.text))
      return { wrote: false, reason: 'the trust policy changed meanwhile' };
    await journaledWrite(runtime, run, {
      key,
      unitId: null,
      kind: 'trust',
      object: role.roleArn,
      before: { document: before },
      perform: async () => {
        if (!sameDocument(found, result.text)) await writeTrust(lease, iam, role, before, result.text);
        return { document: result.text };
      },
    });
    await noteTrust(runtime, record, result.text);
    return { wrote: true, reason: '' };
  });
}

/** The first step of a way back after a retirement: the old way is trusted again before any unit returns to it. */
export async function restoreOldTrust(runtime: Runtime, input: { runId: string; roleArn: string }): Promise<{ wrote: boolean }> {
  const run = await runtime.journal.getRun(input.runId);
  const key = trustKey(input.roleArn, 'retire');
  const entry = await runtime.journal.getEntry(run.runId, key);
  const role = (await planOf(runtime, run.runId)).roles.find((candidate) => candidate.roleArn === input.roleArn);
  if (entry === undefined || entry.state === 'undone' || role === undefined) return { wrote: false };
  const { iam } = runtime.aws(run.target);
  const before = documentOf(entry.before);
  return withLease(runtime, run.runId, input.roleArn, async (lease) => {
    const record = await runtime.journal.getRole(run.runId, input.roleArn);
    const found = await trustNow(iam, role);
    const wrote = !sameDocument(found, before);
    if (wrote && !sameDocument(found, record.trustAfter) && (entry.after === null || !sameDocument(found, documentOf(entry.after)))) {
      const problem = `the trust policy of ${input.roleArn} was changed after podshift wrote it`;
      await runtime.journal.updateRole(run.runId, input.roleArn, { blocked: `${UNREVOKED}: ${problem}` });
      throw new PodshiftError('UndoFailed', problem);
    }
    if (wrote) {
      await runtime.journal.extendLock(run.clusterArn, run.runId, LOCK_SECONDS);
      await writeTrust(lease, iam, role, found, before);
    }
    await noteTrust(runtime, record, before);
    await runtime.journal.markUndone(run.runId, key);
    await unblockRestored(runtime, record);
    return { wrote };
  });
}
