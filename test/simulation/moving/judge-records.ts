import type { Journal } from '../../../src/journal/journal.ts';
import type { RunRecord } from '../../../src/model/run.ts';
import { outOfOrder } from '../proof-order.ts';
import { secretsOf } from '../secrets.ts';
import type { History } from './history.ts';

/** What of a world's records is looked at: its journal, and all that was logged. */
export interface Records {
  readonly history: History;
  readonly journal: Journal;
  readonly runs: readonly RunRecord[];
  readonly lines: readonly string[];
  readonly credentials: { readonly secretAccessKey: string };
}

/** P4 and P7: no change ahead of its proof, and no secret in the journal or in a log. */
export async function judgeRecords({ history, journal, runs, lines, credentials }: Records): Promise<string[]> {
  const problems: string[] = [];
  const kept: unknown[] = [lines, runs];
  // Whose clocks differ says of two times nothing about their order.
  const isInTime = history.happenings.every(({ kind }) => kind !== 'clock');
  for (const { runId } of runs) {
    const entries = await journal.listEntries(runId);
    const evidence = await journal.listEvidence(runId);
    if (isInTime) problems.push(...outOfOrder(entries, evidence, { others: true }).map((problem) => `P4: ${problem}`));
    kept.push(entries, [...evidence], await journal.listUnits(runId), await journal.listRoles(runId));
    for (const name of ['inventory', 'plan'] as const) kept.push(await journal.getDocument(runId, name));
  }
  const secrets = secretsOf(JSON.stringify(kept), credentials);
  return [...problems, ...secrets.map((pattern) => `P7: ${pattern.slice(0, 12)} stands in the journal or a log`)];
}
