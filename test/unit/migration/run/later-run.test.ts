import { beforeEach, describe, expect, it } from 'vitest';
import { changedByLaterRuns } from '../../../../src/migration/run/later-runs.ts';
import { closeRollback, openRollback } from '../../../../src/migration/run/rollback-run.ts';
import { grantTrust } from '../../../../src/migration/trust/grant-trust.ts';
import { revokeTrust as revokeTrustNow } from '../../../../src/migration/trust/revoke-trust.ts';
import { associate } from '../../../../src/migration/unit/associate.ts';
import { undoUnit } from '../../../../src/migration/unit/undo-unit.ts';
import { migrationOptions } from '../../../../src/model/options.ts';
import { CLUSTER_ARN, type FakeMigration, OIDC_TRUST, ROLE, RUN, START, TARGET, unitPlan } from '../../fixtures/fake-migration.ts';
import { AFTER_SECOND, FIRST, SECOND, trustScene } from '../../fixtures/trust/scene.ts';

const LATER = 'run-2';
const BILLS = { id: 'shop/bills', serviceAccount: 'bills' };
const SPLIT = { serviceAccount: 'new', metadata: { splitFrom: 'staff', shape: null, bindings: [], templates: [] } };
const REVOKE = { runId: RUN, roleArn: ROLE };

let fake: FakeMigration;
const { begin, trust, setTrust, end, admits } = trustScene((made) => {
  fake = made;
});

const revokeTrust: typeof revokeTrustNow = (runtime, input) => {
  // IAM shows the last write by then.
  fake.pass(31);
  return revokeTrustNow(runtime, input);
};

/** Another run of the cluster, begun so many seconds after the first, which has associated `unit`. */
async function anotherRun(
  unit: { readonly id: string; readonly serviceAccount: string },
  { after = 60, state = 'intended', clusterArn = CLUSTER_ARN } = {},
): Promise<void> {
  const { journal } = fake.runtime;
  const options = migrationOptions.parse({});
  await journal.createRun({ runId: LATER, target: TARGET, options, startedAt: new Date(START + after * 1000).toISOString() });
  await journal.updateRun(LATER, { clusterArn, status: 'running' });
  await journal.releaseLock(clusterArn, RUN);
  await journal.acquireLock(clusterArn, LATER, 900);
  await journal.releaseLock(clusterArn, LATER);
  await journal.acquireLock(CLUSTER_ARN, RUN, 900);
  await journal.recordIntent({
    runId: LATER,
    key: `association#${unit.id}`,
    unitId: unit.id,
    kind: 'association',
    object: `ServiceAccount/shop/${unit.serviceAccount}`,
    before: { associationId: null },
  });
  if (state === 'undone') await journal.markUndone(LATER, `association#${unit.id}`);
}

const trustStates = async () =>
  (await fake.runtime.journal.listEntries(RUN, null)).filter(({ kind }) => kind === 'trust').map(({ state }) => state);

beforeEach(() => begin());

describe('the rollback of a run after another run went on from where it stopped', () => {
  it('takes nothing out that the other run let in, though the plan of this one had a wave for it', async () => {
    await grantTrust(fake.runtime, FIRST);
    // The other run wrote what the second wave of this one would have.
    setTrust(AFTER_SECOND);
    await end('shop/orders', 'rolled-back');
    await end('shop/bills', 'held');
    expect(await revokeTrust(fake.runtime, REVOKE)).toEqual({ wrote: true });
    expect([admits('orders'), admits('bills')]).toEqual(['no', 'yes']);
  });

  it('keeps what this run let in and the other one works by, until that one is rolled back', async () => {
    await grantTrust(fake.runtime, FIRST);
    await grantTrust(fake.runtime, SECOND);
    await anotherRun(BILLS);
    await end('shop/orders', 'rolled-back');
    await end('shop/bills', 'held');
    expect(await revokeTrust(fake.runtime, REVOKE)).toEqual({ wrote: true });
    expect([admits('orders'), admits('bills')]).toEqual(['no', 'yes']);
    expect(await trustStates()).toEqual(['applied', 'applied']);
    expect(await closeRollback(fake.runtime, { runId: RUN, reason: 'asked for', failure: null })).toMatchObject({ status: 'rolled-back' });
    expect((await fake.runtime.journal.getRun(RUN)).reason).toBe(
      `asked for; the trust policy of role orders keeps shop/bills: run ${LATER} has changed it since and needs it; roll that run back first to take it out`,
    );
    await fake.runtime.journal.markUndone(LATER, 'association#shop/bills');
    expect(await openRollback(fake.runtime, { runId: RUN, claimant: 'again', unitIds: null, reason: 'again' })).toMatchObject({
      status: 'rollback',
    });
    await revokeTrust(fake.runtime, REVOKE);
    expect(admits('bills')).toBe('no');
    expect(await trustStates()).toEqual(['undone', 'undone']);
    await closeRollback(fake.runtime, { runId: RUN, reason: 'again', failure: null });
    expect((await fake.runtime.journal.getRun(RUN)).reason).toBe('again');
  });

  it.each<[string, Parameters<typeof anotherRun>[1]]>([
    ['began before this one', { after: -60 }],
    ['has taken the unit back', { state: 'undone' }],
    ['is another cluster’s', { clusterArn: `${CLUSTER_ARN}-2` }],
  ])('goes all the way where the other run %s', async (_, other) => {
    await grantTrust(fake.runtime, FIRST);
    await anotherRun({ id: 'shop/orders', serviceAccount: 'orders' }, other);
    await end('shop/orders', 'rolled-back');
    expect(await revokeTrust(fake.runtime, REVOKE)).toEqual({ wrote: true });
    expect(trust()).toBe(OIDC_TRUST);
  });

  it.each([
    ['that the other run has changed since', unitPlan(), 'orders'],
    ['whose old service account the other run has given another role', unitPlan({ id: 'shop/new', ...SPLIT }), 'staff'],
  ])('leaves a unit as it is %s, but for its probe pod, and names that run', async (_, plan, serviceAccount) => {
    const unit = { runId: RUN, unitId: plan.id };
    await fake.runtime.journal.putUnits([{ ...unit, plan, status: 'running', reason: '', stepStartedAt: {}, facts: {} }]);
    await associate(fake.runtime, unit);
    await fake.runtime.journal.recordIntent({ ...unit, key: 'probe-pod#0', kind: 'probe-pod', object: 'Pod/shop/probe-0', before: null });
    await anotherRun({ id: `shop/${serviceAccount}`, serviceAccount });
    fake.account.writes = [];
    const undo = { ...unit, failure: { Error: 'RolledBack', Cause: 'asked for' } };
    fake.pass(60);
    await expect(undoUnit(fake.runtime, undo)).rejects.toMatchObject({
      name: 'UndoFailed',
      message: `run ${LATER} has changed shop/${serviceAccount} since: roll that run back first, then this one`,
    });
    expect(fake.account.writes).toEqual(['delete pods shop/probe-0']);
    expect(fake.account.associations).toHaveLength(1);
    await fake.runtime.journal.markUndone(LATER, `association#shop/${serviceAccount}`);
    expect(await undoUnit(fake.runtime, undo)).toMatchObject({ unitStatus: 'rolled-back' });
  });

  it('reads no run that began long before it, however many have held the lock', async () => {
    const { journal } = fake.runtime;
    await anotherRun({ id: 'shop/orders', serviceAccount: 'orders' }, { after: -7200 });
    const newest = { runId: 'run-3', startedAt: new Date(START + 3 * 3_600_000).toISOString() };
    fake.pass(3 * 3600);
    await journal.createRun({ ...newest, target: TARGET, options: migrationOptions.parse({}) });
    const run = await journal.updateRun(newest.runId, { clusterArn: CLUSTER_ARN });
    const read: string[] = [];
    const getRun = (runId: string) => {
      read.push(runId);
      return journal.getRun(runId);
    };
    const watching = { ...journal, getRun };
    expect(await changedByLaterRuns({ ...fake.runtime, journal: watching }, run)).toEqual(new Map());
    expect(read).toEqual([]);
  });

  it('holds a unit that it never began, whatever the other run did', async () => {
    await anotherRun({ id: 'shop/orders', serviceAccount: 'orders' });
    const undo = { runId: RUN, unitId: 'shop/orders', failure: { Error: 'RolledBack', Cause: 'asked for' } };
    expect(await undoUnit(fake.runtime, undo)).toMatchObject({ unitStatus: 'held' });
  });
});
