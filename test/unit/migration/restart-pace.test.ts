import { describe, expect, it } from 'vitest';
import { planOf } from '../../../src/migration/run/plan-run.ts';
import { secondsUntilRestart } from '../../../src/migration/unit/restart-pace.ts';
import type { UnitPlan } from '../../../src/model/plan.ts';
import { beginRun, DEPLOYMENT, fakeMigration, planWith, RUN, START, TARGET, unitPlan } from '../fixtures/fake-migration.ts';

const pods = (id: string, replicas: number | null, more: Partial<UnitPlan> = {}): UnitPlan =>
  unitPlan({ id: `shop/${id}`, serviceAccount: id, workloads: [{ ...DEPLOYMENT, name: id, replicas }], ...more });

/** Seconds that `shop/m` waits, with so many pods a minute, so many seconds after it began; after the run's start where it has not. */
async function wait(units: readonly UnitPlan[], restartPodsPerMinute: number, later = 0, associatedAfter?: number): Promise<number> {
  const fake = await fakeMigration();
  await beginRun(fake, planWith([...units, pods('m', 5)], []), { restartPodsPerMinute });
  const { runtime } = fake;
  if (associatedAfter !== undefined) {
    const associate = new Date(START + associatedAfter * 1000).toISOString();
    await runtime.journal.updateUnit(RUN, 'shop/m', { stepStartedAt: { associate } });
  }
  fake.pass(later);
  const [run, unit] = await Promise.all([runtime.journal.getRun(RUN), runtime.journal.getUnit(RUN, 'shop/m')]);
  return secondsUntilRestart(runtime, { run, unit, aws: runtime.aws(TARGET), kubernetes: await runtime.kubernetes(TARGET) });
}

describe('the pace of restarts', () => {
  it.each<[string, number, readonly UnitPlan[], number]>([
    ['no unit is ahead', 0, [], 10],
    ['the units ahead fit into the first minute', 0, [pods('a', 4), pods('b', 5)], 10],
    ['the units ahead fill a minute', 60, [pods('a', 4), pods('b', 6)], 10],
    ['one ahead takes several minutes', 180, [pods('a', 35)], 10],
    ['a workload ahead has no count: it is one pod', 60, [pods('a', null)], 1],
    ['those of other waves do not count', 0, [pods('a', 99, { wave: 1 }), pods('b', 99, { wave: null })], 10],
    ['those behind it do not count', 0, [pods('z', 99)], 10],
    ['what is not restarted does not count', 0, [pods('a', 99, { workloads: [{ ...DEPLOYMENT, replicas: 99, restart: 'none' }] })], 10],
  ])('where %s, a unit waits %i seconds', async (_, seconds, units, perMinute) => {
    expect(await wait(units, perMinute)).toBe(seconds);
  });

  it('goes through the plan once, however many units ask', async () => {
    const fake = await fakeMigration();
    const { runtime } = fake;
    await beginRun(fake, planWith([pods('a', 10), pods('m', 5), pods('n', 5)], []), { restartPodsPerMinute: 10 });
    const [run, kubernetes] = await Promise.all([runtime.journal.getRun(RUN), runtime.kubernetes(TARGET)]);
    const { units } = await planOf(runtime, RUN);
    let reads = 0;
    const { workloads } = units[0] as UnitPlan;
    Object.defineProperty(units[0], 'workloads', {
      get: () => {
        reads += 1;
        return workloads;
      },
    });
    const waits = ['a', 'm', 'n'].map(async (name) => {
      const unit = await runtime.journal.getUnit(RUN, `shop/${name}`);
      return secondsUntilRestart(runtime, { run, unit, aws: runtime.aws(TARGET), kubernetes });
    });
    expect(await Promise.all(waits)).toEqual([0, 60, 60]);
    expect(reads).toBe(1);
  });

  it('counts from the unit’s own beginning, in whole seconds, and never below none', async () => {
    const ahead = [pods('a', 10)];
    expect(await wait(ahead, 10, 0, 30)).toBe(90);
    expect(await wait(ahead, 10, 59.5)).toBe(1);
    expect(await wait(ahead, 10, 3600)).toBe(0);
  });
});
