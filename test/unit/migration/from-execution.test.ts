import { describe, expect, it } from 'vitest';
import { runStateMachine } from '../../../engine/state-machine.ts';
import { associate } from '../../../src/migration/unit/associate.ts';
import { beginRun, fakeMigration, OIDC_TRUST, planWith, ROLE, RUN, unitPlan } from '../fixtures/fake-migration.ts';

describe('rollback-run, started by a failed execution', () => {
  it('takes the run back that the execution’s input names', async () => {
    const fake = await fakeMigration();
    const role = { roleArn: ROLE, roleName: 'orders', trustBefore: OIDC_TRUST, trustAfter: OIDC_TRUST, waves: [] };
    await beginRun(fake, planWith([unitPlan({ workloads: [] })], [role]));
    await associate(fake.runtime, { runId: RUN, unitId: 'shop/orders' });
    fake.account.injects = 'old';
    const clock = {
      now: fake.now,
      sleep: async (seconds: number) => fake.pass(seconds),
      after: () => () => undefined,
      busy: <T>(work: () => Promise<T>) => work(),
      pause: () => Promise.resolve(),
    };
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
});
