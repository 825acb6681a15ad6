import { beforeEach, describe, expect, it } from 'vitest';
import { newBatch, type UnitBatch } from '../../../../src/migration/batch/batch.ts';
import { carryUnits } from '../../../../src/migration/batch/carry-units.ts';
import { podsOf, withTurns } from '../../../../src/migration/batch/turns.ts';
import type { UnitPlan } from '../../../../src/model/plan.ts';
import { beginRun, DEPLOYMENT, type FakeMigration, fakeMigration, planWith, RUN, START, unitPlan } from '../../fixtures/fake-migration.ts';

let fake: FakeMigration;

const idOf = (name: string): string => `shop/${name}`;
const unit = (name: string, replicas: number | null, more: Partial<UnitPlan> = {}): UnitPlan =>
  unitPlan({ id: idOf(name), serviceAccount: name, workloads: [{ ...DEPLOYMENT, name, replicas }], ...more });

async function begin(units: readonly UnitPlan[], restartPodsPerMinute: number): Promise<void> {
  fake = await fakeMigration();
  await beginRun(fake, planWith(units, []), { restartPodsPerMinute });
}

const batchOf = (names: readonly string[], kind: UnitBatch['kind'] = 'plain'): UnitBatch => newBatch(names.map(idOf), kind);

/** Seconds until each unit's turn. */
async function waits(batch: UnitBatch, stage: 'open' | 'restart'): Promise<number[]> {
  const { units } = await withTurns(fake.runtime, { runId: RUN, batch }, stage);
  return units.map(({ turn }) => (turn === undefined ? 0 : (turn - fake.now()) / 1000));
}

describe('how many pods the restart of a unit renews', () => {
  it.each<[string, UnitPlan, number]>([
    ['the replicas of its workloads', unit('a', 7), 7],
    ['one, where nobody knows', unit('a', null), 1],
    ['none, where it is not restarted', unit('a', 0, { workloads: [{ ...DEPLOYMENT, replicas: 99, restart: 'none' }] }), 0],
  ])('%s', (_what, plan, pods) => {
    expect(podsOf(plan)).toBe(pods);
  });
});

describe('the turns of a batch', () => {
  beforeEach(() => begin([unit('a', 4), unit('b', 6), unit('c', 1), unit('d', 25), unit('e', 5), unit('z', 0)], 10));

  it('are a minute’s pods at a time, in the order of its units', async () => {
    expect(await waits(batchOf(['a', 'b', 'c', 'd', 'e']), 'restart')).toEqual([0, 0, 60, 120, 240]);
  });

  it('come after those of the batches before it, of whatever wave, and are the same when it asks again', async () => {
    expect(await waits(batchOf(['a', 'b']), 'restart')).toEqual([0, 0]);
    expect(await waits(batchOf(['c']), 'restart')).toEqual([60]);
    fake.pass(20);
    expect(await waits(batchOf(['c']), 'restart')).toEqual([40]);
    fake.pass(600);
    expect(await waits(batchOf(['a', 'b']), 'restart')).toEqual([0, 0]);
  });

  it('are one for all of its units where it begins, apart from those of restarts', async () => {
    expect(await waits(batchOf(['a', 'b', 'c', 'e']), 'open')).toEqual([0, 0, 0, 0]);
    expect(await waits(batchOf(['d']), 'open')).toEqual([120]);
    expect(await waits(batchOf(['a', 'b']), 'restart')).toEqual([0, 0]);
  });

  it('of an add-on are those in which its update begins, which renews the pods', async () => {
    expect(await waits(batchOf(['a', 'b'], 'addon'), 'open')).toEqual([0, 0]);
    expect(await waits(batchOf(['c']), 'restart')).toEqual([60]);
    expect(await waits(batchOf(['a', 'b'], 'addon'), 'restart')).toEqual([0, 0]);
    expect(await waits(batchOf(['e'], 'addon'), 'open')).toEqual([60]);
  });

  it('are asked for by nobody without pods, and once a stage', async () => {
    expect(await waits(batchOf(['z']), 'restart')).toEqual([0]);
    const begun = await withTurns(fake.runtime, { runId: RUN, batch: batchOf(['a', 'b', 'c']) }, 'restart');
    expect(begun.stage).toBe('restart');
    fake.pass(3600);
    expect(await withTurns(fake.runtime, { runId: RUN, batch: begun }, 'restart')).toBe(begun);
    const opened = { ...batchOf(['d']), looks: 1 };
    expect(await withTurns(fake.runtime, { runId: RUN, batch: opened }, 'open')).toBe(opened);
  });
});

describe('a stage whose units have turns', () => {
  const carried: string[] = [];
  const carry = (batch: UnitBatch): Promise<UnitBatch> =>
    carryUnits(
      fake.runtime,
      { runId: RUN, batch },
      {
        name: 'restart',
        step: async (_runtime, { unitId }) => {
          carried.push(unitId);
          return 'ready';
        },
      },
    );

  beforeEach(async () => {
    carried.length = 0;
    await begin([unit('a', 10), unit('b', 10)], 10);
  });

  it('looks at each when its turn has come, and waits until then', async () => {
    const first = await carry(await withTurns(fake.runtime, { runId: RUN, batch: batchOf(['a', 'b']) }, 'restart'));
    expect(carried).toEqual([idOf('a')]);
    expect(first).toMatchObject({ status: 'waiting', waitSeconds: 60 });
    fake.pass(60);
    expect(await carry(first)).toMatchObject({ status: 'ready' });
    expect(carried).toEqual([idOf('a'), idOf('b')]);
  });

  it('does not look at one ahead of its turn even where units are called one at a time', async () => {
    const begun = await withTurns(fake.runtime, { runId: RUN, batch: batchOf(['a', 'b']) }, 'restart');
    const alone = await carry({ ...begun, alone: [idOf('b')] });
    expect(carried).toEqual([]);
    expect(alone.alone).toEqual([]);
    expect(alone.units).toEqual([{ unitId: idOf('a') }, { unitId: idOf('b'), turn: START + 60_000, at: START + 60_000 }]);
    const next = await carry(alone);
    expect(carried).toEqual([idOf('a')]);
    expect(next).toMatchObject({ status: 'waiting', waitSeconds: 60 });
  });
});
