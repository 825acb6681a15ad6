import { beforeEach, describe, expect, it } from 'vitest';
import { checkAgent, installAgent, removeAgent } from '../../../src/migration/agent/agent.ts';
import { closeRun } from '../../../src/migration/run/close-run.ts';
import type { Plan } from '../../../src/model/plan.ts';
import { addon, type FakeMigration, ROLE, RUN } from '../fixtures/fake-migration.ts';
import { runScene } from '../fixtures/run-scene.ts';

const AGENT = 'eks-pod-identity-agent';
let fake: FakeMigration;
const { empty, begin, setUnit } = runScene((made) => {
  fake = made;
});

beforeEach(() => empty());

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

  it('is installed with the plan’s configuration', async () => {
    const configuration = '{"agent":{"additionalArgs":{"-b":"169.254.170.23"}}}';
    await begin([{}], { agent: { action: 'install', addonVersion: 'v1', configuration, nodeNames: [] } });
    await installAgent(fake.runtime, { runId: RUN });
    expect(fake.account.addons.get(AGENT)).toMatchObject({ addonVersion: 'v1', configurationValues: configuration });
  });

  const check = (tries = 0) => checkAgent(fake.runtime, { runId: RUN, tries });

  it('is ready when each node that is still there has a ready pod of it', async () => {
    await installAgent(fake.runtime, { runId: RUN });
    node('node-1');
    expect(await check()).toEqual({ status: 'waiting', waitSeconds: 5, tries: 1, missingNodes: 1 });
    setStatus('DEGRADED');
    agentPod('node-1', false);
    expect(await check(1)).toMatchObject({ status: 'waiting', tries: 2, missingNodes: 1 });
    agentPod('node-1');
    expect(await check()).toMatchObject({ status: 'ready' });
    agentPod('node-2');
    expect(await check()).toMatchObject({ status: 'ready' });
  });

  it('fails the run where it does not come up', async () => {
    await installAgent(fake.runtime, { runId: RUN });
    let [tries, waited] = [0, 0];
    for (; waited < 900; tries += 1) {
      const { status, waitSeconds } = await check(tries);
      expect(status).toBe('waiting');
      waited += waitSeconds;
    }
    expect(waited).toBe(900);
    await expect(check(tries)).rejects.toMatchObject({ name: 'AgentNotReady', message: /CREATING/ });
    setStatus('CREATE_FAILED', { healthIssues: [{ code: 'InsufficientNumberOfReplicas', message: 'm' }] });
    await expect(check()).rejects.toMatchObject({ name: 'AgentNotReady', message: /InsufficientNumberOfReplicas/ });
    setStatus('CREATE_FAILED', { healthIssues: [] });
    await expect(check()).rejects.toMatchObject({ name: 'AgentNotReady' });
  });

  it('is waited for where somebody else installed it, however long ago the run began, in the namespace where its pods are', async () => {
    await begin([{}], {
      agent: { action: 'ready', addonVersion: null, nodeNames: ['node-1'], pods: [{ namespace: 'agents', labelSelector: 'app=agent' }] },
    });
    node('node-1');
    fake.pass(100_000);
    agentPod('node-1');
    expect(await check()).toMatchObject({ status: 'waiting' });
    await expect(check(180)).rejects.toMatchObject({ name: 'AgentNotReady', message: /no ready agent pod on node node-1/ });
    fake.put({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'agent', namespace: 'agents', labels: { app: 'agent' } },
      spec: { nodeName: 'node-1' },
      status: { conditions: [{ type: 'Ready', status: 'True' }] },
    });
    expect(await check()).toMatchObject({ status: 'ready' });
  });

  it('is not looked for where no node needs it', async () => {
    await begin([{}], { agent: { action: 'ready', addonVersion: null, nodeNames: [] } });
    fake.account.failures = { connect: ['ClusterUnreachable'] };
    expect(await check()).toEqual({ status: 'ready', waitSeconds: 0, tries: 1, missingNodes: 0 });
  });

  describe('on the way back', () => {
    const remove = (tries = 0) => removeAgent(fake.runtime, { runId: RUN, tries });
    const OTHERS = {
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
    };
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

    it('is asked for ever more rarely, for ten minutes', async () => {
      const waits: number[] = [];
      let waited = 0;
      for (; waited < 600; waited += waits.at(-1) as number) waits.push((await remove(waits.length)).waitSeconds);
      expect(waits.slice(0, 6)).toEqual([5, 5, 5, 5, 5, 5]);
      expect(waits.length).toBeLessThan(30);
      expect(waited).toBeLessThan(610);
      await expect(remove(waits.length)).rejects.toMatchObject({ name: 'UndoFailed' });
    });

    it.each(['needs-operator', 'rolling-back', 'running', 'migrated', 'pending'] as const)('stays while a unit is %s', async (status) => {
      await setUnit('shop/orders', status);
      expect(await remove()).toMatchObject({ status: 'ready' });
      expect(fake.account.writes).toEqual([]);
    });

    it('stays while any association needs it, and where it is somebody else’s by now', async () => {
      fake.account.associations = [OTHERS];
      expect(await remove()).toMatchObject({ status: 'ready' });
      setStatus('ACTIVE', { tags: {} });
      expect(await remove()).toMatchObject({ status: 'ready' });
      expect(fake.account.writes).toEqual([]);
    });

    it('is not kept for an association of the run itself that EKS lists late, but for one that stays', async () => {
      fake.account.associations = [{ ...OTHERS, namespace: 'shop', serviceAccount: 'orders' }];
      expect(await remove()).toMatchObject({ status: 'waiting', waitSeconds: 5 });
      expect(await remove(12)).toMatchObject({ status: 'ready' });
      fake.account.associations.push(OTHERS);
      expect(await remove()).toMatchObject({ status: 'ready' });
      expect(fake.account.writes).toEqual([]);
      fake.account.associations = [];
      expect(await remove(3)).toMatchObject({ status: 'waiting' });
      expect(fake.account.writes).toEqual([`delete add-on ${AGENT}`]);
    });

    it.each(['InvalidRequest', 'AlreadyExists'] as const)(
      'is waited for where EKS says that it is being deleted (%s): the reply was lost, or the step was delivered twice',
      async (name) => {
        fake.account.failures = { 'delete add-on': [name, name] };
        expect(await remove()).toMatchObject({ status: 'waiting' });
        expect(await remove()).toMatchObject({ status: 'waiting' });
        fake.account.addons.delete(AGENT);
        expect(await remove()).toMatchObject({ status: 'ready' });
      },
    );

    it('is not installed again, nor waited for, by a run that is resumed between its removal and its end', async () => {
      await remove();
      fake.account.addons.clear();
      await remove(1);
      fake.account.writes = [];
      node('node-1');
      expect(await installAgent(fake.runtime, { runId: RUN })).toEqual({ installed: false });
      expect(await checkAgent(fake.runtime, { runId: RUN, tries: 0 })).toMatchObject({ status: 'ready' });
      expect(fake.account.writes).toEqual([]);
    });

    it.each([
      ['is gone', 'rolled-back', { gone: true }, true, 'why'],
      ['is gone', 'rolled-back', { gone: true }, false, 'why; the add-on eks-pod-identity-agent stays: associations of others need it'],
      [
        'is held',
        'held',
        {},
        false,
        'every service account is blocked; its findings say why; the add-on eks-pod-identity-agent stays: associations of others need it',
      ],
    ] as const)(
      'is named by a run that migrated nothing, as its unit %s, where it stays',
      async (_what, status, facts, removed, reason) => {
        await setUnit('shop/orders', status, 'why');
        await fake.runtime.journal.updateUnit(RUN, 'shop/orders', { facts });
        if (removed) fake.account.addons.clear();
        else fake.account.associations = [OTHERS];
        expect(await remove()).toMatchObject({ status: 'ready' });
        expect(await closeRun(fake.runtime, { runId: RUN, ending: 'finished', reason: '' })).toEqual({ runId: RUN, status });
        expect((await fake.runtime.journal.getRun(RUN)).reason).toBe(reason);
      },
    );

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
