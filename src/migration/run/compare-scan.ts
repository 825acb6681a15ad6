import { createHash } from 'node:crypto';
import type { Journal } from '../../journal/journal.ts';
import { isPodshiftError, PodshiftError } from '../../model/errors.ts';
import type { Inventory } from '../../model/inventory.ts';
import type { MigrationOptions } from '../../model/options.ts';
import { type DriftRecord, MAX_DRIFT_FINDINGS, type RunRecord, type UnitRecord } from '../../model/run.ts';
import { isSelected } from '../../model/selection.ts';
import { drift, type OwnWork } from '../../plan/drift.ts';
import type { JournalRuntime } from '../runtime.ts';

/** What a scan found; `reason` is what its run ends with. */
export interface CompareScanOutput {
  readonly runId: string;
  readonly findings: number;
  readonly reason: string;
}

/**
 * Compares the run's inventory with that of the cluster's last scan of the same scope, and makes this one the last. What was
 * found is on record first: a step that runs again finds the same. A scan whose inventory is gone counts as none.
 */
export async function compareScan(runtime: JournalRuntime, { runId }: { runId: string }): Promise<CompareScanOutput> {
  const { journal } = runtime;
  const run = await journal.getRun(runId);
  const inventory = (await journal.getDocument(runId, 'inventory')) as Inventory | undefined;
  if (inventory === undefined) throw new PodshiftError('InternalError', `run ${runId} has no inventory to compare`);
  const scope = scopeOf(run.options);
  const record = (await journal.getDrift(runId)) ?? (await journal.putDrift(await compare(runtime, run, inventory, scope)));
  await journal.noteScan(inventory.cluster.arn, scope, runId, inventory.takenAt);
  return { runId, findings: record.total, reason: reasonOf(record) };
}

async function compare({ journal }: JournalRuntime, run: RunRecord, after: Inventory, scope: string): Promise<DriftRecord> {
  const { runId } = run;
  const clusterArn = after.cluster.arn;
  const last = await journal.lastScan(clusterArn, scope);
  const before = last === undefined ? undefined : ((await journal.getDocument(last, 'inventory')) as Inventory | undefined);
  if (last === undefined || before === undefined) return { runId, clusterArn, comparedWith: null, since: null, total: 0, findings: [] };
  const found = drift(before, after, await ownWork(journal, run.options, clusterArn, before.takenAt));
  return {
    runId,
    clusterArn,
    comparedWith: last,
    since: before.takenAt,
    total: found.length,
    findings: found.slice(0, MAX_DRIFT_FINDINGS),
  };
}

/** What podshift's runs did to the chosen units of the cluster since then; what the last of them did to a unit counts. */
async function ownWork(journal: Journal, options: MigrationOptions, clusterArn: string, since: string): Promise<OwnWork> {
  const work = { migrated: new Set<string>(), cleaned: new Set<string>(), moved: new Set<string>() };
  for (const run of await runsSince(journal, clusterArn, since)) {
    const units = await journal.listUnits(run.runId);
    for (const unit of units.filter(({ plan }) => isSelected(options, plan.namespace, plan.serviceAccount))) addWork(work, unit);
  }
  return work;
}

/** Runs that were at work on the cluster since then, the one that ended last at the end; those that retention took are over long ago. */
async function runsSince(journal: Journal, clusterArn: string, since: string): Promise<RunRecord[]> {
  const runs: RunRecord[] = [];
  for (const runId of await journal.lockHolders(clusterArn)) {
    try {
      const run = await journal.getRun(runId);
      if (run.endedAt === null || run.endedAt > since) runs.push(run);
    } catch (error) {
      if (!isPodshiftError(error, 'RunNotFound')) throw error;
    }
  }
  const end = ({ endedAt }: RunRecord): string => endedAt ?? '9';
  return runs.sort((a, b) => Number(end(a) > end(b)) - Number(end(a) < end(b)));
}

function addWork(work: Record<keyof OwnWork, Set<string>>, { unitId, status, plan, facts }: UnitRecord): void {
  if (plan.decision !== 'migrate') return;
  const templates = (plan.metadata?.templates ?? []).map((one) => ({ ...one, subject: `${one.kind}/${plan.namespace}/${one.name}` }));
  if (status === 'migrated') {
    work.migrated.add(unitId);
    if (plan.removeAnnotations.length > 0 && facts.annotationsKept !== true) work.cleaned.add(unitId);
    for (const { subject, annotations } of templates) if (Object.keys(annotations).length > 0) work.cleaned.add(subject);
    for (const id of [unitId, ...templates.map(({ subject }) => subject)]) work.moved.delete(id);
  }
  if (status === 'rolled-back' || status === 'running' || status === 'rolling-back') {
    for (const id of [unitId, ...templates.map(({ subject }) => subject)]) {
      work.moved.add(id);
      work.migrated.delete(id);
      work.cleaned.delete(id);
    }
  }
}

/** What the options choose to look at: scans that look at different things are not compared. */
function scopeOf({ annotationPrefix, namespaces, serviceAccounts }: MigrationOptions): string {
  const chosen = JSON.stringify([annotationPrefix, [...namespaces].sort(), [...serviceAccounts].sort()]);
  return createHash('sha256').update(chosen).digest('hex').slice(0, 16);
}

function reasonOf({ comparedWith, since, total }: DriftRecord): string {
  if (comparedWith === null) return 'this is the first scan that others can be compared with';
  return total === 0 ? `nothing has changed since ${since}` : `${total} ${total === 1 ? 'change' : 'changes'} since ${since}`;
}
