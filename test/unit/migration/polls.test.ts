import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { nextWait, PACES, paceOfInjection, waitedAfter } from '../../../src/migration/polls.ts';
import { checkRollout } from '../../../src/migration/unit/check-rollout.ts';
import { LONGEST_STEP_SECONDS, LONGEST_UNDO_SECONDS, migrationOptions } from '../../../src/model/options.ts';
import { CLUSTER_ARN, DEPLOYMENT, deployment, type FakeMigration, RUN } from '../fixtures/fake-migration.ts';
import { UNIT, unitScene } from '../fixtures/unit-scene.ts';

const WEEK = LONGEST_STEP_SECONDS;
/** The largest part of what was waited: a fifth. */
const LARGEST = 5;
const ALL = [...Object.entries(PACES), ['injection', paceOfInjection(3)] as const];

describe('the waits of a step that polls', () => {
  it.each(ALL)('are short for %s as long as it has waited little', (_name, pace) => {
    expect(nextWait(pace, 0, 1800)).toBe(pace.first);
    expect(nextWait(pace, pace.first * pace.part, 1800)).toBe(pace.first);
  });

  it.each(ALL)('stay a small part of what %s has waited', (_name, pace) => {
    expect(pace.part).toBeGreaterThanOrEqual(LARGEST);
    expect(pace.most).toBeLessThanOrEqual(43_200);
    fc.assert(
      fc.property(fc.nat(WEEK), fc.integer({ min: 1, max: WEEK }), (waited, limit) => {
        const wait = nextWait(pace, waited, limit);
        expect(wait).toBeGreaterThanOrEqual(pace.first);
        expect(wait).toBeLessThanOrEqual(Math.max(pace.first, Math.min(waited / pace.part, pace.most)));
      }),
    );
  });

  it.each(ALL)('end %s once its time is over, and no later than a first wait', (_name, pace) => {
    const limit = pace.most < 43_200 ? LONGEST_UNDO_SECONDS : WEEK;
    let looks = 0;
    let waited = 0;
    for (; waited <= limit; looks += 1) waited += nextWait(pace, waited, limit);
    expect(waited).toBeLessThanOrEqual(limit + pace.first + 1);
    expect(waitedAfter(pace, looks, limit)).toBe(waited);
    expect(looks).toBeLessThan(400);
  });
});

describe('a step of a unit that polls for hours', () => {
  let fake: FakeMigration;
  const { begin } = unitScene((made) => {
    fake = made;
  });
  const other = () => fake.runtime.journal.acquireLock(CLUSTER_ARN, 'run-2', 900);

  beforeEach(() => begin({}, { rolloutTimeoutSeconds: 86_400 }));

  it('waits longer and longer, with the cluster locked, and gives up in time', async () => {
    fake.put(deployment({ status: { updatedReplicas: 0 } }));
    const look = () => checkRollout(fake.runtime, UNIT);
    expect(await look()).toMatchObject({ status: 'waiting', waitSeconds: 5 });
    fake.pass(36_000);
    expect(await look()).toMatchObject({ status: 'waiting', waitSeconds: 4500 });
    fake.pass(4500 + 600);
    await expect(other()).rejects.toMatchObject({ name: 'ClusterLocked', message: expect.stringContaining(RUN) });
    fake.pass(86_400 - 41_100 - 60);
    expect(await look()).toMatchObject({ status: 'waiting', waitSeconds: 61 });
    fake.pass(61);
    await expect(look()).rejects.toMatchObject({ name: 'RolloutFailed' });
  });

  it('looks more often where pods are evicted one after another: each of them has to be waited for', async () => {
    await begin({ workloads: [{ ...DEPLOYMENT, restart: 'evict' }] }, { rolloutTimeoutSeconds: 86_400 });
    fake.put(deployment({ status: { updatedReplicas: 0 } }));
    expect(await checkRollout(fake.runtime, UNIT)).toMatchObject({ status: 'waiting', waitSeconds: 5 });
    fake.pass(36_000);
    expect(await checkRollout(fake.runtime, UNIT)).toMatchObject({ status: 'waiting', waitSeconds: 1028 });
  });
});

describe('the time-outs of the options', () => {
  const times = {
    injectionIntervalSeconds: WEEK,
    injectionTimeoutSeconds: WEEK,
    proofTimeoutSeconds: WEEK,
    rolloutTimeoutSeconds: WEEK,
    agentTimeoutSeconds: WEEK,
    addonTimeoutSeconds: WEEK,
    retireTimeoutSeconds: WEEK,
    iamPropagationSeconds: WEEK,
    undoTimeoutSeconds: 86_400,
    soakSeconds: 30 * 86_400,
  };

  it('are a week at most; a day for the rollback, thirty for the soak', () => {
    expect(migrationOptions.parse(times)).toMatchObject(times);
  });

  it.each(Object.entries(times))('take no %s above %d', (name, most) => {
    expect(migrationOptions.safeParse({ [name]: most + 1 }).success).toBe(false);
  });
});
