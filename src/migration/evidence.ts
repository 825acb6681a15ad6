import { timestamp } from '../model/clock.ts';
import type { Evidence, UnitRecord } from '../model/run.ts';
import type { JournalRuntime } from './runtime.ts';

/** Proofs whose fact is on record at once: the same step, delivered twice, has to see that the other one has ended with them. */
const AT_ONCE: readonly string[] = ['probe-pod'];

/**
 * Adds a proof to the record, unless a unit's fact says that this one (kind and verdict) is there: a step that runs again
 * adds nothing. The fact comes second, so that a crash between them doubles a proof and never loses one.
 */
export async function addEvidenceOnce(runtime: JournalRuntime, unit: UnitRecord, evidence: Omit<Evidence, 'at'>): Promise<void> {
  const fact = evidenceFact(evidence);
  if (unit.facts[fact] === true) return;
  await runtime.journal.addEvidence(unit.runId, unit.unitId, { ...evidence, at: timestamp(runtime.clock) });
  const facts = { [fact]: true };
  if (AT_ONCE.includes(evidence.kind)) await runtime.journal.updateUnit(unit.runId, unit.unitId, { facts });
  else await runtime.journal.noteUnit(unit, { facts });
}

/** Whether a passed proof of this kind is on record. */
export function isProved(unit: UnitRecord, grade: Evidence['grade'], kind: string): boolean {
  return unit.facts[evidenceFact({ grade, kind, passed: true })] === true;
}

function evidenceFact({ grade, kind, passed }: Pick<Evidence, 'grade' | 'kind' | 'passed'>): string {
  return `${kind} grade ${grade} ${passed ? 'passed' : 'missing'}`;
}
