import { beforeEach, describe, expect, it } from 'vitest';
import { associate } from '../../../src/migration/unit/associate.ts';
import { restartWorkloads } from '../../../src/migration/unit/restart-workloads.ts';
import { undoUnit } from '../../../src/migration/unit/undo-unit.ts';
import { type FakeMigration, NEW_WAY, runningPod } from '../fixtures/fake-migration.ts';
import { UNIT, unitScene } from '../fixtures/unit-scene.ts';

const UNDO = { ...UNIT, failure: { Error: 'States.Timeout' } };
let fake: FakeMigration;
const { begin } = unitScene((made) => {
  fake = made;
});

beforeEach(async () => {
  await begin();
  await associate(fake.runtime, UNIT);
  await restartWorkloads(fake.runtime, UNIT);
  // EKS shows the association by now.
  fake.pass(30);
});

/** Whether the association is gone after one more call. */
async function isGone(): Promise<boolean> {
  await undoUnit(fake.runtime, UNDO);
  return fake.account.associations.length === 0;
}

describe('the association of a unit whose roll-out is under way', () => {
  it('stays while an injected pod is still starting, and goes once it is ready', async () => {
    fake.put(runningPod('new', NEW_WAY, { ready: false }));
    expect(await isGone()).toBe(false);
    fake.put(runningPod('new', NEW_WAY));
    expect(await isGone()).toBe(true);
  });

  it('goes after three minutes, whatever does not become ready', async () => {
    fake.put(runningPod('new', NEW_WAY, { ready: false }));
    expect(await isGone()).toBe(false);
    fake.pass(181);
    expect(await isGone()).toBe(true);
  });

  it('goes at once where the roll-out has had its whole time on the way forward', async () => {
    fake.put(runningPod('new', NEW_WAY, { ready: false }));
    fake.pass(181);
    expect(await isGone()).toBe(true);
  });

  it('stays under a pod that somebody else makes long after the restart, and goes once it is ready', async () => {
    fake.pass(3600);
    fake.put(runningPod('scaled-up', NEW_WAY, { ready: false }));
    expect(await isGone()).toBe(false);
    fake.pass(14);
    expect(await isGone()).toBe(false);
    fake.put(runningPod('scaled-up', NEW_WAY));
    expect(await isGone()).toBe(true);
  });

  it.each([600, -600])(
    'stays under a pod that has just been made, whatever the own clock says: %d s ahead of the services',
    async (ahead) => {
      fake.pass(3600);
      fake.put(runningPod('scaled-up', NEW_WAY, { ready: false }));
      const { clock } = fake.runtime;
      const wrong = { now: () => clock.now() + ahead * 1000 };
      const runtime = { ...fake.runtime, clock: wrong, serverClock: clock };
      await undoUnit(runtime, UNDO);
      fake.pass(100);
      await undoUnit(runtime, UNDO);
      expect(fake.account.associations).toHaveLength(1);
      fake.pass(100);
      await undoUnit(runtime, UNDO);
      expect(fake.account.associations).toHaveLength(0);
    },
  );

  it('goes in the end, however many pods come that do not become ready', async () => {
    for (let pod = 0; pod < 9; pod += 1) {
      fake.put(runningPod(`new-${pod}`, NEW_WAY, { ready: false }));
      expect(await isGone()).toBe(false);
      fake.pass(101);
    }
    fake.put(runningPod('another', NEW_WAY, { ready: false }));
    expect(await isGone()).toBe(true);
  });
});
