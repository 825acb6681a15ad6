import { expect } from 'vitest';
import type { Rehearsal } from '../../engine/rehearsal.ts';
import type { Evidence, JournalEntry } from '../../src/model/run.ts';

/**
 * Proof first, and the before-image ahead of each write: every change of the run's journal comes in an order that leaves
 * each pod a way to its role.
 */
export async function checkOrder({ journal, runId }: Pick<Rehearsal, 'journal' | 'runId'>): Promise<void> {
  const entries = await journal.listEntries(runId);
  const evidence = await journal.listEvidence(runId);
  const units = new Set(entries.flatMap((entry) => (entry.unitId === null ? [] : [entry.unitId])));
  for (const unitId of units) {
    const own = entries.filter((entry) => entry.unitId === unitId);
    const association = own.find((entry) => entry.kind === 'association');
    const proofs = evidence.get(unitId) ?? [];
    for (const entry of own) {
      if (entry.kind === 'restart') {
        expect(association?.sequence, `${unitId}: associated ahead of ${entry.key}`).toBeLessThan(entry.sequence);
        expect(provedBefore(proofs, entry, 2), `${unitId}: credentials proved ahead of ${entry.key}`).toBe(true);
      }
      if (entry.kind === 'annotations') {
        expect(provedBefore(proofs, entry, 2), `${unitId}: credentials proved ahead of ${entry.key}`).toBe(true);
        expect(provedBefore(proofs, entry, 1), `${unitId}: pods looked at ahead of ${entry.key}`).toBe(true);
      }
    }
  }
}

function provedBefore(proofs: readonly Evidence[], entry: JournalEntry, grade: Evidence['grade']): boolean {
  return proofs.some((proof) => proof.grade === grade && proof.passed && proof.at <= entry.at);
}
