import { describe, expect, it } from 'vitest';
import { exitOfServiceRun } from '../../../../cli/service/follow.ts';
import { runStateMachine } from '../../../../engine/state-machine.ts';
import { handler as getReport } from '../../../../functions/api/get-report.ts';
import { handler as getRun } from '../../../../functions/api/get-run.ts';
import { associate } from '../../../../src/migration/unit/associate.ts';
import { migrationOptions } from '../../../../src/model/options.ts';
import { call } from '../../fixtures/api-requests.ts';
import {
  beginRun,
  CLUSTER_ARN,
  type FakeMigration,
  fakeMigration,
  OIDC_TRUST,
  planWith,
  ROLE,
  RUN,
  TARGET,
  unitPlan,
} from '../../fixtures/fake-migration.ts';

describe('rollback-run, started by a failed execution', () => {
  it('takes the run back that the execution’s input names', async () => {
    const fake = await fakeMigration();
    const role = { roleArn: ROLE, roleName: 'orders', trustBefore: OIDC_TRUST, trustAfter: OIDC_TRUST, waves: [] };
    await beginRun(fake, planWith([unitPlan({ workloads: [] })], [role]));
    await associate(fake.runtime, { runId: RUN, unitId: 'shop/orders' });
    fake.account.injects = 'old';
    const clock = clockOf(fake);
    await fake.runtime.journal.noteExecution(RUN, 'forward-1', 'unheld');
    // The event's detail, as the rule hands it on: the execution's input is text.
    const input = { executionArn: 'forward-1', input: JSON.stringify({ runId: RUN, mode: 'run' }), status: 'TIMED_OUT', error: null };
    expect(await runStateMachine({ name: 'rollback-run', input, runtime: fake.runtime, clock })).toEqual({
      runId: RUN,
      status: 'rolled-back',
    });
    expect(fake.account.associations).toEqual([]);
    expect((await fake.runtime.journal.getRun(RUN)).reason).toBe('its execution ended as TIMED_OUT');
    // A second start has nothing to do.
    fake.account.writes = [];
    expect(await runStateMachine({ name: 'rollback-run', input, runtime: fake.runtime, clock })).toEqual({ runId: RUN, status: null });
    expect(fake.account.writes).toEqual([]);
  });

  it('ends a run that was refused its cluster with the id of the run that has it', async () => {
    const fake = await fakeMigration();
    const { runtime } = fake;
    await runtime.journal.acquireLock(CLUSTER_ARN, 'run-2', 900);
    const options = migrationOptions.parse({});
    const input = { runId: RUN, target: TARGET, mode: 'run', approval: 'none', expectedDigest: null, options };
    const clock = clockOf(fake);
    const opening = runStateMachine({ name: 'migrate-cluster', executionId: 'forward-1', input, runtime, clock });
    await expect(opening).rejects.toMatchObject({ name: 'ClusterLocked' });
    const event = { executionArn: 'forward-1', input: JSON.stringify(input), status: 'FAILED', error: 'ClusterLocked' };
    const back = await runStateMachine({ name: 'rollback-run', input: event, runtime, clock });
    expect(back).toEqual({ runId: RUN, status: 'held' });
    const holder = expect.stringMatching(/ is locked by run-2 until .* \(ClusterLocked\)$/);
    const { body: run } = await call(getRun, runtime, { path: { runId: RUN } });
    expect(run).toMatchObject({ status: 'held', reason: holder });
    const { body: report } = await call(getReport, runtime, { path: { runId: RUN } });
    expect(report).toMatchObject({ run: { status: 'held', reason: holder }, units: [] });
    expect(exitOfServiceRun(run, report)).toBe('refused');
  });
});

/** The time of the fake. */
function clockOf(fake: FakeMigration) {
  return {
    now: fake.now,
    sleep: async (seconds: number) => fake.pass(seconds),
    after: () => () => undefined,
    busy: <T>(work: () => Promise<T>) => work(),
    pause: () => Promise.resolve(),
  };
}
