import { describe, expect, it } from 'vitest';
import { createHistoryCounter } from '../../engine/history.ts';
import { projectService, type Service } from '../../engine/service.ts';
import { runStateMachine } from '../../engine/state-machine.ts';
import type { ClusterRuntime } from '../../src/migration/runtime.ts';
import { PodshiftError } from '../../src/model/errors.ts';
import { createVirtualClock } from '../../twin/clock.ts';

const UNITS = 200;
const START = Date.UTC(2026, 0, 5, 9);

/** What the steps answer where everything goes well at the first look. */
const WELL = {
  status: 'ready',
  state: 'open',
  waitSeconds: 0,
  soakSeconds: 60,
  templates: 0,
  wrote: true,
  decision: 'go-on',
  action: 'migrate',
};

/** The functions that need a turn: one call of each is enough for the test. */
const CALLING = ['GrantTrust', 'Associate', 'ProveCredentials', 'RestartWorkloads', 'RemoveAnnotations', 'UndoUnit'];

/** A run of the real definitions over an account that lets one call a second through and refuses all others. */
async function migrateAll() {
  const clock = createVirtualClock(START);
  const ends = new Map<string, string>();
  let free = START;
  let waves = 0;
  const call = (): void => {
    if (clock.now() < free) throw new PodshiftError('Throttled', 'rate exceeded');
    free = clock.now() + 1000;
  };
  const units = Array.from({ length: UNITS }, (_, index) => `default/unit-${index}`);
  const nextWave = () => {
    waves += 1;
    const wave = { wave: 0, roleArns: units.slice(0, 20), unitIds: units, iamWaitSeconds: 15, daemons: [] };
    return waves === 1 ? { ...wave, status: 'wave' } : { ...wave, status: 'done' };
  };
  const answer = (id: string, { unitId = '', runId }: { unitId?: string; runId: string }): object => {
    if (id === 'FinishUnit') ends.set(unitId, 'migrated');
    if (id === 'UndoUnit') ends.set(unitId, 'rolled-back');
    const given = { ...WELL, runId, unitId, unitStatus: ends.get(unitId) ?? '', mode: 'run', approval: 'none', expectedDigest: null };
    const own: Record<string, () => object> = {
      NextWave: nextWave,
      JudgeWave: () => ({ decision: 'go-on', reason: '', roleArns: [] }),
      RolesToRetire: () => ({ items: [], after: '', done: true }),
      MakePlan: () => ({ status: 'ready', begun: false, agent: 'present' }),
      CheckAgent: () => ({ status: 'ready', waitSeconds: 0, tries: 1 }),
    };
    return own[id]?.() ?? given;
  };
  const project = await projectService();
  const service: Service = {
    stateMachine: (name) => project.stateMachine(name),
    handler: async (logicalId) => {
      const id = logicalId.replace('LambdaFunction', '');
      const handler = async (event: unknown) => {
        if (CALLING.includes(id)) call();
        return answer(id, event as { runId: string });
      };
      return { withRuntime: () => handler };
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
    rolledBack: count('rolled-back'),
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
    expect(longestHistory).toBeLessThan(2000);
  });
});
