import { beforeEach, describe, expect, it } from 'vitest';
import { checkAgent, installAgent, removeAgent } from '../../src/migration/agent.ts';
import { confirmApproval, requestApproval } from '../../src/migration/approval.ts';
import { associate } from '../../src/migration/associate.ts';
import { batchOf } from '../../src/migration/batch.ts';
import { closeRun } from '../../src/migration/close-run.ts';
import { checkCluster, openRun } from '../../src/migration/open-run.ts';
import { outcomeOf } from '../../src/migration/outcome.ts';
import { makePlan, planOf, takeInventory } from '../../src/migration/plan-run.ts';
import { closeRollback, openRollback, rollbackBatch } from '../../src/migration/rollback-run.ts';
import { judgeWave, nextWave } from '../../src/migration/waves.ts';
import { migrationOptions } from '../../src/model/options.ts';
import type { Plan, UnitPlan } from '../../src/model/plan.ts';
import type { RoleRecord, UnitRecord, UnitStatus } from '../../src/model/run.ts';
import {
  addon,
  beginRun,
  CLUSTER_ARN,
  type FakeMigration,
  fakeMigration,
  OIDC_TRUST,
  planWith,
  ROLE,
  RUN,
  START,
  serviceAccount,
  TARGET,
  unitPlan,
} from './fake-migration.ts';

const AGENT = 'eks-pod-identity-agent';
const OPEN = {
  runId: RUN,
  target: TARGET,
  mode: 'run',
  approval: 'none',
  expectedDigest: null,
  options: migrationOptions.parse({}),
} as const;
const ROLE_PLAN = {
  roleArn: ROLE,
  roleName: 'orders',
  trustBefore: OIDC_TRUST,
  trustAfter: 'after',
  waves: [{ wave: 0, admit: [{ namespace: 'shop', name: 'orders' }], trustAfter: 'after' }],
};

let fake: FakeMigration;
const run = () => fake.runtime.journal.getRun(RUN);
const setUnit = (unitId: string, status: UnitStatus, reason = '') => fake.runtime.journal.updateUnit(RUN, unitId, { status, reason });

async function begin(
  units: readonly Partial<UnitPlan>[] = [{}],
  plan: Partial<Plan> = {},
  options: Record<string, unknown> = {},
): Promise<void> {
  fake = await fakeMigration();
  await beginRun(fake, planWith(units.map(unitPlan), [ROLE_PLAN], plan), options);
}

beforeEach(async () => {
  fake = await fakeMigration();
});

describe('openRun', () => {
  it('creates a run, takes the lock, and can run twice', async () => {
    const expected = { runId: RUN, state: 'open', status: 'running', mode: 'run', approval: 'none', expectedDigest: null };
    expect(await openRun(fake.runtime, OPEN)).toEqual(expected);
    expect(await openRun(fake.runtime, OPEN)).toEqual(expected);
    expect(await run()).toMatchObject({ clusterArn: CLUSTER_ARN, status: 'running', startedAt: new Date(START).toISOString() });
    await expect(fake.runtime.journal.acquireLock(CLUSTER_ARN, 'run-2', 900)).rejects.toMatchObject({ name: 'ClusterLocked' });
  });

  it('plans without the lock', async () => {
    await fake.runtime.journal.acquireLock(CLUSTER_ARN, 'run-2', 900);
    expect(await openRun(fake.runtime, { ...OPEN, mode: 'plan' })).toMatchObject({ state: 'open' });
    await expect(openRun(fake.runtime, { ...OPEN, runId: 'run-3' })).rejects.toMatchObject({ name: 'ClusterLocked' });
  });

  it('refuses a run of another cluster, or one that is being rolled back, and leaves one that has ended', async () => {
    await openRun(fake.runtime, OPEN);
    await expect(openRun(fake.runtime, { ...OPEN, target: { ...TARGET, clusterName: 'other' } })).rejects.toMatchObject({
      name: 'InvalidInput',
    });
    await expect(openRun(fake.runtime, { ...OPEN, target: { ...TARGET, region: 'eu-central-1' } })).rejects.toMatchObject({
      name: 'InvalidInput',
    });
    await fake.runtime.journal.updateRun(RUN, { status: 'rolling-back' });
    await expect(openRun(fake.runtime, OPEN)).rejects.toMatchObject({ name: 'InvalidInput', message: /podshift rollback/ });
    await fake.runtime.journal.updateRun(RUN, { status: 'migrated', endedAt: '2026-01-05T11:00:00.000Z' });
    expect(await openRun(fake.runtime, OPEN)).toMatchObject({ state: 'ended', status: 'migrated' });
  });
});

describe('checkCluster', () => {
  beforeEach(() => openRun(fake.runtime, OPEN).then(() => undefined));

  it('passes a cluster that can be worked on', async () => {
    expect(await checkCluster(fake.runtime, { runId: RUN })).toEqual({ kubernetesVersion: '1.31', autoMode: false });
  });

  it.each([
    ['InvalidRequest', { status: 'UPDATING' }, undefined],
    ['InvalidRequest', { outpost: true }, undefined],
    ['ConfigMapAuthentication', { authenticationMode: 'CONFIG_MAP' }, 'KubernetesUnauthorized'],
    ['KubernetesUnauthorized', { authenticationMode: 'API' }, 'KubernetesUnauthorized'],
    ['KubernetesForbidden', { authenticationMode: 'CONFIG_MAP' }, 'KubernetesForbidden'],
    ['ClusterUnreachable', {}, 'ClusterUnreachable'],
  ] as const)('says %s of a cluster with %o that answers %s', async (name, cluster, failure) => {
    fake.account.cluster = { ...fake.account.cluster, ...cluster };
    if (failure !== undefined) fake.account.failures = { connect: [failure] };
    await expect(checkCluster(fake.runtime, { runId: RUN })).rejects.toMatchObject({ name });
  });
});

describe('takeInventory and makePlan', () => {
  const MAKE = { runId: RUN, mode: 'run', expectedDigest: null } as const;
  beforeEach(() => openRun(fake.runtime, OPEN).then(() => undefined));

  it('plans from the inventory, keeps the plan, and makes no second one', async () => {
    fake.put(serviceAccount());
    expect(await takeInventory(fake.runtime, { runId: RUN })).toEqual({ taken: true });
    const made = await makePlan(fake.runtime, MAKE);
    expect(made.digest).toBe((await run()).digest);
    expect(await takeInventory(fake.runtime, { runId: RUN })).toEqual({ taken: false });
    fake.account.objects.clear();
    expect(await makePlan(fake.runtime, MAKE)).toEqual(made);
    expect((await planOf(fake.runtime, RUN)).digest).toBe(made.digest);
  });

  it('refuses where the digest is not the expected one, and keeps nothing', async () => {
    await takeInventory(fake.runtime, { runId: RUN });
    await expect(makePlan(fake.runtime, { ...MAKE, expectedDigest: 'other' })).rejects.toMatchObject({ name: 'WorldMoved' });
    expect(await fake.runtime.journal.getDocument(RUN, 'plan')).toBeUndefined();
    const { digest } = await makePlan(fake.runtime, MAKE);
    expect(await makePlan(fake.runtime, { ...MAKE, expectedDigest: digest })).toMatchObject({ digest });
  });

  it('has something to plan from, and a plan to work from', async () => {
    await expect(makePlan(fake.runtime, MAKE)).rejects.toMatchObject({ name: 'InternalError' });
    await expect(planOf(fake.runtime, RUN)).rejects.toMatchObject({ name: 'InternalError' });
  });

  it('says what comes next, and gives each unit its first status', async () => {
    const units = [
      unitPlan(),
      unitPlan({ id: 'shop/held', decision: 'hold', wave: null, reason: 'a reason' }),
      unitPlan({ id: 'shop/done', decision: 'already-associated', wave: null, reason: 'already associated' }),
    ];
    await fake.runtime.journal.putDocument(RUN, 'plan', planWith(units, [ROLE_PLAN]));
    expect(await makePlan(fake.runtime, MAKE)).toEqual({
      status: 'migrate',
      agent: 'ready',
      digest: 'digest-1',
      units: 1,
      waves: 1,
      begun: false,
    });
    expect(await makePlan(fake.runtime, { ...MAKE, mode: 'plan' })).toMatchObject({ status: 'planned' });
    expect((await fake.runtime.journal.listUnits(RUN)).map(({ unitId, status, reason }) => [unitId, status, reason])).toEqual([
      ['shop/done', 'migrated', 'already associated'],
      ['shop/held', 'held', 'a reason'],
      ['shop/orders', 'pending', ''],
    ]);
    await associate(fake.runtime, { runId: RUN, unitId: 'shop/orders' });
    expect(await makePlan(fake.runtime, MAKE)).toMatchObject({ begun: true });
    await fake.runtime.journal.putDocument(RUN, 'plan', planWith([], []));
    expect(await makePlan(fake.runtime, MAKE)).toMatchObject({ status: 'nothing', units: 0 });
  });
});

describe('the approval', () => {
  it('keeps the token with the run and lets it go nowhere else', async () => {
    await begin();
    const output = await requestApproval(fake.runtime, { runId: RUN, taskToken: 'secret-token' });
    expect(output).toEqual({ runId: RUN, digest: 'digest-1' });
    expect(JSON.stringify([output, fake.logs, await run(), await fake.runtime.journal.listEntries(RUN)])).not.toContain('secret-token');
    expect(await fake.runtime.journal.takeTaskToken(RUN)).toBe('secret-token');
  });

  it('is for this plan, and for the world as it still is', async () => {
    await openRun(fake.runtime, OPEN);
    fake.put(serviceAccount());
    await takeInventory(fake.runtime, { runId: RUN });
    const { digest } = await makePlan(fake.runtime, { runId: RUN, mode: 'run', expectedDigest: null });
    await expect(confirmApproval(fake.runtime, { runId: RUN, digest: 'other' })).rejects.toMatchObject({ name: 'ApprovalMismatch' });
    fake.pass(86_400);
    expect(await confirmApproval(fake.runtime, { runId: RUN, digest })).toEqual({ digest });
    await expect(fake.runtime.journal.acquireLock(CLUSTER_ARN, 'run-2', 900)).rejects.toMatchObject({ name: 'ClusterLocked' });
    fake.put(serviceAccount('another'));
    await expect(confirmApproval(fake.runtime, { runId: RUN, digest })).rejects.toMatchObject({ name: 'WorldMoved' });
  });
});

describe('the agent', () => {
  const INSTALL: Partial<Plan> = { agent: { action: 'install', addonVersion: 'v1.3.4-eksbuild.1', nodeNames: ['node-1', 'node-2'] } };
  const agentPod = (nodeName: string, ready = true) =>
    fake.put({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: `agent-${nodeName}`, namespace: 'kube-system', labels: { 'app.kubernetes.io/name': AGENT } },
      spec: { nodeName },
      status: { conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
    });
  const node = (name: string) => fake.put({ apiVersion: 'v1', kind: 'Node', metadata: { name } });
  const setStatus = (status: string, more = {}) => {
    const found = fake.account.addons.get(AGENT);
    if (found !== undefined) fake.account.addons.set(AGENT, { ...found, status, ...more });
  };

  beforeEach(() => begin([{}], INSTALL));

  it('is installed once, in the plan’s version, with the run’s tag', async () => {
    expect(await installAgent(fake.runtime, { runId: RUN })).toEqual({ installed: true });
    expect(await installAgent(fake.runtime, { runId: RUN })).toEqual({ installed: true });
    expect(fake.account.writes).toEqual([`create add-on ${AGENT}`]);
    expect(fake.account.addons.get(AGENT)).toMatchObject({ addonVersion: 'v1.3.4-eksbuild.1', tags: { 'podshift/run': RUN } });
  });

  it('is left to whoever installed it meanwhile, and to a plan that needs none', async () => {
    fake.account.addons.set(AGENT, addon(AGENT));
    expect(await installAgent(fake.runtime, { runId: RUN })).toEqual({ installed: false });
    await begin();
    expect(await installAgent(fake.runtime, { runId: RUN })).toEqual({ installed: false });
    expect(await fake.runtime.journal.listEntries(RUN)).toEqual([]);
  });

  it('is asked for again where EKS does not show it, and not where it refuses', async () => {
    fake.account.failures = { createAddon: ['AlreadyExists'] };
    await expect(installAgent(fake.runtime, { runId: RUN })).rejects.toMatchObject({ name: 'ServiceUnavailable' });
    fake.account.failures = { createAddon: ['AccessDenied'] };
    await expect(installAgent(fake.runtime, { runId: RUN })).rejects.toMatchObject({ name: 'AccessDenied' });
  });

  it('is ready when each node that is still there has a ready pod of it', async () => {
    await installAgent(fake.runtime, { runId: RUN });
    node('node-1');
    expect(await checkAgent(fake.runtime, { runId: RUN })).toEqual({ status: 'waiting', waitSeconds: 5, missingNodes: 1 });
    setStatus('DEGRADED');
    agentPod('node-1', false);
    expect(await checkAgent(fake.runtime, { runId: RUN })).toMatchObject({ status: 'waiting', missingNodes: 1 });
    agentPod('node-1');
    expect(await checkAgent(fake.runtime, { runId: RUN })).toMatchObject({ status: 'ready' });
    agentPod('node-2');
    expect(await checkAgent(fake.runtime, { runId: RUN })).toMatchObject({ status: 'ready' });
  });

  it('fails the run where it does not come up', async () => {
    await installAgent(fake.runtime, { runId: RUN });
    fake.pass(901);
    await expect(checkAgent(fake.runtime, { runId: RUN })).rejects.toMatchObject({ name: 'AgentNotReady', message: /CREATING/ });
    setStatus('CREATE_FAILED', { healthIssues: [{ code: 'InsufficientNumberOfReplicas', message: 'm' }] });
    await expect(checkAgent(fake.runtime, { runId: RUN })).rejects.toMatchObject({
      name: 'AgentNotReady',
      message: /InsufficientNumberOfReplicas/,
    });
    setStatus('CREATE_FAILED', { healthIssues: [] });
    await expect(checkAgent(fake.runtime, { runId: RUN })).rejects.toMatchObject({ name: 'AgentNotReady' });
  });

  it('counts its time from the run where it was installed by somebody else', async () => {
    node('node-1');
    expect(await checkAgent(fake.runtime, { runId: RUN })).toMatchObject({ status: 'waiting' });
    fake.pass(901);
    await expect(checkAgent(fake.runtime, { runId: RUN })).rejects.toMatchObject({ name: 'AgentNotReady' });
  });

  describe('on the way back', () => {
    const remove = (tries = 0) => removeAgent(fake.runtime, { runId: RUN, tries });
    beforeEach(async () => {
      await installAgent(fake.runtime, { runId: RUN });
      await setUnit('shop/orders', 'rolled-back');
      fake.account.writes = [];
    });

    it('is deleted, waited for, and then nothing more', async () => {
      expect(await remove()).toEqual({ status: 'waiting', waitSeconds: 5, tries: 1 });
      expect(await remove(1)).toEqual({ status: 'waiting', waitSeconds: 5, tries: 2 });
      fake.account.addons.clear();
      expect(await remove(2)).toMatchObject({ status: 'ready' });
      expect(await remove(3)).toMatchObject({ status: 'ready' });
      expect(fake.account.writes).toEqual([`delete add-on ${AGENT}`]);
    });

    it.each(['needs-operator', 'rolling-back', 'running'] as const)('stays while a unit is %s', async (status) => {
      await setUnit('shop/orders', status);
      expect(await remove()).toMatchObject({ status: 'ready' });
      expect(fake.account.writes).toEqual([]);
    });

    it('stays while any association needs it, and where it is somebody else’s by now', async () => {
      fake.account.associations = [
        {
          associationId: 'a',
          associationArn: 'a',
          namespace: 'n',
          serviceAccount: 's',
          ownerArn: undefined,
          roleArn: ROLE,
          targetRoleArn: undefined,
          disableSessionTags: false,
          tags: {},
          createdAt: '',
        },
      ];
      expect(await remove()).toMatchObject({ status: 'ready' });
      setStatus('ACTIVE', { tags: {} });
      expect(await remove()).toMatchObject({ status: 'ready' });
      expect(fake.account.writes).toEqual([]);
    });

    it('is given up where EKS does not delete it', async () => {
      await expect(remove(120)).rejects.toMatchObject({ name: 'UndoFailed' });
      setStatus('DELETE_FAILED');
      await expect(remove()).rejects.toMatchObject({ name: 'UndoFailed' });
    });

    it('is not this run’s where it installed none', async () => {
      await begin();
      expect(await remove()).toEqual({ status: 'ready', waitSeconds: 0, tries: 1 });
    });
  });
});

describe('waves', () => {
  const UNITS = [{}, { id: 'shop/b', wave: 1 }, { id: 'shop/c', wave: 1 }, { id: 'shop/held', wave: null, decision: 'hold' as const }];
  beforeEach(async () => {
    await begin(UNITS);
    await setUnit('shop/held', 'held');
  });

  it('come one after the other, the canary first, and end', async () => {
    expect(await nextWave(fake.runtime, { runId: RUN })).toEqual({
      status: 'wave',
      wave: 0,
      roleArns: [ROLE],
      unitIds: ['shop/orders'],
      iamWaitSeconds: 15,
    });
    await setUnit('shop/orders', 'migrated');
    expect(await nextWave(fake.runtime, { runId: RUN })).toMatchObject({ wave: 1, unitIds: ['shop/b', 'shop/c'], iamWaitSeconds: 0 });
    await setUnit('shop/b', 'rolled-back');
    expect(await nextWave(fake.runtime, { runId: RUN })).toMatchObject({ wave: 1, unitIds: ['shop/c'] });
    await setUnit('shop/c', 'needs-operator');
    expect(await nextWave(fake.runtime, { runId: RUN })).toMatchObject({ status: 'done', unitIds: [] });
  });

  it('wait for IAM no longer than the write of an earlier try needs', async () => {
    const { journal } = fake.runtime;
    const key = `trust#${ROLE}#0`;
    await journal.recordIntent({ runId: RUN, key, unitId: null, kind: 'trust', object: ROLE, before: {} });
    expect(await nextWave(fake.runtime, { runId: RUN })).toMatchObject({ iamWaitSeconds: 15 });
    await journal.markApplied(RUN, key, {});
    fake.pass(10);
    expect(await nextWave(fake.runtime, { runId: RUN })).toMatchObject({ iamWaitSeconds: 5 });
    fake.pass(10);
    expect(await nextWave(fake.runtime, { runId: RUN })).toMatchObject({ iamWaitSeconds: 0 });
  });

  it.each<[string, number, Record<string, unknown>, [UnitStatus, UnitStatus, UnitStatus], string]>([
    ['go-on', 0, {}, ['migrated', 'pending', 'pending'], ''],
    ['halt', 0, { failureThresholdPercent: 100 }, ['rolled-back', 'pending', 'pending'], 'wave 0 failed: 1 of 1'],
    ['halt', 0, {}, ['held', 'pending', 'pending'], 'wave 0 failed'],
    ['rollback', 0, { onWaveFailure: 'rollback' }, ['rolled-back', 'pending', 'pending'], 'wave 0 failed'],
    ['halt', 0, { onWaveFailure: 'rollback' }, ['needs-operator', 'pending', 'pending'], 'need an operator'],
    ['halt', 0, {}, ['rolling-back', 'pending', 'pending'], 'need an operator'],
    ['halt', 1, { failureThresholdPercent: 49 }, ['migrated', 'migrated', 'rolled-back'], '1 of 2 units'],
    ['go-on', 1, { failureThresholdPercent: 50 }, ['migrated', 'migrated', 'rolled-back'], ''],
    ['go-on', 1, { failureThresholdPercent: 0 }, ['migrated', 'migrated', 'migrated'], ''],
    ['go-on', 9, {}, ['migrated', 'migrated', 'migrated'], ''],
  ])('are judged: %s after wave %i with %o and %o', async (decision, wave, options, statuses, reason) => {
    await begin(UNITS, {}, options);
    for (const [index, unitId] of ['shop/orders', 'shop/b', 'shop/c'].entries()) await setUnit(unitId, statuses[index] ?? 'pending', 'why');
    const judged = await judgeWave(fake.runtime, { runId: RUN, wave });
    expect(judged.decision).toBe(decision);
    expect(judged.reason).toContain(reason);
    const back = statuses.filter(
      (status, index) => (index === 0 ? wave === 0 : wave === 1) && (status === 'rolled-back' || status === 'held'),
    );
    expect(judged.roleArns).toEqual(back.length > 0 ? [ROLE] : []);
    expect((await run()).reason).toBe(decision === 'rollback' ? judged.reason : '');
  });
});

describe('batches', () => {
  it('go through a list of any length, each item once, and end', () => {
    const all = Array.from({ length: 1001 }, (_, index) => `unit-${String(index).padStart(5, '0')}`);
    const seen: string[] = [];
    let batch = batchOf([...all, ...all], '');
    for (; !batch.done; batch = batchOf(all, batch.after)) {
      expect(batch.items.length).toBeLessThanOrEqual(400);
      seen.push(...batch.items);
    }
    expect(seen).toEqual(all);
    expect(batch).toEqual({ items: [], after: '', done: true });
  });
});

describe('the end of a run', () => {
  const unit = (status: UnitStatus, more: Partial<UnitRecord> = {}): UnitRecord => ({
    runId: RUN,
    unitId: 'shop/orders',
    plan: unitPlan(),
    status,
    reason: 'why',
    stepStartedAt: {},
    facts: {},
    ...more,
  });
  const associated = unit('migrated', { plan: unitPlan({ decision: 'already-associated' }) });
  const blocked: RoleRecord = {
    runId: RUN,
    roleArn: ROLE,
    trustBefore: '',
    trustAfter: '',
    blocked: 'its trust policy could not be restored: x',
  };

  it.each<[string, UnitRecord[], RoleRecord[], string, string, RegExp]>([
    ['every unit that was not held is migrated', [unit('migrated'), unit('held')], [], '', 'migrated', /^$/],
    ['all were associated before', [associated], [], '', 'migrated', /^$/],
    ['every unit is held', [unit('held')], [], '', 'held', /every service account is held/],
    ['there was nothing to migrate', [], [], '', 'held', /no service account/],
    ['everything went back', [unit('rolled-back'), unit('held')], [], '', 'rolled-back', /why/],
    ['everything went back but what was associated before', [unit('rolled-back'), associated], [], '', 'rolled-back', /why/],
    [
      'some units went back',
      [unit('migrated'), unit('rolled-back', { unitId: 'shop/b' })],
      [],
      '',
      'needs-operator',
      /new run for shop\/b/,
    ],
    ['a unit needs an operator', [unit('migrated'), unit('needs-operator')], [], '', 'needs-operator', /look at shop\/orders: why/],
    ['a unit never ended', [unit('running', { reason: '' })], [], '', 'needs-operator', /did not end/],
    ['many units need an operator', Array.from({ length: 7 }, () => unit('needs-operator')), [], '', 'needs-operator', /and 2 more/],
    ['a role could not be restored', [unit('rolled-back')], [blocked], '', 'needs-operator', /restore the trust policy of arn/],
    ['a role was blocked before anything was written', [unit('held')], [{ ...blocked, blocked: 'it changed' }], '', 'held', /./],
    ['a wave was halted', [unit('migrated')], [], 'wave 1 failed', 'needs-operator', /^wave 1 failed$/],
  ])('when %s', (_sentence, units, roles, halted, status, reason) => {
    const outcome = outcomeOf(units, roles, halted);
    expect(outcome.status).toBe(status);
    expect(outcome.reason).toMatch(reason);
  });

  it('lets go of the cluster, holds what was not begun, and is the same twice', async () => {
    await begin([{}, { id: 'shop/b', wave: 1 }]);
    await setUnit('shop/orders', 'rolled-back', 'why');
    await setUnit('shop/b', 'pending');
    const close = () => closeRun(fake.runtime, { runId: RUN, ending: 'halted', reason: 'wave 0 failed' });
    expect(await close()).toEqual({ runId: RUN, status: 'needs-operator' });
    const ended = await run();
    expect(ended).toMatchObject({ status: 'needs-operator', reason: 'wave 0 failed', endedAt: new Date(START).toISOString() });
    expect(await fake.runtime.journal.getUnit(RUN, 'shop/b')).toMatchObject({ status: 'held', reason: 'wave 0 failed' });
    fake.pass(60);
    expect(await close()).toEqual({ runId: RUN, status: 'needs-operator' });
    expect((await run()).endedAt).toBe(ended.endedAt);
    await fake.runtime.journal.acquireLock(CLUSTER_ARN, 'run-2', 900);
  });

  it.each([
    ['planned', 'planned', 'pending'],
    ['refused', 'held', 'held'],
    ['finished', 'held', 'held'],
  ] as const)('is %s: the run is %s and a unit that was not begun is %s', async (ending, status, unitStatus) => {
    await begin();
    await setUnit('shop/orders', 'pending');
    expect(await closeRun(fake.runtime, { runId: RUN, ending, reason: ending === 'refused' ? 'not approved' : '' })).toMatchObject({
      status,
    });
    expect((await fake.runtime.journal.getUnit(RUN, 'shop/orders')).status).toBe(unitStatus);
  });

  it('has no cluster to let go of where it never came so far', async () => {
    await fake.runtime.journal.createRun({
      runId: RUN,
      target: TARGET,
      options: migrationOptions.parse({}),
      startedAt: new Date(START).toISOString(),
    });
    expect(await closeRun(fake.runtime, { runId: RUN, ending: 'finished', reason: '' })).toMatchObject({ status: 'held' });
  });
});

describe('the way back of a run', () => {
  const OPEN_BACK = { runId: RUN, unitIds: null, reason: 'asked for' };
  const UNITS = [{}, { id: 'shop/b', serviceAccount: 'b', wave: 1 }];
  const batch = (kind: 'units' | 'roles', after = '', chosen: string[] | null = null) =>
    rollbackBatch(fake.runtime, { runId: RUN, kind, chosen, after });

  it('has nothing to do where nothing was written, and says so', async () => {
    await begin(UNITS);
    expect(await openRollback(fake.runtime, OPEN_BACK)).toMatchObject({ status: 'nothing', reason: 'asked for' });
    expect(await closeRollback(fake.runtime, { runId: RUN, reason: 'asked for', failure: null })).toEqual({ runId: RUN, status: 'held' });
    expect(await run()).toMatchObject({ status: 'held', reason: 'asked for' });
    expect((await fake.runtime.journal.listUnits(RUN)).map((one) => one.status)).toEqual(['held', 'held']);
    expect(await closeRollback(fake.runtime, { runId: RUN, reason: 'again', failure: null })).toEqual({ runId: RUN, status: 'held' });
  });

  it('takes back what was begun, holds the rest, and stops forward steps', async () => {
    await begin(UNITS);
    await associate(fake.runtime, { runId: RUN, unitId: 'shop/orders' });
    await fake.runtime.journal.recordIntent({
      runId: RUN,
      key: `trust#${ROLE}#0`,
      unitId: null,
      kind: 'trust',
      object: ROLE,
      before: { document: OIDC_TRUST },
    });
    expect(await openRollback(fake.runtime, OPEN_BACK)).toEqual({
      runId: RUN,
      status: 'rollback',
      reason: 'asked for',
      chosen: null,
      batch: { items: [], after: '', done: false },
      iamWaitSeconds: 15,
      agent: { tries: 0 },
    });
    expect(await batch('units')).toEqual({ items: ['shop/orders'], after: 'shop/orders', done: false });
    expect(await batch('units', 'shop/orders')).toEqual({ items: [], after: '', done: true });
    expect(await batch('roles')).toMatchObject({ items: [ROLE] });
    expect(await run()).toMatchObject({ status: 'rolling-back', endedAt: null });
    expect((await fake.runtime.journal.getUnit(RUN, 'shop/b')).status).toBe('held');
    await expect(associate(fake.runtime, { runId: RUN, unitId: 'shop/b' })).rejects.toMatchObject({ name: 'LockLost' });
  });

  it('takes back chosen units alone, and refuses those that the run does not have', async () => {
    await begin(UNITS);
    await associate(fake.runtime, { runId: RUN, unitId: 'shop/orders' });
    await associate(fake.runtime, { runId: RUN, unitId: 'shop/b' });
    for (const unitId of ['shop/orders', 'shop/b']) await setUnit(unitId, 'migrated');
    expect(await openRollback(fake.runtime, { ...OPEN_BACK, unitIds: ['shop/b'] })).toMatchObject({ chosen: ['shop/b'] });
    expect(await batch('units', '', ['shop/b'])).toMatchObject({ items: ['shop/b'] });
    expect(await batch('roles', '', ['shop/b'])).toMatchObject({ done: true });
    await expect(openRollback(fake.runtime, { ...OPEN_BACK, unitIds: ['shop/none'] })).rejects.toMatchObject({ name: 'InvalidInput' });
  });

  it('keeps the reason that the run itself has noted', async () => {
    await begin(UNITS);
    await associate(fake.runtime, { runId: RUN, unitId: 'shop/orders' });
    await fake.runtime.journal.updateRun(RUN, { reason: 'wave 0 failed' });
    expect(await openRollback(fake.runtime, OPEN_BACK)).toMatchObject({ reason: 'wave 0 failed' });
  });

  it('waits its turn where another run has the cluster', async () => {
    await begin(UNITS);
    await associate(fake.runtime, { runId: RUN, unitId: 'shop/orders' });
    await fake.runtime.journal.releaseLock(CLUSTER_ARN, RUN);
    await fake.runtime.journal.acquireLock(CLUSTER_ARN, 'run-2', 900);
    await expect(openRollback(fake.runtime, OPEN_BACK)).rejects.toMatchObject({ name: 'ClusterLocked' });
  });

  it.each<[string, UnitStatus, { Error: string; Cause?: string } | null, RegExp]>([
    ['rolled-back', 'rolled-back', null, /^asked for$/],
    ['rolled-back', 'held', null, /^asked for$/],
    ['needs-operator', 'needs-operator', null, /look at/],
    ['needs-operator', 'migrated', { Error: 'UndoFailed', Cause: 'the agent stays' }, /by hand: the agent stays/],
  ])('ends as %s where its unit is %s and the run’s own part failed with %o', async (status, unitStatus, failure, reason) => {
    await begin();
    await associate(fake.runtime, { runId: RUN, unitId: 'shop/orders' });
    await setUnit('shop/orders', unitStatus);
    expect(await closeRollback(fake.runtime, { runId: RUN, reason: 'asked for', failure })).toMatchObject({ status });
    expect((await run()).reason).toMatch(reason);
  });
});
