import { beforeEach, describe, expect, it } from 'vitest';
import { proveCredentials } from '../../../src/migration/unit/prove-credentials.ts';
import { probeName } from '../../../src/verification/probe.ts';
import { type FakeMigration, RUN } from '../fixtures/fake-migration.ts';
import { UNIT, unitScene } from '../fixtures/unit-scene.ts';

let fake: FakeMigration;
const { begin, unit, evidence } = unitScene((made) => {
  fake = made;
});

beforeEach(() => begin());

describe('proveCredentials', () => {
  const name = (attempt: number) => probeName(RUN, UNIT.unitId, 'probe', attempt);
  const answerOf = (arn: string) => JSON.stringify({ Account: '111122223333', Arn: arn });
  const RIGHT = answerOf('arn:aws:sts::111122223333:assumed-role/orders/eks-shop-x-1');

  function end(attempt: number, message: string, exitCode = 0): void {
    const pod = fake.object('Pod', name(attempt));
    if (pod === undefined) throw new Error('there is no probe pod');
    fake.put({ ...pod, status: { phase: 'Succeeded', containerStatuses: [{ state: { terminated: { exitCode, message } } }] } });
  }

  it('makes a pod, waits for its answer, records the proof and removes the pod', async () => {
    expect(await proveCredentials(fake.runtime, UNIT)).toMatchObject({ status: 'waiting' });
    expect(JSON.stringify(fake.object('Pod', name(0)))).toContain('node-1');
    end(0, RIGHT);
    expect(await proveCredentials(fake.runtime, UNIT)).toMatchObject({ status: 'ready' });
    expect(await evidence()).toMatchObject([
      { grade: 2, kind: 'probe-pod', passed: true, facts: { assumedRoleArn: expect.stringContaining('orders/eks-') } },
    ]);
    expect(fake.object('Pod', name(0))).toBeUndefined();
    expect(await proveCredentials(fake.runtime, UNIT)).toMatchObject({ status: 'ready' });
    expect(fake.account.writes).toEqual([`create pods shop/${name(0)}`, `delete pods shop/${name(0)}`]);
  });

  it('removes the pod that a crash after the proof left behind', async () => {
    await proveCredentials(fake.runtime, UNIT);
    end(0, RIGHT);
    fake.account.failures = { 'delete pods': ['ServiceUnavailable'] };
    await expect(proveCredentials(fake.runtime, UNIT)).rejects.toMatchObject({ name: 'ServiceUnavailable' });
    expect(await proveCredentials(fake.runtime, UNIT)).toMatchObject({ status: 'ready' });
    expect(fake.object('Pod', name(0))).toBeUndefined();
    expect(await evidence()).toHaveLength(1);
  });

  it('removes the pod that it made anew while the same step, delivered twice, proved the role', async () => {
    await proveCredentials(fake.runtime, UNIT);
    end(0, RIGHT);
    const { journal } = fake.runtime;
    const intend = journal.recordIntent.bind(journal);
    const first = { pod: fake.object('Pod', name(0)) };
    fake.account.objects.delete(`Pod/shop/${name(0)}`);
    journal.recordIntent = async (intent) => {
      journal.recordIntent = intend;
      if (first.pod !== undefined) fake.put(first.pod);
      await proveCredentials(fake.runtime, UNIT);
      return intend(intent);
    };
    expect(await proveCredentials(fake.runtime, UNIT)).toMatchObject({ status: 'ready' });
    expect(fake.object('Pod', name(0))).toBeUndefined();
    expect(await evidence()).toHaveLength(1);
  });

  it('removes the pod that it made anew while the same step, delivered twice, went on to the next try', async () => {
    await proveCredentials(fake.runtime, UNIT);
    const { journal } = fake.runtime;
    const intend = journal.recordIntent.bind(journal);
    fake.account.objects.delete(`Pod/shop/${name(0)}`);
    journal.recordIntent = async (intent) => {
      journal.recordIntent = intend;
      await journal.updateUnit(RUN, UNIT.unitId, { facts: { probeAttempt: 1 } });
      return intend(intent);
    };
    expect(await proveCredentials(fake.runtime, UNIT)).toMatchObject({ status: 'waiting' });
    expect(fake.object('Pod', name(0))).toBeUndefined();
    expect(await proveCredentials(fake.runtime, UNIT)).toMatchObject({ status: 'waiting' });
    expect(fake.object('Pod', name(1))).toBeDefined();
  });

  it('finds the pod of a try whose reply was lost', async () => {
    fake.account.failures = { 'create pods reply': ['ServiceUnavailable'] };
    await expect(proveCredentials(fake.runtime, UNIT)).rejects.toMatchObject({ name: 'ServiceUnavailable' });
    expect(await proveCredentials(fake.runtime, UNIT)).toMatchObject({ status: 'waiting' });
    expect(fake.account.writes).toHaveLength(1);
  });

  it('takes the pod that was made between its look and its write', async () => {
    fake.account.failures = { 'create pods': ['AlreadyExists'] };
    await expect(proveCredentials(fake.runtime, UNIT)).rejects.toMatchObject({ name: 'Conflict' });
  });

  it('fails at once on other credentials than the expected ones', async () => {
    await proveCredentials(fake.runtime, UNIT);
    end(0, answerOf('arn:aws:sts::111122223333:assumed-role/node/i-0abc'));
    await expect(proveCredentials(fake.runtime, UNIT)).rejects.toMatchObject({ name: 'ProofFailed', message: /assumed-role\/node/ });
    expect(await evidence()).toMatchObject([{ grade: 2, passed: false }]);
    expect(fake.object('Pod', name(0))).toBeUndefined();
  });

  it('tries the next node where a try told nothing, until its time is over', async () => {
    await proveCredentials(fake.runtime, UNIT);
    end(0, 'connection refused', 255);
    expect(await proveCredentials(fake.runtime, UNIT)).toMatchObject({ status: 'waiting' });
    await proveCredentials(fake.runtime, UNIT);
    expect(JSON.stringify(fake.object('Pod', name(1)))).toContain('node-2');
    fake.pass(301);
    end(1, 'connection refused', 255);
    await expect(proveCredentials(fake.runtime, UNIT)).rejects.toMatchObject({ name: 'ProofFailed', message: /connection refused/ });
  });

  it('goes to where the pods are by now once the node of the plan did not do', async () => {
    const { namespace, serviceAccount } = (await unit()).plan;
    await proveCredentials(fake.runtime, UNIT);
    end(0, 'connection refused', 255);
    await proveCredentials(fake.runtime, UNIT);
    const spec = { serviceAccountName: serviceAccount, nodeName: 'node-9', containers: [] };
    fake.put({ apiVersion: 'v1', kind: 'Pod', metadata: { namespace, name: 'moved' }, spec });
    await proveCredentials(fake.runtime, UNIT);
    expect(JSON.stringify(fake.object('Pod', name(1)))).toContain('node-9');
  });

  it('tries again where the probe itself missed the injection, whatever it answers', async () => {
    fake.account.injects = 'old';
    await proveCredentials(fake.runtime, UNIT);
    end(0, answerOf('arn:aws:sts::111122223333:assumed-role/orders/botocore-session-1'));
    expect(await proveCredentials(fake.runtime, UNIT)).toMatchObject({ status: 'waiting' });
    expect((await unit()).facts).toMatchObject({ probeAttempt: 1 });
  });

  it('leaves a node where the probe does not start, and gives up in the end', async () => {
    await begin({ probe: { nodeNames: [], tolerations: [] } });
    await proveCredentials(fake.runtime, UNIT);
    const stuck = (attempt: number) => {
      const pod = fake.object('Pod', name(attempt));
      if (pod !== undefined)
        fake.put({ ...pod, status: { phase: 'Pending', containerStatuses: [{ state: { waiting: { reason: 'ErrImagePull' } } }] } });
    };
    stuck(0);
    expect(await proveCredentials(fake.runtime, UNIT)).toMatchObject({ status: 'waiting' });
    fake.pass(46);
    await proveCredentials(fake.runtime, UNIT);
    expect(fake.object('Pod', name(0))).toBeUndefined();
    await proveCredentials(fake.runtime, UNIT);
    fake.pass(300);
    await expect(proveCredentials(fake.runtime, UNIT)).rejects.toMatchObject({ name: 'ProofFailed' });
  });

  it('has no proof where the probe is not admitted', async () => {
    fake.account.failures = { 'create pods': ['KubernetesForbidden'] };
    await expect(proveCredentials(fake.runtime, UNIT)).rejects.toMatchObject({ name: 'ProofFailed' });
    fake.account.failures = { 'create pods': ['Throttled'] };
    await expect(proveCredentials(fake.runtime, UNIT)).rejects.toMatchObject({ name: 'Throttled' });
  });
});
