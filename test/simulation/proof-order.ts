import type { Evidence, JournalEntry } from '../../src/model/run.ts';

/**
 * What of a run's records shows that something changed ahead of its proof: a restart ahead of the association or of the proof of
 * credentials, an annotation that went ahead of that proof or of a look at the pods. Empty where all came in its order. `others`: somebody
 * else may have made an association, or an earlier run, so that the run has none of its own.
 */
export function outOfOrder(
  entries: readonly JournalEntry[],
  evidence: ReadonlyMap<string, readonly Evidence[]>,
  { others = false } = {},
): string[] {
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
      const isAssociated = association === undefined ? others : association.sequence < entry.sequence;
      if (entry.kind === 'restart' && !isAssociated) problems.push(`${unitId}: not associated ahead of ${entry.key}`);
      if (entry.kind === 'annotations' && !isProved(entry, 1)) problems.push(`${unitId}: pods were not looked at ahead of ${entry.key}`);
    }
  }
  return problems;
}
