import type { Evidence, JournalEntry } from '../../src/model/run.ts';

/**
 * What of a run's records shows that something changed ahead of its proof: a restart ahead of the association or of the proof of
 * credentials, an annotation that went ahead of that proof or of a look at the pods. Empty where all came in its order.
 */
export function outOfOrder(entries: readonly JournalEntry[], evidence: ReadonlyMap<string, readonly Evidence[]>): string[] {
  const problems: string[] = [];
  const byUnit = Map.groupBy(
    entries.filter(({ unitId }) => unitId !== null),
    ({ unitId }) => String(unitId),
  );
  for (const [unitId, own] of byUnit) {
    const association = own.find((entry) => entry.kind === 'association');
    const proofs = evidence.get(unitId) ?? [];
    const isProved = (entry: JournalEntry, grade: Evidence['grade']): boolean =>
      proofs.some((proof) => proof.grade === grade && proof.passed && proof.at <= entry.at);
    for (const entry of own) {
      if (entry.kind !== 'restart' && entry.kind !== 'annotations') continue;
      if (!isProved(entry, 2)) problems.push(`${unitId}: credentials were not proved ahead of ${entry.key}`);
      if (entry.kind === 'restart' && !(association !== undefined && association.sequence < entry.sequence))
        problems.push(`${unitId}: not associated ahead of ${entry.key}`);
      if (entry.kind === 'annotations' && !isProved(entry, 1)) problems.push(`${unitId}: pods were not looked at ahead of ${entry.key}`);
    }
  }
  return problems;
}
