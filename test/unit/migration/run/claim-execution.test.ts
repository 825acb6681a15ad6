import { beforeEach, describe, expect, it } from 'vitest';
import { claimExecution, type FailedExecution } from '../../../../src/migration/run/claim-execution.ts';
import { openRun } from '../../../../src/migration/run/open-run.ts';
import { openRollback } from '../../../../src/migration/run/rollback-run.ts';
import { associate } from '../../../../src/migration/unit/associate.ts';
import { migrationOptions } from '../../../../src/model/options.ts';
import { CLUSTER_ARN, type FakeMigration, RUN, TARGET } from '../../fixtures/fake-migration.ts';
import { runScene } from '../../fixtures/run-scene.ts';

let fake: FakeMigration;
const { empty, begin } = runScene((made) => {
  fake = made;
});
beforeEach(() => empty());

const open = (executionId: string, input: Partial<Parameters<typeof openRun>[1]> = {}) =>
  openRun(fake.runtime, {
    runId: RUN,
    executionId,
    target: TARGET,
    mode: 'run',
    approval: 'none',
    expectedDigest: null,
    options: migrationOptions.parse({}),
    ...input,
  });
const claim = (execution: Partial<FailedExecution> & { executionArn: string }, claimant = 'back-1') =>
  claimExecution(fake.runtime, {
    execution: { status: 'FAILED', input: JSON.stringify({ runId: RUN }), error: 'Throttled', ...execution },
    claimant,
  });

describe('an execution that did not succeed', () => {
  it('has its run taken back, by one of those who ask', async () => {
    await open('forward-1');
    const claimed = { runId: RUN, claimed: true, unitIds: null, reason: 'its execution ended as FAILED (Throttled)' };
    expect(await claim({ executionArn: 'forward-1' })).toEqual(claimed);
    expect(await claim({ executionArn: 'forward-1' })).toEqual(claimed);
    expect(await claim({ executionArn: 'forward-1' }, 'back-2')).toMatchObject({ claimed: false });
  });

  it.each([{ error: null }, { error: undefined }])(
    'needs no error to have one: it timed out or was aborted ($error)',
    async ({ error }) => {
      await open('forward-1');
      expect(await claim({ executionArn: 'forward-1', status: 'ABORTED', error })).toMatchObject({
        claimed: true,
        reason: 'its execution ended as ABORTED',
      });
    },
  );

  it("leaves another cluster's run alone, whose id it was refused for", async () => {
    await open('forward-1');
    await expect(open('forward-2', { target: { ...TARGET, clusterName: 'other' } })).rejects.toMatchObject({ name: 'InvalidInput' });
    expect(await claim({ executionArn: 'forward-2', error: 'InvalidInput' })).toMatchObject({ runId: RUN, claimed: false });
    expect(await claim({ executionArn: 'forward-1' })).toMatchObject({ claimed: true });
  });

  it('ends a run that it brought into being and could not open: another one has the cluster', async () => {
    await fake.runtime.journal.acquireLock(CLUSTER_ARN, 'run-2', 900);
    await expect(open('forward-1')).rejects.toMatchObject({ name: 'ClusterLocked' });
    expect(await claim({ executionArn: 'forward-1', error: 'ClusterLocked' })).toMatchObject({ claimed: true });
  });

  it('leaves a run alone that a later execution has taken up', async () => {
    await open('forward-1');
    await open('forward-2');
    expect(await claim({ executionArn: 'forward-1' })).toMatchObject({ claimed: false });
    expect(await claim({ executionArn: 'forward-2' })).toMatchObject({ claimed: true });
  });

  it('leaves a run alone that is on its way back already, which is what ended the execution', async () => {
    await begin();
    await fake.runtime.journal.noteExecution(RUN, 'forward-1', 'always');
    await associate(fake.runtime, { runId: RUN, unitId: 'shop/orders' });
    await openRollback(fake.runtime, { runId: RUN, claimant: 'asked', unitIds: null, reason: 'asked for' });
    expect(await claim({ executionArn: 'forward-1', error: 'LockLost' })).toMatchObject({ claimed: false });
  });

  it('may be one that chosen units were taken back from: then the rest goes back too', async () => {
    await begin();
    await fake.runtime.journal.noteExecution(RUN, 'forward-1', 'always');
    await associate(fake.runtime, { runId: RUN, unitId: 'shop/orders' });
    await openRollback(fake.runtime, { runId: RUN, claimant: 'asked', unitIds: ['shop/orders'], reason: 'asked for' });
    expect(await claim({ executionArn: 'forward-1', error: 'LockLost' })).toMatchObject({ claimed: true });
  });

  it.each([
    ['a run that does not exist', '{"runId":"none"}'],
    ['no run', '{}'],
    ['nothing at all', '"hello"'],
    ['null', 'null'],
    ['a run by something else than a text', '{"runId":7}'],
  ])('has nothing to take back where its input names %s', async (_what, input) => {
    expect(await claim({ executionArn: 'forward-1', input })).toMatchObject({ claimed: false });
  });

  it('is refused without its input', async () => {
    await expect(claim({ executionArn: 'forward-1', input: null })).rejects.toMatchObject({ name: 'InvalidInput', message: /forward-1/ });
  });

  it("passes on what the journal answers instead of the run's record", async () => {
    await open('forward-1');
    fake.runtime.journal.getRun = () => Promise.reject(new TypeError('broken'));
    await expect(claim({ executionArn: 'forward-1' })).rejects.toThrow('broken');
  });
});
