import { describe, expect, it } from 'vitest';
import { newBatch, newUndo, roleBatches } from '../../../src/migration/batch/batch.ts';
import { nextWait, PACES, type Pace, paceOfInjection } from '../../../src/migration/polls.ts';
import { PodshiftError } from '../../../src/model/errors.ts';
import { LONGEST_STEP_SECONDS, LONGEST_UNDO_SECONDS, migrationOptions } from '../../../src/model/options.ts';
import { assignWaves, STEADY_WAVES, sizeOfWave, type WaveUnit } from '../../../src/plan/waves.ts';
import { type Act, type Acts, DONE, late, play, type RunStep, rolesOf, runOf, stageOf, undoOf, written } from './history-plays.ts';
import { type Names, roundsOf, unitsOfStep } from './names.ts';

/** Step Functions ends an execution at 25,000 events (quotas); podshift leaves room for what is tried again. */
const MOST = 20_000;
/** The most units that a wave may be asked for. */
const LARGEST_WAVE = migrationOptions.shape.waveSize.unwrap().maxValue ?? 0;
/** What one visit of a state writes that uses up all its tries (docs/decisions/0025-retries.md). */
const TRIES = 3200;
/** Twice the associations, and so units, that a cluster takes by default (EKS User Guide, "Service quotas"). */
const UNITS = 10_000;
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

/** The largest cluster, in the order that needs the most waves: single units, add-ons of their own, and units of kube-system. */
const LARGEST = Array.from({ length: UNITS }, (_, index) => {
  const id = `unit ${String(index).padStart(5, '0')}`;
  if (index >= UNITS - 40) return unit(id, { namespace: 'kube-system' });
  return unit(id, { addon: index >= UNITS - 60 ? id : null });
});

/** How many units each wave of it has. */
function sizesOf(waveSize: number): number[] {
  return [...Map.groupBy(assignWaves(LARGEST, waveSize).values(), (wave) => wave).values()].map(({ length }) => length);
}

/** How often a run does what: each wave waits at most for its pace of restarts and for its soak (test/unit/migration/run/next-step.test.ts). */
function stepsOf(sizes: readonly number[], names: Names): Readonly<Record<RunStep, number>> {
  const steps = (most: number) => sizes.reduce((sum, size) => sum + Math.ceil(size / most), 0);
  return { migrate: steps(unitsOfStep(names, 'migrate')), wait: 2 * sizes.length, confirm: steps(unitsOfStep(names, 'confirm')) };
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
    CheckAgent: (event, now) => ({ ...(agent(event, now, { now: () => now }) as object), tries: 1 }),
    CheckWriters: most(UNITS / 60 + 900 / 30, 30),
    RemoveAgent: most(121, 5),
  };
}

/** The rounds in which the old trust of all roles of the largest cluster is retired, by the longest of their names. */
function manyRoles(): Act {
  let rounds = roundsOf(UNITS, 'longest');
  return () => {
    rounds -= 1;
    return { items: roleBatches(['role']), after: 'role', done: rounds === 0 };
  };
}

const AT_ONCE = { first: 1, part: 1, most: 1 };
const ready = () => DONE;

/** What a unit polls for, each step ready only when the longest time-out that the options allow is over. */
function slowUnit(last: 'renewal' | 'together'): Acts {
  const undo = late(PACES.undo, LONGEST_UNDO_SECONDS);
  let undoing: number | undefined;
  const stage = (name: string, pace: Pace, act: Act = late(pace, LONGEST_STEP_SECONDS), leaves = false): Act =>
    stageOf(name, pace, (event, now) => act(event, now, { now: () => now }), leaves);
  return {
    ...quickUnit(),
    CheckAddon: stage('addon', PACES.addon),
    CheckInjection: stage('injection', paceOfInjection(1)),
    ProveCredentials: stage('proof', PACES.proof),
    CheckRollout: stage('rollout', PACES.eviction),
    VerifyPods: stage('verify', PACES.verify, undefined, true),
    ConfirmUse: stage('use', PACES.use),
    CheckTogether: stage('together', PACES.together, late(PACES.together, last === 'together' ? 4 * LONGEST_STEP_SECONDS : 0, 'fails')),
    CheckRenewal: stage('renewal', PACES.renewal, late(PACES.renewal, LONGEST_STEP_SECONDS, 'fails')),
    // The renewal of pods ahead of it, whose time does not count, comes first.
    UndoUnits: undoOf((event, now) => {
      undoing ??= now;
      const waited = (now - undoing) / 1000;
      if (waited <= RENEWAL) return { status: 'waiting', waitSeconds: nextWait(PACES.undo, waited, LONGEST_UNDO_SECONDS) };
      return undo(event, now, { now: () => now });
    }),
  };
}

/** A unit for which every step is done at once. */
function quickUnit(): Acts {
  const names = { OpenUnits: 'open', Associate: 'associate', UpdateAddon: 'addon-update', RestartWorkloads: 'restart' };
  const polled = {
    CheckAddon: 'addon',
    CheckInjection: 'injection',
    ProveCredentials: 'proof',
    CheckRollout: 'rollout',
    ConfirmUse: 'use',
  };
  const stages = { ...names, ...polled, CheckTogether: 'together', RemoveAnnotations: 'annotations', CheckRenewal: 'renewal' };
  return {
    ...Object.fromEntries(Object.entries(stages).map(([id, name]) => [id, stageOf(name, AT_ONCE, ready)])),
    VerifyPods: stageOf('verify', AT_ONCE, ready, true),
    FinishUnits: stageOf('finish', AT_ONCE, ready, true),
    UndoUnits: undoOf(ready),
  };
}

describe('the history of a run', () => {
  const eventsOfSteps = (...steps: RunStep[]) => eventsOf(runOf(steps));
  // Only a run of which nothing is migrated, which has one wave, takes its agent away.
  const slow = () => ({ ...slowRun(), RemoveAgent: runOf(0).RemoveAgent as Act, RolesToRetire: manyRoles() });

  it('has room for the largest cluster in waves of any size, and for states that use up all their tries', async () => {
    const none = await eventsOfSteps();
    const each = {
      migrate: (await eventsOfSteps('migrate')) - none,
      wait: (await eventsOfSteps('wait')) - none,
      confirm: (await eventsOfSteps('confirm')) - none,
    };
    const reckoned = ({ migrate, wait, confirm }: Readonly<Record<RunStep, number>>, begun = none): number =>
      begun + migrate * each.migrate + wait * each.wait + confirm * each.confirm;
    // Small runs have what is reckoned for them, slow ones too.
    expect(each.wait).toBeGreaterThan(5);
    const mixed = ['wait', 'migrate', 'wait', 'confirm', 'migrate', 'confirm', 'wait'] as const;
    expect(await eventsOfSteps(...mixed)).toBe(reckoned({ migrate: 2, wait: 3, confirm: 2 }));
    const longer = Array.from({ length: 7 }, () => ['migrate', 'migrate', 'wait', 'confirm'] as const).flat();
    expect(await eventsOfSteps(...longer)).toBe(reckoned({ migrate: 14, wait: 7, confirm: 7 }));
    const slowest = await eventsOf({ ...runOf(0), ...slow() });
    expect(slowest).toBeGreaterThan(none + 3000);
    expect(await eventsOf({ ...runOf(mixed), ...slow() })).toBe(reckoned({ migrate: 2, wait: 3, confirm: 2 }, slowest));
    expect(await eventsOf({ ...runOf(1), ...slowRun() })).toBeLessThan(slowest + 1200);

    const asked = Array.from({ length: LARGEST_WAVE }, (_, index) => index + 1);
    const events = asked.map((waveSize) => {
      const sizes = sizesOf(waveSize);
      return { waveSize, usual: reckoned(stepsOf(sizes, 'usual'), slowest), longest: reckoned(stepsOf(sizes, 'longest'), slowest) };
    });
    expect(events.filter(({ usual }) => usual + 2 * TRIES >= MOST)).toEqual([]);
    expect(events.filter(({ longest }) => longest + TRIES >= MOST)).toEqual([]);
    process.stderr.write(
      `FIG ${none} ${slowest} ${JSON.stringify(each)} ${Math.max(...events.map((e) => e.usual))} ${Math.max(...events.map((e) => e.longest))} ${sizesOf(1).length}\n`,
    );
    // What is reckoned for is there: waves of one unit, which grow in the end, and waves that one step cannot hand out.
    const [smallest = 0, largest = 0] = [events[0]?.longest, events.at(-1)?.longest];
    expect(sizesOf(1).length).toBeGreaterThan(STEADY_WAVES);
    expect(smallest).toBeGreaterThan(events[0]?.usual ?? smallest);
    expect(largest).toBeGreaterThan(events.at(-1)?.usual ?? largest);
  });

  it('keeps waves as small as they were asked for as long as it can', () => {
    for (const [wave, size] of sizesOf(1).entries()) expect(size, `wave ${wave}`).toBeLessThanOrEqual(sizeOfWave(wave, 1));
    expect(
      sizesOf(1)
        .slice(0, STEADY_WAVES + 1)
        .every((size) => size === 1),
    ).toBe(true);
  });
});

describe('the history of a unit', () => {
  it.each(['renewal', 'together'] as const)(
    'has room for the longest time-outs, and for two states that use up all their tries: %s',
    async (last) => {
      const kind = last === 'together' ? 'addon' : 'plain';
      const executions = await play('migrate-cluster', { ...runOf(1, ['u'], [], kind), ...slowUnit(last) });
      const [longest = 0] = [...executions.values()].sort((a, b) => b - a);
      expect(longest).toBeGreaterThan(3000);
      expect(longest + 2 * TRIES).toBeLessThan(MOST);
    },
  );
});

describe('the history of a batch', () => {
  it('has room for the largest batch, however differently its units wait: another execution goes on with what is left', async () => {
    const units = Array.from({ length: 50 }, (_, index) => `shop/unit-${index}`);
    let looks = 0;
    const restless = stageOf('rollout', PACES.rollout, (_event, now, unitId) => {
      looks += 1;
      return now < 7 * 86_400_000 ? { status: 'waiting', waitSeconds: 1 + ((units.indexOf(unitId) * 7) % 50) } : DONE;
    });
    const executions = await play('migrate-cluster', { ...runOf(1, units), ...quickUnit(), CheckRollout: restless });
    expect(looks).toBeGreaterThan(4000);
    for (const [name, events] of executions) expect(events + 2 * TRIES, name).toBeLessThan(MOST);
  });

  it.each(['Throttled', 'ClusterUnreachable'] as const)('has room for all tries of each of its units and roles: %s', async (name) => {
    const away = () => {
      throw new PodshiftError(name, 'for good');
    };
    const units = Array.from({ length: 50 }, (_, index) => `shop/unit-${index}`);
    const roles = roleBatches(units.slice(0, 25));
    const { NextStep, ...run } = runOf(1, units);
    const executions = await play('migrate-cluster', {
      ...run,
      ...quickUnit(),
      NextStep: (...call) => ({ ...(NextStep?.(...call) as object), roles }),
      GrantTrust: rolesOf(away),
      RestartWorkloads: stageOf('restart', AT_ONCE, away),
      UndoUnits: undoOf(away),
    });
    expect(Math.max(...executions.values())).toBeGreaterThan(2000);
    for (const [child, events] of executions) expect(events + 2 * TRIES, child).toBeLessThan(MOST);
  });

  it('ends after so many looks, with what has not ended left to the next step of the run', async () => {
    const clock = { now: () => 0 };
    const batch = { ...newBatch(['a', 'b']), looks: 799 };
    const act = stageOf('rollout', PACES.rollout, () => ({ status: 'waiting', waitSeconds: 5 }));
    expect(await act({ runId: 'r', batch: { ...batch, looks: 798 } }, 0, clock)).toMatchObject({ status: 'waiting' });
    expect(await act({ runId: 'r', batch }, 0, clock)).toMatchObject({ status: 'over' });
  });
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
  it.each<[Names, number]>([
    ['usual', TRIES],
    ['longest', 0],
  ])(
    'has room for a lock that another run has as long as the rollback lives, and for tries of a state: names of %s length',
    async (names, tries) => {
      const rounds = roundsOf(UNITS, names);
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
          const items = looks > rounds && looks < 2 * rounds ? [newUndo(['x'])] : roleBatches(['x']);
          return { items, after: 'x', done: looks % rounds === 0 };
        },
        RestoreOldTrust: written,
        RevokeTrust: written,
        RestoreDaemon: late(PACES.daemonBack, LONGEST_UNDO_SECONDS - 10_000),
        UndoUnits: undoOf(ready),
        CheckWriters: CheckWriters,
        RemoveAgent: RemoveAgent,
      });
      expect(looks).toBe(3 * rounds);
      expect((executions.get('') ?? MOST) + tries).toBeLessThan(MOST);
    },
  );
});
