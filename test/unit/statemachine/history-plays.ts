import { createHistoryCounter } from '../../../engine/history.ts';
import { loadService, type Service } from '../../../engine/service.ts';
import { runStateMachine } from '../../../engine/state-machine.ts';
import { newBatch, type RoleBatch, roleBatches, type UnitBatch } from '../../../src/migration/batch/batch.ts';
import { carryRoles } from '../../../src/migration/batch/carry-roles.ts';
import { carryUnits, undoUnits } from '../../../src/migration/batch/carry-units.ts';
import { nextWait, type Pace } from '../../../src/migration/polls.ts';
import type { ClusterRuntime } from '../../../src/migration/runtime.ts';
import { PodshiftError } from '../../../src/model/errors.ts';
import { createVirtualClock } from '../../../twin/clock.ts';

/** What a function answers, at a time in milliseconds. */
export type Act = (event: object, now: number, clock: ClusterRuntime['clock']) => unknown;
/** By the functions' logical IDs without their common ending. */
export type Acts = Readonly<Record<string, Act>>;
type Name = 'migrate-cluster' | 'rollback-run';

/** A step that is ready at once. */
export const DONE = { status: 'ready', waitSeconds: 0 };

/** A step that has what it waits for only when its time is over; or that fails then, for the machine to catch. */
export function late(pace: Pace, limit: number, then: 'ready' | 'fails' = 'ready'): Act {
  let begun: number | undefined;
  return (_event, now) => {
    begun ??= now;
    const waited = (now - begun) / 1000;
    if (waited <= limit) return { status: 'waiting', waitSeconds: nextWait(pace, waited, limit) };
    if (then === 'fails') throw new PodshiftError('StepTimedOut', 'its time is over');
    return DONE;
  };
}

/** Events of each execution of a machine whose functions answer so, by the execution's name; its own is empty. */
export async function play(name: Name, acts: Acts): Promise<ReadonlyMap<string, number>> {
  const service = await loadService();
  const counter = createHistoryCounter(await service.stateMachine(name));
  const { engine: clock } = createVirtualClock(0);
  const scripted: Service = {
    ...service,
    handler: async (id) => ({
      withRuntime: () => async (event) => acts[id.replace('LambdaFunction', '')]?.(event as object, clock.now(), clock) ?? {},
    }),
  };
  const input =
    name === 'rollback-run'
      ? { runId: 'r', unitIds: null, reason: 'asked for' }
      : { runId: 'r', target: {}, mode: 'run', approval: 'none', expectedDigest: null, options: {} };
  const runtime = { clock, ids: { next: () => 'id' } } as unknown as ClusterRuntime;
  await runStateMachine({ name, input, runtime, clock, service: scripted, onEvent: counter.onEvent });
  return counter.executions;
}

/** A runtime in which units turn back when they fail, and no lock has to be held. */
export const runtimeAt = (clock: Pick<ClusterRuntime['clock'], 'now'>): ClusterRuntime =>
  ({
    clock,
    logger: { info: () => undefined, warn: () => undefined, error: () => undefined },
    journal: {
      getRun: async () => ({ clusterArn: '' }),
      getUnit: async () => ({ status: 'running', facts: {}, stepStartedAt: {} }),
      updateUnit: async () => ({}),
      updateRole: async () => ({}),
    },
  }) as unknown as ClusterRuntime;

type Waiting = { readonly status: string; readonly waitSeconds: number };

/** A stage of a batch whose every unit answers so; by itself, where it takes the unit's id. */
export function stageOf(name: string, _pace: Pace, act: (event: object, now: number, unitId: string) => unknown, leaves = false): Act {
  return (event, _now, clock) =>
    carryUnits(runtimeAt(clock), event as { runId: string; batch: UnitBatch }, {
      name,
      step: async (_runtime, unit) => {
        const { status, waitSeconds } = act(unit, clock.now(), unit.unitId) as Waiting;
        return status === 'waiting' ? { waitSeconds } : leaves ? 'leaves' : 'ready';
      },
    });
}

/** The rollback of a batch whose every unit answers so. */
export function undoOf(act: (event: object, now: number) => unknown): Act {
  return (event, _now, clock) => {
    const input = { ...(event as { runId: string; batch: UnitBatch }), failure: { Error: 'RolledBack' } };
    return undoUnits(runtimeAt(clock), input, async (_runtime, unit) => act(unit, clock.now()) as Waiting);
  };
}

/** Roles each of which answers so. */
export function rolesOf(act: () => { readonly wrote: boolean }): Act {
  return (event, _now, clock) =>
    carryRoles(runtimeAt(clock), event as { runId: string; batch: RoleBatch }, { kind: 'grant', step: async () => act() });
}

/** Roles that are all written at once. */
export const written: Act = (event) => ({ ...(event as { batch: RoleBatch }).batch, pending: [], wrote: true, status: 'ready' });

/** What a run does next, of which it does several for each wave. */
export type RunStep = 'migrate' | 'wait' | 'confirm';

/** The steps of so many waves that are migrated, waited for and confirmed, one after another. */
const stepsOf = (waves: number): RunStep[] => Array.from({ length: waves }, () => ['migrate', 'wait', 'confirm'] as const).flat();

/** A run of so many waves, or of these steps, each of which writes and revokes trust policies and waits for IAM. */
export function runOf(
  waves: number | readonly RunStep[],
  unitIds: readonly string[] = [],
  daemons: readonly string[] = [],
  kind: UnitBatch['kind'] = 'plain',
): Acts {
  const roles = roleBatches(['role']);
  const steps = (typeof waves === 'number' ? stepsOf(waves) : waves).values();
  return {
    OpenRun: (event) => ({ ...event, state: 'open', status: 'running' }),
    TakeInventory: () => DONE,
    MakePlan: () => ({ status: 'changes', begun: false, agent: 'install' }),
    CheckAgent: () => ({ ...DONE, tries: 1 }),
    NextStep: () => {
      const { value: status } = steps.next();
      if (status === undefined) return { status: 'done', daemons };
      const batches = unitIds.length === 0 ? [] : [newBatch(unitIds, kind)];
      return { status, wave: 0, roles, batches, iamWaitSeconds: 15, waitSeconds: 900, daemons: [], reason: '' };
    },
    GrantTrust: written,
    JudgeWave: () => ({ decision: 'go-on', reason: '', roles }),
    RevokeTrust: written,
    RolesToRetire: () => ({ done: true, items: [], after: '' }),
    RetireOldTrust: written,
    CheckWriters: () => DONE,
    RemoveAgent: () => ({ ...DONE, tries: 1 }),
  };
}
