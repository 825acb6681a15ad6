import { allStates, logicalIdOf } from '../../engine/check.ts';
import { loadService } from '../../engine/service.ts';
import { functionKey } from './recorder.ts';

/** The functions of a plan alone; a test holds them to what a run of that mode calls. */
export const PLANNING: readonly string[] = ['openRun', 'checkCluster', 'takeInventory', 'makePlan', 'closeRun'];

const MACHINES = { run: ['migrate-cluster'], rollback: ['rollback-run'], fleet: ['migrate-fleet'] } as const;

/** What each function is used for: by the state machines that call it, or by its name where none does. */
export async function usesOf(): Promise<(key: string) => readonly string[]> {
  const service = await loadService();
  const uses = new Map<string, Set<string>>(PLANNING.map((key) => [key, new Set(['plan'])]));
  for (const [use, machines] of Object.entries(MACHINES)) {
    for (const name of machines) {
      for (const [, { Resource, Parameters }] of allStates(await service.stateMachine(name))) {
        const id = logicalIdOf(Resource) ?? logicalIdOf((Parameters as { FunctionName?: unknown } | undefined)?.FunctionName);
        if (id === undefined) continue;
        const key = functionKey(id);
        uses.set(key, (uses.get(key) ?? new Set()).add(use));
      }
    }
  }
  return (key) => [...(uses.get(key) ?? [key.startsWith('api') ? 'API' : 'events'])];
}
