import { describe, expect, it } from 'vitest';
import { createHistoryCounter } from '../../../engine/history.ts';
import { loadService, type Service } from '../../../engine/service.ts';
import { runStateMachine } from '../../../engine/state-machine.ts';
import { nextWait, PACES, type Pace, paceOfInjection } from '../../../src/migration/polls.ts';
import type { ClusterRuntime } from '../../../src/migration/runtime.ts';
import { PodshiftError } from '../../../src/model/errors.ts';
import { LONGEST_STEP_SECONDS, LONGEST_UNDO_SECONDS } from '../../../src/model/options.ts';
import { assignWaves, STEADY_WAVES, sizeOfWave, type WaveUnit } from '../../../src/plan/waves.ts';
import { createVirtualClock } from '../../../twin/clock.ts';

/** Step Functions ends an execution at 25,000 events (quotas); podshift leaves room for what is tried again. */
const MOST = 20_000;
/** What one visit of a state writes that uses up all its tries (docs/decisions/0025-retries.md). */
const TRIES = 3200;
/** Associations, and so units, that a cluster takes (EKS User Guide, "Service quotas"). */
const UNITS = 5000;
/** How long pods are renewed ahead of a rollback, at most (src/migration/unit/renew-pods.ts). */
const RENEWAL = 900;

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

type Act = (event: object, now: number) => unknown;
type Acts = Readonly<Record<string, Act>>;
type Name = 'migrate-cluster' | 'rollback-run';

const DONE = { status: 'ready', waitSeconds: 0 };

/** A step that has what it waits for only when its time is over; or that fails then, for the machine to catch. */
function late(pace: Pace, limit: number, then: 'ready' | 'fails' = 'ready'): Act {
  let begun: number | undefined;
  return (_event, now) => {
    begun ??= now;
    const waited = (now - begun) / 1000;
    if (waited <= limit) return { status: 'waiting', waitSeconds: nextWait(pace, waited, limit) };
    if (then === 'fails') throw new PodshiftError('StepTimedOut', 'its time is over');
    return { ...DONE, soakSeconds: 0 };
  };
}

/** Events of each execution of a machine whose functions answer so, by the execution's name; its own is empty. */
async function play(name: Name, acts: Acts): Promise<ReadonlyMap<string, number>> {
  const service = await loadService();
  const counter = createHistoryCounter(await service.stateMachine(name));
  const { engine: clock } = createVirtualClock(0);
  const scripted: Service = {
    ...service,
    handler: async (id) => ({
      withRuntime: () => async (event) => acts[id.replace('LambdaFunction', '')]?.(event as object, clock.now()) ?? {},
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

/** A run of so many waves, each of which writes and revokes trust policies and waits for IAM. */
function runOf(waves: number, unitIds: readonly string[] = [], daemons: readonly string[] = []): Acts {
  let wave = -1;
  return {
    OpenRun: (event) => ({ ...event, state: 'open', status: 'running' }),
    TakeInventory: () => DONE,
    MakePlan: () => ({ status: 'changes', begun: false, agent: 'install' }),
    CheckAgent: () => ({ ...DONE, tries: 1 }),
    NextWave: () => {
      wave += 1;
      if (wave === waves) return { status: 'done', daemons };
      return { status: 'wave', wave, roleArns: ['role'], unitIds, iamWaitSeconds: 15, daemons: [] };
    },
    GrantTrust: () => ({ wrote: true }),
    JudgeWave: () => ({ decision: 'go-on', reason: '', roleArns: ['role'] }),
    RevokeTrust: () => ({ wrote: true }),
    RolesToRetire: () => ({ done: true, items: [], after: '' }),
    CheckWriters: () => DONE,
    RemoveAgent: () => ({ ...DONE, tries: 1 }),
  };
}

/** Events of the run's own history. */
async function eventsOf(acts: Acts): Promise<number> {
  return (await play('migrate-cluster', acts)).get('') ?? 0;
}

/** What the run itself polls for, each as long as it may take: add-ons, the agent, CloudTrail for roles by the thousand, the agent's end. */
function slowRun(): Readonly<Record<'TakeInventory' | 'CheckAgent' | 'CheckWriters' | 'RemoveAgent', Act>> {
  const most = (tries: number, seconds: number): Act => {
    let looks = 0;
    return () => {
      looks += 1;
      return looks > tries ? { ...DONE, tries: 1 } : { status: 'waiting', waitSeconds: seconds, tries: 1 };
    };
  };
  const agent = late(PACES.agent, LONGEST_STEP_SECONDS);
  return {
    TakeInventory: late(PACES.runningAddons, LONGEST_STEP_SECONDS),
    CheckAgent: (event, now) => ({ ...(agent(event, now) as object), tries: 1 }),
    CheckWriters: most(UNITS / 60 + 900 / 30, 30),
    RemoveAgent: most(121, 5),
  };
}

/** What a unit polls for, each step ready only when the longest time-out that the options allow is over. */
function slowUnit(last: 'renewal' | 'together'): Acts {
  const undo = late(PACES.undo, LONGEST_UNDO_SECONDS);
  let undoing: number | undefined;
  return {
    OpenUnit: () => ({ action: last === 'together' ? 'update-addon' : 'migrate' }),
    CheckAddon: late(PACES.addon, LONGEST_STEP_SECONDS),
    CheckInjection: late(paceOfInjection(1), LONGEST_STEP_SECONDS),
    ProveCredentials: late(PACES.proof, LONGEST_STEP_SECONDS),
    CheckRollout: late(PACES.rollout, LONGEST_STEP_SECONDS),
    VerifyPods: late(PACES.verify, LONGEST_STEP_SECONDS),
    ConfirmUse: late(PACES.use, LONGEST_STEP_SECONDS),
    CheckTogether: late(PACES.together, last === 'together' ? 4 * LONGEST_STEP_SECONDS : 0, 'fails'),
    RemoveAnnotations: () => ({ templates: 1 }),
    CheckRenewal: late(PACES.renewal, LONGEST_STEP_SECONDS, 'fails'),
    // The renewal of pods ahead of it, whose time does not count, comes first.
    UndoUnit: (event, now) => {
      undoing ??= now;
      const waited = (now - undoing) / 1000;
      if (waited <= RENEWAL) return { status: 'waiting', waitSeconds: nextWait(PACES.undo, waited, LONGEST_UNDO_SECONDS) };
      return { ...(undo(event, now) as object), unitId: 'u', unitStatus: 'rolled-back' };
    },
  };
}

describe('the history of a run', () => {
  it('has room for the largest cluster in waves of one unit, and for two states that use up all their tries', async () => {
    const waves = Math.max(...mostWaves(1)) + 1;
    expect(waves).toBeGreaterThan(STEADY_WAVES);
    // Only a run of which nothing is migrated, which has one wave, takes its agent away.
    const slow = () => ({ ...slowRun(), RemoveAgent: runOf(0).RemoveAgent as Act });
    const [one, two] = [await eventsOf({ ...runOf(1), ...slow() }), await eventsOf({ ...runOf(2), ...slow() })];
    expect(await eventsOf({ ...runOf(1), ...slowRun() })).toBeLessThan(one + 1200);
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

describe('the history of a unit', () => {
  it.each(['renewal', 'together'] as const)(
    'has room for the longest time-outs, and for two states that use up all their tries: %s',
    async (last) => {
      const executions = await play('migrate-cluster', { ...runOf(1, ['u']), ...slowUnit(last) });
      const [longest = 0] = [...executions.values()].sort((a, b) => b - a);
      expect(longest).toBeGreaterThan(5000);
      expect(longest + 2 * TRIES).toBeLessThan(MOST);
    },
  );
});

describe('the history of a retirement', () => {
  it('has room for the longest time-outs, and for two states that use up all their tries', async () => {
    const slow = {
      OpenRetirement: () => ({ status: 'retire' }),
      RemoveRules: late(PACES.retirement, LONGEST_STEP_SECONDS),
      StopDaemon: late(PACES.retirement, LONGEST_STEP_SECONDS),
      ProveRules: late(PACES.retirement, LONGEST_STEP_SECONDS, 'fails'),
      RestoreDaemon: late(PACES.daemonBack, LONGEST_UNDO_SECONDS),
    };
    const executions = await play('migrate-cluster', { ...runOf(0, [], ['kube2iam']), ...slow });
    const longest = Math.max(...executions.values());
    expect(longest).toBeGreaterThan(3000);
    expect(longest + 2 * TRIES).toBeLessThan(MOST);
  });
});

describe('the history of a rollback', () => {
  it('has room for a lock that another run has as long as the rollback lives, and for a state that uses up all its tries', async () => {
    const days = 14;
    let looks = 0;
    const { CheckWriters, RemoveAgent } = slowRun();
    const executions = await play('rollback-run', {
      OpenRollback: (event, now) => {
        if (now < (days - 1) * 86_400_000) throw new PodshiftError('ClusterLocked', 'another run has it');
        return {
          ...event,
          status: 'rollback',
          chosen: null,
          batch: { items: [], after: '', done: false },
          iamWaitSeconds: 15,
          agent: { tries: 0 },
        };
      },
      RollbackBatch: () => {
        looks += 1;
        return { items: ['x'], after: 'x', done: looks % 14 === 0 };
      },
      RestoreOldTrust: () => ({ wrote: true }),
      RevokeTrust: () => ({ wrote: true }),
      RestoreDaemon: late(PACES.daemonBack, LONGEST_UNDO_SECONDS - 10_000),
      UndoUnit: () => ({ ...DONE, unitId: 'u', unitStatus: 'rolled-back' }),
      CheckWriters: CheckWriters,
      RemoveAgent: RemoveAgent,
    });
    expect(looks).toBe(3 * 14);
    expect((executions.get('') ?? 0) + TRIES).toBeLessThan(MOST);
  });
});
