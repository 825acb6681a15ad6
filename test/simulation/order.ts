import { expect } from 'vitest';
import type { Rehearsal } from '../../engine/rehearsal.ts';
import { outOfOrder } from './proof-order.ts';

/**
 * Proof first, and the before-image ahead of each write: every change of the run's journal comes in an order that leaves
 * each pod a way to its role.
 */
export async function checkOrder({ journal, runId }: Pick<Rehearsal, 'journal' | 'runId'>): Promise<void> {
  expect(outOfOrder(await journal.listEntries(runId), await journal.listEvidence(runId))).toEqual([]);
}
