import { describe, expect, it } from 'vitest';
import { createHistoryCounter } from '../../../engine/history.ts';
import { loadService, type Service } from '../../../engine/service.ts';
import { runStateMachine } from '../../../engine/state-machine.ts';
import type { ClusterRuntime } from '../../../src/migration/runtime.ts';
import { assignWaves, STEADY_WAVES, sizeOfWave, type WaveUnit } from '../../../src/plan/waves.ts';
import { createVirtualClock } from '../../../twin/clock.ts';

/** Step Functions ends an execution at 25,000 events (quotas); podshift leaves room for what is tried again. */
const MOST = 20_000;
/** What one visit of a state writes that uses up all its tries (docs/decisions/0025-retries.md). */
const TRIES = 3200;
/** Associations, and so units, that a cluster takes (EKS User Guide, "Service quotas"). */
const UNITS = 5000;

const unit = (id: string, changes: Partial<WaveUnit> = {}): WaveUnit => ({
  id,
  namespace: 'shop',
  addon: null,
  roleArn: id,
  restarts: true,
  warnings: 0,
  pods: 1,
  ...changes,
});

/** The most waves that a cluster can be migrated in: single units, add-ons of their own, and units of kube-system. */
function mostWaves(waveSize: number): number[] {
  const units = Array.from({ length: UNITS }, (_, index) => {
    if (index < 20) return unit(`add-on ${index}`, { addon: `add-on ${index}` });
    return unit(`unit ${index}`, { namespace: index < 60 ? 'kube-system' : 'shop' });
  });
  return [...assignWaves(units, waveSize).values()];
}

/** Events of the run's own history over so many waves, each of which writes and revokes trust policies and waits for IAM. */
async function eventsOf(waves: number): Promise<number> {
  const service = await loadService();
  const machine = await service.stateMachine('migrate-cluster');
  const counter = createHistoryCounter(machine);
  let wave = -1;
  const acts: Readonly<Record<string, (event: object) => unknown>> = {
    OpenRun: (event) => ({ ...event, state: 'open', status: 'running' }),
    TakeInventory: () => ({ status: 'ready', waitSeconds: 0 }),
    MakePlan: () => ({ status: 'changes', begun: false, agent: 'install' }),
    CheckAgent: () => ({ status: 'ready', waitSeconds: 0, tries: 1 }),
    NextWave: () => {
      wave += 1;
      if (wave === waves) return { status: 'done', daemons: [] };
      return { status: 'wave', wave, roleArns: ['role'], unitIds: [], iamWaitSeconds: 15, daemons: [] };
    },
    GrantTrust: () => ({ wrote: true }),
    JudgeWave: () => ({ decision: 'go-on', reason: '', roleArns: ['role'] }),
    RevokeTrust: () => ({ wrote: true }),
    RolesToRetire: () => ({ done: true, items: [], after: '' }),
    CheckWriters: () => ({ status: 'ready', waitSeconds: 0 }),
    RemoveAgent: () => ({ status: 'ready', waitSeconds: 0, tries: 1 }),
  };
  const scripted: Service = {
    ...service,
    handler: async (id) => ({ withRuntime: () => async (event) => acts[id.replace('LambdaFunction', '')]?.(event as object) ?? {} }),
  };
  const { engine: clock } = createVirtualClock(0);
  await runStateMachine({
    name: 'migrate-cluster',
    input: { runId: 'r', target: {}, mode: 'run', approval: 'none', expectedDigest: null, options: {} },
    runtime: { clock, ids: { next: () => 'id' } } as unknown as ClusterRuntime,
    clock,
    service: scripted,
    onEvent: counter.onEvent,
  });
  expect(wave).toBe(waves);
  return counter.executions.get('') ?? 0;
}

describe('the history of a run', () => {
  it('has room for the largest cluster in waves of one unit, and for two states that use up all their tries', async () => {
    const waves = Math.max(...mostWaves(1)) + 1;
    expect(waves).toBeGreaterThan(STEADY_WAVES);
    const [one, two] = [await eventsOf(1), await eventsOf(2)];
    // Every wave writes as much as the one before it.
    const perWave = two - one;
    expect(perWave).toBeGreaterThan(30);
    expect(one + perWave * (waves - 1) + 2 * TRIES).toBeLessThan(MOST);
  });

  it.each([1, 2, 3, 7, 50, 500])('holds no more waves of %i than waves of one', (waveSize) => {
    expect(Math.max(...mostWaves(waveSize))).toBeLessThanOrEqual(Math.max(...mostWaves(1)));
  });

  it('keeps waves as small as they were asked for as long as it can', () => {
    const sizes = [...Map.groupBy(mostWaves(1), (wave) => wave)].map(([wave, units]) => ({ wave, size: units.length }));
    for (const { wave, size } of sizes) expect(size, `wave ${wave}`).toBeLessThanOrEqual(sizeOfWave(wave, 1));
    expect(sizes.filter(({ wave }) => wave <= STEADY_WAVES).every(({ size }) => size === 1)).toBe(true);
  });
});
