import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EngineClock } from '../../../engine/clock.ts';
import { beat } from '../../../engine/heartbeat.ts';
import { migrationOptions } from '../../../src/model/options.ts';
import { CLUSTER_ARN, type FakeMigration, fakeMigration, RUN, TARGET } from '../fixtures/fake-migration.ts';

let fake: FakeMigration;
let due: { at: number; action: () => void }[] = [];
const clock = () =>
  ({
    now: () => fake.now(),
    after: (seconds: number, action: () => void) => {
      const one = { at: fake.now() + seconds * 1000, action };
      due.push(one);
      return () => {
        due = due.filter((other) => other !== one);
      };
    },
  }) as EngineClock;

/** Lets time pass minute by minute, with what is due done. */
async function pass(minutes: number): Promise<void> {
  for (let minute = 0; minute < minutes; minute += 1) {
    fake.pass(60);
    const now = due.filter(({ at }) => at <= fake.now());
    due = due.filter(({ at }) => at > fake.now());
    for (const { action } of now) action();
    for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
  }
}

const other = () => fake.runtime.journal.acquireLock(CLUSTER_ARN, 'run-2', 60);

beforeEach(async () => {
  due = [];
  fake = await fakeMigration();
  const { journal } = fake.runtime;
  await journal.createRun({ runId: RUN, target: TARGET, options: migrationOptions.parse({}), startedAt: '2026-01-05T10:00:00Z' });
  await journal.updateRun(RUN, { clusterArn: CLUSTER_ARN, status: 'running' });
});
afterEach(() => fake[Symbol.asyncDispose]());

describe('the lock of a run that a process carries out', () => {
  it('lasts as long as the process lives, and ends within minutes after', async () => {
    await fake.runtime.journal.acquireLock(CLUSTER_ARN, RUN, 120);
    const stop = beat({ ...fake.runtime, heartbeat: true }, clock(), { runId: RUN });
    await pass(65);
    await expect(other()).rejects.toMatchObject({ name: 'ClusterLocked', message: expect.stringContaining(RUN) });
    stop();
    await pass(2);
    await other();
  });

  it('is left alone where the run does not hold it, is not renewed by itself, or is not there', async () => {
    beat({ ...fake.runtime, heartbeat: true }, clock(), { runId: RUN });
    beat({ ...fake.runtime, heartbeat: true }, clock(), { runId: 'nobody' });
    beat({ ...fake.runtime, heartbeat: true }, clock(), null);
    await pass(2);
    await other();
    await fake.runtime.journal.releaseLock(CLUSTER_ARN, 'run-2');
    due = [];
    beat(fake.runtime, clock(), { runId: RUN });
    expect([due, fake.logs]).toEqual([[], []]);
  });
});
