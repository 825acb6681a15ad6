import { beforeEach, describe, expect, it } from 'vitest';
import { openRollback } from '../../../src/migration/run/rollback-run.ts';
import { associate } from '../../../src/migration/unit/associate.ts';
import type { ExecutionStatus } from '../../../src/service/executions.ts';
import { watchRuns } from '../../../src/service/watch-runs.ts';
import { type FakeMigration, RUN } from '../fixtures/fake-migration.ts';
import { UNIT, unitScene } from '../fixtures/unit-scene.ts';

let fake: FakeMigration;
const { begin } = unitScene((made) => {
  fake = made;
});
const ARN = 'arn:aws:states:eu-west-1:111122223333:execution:podshift';

const watch = () => {
  const { clock, journal, logger, executions } = fake.runtime;
  return watchRuns({ clock, journal, logger, executions, metrics: { add: () => undefined } });
};
const rollbacks = () => fake.executions.started.filter(({ stateMachine }) => stateMachine === 'rollback-run').map(({ name }) => name);

/** The run's own execution, under this name, as it stands. */
async function carried(status: ExecutionStatus, name = RUN): Promise<void> {
  await fake.executions.start('migrate-cluster', name, {});
  for (const execution of fake.executions.started) if (execution.name === name) execution.status = status;
  await fake.runtime.journal.noteExecution(RUN, `${ARN}-migrate-cluster-prod:${name}`, 'always');
}

beforeEach(async () => {
  await begin();
  await associate(fake.runtime, UNIT);
});

describe('the watcher of runs', () => {
  it.each(['FAILED', 'TIMED_OUT', 'ABORTED'] as const)(
    'starts the rollback that no event began: the execution ended as %s',
    async (status) => {
      await carried(status);
      expect(await watch()).toMatchObject({ restarted: [RUN] });
      expect(fake.executions.started.at(-1)).toMatchObject({
        stateMachine: 'rollback-run',
        name: `${RUN}-1`,
        input: { runId: RUN, unitIds: null, reason: `its execution ended as ${status}` },
      });
    },
  );

  it('starts it once, however often it looks', async () => {
    await carried('FAILED');
    await watch();
    await watch();
    expect(rollbacks()).toEqual([`${RUN}-1`]);
  });

  it.each(['RUNNING', 'PENDING_REDRIVE'] as const)('leaves a run alone whose execution is %s, whatever its name', async (status) => {
    await carried(status, 'a-name-that-a-schedule-chose');
    expect(await watch()).not.toHaveProperty('restarted');
    expect(rollbacks()).toEqual([]);
  });

  it('finishes a run that has no execution, once it had its time to get one', async () => {
    expect(await watch()).not.toHaveProperty('restarted');
    fake.pass(600);
    expect(await watch()).toMatchObject({ restarted: [RUN] });
  });

  it('finishes a rollback whose execution ended half-way, and leaves one alone that runs', async () => {
    await carried('ABORTED');
    await fake.executions.start('rollback-run', 'by-the-event', {});
    const open = { runId: RUN, claimant: `${ARN}-rollback-run-prod:by-the-event`, unitIds: null, reason: 'why' };
    await openRollback(fake.runtime, open);
    expect(await watch()).not.toHaveProperty('restarted');
    for (const execution of fake.executions.started) execution.status = 'FAILED';
    expect(await watch()).toMatchObject({ restarted: [RUN] });
    expect(rollbacks()).toEqual(['by-the-event', `${RUN}-1`]);
  });

  it('leaves a rollback of chosen units alone that runs under its own name', async () => {
    await carried('SUCCEEDED');
    await fake.runtime.journal.updateRun(RUN, { status: 'rolling-back' });
    await fake.executions.start('rollback-run', `${RUN}-1`, {});
    expect(await watch()).not.toHaveProperty('restarted');
  });

  it('asks nothing about scans, and goes on where one run cannot be looked at', async () => {
    await fake.runtime.journal.noteExecution(RUN, `${ARN}-scan-cluster-prod:scan`, 'always');
    fake.pass(10_000);
    expect(await watch()).not.toHaveProperty('restarted');
    await fake.runtime.journal.noteExecution(RUN, `${ARN}-migrate-cluster-prod:${RUN}`, 'always');
    fake.executions.failures.status = ['Throttled'];
    expect(await watch()).not.toHaveProperty('restarted');
    expect(fake.logs.join()).toContain('could not be looked at');
  });
});
