import { beforeEach, describe, expect, it } from 'vitest';
import { associateUnit } from '../../../../src/migration/batch/associate-unit.ts';
import { newBatch, type UnitBatch } from '../../../../src/migration/batch/batch.ts';
import { carryUnits, type Verdict } from '../../../../src/migration/batch/carry-units.ts';
import { PodshiftError } from '../../../../src/model/errors.ts';
import { associationWith, type FakeMigration, RUN } from '../../fixtures/fake-migration.ts';
import { UNIT, unitScene } from '../../fixtures/unit-scene.ts';
import { play, runOf, stageOf } from '../../statemachine/history-plays.ts';

let fake: FakeMigration;
const { begin } = unitScene((made) => {
  fake = made;
});

describe('the association of a unit', () => {
  it('gives the webhook five seconds from its creation on, and a step that runs again only what is left of them', async () => {
    await begin();
    expect(await associateUnit(fake.runtime, UNIT)).toEqual({ readyIn: 5 });
    fake.pass(2);
    expect(await associateUnit(fake.runtime, UNIT)).toEqual({ readyIn: 3 });
    fake.pass(3);
    expect(await associateUnit(fake.runtime, UNIT)).toBe('ready');
  });

  it('is not waited for where it was there before the run', async () => {
    const before = { uid: 'uid-orders', resourceVersion: '1', annotations: {}, associationId: 'a-0' };
    await begin({ before });
    fake.account.associations.push(associationWith());
    fake.pass(60);
    expect(await associateUnit(fake.runtime, UNIT)).toBe('ready');
  });

  it('is waited for no longer where EKS says that it was created later than now', async () => {
    await begin();
    await associateUnit(fake.runtime, UNIT);
    fake.pass(-30);
    expect(await associateUnit(fake.runtime, UNIT)).toEqual({ readyIn: 5 });
  });
});

describe('a batch whose units are ready in a while', () => {
  const IDS = [UNIT.unitId, 'shop/b', 'shop/c'];
  const carry = (batch: UnitBatch, verdicts: Readonly<Record<string, Verdict>>) =>
    carryUnits(
      fake.runtime,
      { runId: RUN, batch },
      {
        name: 'associate',
        step: async (_runtime, { unitId }) => {
          fake.pass(1);
          const verdict = verdicts[unitId];
          if (verdict === undefined) throw new PodshiftError('Throttled', 'too many');
          return verdict;
        },
      },
    );

  beforeEach(() => begin());

  it('goes on once the last of them is, and waits for none that needs nothing', async () => {
    Object.assign(fake.runtime, { atOnce: 1 });
    const after = await carry(newBatch(IDS), { [UNIT.unitId]: { readyIn: 5 }, 'shop/b': { readyIn: 5 }, 'shop/c': 'ready' });
    expect(after).toMatchObject({ status: 'ready', waitSeconds: 4 });
    fake.pass(1);
    expect(await carry(after, {})).toMatchObject({ status: 'ready', waitSeconds: 3 });
    fake.pass(60);
    expect(await carry(after, {})).toMatchObject({ status: 'ready', waitSeconds: 0 });
    expect(await carry(newBatch(IDS), { [UNIT.unitId]: 'ready', 'shop/b': 'ready', 'shop/c': 'ready' })).toMatchObject({ waitSeconds: 0 });
  });

  it('waits in that time for those of them that are not through', async () => {
    const after = await carry(newBatch(IDS.slice(0, 2)), { [UNIT.unitId]: { readyIn: 5 }, 'shop/b': { waitSeconds: 30 } });
    expect(after).toMatchObject({ status: 'waiting', waitSeconds: 30 });
    fake.pass(30);
    expect(await carry(after, { 'shop/b': 'ready' })).toMatchObject({ status: 'ready', waitSeconds: 0 });
  });

  it('is told so by its state machine, which then looks for the first time', async () => {
    const times: Record<string, number[]> = {};
    const at =
      (name: string, stage: string, verdict: Partial<UnitBatch> = {}) =>
      (event: object, now: number) => {
        times[name] = [...(times[name] ?? []), now / 1000];
        const { batch } = event as { readonly batch: UnitBatch };
        return { ...batch, stage, status: 'ready', waitSeconds: 0, ...verdict };
      };
    const through = ['ProveCredentials', 'RestartWorkloads', 'CheckRollout', 'ConfirmUse', 'RemoveAnnotations', 'CheckRenewal'];
    const leaves = () => ({ status: 'ready', waitSeconds: 0 });
    const pace = { first: 1, part: 1, most: 1 };
    await play('migrate-cluster', {
      ...runOf(1, IDS),
      ...Object.fromEntries(through.map((name) => [name, at(name, name)])),
      OpenUnits: at('OpenUnits', 'open'),
      Associate: at('Associate', 'associate', { waitSeconds: 5 }),
      CheckInjection: at('CheckInjection', 'injection'),
      VerifyPods: stageOf('verify', pace, leaves, true),
      FinishUnits: stageOf('finish', pace, leaves, true),
    });
    expect(times.Associate).toHaveLength(1);
    expect(times.CheckInjection).toEqual(times.Associate?.map((time) => time + 5));
  });
});
