import { timestamp } from '../../model/clock.ts';
import type { NodeProgress, RetirementPhase, RetirementRecord } from '../../model/retirement.ts';
import { planOf } from '../run/plan-run.ts';
import type { JournalRuntime } from '../runtime.ts';
import { type Failure, reasonOf } from '../trust/grant-trust.ts';

/** The record of a run's retirement; undefined where there is none. */
export async function retirementOf(runtime: JournalRuntime, runId: string): Promise<RetirementRecord | undefined> {
  return (await runtime.journal.getDocument(runId, 'retirement')) as RetirementRecord | undefined;
}

/** Keeps the record. One step of a run writes it at a time: those of a retirement follow one another. */
export async function keepRetirement(
  runtime: JournalRuntime,
  runId: string,
  record: RetirementRecord,
  changes: Partial<RetirementRecord>,
): Promise<RetirementRecord> {
  const kept = { ...record, ...changes };
  await runtime.journal.putDocument(runId, 'retirement', kept);
  return kept;
}

/** Notes the first try of a phase, from which its deadline counts. */
export async function beginPhase(
  runtime: JournalRuntime,
  runId: string,
  record: RetirementRecord,
  phase: RetirementPhase,
): Promise<RetirementRecord> {
  if (record.since[phase] !== undefined) return record;
  return keepRetirement(runtime, runId, record, { since: { ...record.since, [phase]: timestamp(runtime.clock) } });
}

/** Whether a phase has had its time. */
export function isLate(runtime: JournalRuntime, record: RetirementRecord, phase: RetirementPhase, seconds: number): boolean {
  return runtime.clock.now() - Date.parse(record.since[phase] ?? timestamp(runtime.clock)) > seconds * 1000;
}

const UNTOUCHED: NodeProgress = { removed: null, intercepted: false, answered: null, tries: 0, message: '', heard: '' };

/** How far a node is. */
export function progressOf(record: RetirementRecord, nodeName: string): NodeProgress {
  return record.nodes[nodeName] ?? UNTOUCHED;
}

/**
 * Notes that a retirement could not be finished: an operator has to put the daemon back, or, where nothing was begun, only
 * that it was not retired, and why.
 */
export async function markDaemonLost(
  runtime: JournalRuntime,
  { runId, failure }: { runId: string; failure: Failure },
): Promise<{ status: string }> {
  const reason = reasonOf(failure);
  const record = await retirementOf(runtime, runId);
  const plan = record === undefined ? (await planOf(runtime, runId)).retirement : undefined;
  if (plan !== undefined) {
    await runtime.journal.putDocument(runId, 'retirement', { plan, status: 'restored', reason, since: {}, nodes: {}, oldPods: [] });
    return { status: 'restored' };
  }
  if (record?.status !== 'restoring' && record?.status !== 'retiring') return { status: record?.status ?? 'none' };
  await keepRetirement(runtime, runId, record, { status: 'needs-operator', reason });
  return { status: 'needs-operator' };
}
