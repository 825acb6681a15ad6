import { describe, expect, it } from 'vitest';
import { createHistoryCounter } from '../../engine/history.ts';
import { projectService, type Service } from '../../engine/service.ts';
import { runStateMachine } from '../../engine/state-machine.ts';
import { cutBatches, type RoleBatch, roleBatches, type UnitBatch } from '../../src/migration/batch/batch.ts';
import { carryRoles } from '../../src/migration/batch/carry-roles.ts';
import { carryUnits } from '../../src/migration/batch/carry-units.ts';
import type { ClusterRuntime } from '../../src/migration/runtime.ts';
import { PodshiftError } from '../../src/model/errors.ts';
import { createVirtualClock } from '../../twin/clock.ts';

const UNITS = 200;
const START = Date.UTC(2026, 0, 5, 9);

/** What a function answers that has nothing to say. */
const WELL = { status: 'ready', state: 'open', waitSeconds: 0 };

/** The stages of a unit; one call in some of them needs a turn. */
const STAGES: Readonly<Record<string, { name: string; calls?: true; leaves?: true }>> = {
  OpenUnits: { name: 'open' },
  Associate: { name: 'associate', calls: true },
  CheckInjection: { name: 'injection' },
  ProveCredentials: { name: 'proof', calls: true },
  RestartWorkloads: { name: 'restart', calls: true },
  CheckRollout: { name: 'rollout' },
  VerifyPods: { name: 'verify', leaves: true },
  ConfirmUse: { name: 'use' },
  RemoveAnnotations: { name: 'annotations', calls: true, leaves: true },
};

type Event = { runId: string; batch: UnitBatch & RoleBatch };

/** A run of the real definitions, and of the real batches, over an account that lets one call a second through and refuses all others. */
async function migrateAll() {
  const clock = createVirtualClock(START);
  const ends = new Map<string, string>();
  let free = START;
  let asked = 0;
  const call = (): void => {
    if (clock.now() < free) throw new PodshiftError('Throttled', 'rate exceeded');
    free = clock.now() + 1000;
  };
  const units = Array.from({ length: UNITS }, (_, index) => `default/unit-${index}`);
  const cuttable = units.map((unitId) => ({ unitId, roleArn: 'role', addon: undefined, splits: false }));
  const nextStep = () => {
    asked += 1;
    const roles = asked === 1 ? roleBatches(units.slice(0, 20)) : [];
    const batches = cutBatches(cuttable);
    const step = { wave: 0, roles, batches, iamWaitSeconds: 15, waitSeconds: 60, daemons: [], reason: '' };
    return { ...step, status: ['migrate', 'wait', 'confirm'][asked - 1] ?? 'done' };
  };
  const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const journal = {
    updateUnit: async (_runId: string, unitId: string, { status }: { status?: string }) => void (status && ends.set(unitId, status)),
    getUnit: async () => ({ status: 'running', facts: {}, stepStartedAt: {} }),
    updateRole: async () => undefined,
    getRun: async () => ({ clusterArn: '' }),
  };
  const steps = { clock: clock.engine, journal, logger: quiet } as unknown as ClusterRuntime;
  const answer = (id: string, event: Event): unknown => {
    const stage = STAGES[id];
    if (stage !== undefined) {
      const step = async (_runtime: ClusterRuntime, { unitId }: { unitId: string }) => {
        if (stage.calls) call();
        if (id === 'RemoveAnnotations') ends.set(unitId, 'migrated');
        return stage.leaves ? ('leaves' as const) : ('ready' as const);
      };
      return carryUnits(steps, event, { name: stage.name, step });
    }
    const own: Record<string, () => unknown> = {
      NextStep: nextStep,
      GrantTrust: () => {
        const step = async () => {
          call();
          return { wrote: true };
        };
        return carryRoles(steps, event, { kind: 'grant', step });
      },
      JudgeWave: () => ({ decision: 'go-on', reason: '', roles: [] }),
      RolesToRetire: () => ({ items: [], after: '', done: true }),
      MakePlan: () => ({ status: 'ready', begun: false, agent: 'present' }),
      CheckAgent: () => ({ status: 'ready', waitSeconds: 0, tries: 1 }),
    };
    return own[id]?.() ?? { ...WELL, runId: event.runId, mode: 'run', approval: 'none', expectedDigest: null };
  };
  const project = await projectService();
  const service: Service = {
    stateMachine: (name) => project.stateMachine(name),
    handler: async (logicalId) => {
      const id = logicalId.replace('LambdaFunction', '');
      return { withRuntime: () => async (event) => answer(id, event as Event) };
    },
  };
  const history = createHistoryCounter(await service.stateMachine('migrate-cluster'));
  const runtime = { ids: { next: () => 'id' } } as unknown as ClusterRuntime;
  const target = { clusterName: 'big', region: 'eu-central-1', assumeRoleArn: null };
  const input = { runId: 'run', target, mode: 'run', approval: 'none', expectedDigest: null, options: {} };
  await runStateMachine({ name: 'migrate-cluster', service, input, runtime, clock: clock.engine, onEvent: history.onEvent });
  const count = (end: string) => [...ends.values()].filter((value) => value === end).length;
  return {
    migrated: count('migrated'),
    rolledBack: count('rolling-back'),
    hours: (clock.now() - START) / 3_600_000,
    longestHistory: Math.max(...history.executions.values()),
  };
}

describe('200 units in a queue of one call a second', () => {
  it('all migrate, and none is rolled back for waiting', async () => {
    const { migrated, rolledBack, hours, longestHistory } = await migrateAll();
    expect({ migrated, rolledBack }).toEqual({ migrated: UNITS, rolledBack: 0 });
    // Four calls a unit: the queue cannot be through in less than 14 minutes, and should not take much longer by itself.
    expect(hours).toBeLessThan(1.5);
    // That of a batch of fifty.
    expect(longestHistory).toBeLessThan(3000);
  });
});
