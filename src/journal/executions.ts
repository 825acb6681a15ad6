import type { Journal } from './journal.ts';
import { executionKey } from './layout.ts';
import { ABSENT, type Condition, type Table } from './table.ts';

/** The journal's part that says who carries a run: an execution on its way forward, or one that takes it back. */
type Executions = Pick<Journal, 'noteExecution' | 'claimRollback' | 'carrier'>;

/** One item for each run, whose `holder` is changed in one conditional write. */
export function createExecutions(table: Table): Executions {
  const forward = (executionId: string): string => `forward ${executionId}`;
  const back = (claimant: string): string => `back ${claimant}`;
  const heldBy = (value: string): Condition => ({ kind: 'equals', attribute: 'holder', value });
  return {
    noteExecution: async (runId, executionId, when) => {
      const item = { ...executionKey(runId), holder: forward(executionId) };
      await table.put(item, when === 'unheld' ? ABSENT : undefined);
    },
    carrier: async (runId) => {
      const item = await table.get(executionKey(runId));
      if (item === undefined) return undefined;
      const [direction, ...id] = String(item.holder).split(' ');
      return { direction: direction === 'back' ? 'back' : 'forward', executionId: id.join(' ') };
    },
    claimRollback: async (runId, claimant, executionId) => {
      const item = { ...executionKey(runId), holder: back(claimant) };
      // The claimant's own claim too: a step that lost its reply runs again.
      const own: Condition = { kind: 'any', of: [heldBy(forward(executionId ?? '')), heldBy(back(claimant))] };
      return table.put(item, executionId === null ? undefined : own);
    },
  };
}
