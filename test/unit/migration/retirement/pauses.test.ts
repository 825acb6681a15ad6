import { beforeEach, describe, expect, it } from 'vitest';
import { beginPhase, isLate, keepRetirement, pausable, retirementOf } from '../../../../src/migration/retirement/retirement-record.ts';
import { type ErrorName, PodshiftError } from '../../../../src/model/errors.ts';
import type { RetirementRecord } from '../../../../src/model/retirement.ts';
import { beginRun, type FakeMigration, fakeMigration, planWith, RUN } from '../../fixtures/fake-migration.ts';

const RECORD = { status: 'retiring', reason: '', since: {}, nodes: {}, oldPods: [] } as unknown as RetirementRecord;
/** How long the phase may take. */
const SECONDS = 120;

let fake: FakeMigration;
beforeEach(async () => {
  fake = await fakeMigration();
  await beginRun(fake, planWith([], []));
  await keepRetirement(fake.runtime, RUN, RECORD, {});
});

/** One try of a step of the phase: begins it as a step does, and fails so where it is told to. Tells whether the phase is late. */
const attempt = (failure?: ErrorName) =>
  pausable(fake.runtime, RUN, async () => {
    const record = await beginPhase(fake.runtime, RUN, (await retirementOf(fake.runtime, RUN)) as RetirementRecord, 'proof');
    if (failure !== undefined) throw new PodshiftError(failure, 'not now');
    return isLate(fake.runtime, record, 'proof', SECONDS);
  });

describe('the time of a phase of a retirement', () => {
  it.each(['Throttled', 'ServiceUnavailable', 'ClusterUnreachable'] as const)(
    'stands still while every try ends as %s',
    async (failure) => {
      expect(await attempt()).toBe(false);
      fake.pass(60);
      for (let tries = 0; tries < 10; tries += 1) {
        await expect(attempt(failure)).rejects.toMatchObject({ name: failure });
        fake.pass(60);
      }
      expect(await attempt()).toBe(false);
      fake.pass(59);
      expect(await attempt()).toBe(false);
      fake.pass(2);
      expect(await attempt()).toBe(true);
    },
  );

  it('goes on while a try fails for what is wrong with the retirement itself', async () => {
    await attempt();
    await expect(attempt('Conflict')).rejects.toMatchObject({ name: 'Conflict' });
    fake.pass(SECONDS + 1);
    expect(await attempt()).toBe(true);
  });
});
