import { timestamp } from '../../model/clock.ts';
import type { NodeProgress, RetirementPhase, RetirementRecord } from '../../model/retirement.ts';
import { isPausing } from '../pauses.ts';
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

/** Notes the first try of a phase, from which its deadline counts, and the end of a pause. */
export async function beginPhase(
  runtime: JournalRuntime,
  runId: string,
  record: RetirementRecord,
  phase: RetirementPhase,
): Promise<RetirementRecord> {
  const { since, paused = {}, pausedSince = null } = record;
  const begun = since[phase];
  if (begun === undefined)
    return keepRetirement(runtime, runId, record, {
      since: { ...since, [phase]: timestamp(runtime.clock) },
      paused: { ...paused, [phase]: 0 },
      pausedSince: null,
    });
  if (pausedSince === null) return record;
  const lasted = Math.max(0, runtime.clock.now() - Math.max(pausedSince, Date.parse(begun)));
  return keepRetirement(runtime, runId, record, { paused: { ...paused, [phase]: (paused[phase] ?? 0) + lasted }, pausedSince: null });
}

/**
 * One try of a retirement's step: where it fails because a service is away or its turn has not come, its phase's time stands still from
 * the beginning of the try until the next one. As far as the journal allows: the step's own error is the one that counts.
 */
export async function pausable<T>(runtime: JournalRuntime, runId: string, step: () => Promise<T>): Promise<T> {
  const beganAt = runtime.clock.now();
  try {
    return await step();
  } catch (error) {
    if (isPausing(error)) await pause(runtime, runId, beganAt);
    throw error;
  }
}

async function pause(runtime: JournalRuntime, runId: string, since: number): Promise<void> {
  try {
    const record = await retirementOf(runtime, runId);
    if (record !== undefined && (record.pausedSince ?? null) === null) await keepRetirement(runtime, runId, record, { pausedSince: since });
  } catch (error) {
    runtime.logger.warn('a retirement was not paused', { runId, error: error instanceof Error ? error.name : typeof error });
  }
}

/** Whether a phase has had its time, its pauses left out. */
export function isLate(runtime: JournalRuntime, record: RetirementRecord, phase: RetirementPhase, seconds: number): boolean {
  return secondsOf(runtime, record, phase) > seconds;
}

/** Seconds since a phase began, its pauses left out; 0 where it has not. */
export function secondsOf(runtime: JournalRuntime, record: RetirementRecord, phase: RetirementPhase): number {
  const begun = Date.parse(record.since[phase] ?? timestamp(runtime.clock));
  return (runtime.clock.now() - begun - (record.paused?.[phase] ?? 0)) / 1000;
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
