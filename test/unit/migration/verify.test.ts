import { beforeEach, describe, expect, it } from 'vitest';
import { associate } from '../../../src/migration/unit/associate.ts';
import { confirmUse } from '../../../src/migration/unit/confirm-use.ts';
import { removeAnnotations } from '../../../src/migration/unit/remove-annotations.ts';
import { restartWorkloads } from '../../../src/migration/unit/restart-workloads.ts';
import { verifyPods } from '../../../src/migration/unit/verify-pods.ts';
import {
  CLUSTER_ARN,
  deployment,
  type FakeMigration,
  NEW_WAY,
  OLD_WAY,
  ROLE,
  RUN,
  runningPod,
  serviceAccount,
} from '../fixtures/fake-migration.ts';
import { UNIT, unitScene } from '../fixtures/unit-scene.ts';

let fake: FakeMigration;
const { begin, beginAssociated, unit, evidence, later } = unitScene((made) => {
  fake = made;
});

beforeEach(() => begin());

describe('verifyPods', () => {
  beforeEach(() => associate(fake.runtime, UNIT).then(() => undefined));

  it('passes when every pod is new, injected and ready', async () => {
    fake.put(runningPod('one', NEW_WAY, { ready: false }));
    expect(await verifyPods(fake.runtime, UNIT)).toMatchObject({ status: 'waiting' });
    expect((await unit()).facts).not.toHaveProperty('soakUntil');
    fake.put(runningPod('one', NEW_WAY));
    expect(await verifyPods(fake.runtime, UNIT)).toEqual({ status: 'ready', waitSeconds: 0 });
    expect((await unit()).facts.soakUntil).toBe(new Date(later(900)).toISOString());
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
    const pods = ['a', 'b', 'c', 'd', 'e'];
    for (const name of pods) fake.put(runningPod(name, []));
    for (const _ of pods) await verifyPods(fake.runtime, UNIT);
    fake.put(runningPod('f', [...NEW_WAY, { name: 'AWS_PROFILE' }]));
    await expect(verifyPods(fake.runtime, UNIT)).rejects.toMatchObject({
      name: 'ProofFailed',
      message: /carries AWS_PROFILE, after 5 pods/,
    });
  });

  it('evicts nothing for a variable that stands in the template', async () => {
    fake.put(deployment({ spec: { template: { spec: { containers: [{ name: 'app', env: [{ name: 'AWS_PROFILE', value: 'x' }] }] } } } }));
    fake.put(runningPod('one', [...NEW_WAY, { name: 'AWS_PROFILE' }]));
    await expect(verifyPods(fake.runtime, UNIT)).rejects.toMatchObject({
      name: 'ProofFailed',
      message: /carries AWS_PROFILE, as the pod template of Deployment\/shop\/orders does: take it out there/,
    });
    expect(fake.account.writes.filter((write) => write.startsWith('evict'))).toEqual([]);
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

  const beginSoak = () =>
    fake.runtime.journal.updateUnit(UNIT.runId, UNIT.unitId, { stepStartedAt: { soak: new Date(fake.now()).toISOString() } });

  beforeEach(async () => {
    await associate(fake.runtime, UNIT);
    await restartWorkloads(fake.runtime, UNIT);
    fake.put(runningPod('one', NEW_WAY));
  });

  it('records that the new way is in use and the old one silent', async () => {
    fake.account.events = [session()];
    await beginSoak();
    fake.pass(900);
    expect(await confirmUse(fake.runtime, UNIT)).toMatchObject({ status: 'ready' });
    const facts = { newWay: 1, oldWay: 0, silentSeconds: 600 };
    expect(await evidence()).toMatchObject([{ grade: 3, kind: 'cloudtrail', passed: true, facts }]);
  });

  it('takes no silence for proof that is shorter than what CloudTrail needs to deliver', async () => {
    fake.account.events = [session()];
    await beginSoak();
    fake.pass(60);
    expect(await confirmUse(fake.runtime, UNIT)).toMatchObject({ status: 'ready' });
    expect(await evidence()).toMatchObject([{ grade: 3, passed: false, facts: { newWay: 1, oldWay: 0, silentSeconds: 0 } }]);
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
    expect(await evidence()).toMatchObject([{ passed: false, facts: { problem: 'CloudTrail did not respond' } }]);
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

  beforeEach(() => beginAssociated());

  it('removes nothing without proof', async () => {
    await expect(removeAnnotations(fake.runtime, UNIT)).rejects.toMatchObject({ name: 'ProofFailed' });
    expect(fake.account.writes).toEqual([]);
  });

  it('takes exactly the planned keys off, once', async () => {
    fake.put(serviceAccount('orders', { 'eks.amazonaws.com/role-arn': ROLE, team: 'a' }));
    await prove();
    expect(await removeAnnotations(fake.runtime, UNIT)).toEqual({ removed: 1, templates: 0 });
    expect(annotations()).toEqual({ team: 'a' });
    expect(await removeAnnotations(fake.runtime, UNIT)).toEqual({ removed: 0, templates: 0 });
    expect(fake.account.writes).toHaveLength(1);
    expect(await fake.runtime.journal.getEntry(RUN, 'annotations#shop/orders')).toMatchObject({
      before: { 'eks.amazonaws.com/role-arn': ROLE },
    });
  });

  it('keeps the first before-image where the reply was lost', async () => {
    await prove();
    fake.account.failures = { 'patch serviceaccounts reply': ['ServiceUnavailable'] };
    await expect(removeAnnotations(fake.runtime, UNIT)).rejects.toMatchObject({ name: 'ServiceUnavailable' });
    expect(await removeAnnotations(fake.runtime, UNIT)).toEqual({ removed: 1, templates: 0 });
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
    await beginAssociated(plan);
    await prove();
    fake.put(object);
    expect(await removeAnnotations(fake.runtime, UNIT)).toEqual({ removed: 0, templates: 0 });
    expect(fake.account.writes).toEqual([]);
  });

  it('writes nothing where the service account is gone', async () => {
    await prove();
    fake.account.objects.clear();
    expect(await removeAnnotations(fake.runtime, UNIT)).toEqual({ removed: 0, templates: 0 });
  });
});
