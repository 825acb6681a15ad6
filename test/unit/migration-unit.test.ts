import { beforeEach, describe, expect, it } from 'vitest';
import { associate } from '../../src/migration/associate.ts';
import { checkInjection } from '../../src/migration/check-injection.ts';
import { checkRollout } from '../../src/migration/check-rollout.ts';
import { confirmUse } from '../../src/migration/confirm-use.ts';
import { proveCredentials } from '../../src/migration/prove-credentials.ts';
import { removeAnnotations } from '../../src/migration/remove-annotations.ts';
import { restartWorkloads } from '../../src/migration/restart-workloads.ts';
import { finishUnit, markNeedsOperator, openUnit } from '../../src/migration/unit-state.ts';
import { verifyPods } from '../../src/migration/verify-pods.ts';
import type { UnitPlan } from '../../src/model/plan.ts';
import { probeName } from '../../src/verification/probe.ts';
import {
  beginRun,
  CLUSTER_ARN,
  DEPLOYMENT,
  deployment,
  type FakeMigration,
  fakeMigration,
  NEW_WAY,
  OIDC_TRUST,
  OLD_WAY,
  planWith,
  ROLE,
  RUN,
  runningPod,
  serviceAccount,
  unitPlan,
} from './fake-migration.ts';

const UNIT = { runId: RUN, unitId: 'shop/orders' };
const ROLE_PLAN = { roleArn: ROLE, roleName: 'orders', trustBefore: OIDC_TRUST, trustAfter: OIDC_TRUST, waves: [] };

let fake: FakeMigration;

async function begin(unit: Partial<UnitPlan> = {}, options: Record<string, unknown> = {}): Promise<void> {
  fake = await fakeMigration();
  await beginRun(fake, planWith([unitPlan(unit)], [ROLE_PLAN]), options);
  fake.put(serviceAccount());
  fake.put(deployment());
}

const unit = () => fake.runtime.journal.getUnit(RUN, UNIT.unitId);
const evidence = async () => (await fake.runtime.journal.listEvidence(RUN)).get(UNIT.unitId) ?? [];
const entries = async () => (await fake.runtime.journal.listEntries(RUN)).map(({ key, state }) => `${key} ${state}`);
const later = (seconds: number) => new Date(fake.now() + seconds * 1000).toISOString().replace('.000Z', 'Z');

beforeEach(() => begin());

describe('openUnit', () => {
  it.each([
    ['pending', 'migrate', 'running'],
    ['running', 'migrate', 'running'],
    ['rolling-back', 'undo', 'rolling-back'],
    ['migrated', 'none', 'migrated'],
    ['needs-operator', 'none', 'needs-operator'],
  ] as const)('takes a %s unit up to %s', async (status, action, after) => {
    await fake.runtime.journal.updateUnit(RUN, UNIT.unitId, { status });
    expect(await openUnit(fake.runtime, UNIT)).toEqual({ action });
    expect((await unit()).status).toBe(after);
  });

  it('refuses where the run is being rolled back, so that nothing more is migrated', async () => {
    await fake.runtime.journal.updateRun(RUN, { status: 'rolling-back' });
    await expect(openUnit(fake.runtime, UNIT)).rejects.toMatchObject({ name: 'LockLost' });
    await expect(associate(fake.runtime, UNIT)).rejects.toMatchObject({ name: 'LockLost' });
    expect(fake.account.writes).toEqual([]);
  });
});

describe('associate', () => {
  it('records its intent ahead of the write, and what it wrote after', async () => {
    let ahead: Promise<string[]> | undefined;
    fake.account.onWrite = () => {
      ahead = entries();
    };
    const { associationId } = await associate(fake.runtime, UNIT);
    expect(await ahead).toEqual(['association#shop/orders intended']);
    expect(await entries()).toEqual(['association#shop/orders applied']);
    expect(fake.account.associations).toMatchObject([{ associationId, roleArn: ROLE, tags: { 'podshift/run': RUN } }]);
  });

  it('writes once however often it runs', async () => {
    const first = await associate(fake.runtime, UNIT);
    expect(await associate(fake.runtime, UNIT)).toEqual(first);
    expect(fake.account.writes).toHaveLength(1);
  });

  it('adopts what an earlier try of this run made whose reply was lost', async () => {
    fake.account.failures = { 'createAssociation reply': ['ServiceUnavailable'] };
    await expect(associate(fake.runtime, UNIT)).rejects.toMatchObject({ name: 'ServiceUnavailable' });
    expect(await entries()).toEqual(['association#shop/orders intended']);
    expect(await associate(fake.runtime, UNIT)).toEqual({ associationId: 'a-1' });
    expect(fake.account.writes).toHaveLength(1);
  });

  it.each([
    ['another run’s', { tags: { 'podshift/run': 'other' } }],
    ['nobody’s', { tags: {} }],
    ['its own with another role', { tags: { 'podshift/run': RUN }, roleArn: 'arn:aws:iam::111122223333:role/other' }],
  ])('refuses %s association', async (_whose, more) => {
    await associate(fake.runtime, UNIT);
    const [made] = fake.account.associations;
    if (made === undefined) throw new Error('no association');
    fake.account.associations = [{ ...made, ...more }];
    await fake.runtime.journal.createRun({
      runId: 'run-2',
      target: { clusterName: 'shop', region: 'eu-west-1', assumeRoleArn: null },
      options: (await fake.runtime.journal.getRun(RUN)).options,
      startedAt: later(0),
    });
    await fake.runtime.journal.releaseLock(CLUSTER_ARN, RUN);
    await fake.runtime.journal.acquireLock(CLUSTER_ARN, 'run-2', 900);
    await fake.runtime.journal.updateRun('run-2', { clusterArn: CLUSTER_ARN, status: 'running' });
    await fake.runtime.journal.putRoles([{ runId: 'run-2', roleArn: ROLE, trustBefore: '', trustAfter: '', blocked: '' }]);
    await fake.runtime.journal.putUnits([{ ...(await unit()), runId: 'run-2', stepStartedAt: {}, facts: {} }]);
    await expect(associate(fake.runtime, { ...UNIT, runId: 'run-2' })).rejects.toMatchObject({ name: 'WorldMoved' });
  });

  it('asks again where EKS says that one exists and shows none', async () => {
    fake.account.failures = { createAssociation: ['AlreadyExists'] };
    await expect(associate(fake.runtime, UNIT)).rejects.toMatchObject({ name: 'ServiceUnavailable' });
  });

  it('writes nothing where the role is blocked, or the lock is lost', async () => {
    await fake.runtime.journal.updateRole(RUN, ROLE, { blocked: 'its trust policy moved' });
    await expect(associate(fake.runtime, UNIT)).rejects.toMatchObject({ name: 'TrustPolicyMoved', message: 'its trust policy moved' });
    await begin();
    fake.pass(901);
    await fake.runtime.journal.acquireLock(CLUSTER_ARN, 'run-2', 900);
    await expect(associate(fake.runtime, UNIT)).rejects.toMatchObject({ name: 'LockLost' });
    expect(fake.account.writes).toEqual([]);
    expect(await entries()).toEqual([]);
  });
});

describe('checkInjection', () => {
  it('needs as many hits in a row as the option says, and says so once', async () => {
    expect(await checkInjection(fake.runtime, UNIT)).toEqual({ status: 'waiting', waitSeconds: 3, hits: 1 });
    fake.account.injects = 'old';
    expect(await checkInjection(fake.runtime, UNIT)).toMatchObject({ status: 'waiting', hits: 0 });
    fake.account.injects = 'new';
    await checkInjection(fake.runtime, UNIT);
    expect(await checkInjection(fake.runtime, UNIT)).toEqual({ status: 'ready', waitSeconds: 0, hits: 2 });
    expect(await checkInjection(fake.runtime, UNIT)).toMatchObject({ status: 'ready' });
    expect(await evidence()).toMatchObject([{ grade: 1, kind: 'dry-run', passed: true, facts: { checks: 2 } }]);
  });

  it('gives up after its time', async () => {
    fake.account.injects = 'nothing';
    await checkInjection(fake.runtime, UNIT);
    fake.pass(181);
    await expect(checkInjection(fake.runtime, UNIT)).rejects.toMatchObject({ name: 'StepTimedOut' });
  });

  it('waits a minute where admission refuses dry runs, and records that nothing is known', async () => {
    fake.account.failures = { 'dry run': ['KubernetesForbidden', 'InvalidRequest'] };
    expect(await checkInjection(fake.runtime, UNIT)).toMatchObject({ status: 'waiting', waitSeconds: 60 });
    fake.pass(60);
    expect(await checkInjection(fake.runtime, UNIT)).toMatchObject({ status: 'ready' });
    expect(await evidence()).toMatchObject([{ grade: 1, kind: 'dry-run', passed: false }]);
  });

  it('lets other failures through', async () => {
    fake.account.failures = { 'dry run': ['Throttled'] };
    await expect(checkInjection(fake.runtime, UNIT)).rejects.toMatchObject({ name: 'Throttled' });
  });
});

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

describe('restartWorkloads', () => {
  const markOf = () => fake.object('Deployment', 'orders')?.spec.template.metadata.annotations?.['kubectl.kubernetes.io/restartedAt'];

  it('sets the same mark at every try, in whole seconds, and keeps the one of before', async () => {
    fake.put(deployment({ annotations: { 'kubectl.kubernetes.io/restartedAt': '2025-01-01T00:00:00Z' } }));
    expect(await restartWorkloads(fake.runtime, UNIT)).toEqual({ restarted: 1 });
    expect(markOf()).toBe('2026-01-05T10:00:00Z');
    fake.pass(60);
    expect(await restartWorkloads(fake.runtime, UNIT)).toEqual({ restarted: 0 });
    expect(fake.account.writes).toHaveLength(1);
    expect(await fake.runtime.journal.getEntry(RUN, 'restart#Deployment/shop/orders')).toMatchObject({
      before: { mark: '2025-01-01T00:00:00Z' },
      after: { mark: '2026-01-05T10:00:00Z' },
    });
  });

  it('writes nothing again where the reply of the first try was lost', async () => {
    fake.account.failures = { 'patch deployments reply': ['ServiceUnavailable'] };
    await expect(restartWorkloads(fake.runtime, UNIT)).rejects.toMatchObject({ name: 'ServiceUnavailable' });
    expect(await restartWorkloads(fake.runtime, UNIT)).toEqual({ restarted: 1 });
    expect(fake.account.writes).toHaveLength(1);
  });

  it('refuses where somebody else restarted it between two tries', async () => {
    fake.account.failures = { 'patch deployments': ['Conflict'] };
    await expect(restartWorkloads(fake.runtime, UNIT)).rejects.toMatchObject({ name: 'Conflict' });
    fake.put(deployment({ annotations: { 'kubectl.kubernetes.io/restartedAt': '2026-01-05T10:00:30Z' } }));
    await expect(restartWorkloads(fake.runtime, UNIT)).rejects.toMatchObject({ name: 'WorldMoved' });
  });

  it.each([
    ['was paused', deployment({ spec: { paused: true } })],
    ['is updated on delete now', deployment({ spec: { updateStrategy: { type: 'OnDelete' } } })],
    ['has a partition now', deployment({ spec: { updateStrategy: { rollingUpdate: { partition: 2 } } } })],
  ])('refuses a workload that %s since the plan', async (_what, object) => {
    fake.put(object);
    await expect(restartWorkloads(fake.runtime, UNIT)).rejects.toMatchObject({ name: 'WorldMoved' });
    expect(fake.account.writes).toEqual([]);
  });

  it('refuses a workload that is gone, and leaves alone what does not run or is renewed by eviction', async () => {
    await begin({ workloads: [{ ...DEPLOYMENT, name: 'gone' }] });
    await expect(restartWorkloads(fake.runtime, UNIT)).rejects.toMatchObject({ name: 'WorldMoved', message: /Deployment\/shop\/gone/ });
    await begin({
      workloads: [
        { ...DEPLOYMENT, kind: 'CronJob', restart: 'none' },
        { ...DEPLOYMENT, restart: 'evict' },
        { ...DEPLOYMENT, kind: 'Unknown', restart: 'rollout' },
      ],
    });
    expect(await restartWorkloads(fake.runtime, UNIT)).toEqual({ restarted: 0 });
  });

  it('restarts an Argo Rollout by its own field, at the time of the step', async () => {
    await begin({ workloads: [{ ...DEPLOYMENT, apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', restart: 'argo-rollout' }] });
    fake.put({ ...deployment(), apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout' });
    fake.pass(90);
    await restartWorkloads(fake.runtime, UNIT);
    expect(fake.object('Rollout', 'orders')?.spec.restartAt).toBe('2026-01-05T10:01:30Z');
  });
});

describe('checkRollout', () => {
  it('is ready when each workload is, and notes when', async () => {
    fake.put(deployment({ status: { updatedReplicas: 0 } }));
    expect(await checkRollout(fake.runtime, UNIT)).toMatchObject({ status: 'waiting' });
    fake.put(deployment());
    expect(await checkRollout(fake.runtime, UNIT)).toMatchObject({ status: 'ready' });
    const { rolledOutAt } = (await unit()).facts;
    fake.pass(5);
    await checkRollout(fake.runtime, UNIT);
    expect((await unit()).facts.rolledOutAt).toBe(rolledOutAt);
  });

  it('fails where Kubernetes gave up, or after its time', async () => {
    fake.put(deployment({ status: { conditions: [{ type: 'Progressing', reason: 'ProgressDeadlineExceeded' }] } }));
    await expect(checkRollout(fake.runtime, UNIT)).rejects.toMatchObject({ name: 'RolloutFailed' });
    fake.put(deployment({ status: { updatedReplicas: 0 } }));
    fake.pass(1801);
    await expect(checkRollout(fake.runtime, UNIT)).rejects.toMatchObject({ name: 'RolloutFailed', message: /0 of 1 pods are new/ });
  });

  it('evicts one pod at a time, and the next only when all others are ready', async () => {
    await begin({ workloads: [{ ...DEPLOYMENT, kind: 'ReplicaSet', restart: 'evict' }] });
    fake.put({ ...deployment(), kind: 'ReplicaSet' });
    fake.put(runningPod('one', OLD_WAY, { createdAt: later(-100) }));
    fake.put(runningPod('two', OLD_WAY, { createdAt: later(-100) }));
    await associate(fake.runtime, UNIT);
    const evicted = () => fake.account.writes.filter((write) => write.startsWith('evict'));
    fake.account.budget = 'blocked';
    expect(await checkRollout(fake.runtime, UNIT)).toMatchObject({ status: 'waiting' });
    fake.account.budget = 'evicted';
    await checkRollout(fake.runtime, UNIT);
    expect(evicted()).toEqual(['evict shop/one', 'evict shop/one']);
    fake.put(runningPod('three', NEW_WAY, { ready: false }));
    await checkRollout(fake.runtime, UNIT);
    expect(evicted()).toHaveLength(2);
    fake.put(runningPod('three', NEW_WAY));
    await checkRollout(fake.runtime, UNIT);
    expect(evicted()).toHaveLength(3);
    fake.put(runningPod('four', NEW_WAY));
    expect(await checkRollout(fake.runtime, UNIT)).toMatchObject({ status: 'ready' });
  });

  it('needs the association before it judges pods', async () => {
    await begin({ workloads: [{ ...DEPLOYMENT, restart: 'evict' }] });
    await expect(checkRollout(fake.runtime, UNIT)).rejects.toMatchObject({ name: 'InternalError' });
  });
});

describe('verifyPods', () => {
  beforeEach(() => associate(fake.runtime, UNIT).then(() => undefined));

  it('passes when every pod is new, injected and ready', async () => {
    fake.put(runningPod('one', NEW_WAY, { ready: false }));
    expect(await verifyPods(fake.runtime, UNIT)).toMatchObject({ status: 'waiting', soakSeconds: 300 });
    fake.put(runningPod('one', NEW_WAY));
    expect(await verifyPods(fake.runtime, UNIT)).toMatchObject({ status: 'ready', soakSeconds: 300 });
    expect(await evidence()).toMatchObject([{ grade: 1, kind: 'pods', passed: true, facts: { pods: 1, renewed: 1, ready: 1 } }]);
  });

  it('passes where nothing runs', async () => {
    expect(await verifyPods(fake.runtime, UNIT)).toMatchObject({ status: 'ready' });
  });

  it('evicts a pod that missed the injection, and asks a blocked eviction again without counting it twice', async () => {
    fake.put(runningPod('one', OLD_WAY, { createdAt: later(1) }));
    fake.account.budget = 'blocked';
    await verifyPods(fake.runtime, UNIT);
    await verifyPods(fake.runtime, UNIT);
    expect((await unit()).facts.missedInjection).toBe(1);
    fake.account.budget = 'evicted';
    await verifyPods(fake.runtime, UNIT);
    expect(await verifyPods(fake.runtime, UNIT)).toMatchObject({ status: 'ready' });
  });

  it('fails where too many pods miss the injection, with what they carry', async () => {
    for (const name of ['a', 'b', 'c', 'd', 'e']) {
      fake.put(runningPod(name, []));
      await verifyPods(fake.runtime, UNIT);
    }
    fake.put(runningPod('f', [...NEW_WAY, { name: 'AWS_PROFILE' }]));
    await expect(verifyPods(fake.runtime, UNIT)).rejects.toMatchObject({
      name: 'ProofFailed',
      message: /carries AWS_PROFILE, after 5 pods/,
    });
  });

  it('fails on a bare pod that nobody makes anew', async () => {
    fake.put(runningPod('bare', OLD_WAY, { owner: null }));
    await expect(verifyPods(fake.runtime, UNIT)).rejects.toMatchObject({ name: 'ProofFailed', message: /has no Pod Identity variables$/ });
  });

  it('leaves the pod of a running Job to its end, and says so', async () => {
    fake.put(runningPod('job', OLD_WAY, { owner: 'Job', ready: false }));
    expect(await verifyPods(fake.runtime, UNIT)).toMatchObject({ status: 'ready' });
    expect(await evidence()).toMatchObject([{ facts: { runningJobs: 1 } }]);
  });

  it('fails after its time, with the proof on record as missing', async () => {
    fake.put(runningPod('one', NEW_WAY, { ready: false }));
    await verifyPods(fake.runtime, UNIT);
    fake.pass(1801);
    await expect(verifyPods(fake.runtime, UNIT)).rejects.toMatchObject({ name: 'ProofFailed', message: /Pod\/shop\/one is not ready/ });
    expect(await evidence()).toMatchObject([{ grade: 1, kind: 'pods', passed: false }]);
  });
});

describe('confirmUse', () => {
  const session = () => ({
    eventId: 'e',
    eventName: 'AssumeRole',
    eventTime: fake.now(),
    event: {
      userIdentity: { invokedBy: 'pods.eks.amazonaws.com' },
      requestParameters: {
        roleArn: ROLE,
        tags: [
          { key: 'eks-cluster-arn', value: CLUSTER_ARN },
          { key: 'kubernetes-namespace', value: 'shop' },
          { key: 'kubernetes-service-account', value: 'orders' },
        ],
      },
    },
  });

  beforeEach(async () => {
    await associate(fake.runtime, UNIT);
    await restartWorkloads(fake.runtime, UNIT);
    fake.put(runningPod('one', NEW_WAY));
  });

  it('records that the new way is in use and the old one silent', async () => {
    fake.account.events = [session()];
    expect(await confirmUse(fake.runtime, UNIT)).toMatchObject({ status: 'ready' });
    expect(await evidence()).toMatchObject([{ grade: 3, kind: 'cloudtrail', passed: true, facts: { newWay: 1, oldWay: 0 } }]);
  });

  it('is no failure where CloudTrail shows nothing yet, or may not be read', async () => {
    expect(await confirmUse(fake.runtime, UNIT)).toMatchObject({ status: 'ready' });
    expect(await evidence()).toMatchObject([{ grade: 3, passed: false }]);
    await begin();
    await associate(fake.runtime, UNIT);
    fake.account.failures = { lookupEvents: ['AccessDenied'] };
    expect(await confirmUse(fake.runtime, UNIT)).toMatchObject({ status: 'ready' });
    expect(await evidence()).toMatchObject([{ passed: false, facts: { problem: expect.stringContaining('LookupEvents') } }]);
  });

  it('waits while CloudTrail throttles, and goes on without it in the end', async () => {
    fake.account.failures = { lookupEvents: ['Throttled', 'ServiceUnavailable'] };
    expect(await confirmUse(fake.runtime, UNIT)).toMatchObject({ status: 'waiting' });
    fake.pass(181);
    expect(await confirmUse(fake.runtime, UNIT)).toMatchObject({ status: 'ready' });
    expect(await evidence()).toMatchObject([{ passed: false, facts: { problem: 'CloudTrail did not answer' } }]);
  });

  it('lets other failures through', async () => {
    fake.account.failures = { lookupEvents: ['CredentialsMissing'] };
    await expect(confirmUse(fake.runtime, UNIT)).rejects.toMatchObject({ name: 'CredentialsMissing' });
  });

  it('proves nothing while a Job still runs on the old way', async () => {
    fake.put(runningPod('job', OLD_WAY, { owner: 'Job' }));
    fake.account.events = [session()];
    await confirmUse(fake.runtime, UNIT);
    expect(await evidence()).toMatchObject([{ passed: false, facts: { newWay: 1, runningJobs: 1 } }]);
  });

  it('fails where pods are not on the new way any more', async () => {
    fake.put(runningPod('late', NEW_WAY, { ready: false }));
    expect(await confirmUse(fake.runtime, UNIT)).toMatchObject({ status: 'waiting' });
    fake.pass(1801);
    await expect(confirmUse(fake.runtime, UNIT)).rejects.toMatchObject({ name: 'ProofFailed', message: /after the soak/ });
  });
});

describe('removeAnnotations', () => {
  const annotations = () => fake.object('ServiceAccount', 'orders')?.metadata.annotations;
  const prove = () => fake.runtime.journal.updateUnit(RUN, UNIT.unitId, { facts: { 'probe-pod grade 2 passed': true } });

  it('removes nothing without proof', async () => {
    await expect(removeAnnotations(fake.runtime, UNIT)).rejects.toMatchObject({ name: 'ProofFailed' });
    expect(fake.account.writes).toEqual([]);
  });

  it('takes exactly the planned keys off, once', async () => {
    fake.put(serviceAccount('orders', { 'eks.amazonaws.com/role-arn': ROLE, team: 'a' }));
    await prove();
    expect(await removeAnnotations(fake.runtime, UNIT)).toEqual({ removed: 1 });
    expect(annotations()).toEqual({ team: 'a' });
    expect(await removeAnnotations(fake.runtime, UNIT)).toEqual({ removed: 0 });
    expect(fake.account.writes).toHaveLength(1);
    expect(await fake.runtime.journal.getEntry(RUN, 'annotations#shop/orders')).toMatchObject({
      before: { 'eks.amazonaws.com/role-arn': ROLE },
    });
  });

  it('keeps the first before-image where the reply was lost', async () => {
    await prove();
    fake.account.failures = { 'patch serviceaccounts reply': ['ServiceUnavailable'] };
    await expect(removeAnnotations(fake.runtime, UNIT)).rejects.toMatchObject({ name: 'ServiceUnavailable' });
    expect(await removeAnnotations(fake.runtime, UNIT)).toEqual({ removed: 1 });
    expect(fake.account.writes).toHaveLength(1);
    expect(await fake.runtime.journal.getEntry(RUN, 'annotations#shop/orders')).toMatchObject({
      state: 'applied',
      before: { 'eks.amazonaws.com/role-arn': ROLE },
    });
  });

  it.each([
    ['nothing is planned', { removeAnnotations: [] }, serviceAccount()],
    ['somebody changed the value', {}, serviceAccount('orders', { 'eks.amazonaws.com/role-arn': 'arn:aws:iam::111122223333:role/other' })],
    ['somebody removed it', {}, serviceAccount('orders', {})],
    ['the service account was made anew', {}, { ...serviceAccount(), metadata: { ...serviceAccount().metadata, uid: 'another' } }],
  ])('writes nothing where %s', async (_what, plan, object) => {
    await begin(plan);
    await prove();
    fake.put(object);
    expect(await removeAnnotations(fake.runtime, UNIT)).toEqual({ removed: 0 });
    expect(fake.account.writes).toEqual([]);
  });

  it('writes nothing where the service account is gone', async () => {
    await prove();
    fake.account.objects.clear();
    expect(await removeAnnotations(fake.runtime, UNIT)).toEqual({ removed: 0 });
  });
});

describe('the end of a unit', () => {
  it('is migrated', async () => {
    expect(await finishUnit(fake.runtime, UNIT)).toEqual({ unitId: 'shop/orders', status: 'migrated' });
    expect(await unit()).toMatchObject({ status: 'migrated', reason: '' });
  });

  it('needs an operator where the way back failed, with both reasons', async () => {
    await markNeedsOperator(fake.runtime, {
      ...UNIT,
      failure: { Error: 'UndoFailed', Cause: JSON.stringify({ errorType: 'UndoFailed', errorMessage: 'no way' }) },
    });
    expect(await unit()).toMatchObject({ status: 'needs-operator', reason: 'no way' });
    await fake.runtime.journal.updateUnit(RUN, UNIT.unitId, { status: 'rolling-back', reason: 'first' });
    await markNeedsOperator(fake.runtime, { ...UNIT, failure: { Error: 'UndoFailed', Cause: 'plain' } });
    expect((await unit()).reason).toBe('plain (it was rolled back because first)');
    await fake.runtime.journal.updateUnit(RUN, UNIT.unitId, { reason: '' });
    await markNeedsOperator(fake.runtime, { ...UNIT, failure: { Error: 'States.Timeout' } });
    expect((await unit()).reason).toBe('States.Timeout');
  });
});
