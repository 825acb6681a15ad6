import { beforeEach, describe, expect, it } from 'vitest';
import { associate } from '../../../../src/migration/unit/associate.ts';
import { checkInjection } from '../../../../src/migration/unit/check-injection.ts';
import { restartWorkloads } from '../../../../src/migration/unit/restart-workloads.ts';
import { undoUnit } from '../../../../src/migration/unit/undo-unit.ts';
import type { FakeMigration } from '../../fixtures/fake-migration.ts';
import { UNIT, unitScene } from '../../fixtures/unit-scene.ts';

const UNDO = { ...UNIT, failure: { Error: 'RolloutFailed', Cause: 'the pods do not start' } };
/** Seconds by which the second execution's looks are behind those of the first, and between two of one execution. */
const [BEHIND, APART] = [0.7, 3];

let fake: FakeMigration;
const { begin, unit, evidence } = unitScene((made) => {
  fake = made;
});

/** Something else happens once while the next dry run is under way: the answer is decided before it. */
async function duringNextDryRun(meanwhile: () => Promise<unknown>): Promise<void> {
  const kubernetes = await fake.runtime.kubernetes({ clusterName: 'shop', region: 'eu-west-1', assumeRoleArn: null });
  const { create } = kubernetes;
  kubernetes.create = async (resource, namespace, object, options) => {
    const made = await create(resource, namespace, object, options);
    if (options?.dryRun === true) {
      kubernetes.create = create;
      await meanwhile();
    }
    return made;
  };
}

const restored = (): boolean => fake.account.writes.some((write) => write.startsWith('patch deployments'));

/** A unit on its way back, its association gone and its old templates not yet back. */
async function goBack(options: Record<string, unknown> = {}): Promise<void> {
  await begin({}, options);
  await associate(fake.runtime, UNIT);
  await restartWorkloads(fake.runtime, UNIT);
  for (let call = 0; call < 100 && fake.account.associations.length > 0; call += 1) {
    fake.pass((await undoUnit(fake.runtime, UNDO)).waitSeconds);
  }
  fake.account.writes = [];
  fake.account.injects = 'old';
}

describe('dry runs in a row that two executions make at once', () => {
  describe('on the way back', () => {
    beforeEach(() => goBack());

    it('count no faster than those of one', async () => {
      await undoUnit(fake.runtime, UNDO);
      fake.pass(BEHIND);
      await undoUnit(fake.runtime, UNDO);
      expect((await unit()).facts.undoHits).toBe(1);
      expect(restored()).toBe(false);
      fake.pass(APART - BEHIND);
      await undoUnit(fake.runtime, UNDO);
      expect((await unit()).facts.undoHits).toBe(2);
      expect(restored()).toBe(true);
    });

    it('begin again where the other one sees the new way meanwhile', async () => {
      await undoUnit(fake.runtime, UNDO);
      fake.pass(APART);
      await duringNextDryRun(async () => {
        fake.account.injects = 'new';
        await undoUnit(fake.runtime, UNDO);
        fake.account.injects = 'old';
      });
      await undoUnit(fake.runtime, UNDO);
      expect((await unit()).facts.undoHits).toBe(1);
      expect(restored()).toBe(false);
    });

    it('begin again where the other one saw the old way meanwhile, and this one the new way', async () => {
      fake.account.injects = 'new';
      await duringNextDryRun(async () => {
        fake.account.injects = 'old';
        await undoUnit(fake.runtime, UNDO);
      });
      await undoUnit(fake.runtime, UNDO);
      expect((await unit()).facts.undoHits).toBe(0);
    });
  });

  describe('on the way forward', () => {
    beforeEach(() => begin());

    it('count no faster than those of one', async () => {
      expect(await checkInjection(fake.runtime, UNIT)).toMatchObject({ status: 'waiting', hits: 1 });
      fake.pass(BEHIND);
      expect(await checkInjection(fake.runtime, UNIT)).toMatchObject({ status: 'waiting', hits: 1 });
      expect(await evidence()).toEqual([]);
      fake.pass(APART - BEHIND);
      expect(await checkInjection(fake.runtime, UNIT)).toMatchObject({ status: 'ready', hits: 2 });
      expect(await evidence()).toMatchObject([{ kind: 'dry-run', passed: true, facts: { checks: 2, intervalSeconds: APART } }]);
    });

    it('begin again where the other one sees the old way meanwhile', async () => {
      await checkInjection(fake.runtime, UNIT);
      fake.pass(APART);
      await duringNextDryRun(async () => {
        fake.account.injects = 'old';
        await checkInjection(fake.runtime, UNIT);
        fake.account.injects = 'new';
      });
      expect(await checkInjection(fake.runtime, UNIT)).toMatchObject({ status: 'waiting', hits: 1 });
      expect(await evidence()).toEqual([]);
    });
  });
});
