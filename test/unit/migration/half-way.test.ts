import { beforeEach, describe, expect, it } from 'vitest';
import { grantTrust } from '../../../src/migration/trust/grant-trust.ts';
import { associate } from '../../../src/migration/unit/associate.ts';
import { checkRollout } from '../../../src/migration/unit/check-rollout.ts';
import { removeAnnotations } from '../../../src/migration/unit/remove-annotations.ts';
import { restartWorkloads } from '../../../src/migration/unit/restart-workloads.ts';
import { undoUnit } from '../../../src/migration/unit/undo-unit.ts';
import { verifyPods } from '../../../src/migration/unit/verify-pods.ts';
import type { RolePlan } from '../../../src/model/plan.ts';
import {
  ADMITTING_TRUST,
  associationWith,
  beginRun,
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
} from '../fixtures/fake-migration.ts';
import { UNIT } from '../fixtures/unit-scene.ts';

const UNDO = { ...UNIT, failure: { Error: 'ProofFailed', Cause: 'the pods do not start' } };
let fake: FakeMigration;

/** A cluster that another tool left with an association, its pods on IRSA; with or without the statement. */
async function leftHalfWay(trustBefore: string): Promise<void> {
  fake = await fakeMigration();
  const admits = trustBefore === OIDC_TRUST;
  const role: RolePlan = {
    roleArn: ROLE,
    roleName: 'orders',
    trustBefore,
    trustAfter: ADMITTING_TRUST,
    waves: admits ? [{ wave: 0, admit: [{ namespace: 'shop', name: 'orders' }], trustAfter: ADMITTING_TRUST }] : [],
  };
  const { before } = unitPlan();
  await beginRun(fake, planWith([unitPlan({ before: { ...before, associationId: 'a-0' } })], [role]));
  fake.account.associations.push(associationWith());
  fake.put(serviceAccount());
  fake.put(deployment());
  fake.put(runningPod('old', OLD_WAY));
}

/** Every pod of the Deployment made anew by the present webhook. */
function renew(): void {
  fake.account.objects.delete('Pod/shop/old');
  fake.put(runningPod('new', NEW_WAY));
}

async function forward(): Promise<void> {
  await grantTrust(fake.runtime, { runId: RUN, roleArn: ROLE, wave: 0 });
  expect(await associate(fake.runtime, UNIT)).toEqual({ associationId: 'a-0', createdAt: associationWith().createdAt });
  await restartWorkloads(fake.runtime, UNIT);
  renew();
}

async function undo(): Promise<string> {
  for (let call = 0; call < 50; call += 1) {
    const { status, unitStatus, waitSeconds } = await undoUnit(fake.runtime, UNDO);
    if (status === 'ready') return unitStatus;
    fake.pass(waitSeconds);
  }
  return 'never';
}

const evictions = () => fake.account.writes.filter((write) => write.startsWith('evict'));
const annotation = () => fake.object('ServiceAccount', 'orders')?.metadata.annotations?.['eks.amazonaws.com/role-arn'];

describe('a unit whose association somebody else left behind', () => {
  beforeEach(() => leftHalfWay(OIDC_TRUST));

  it('is completed: the statement is written, the association adopted, and the rest goes its way', async () => {
    await forward();
    expect(await checkRollout(fake.runtime, UNIT)).toMatchObject({ status: 'ready' });
    expect(await verifyPods(fake.runtime, UNIT)).toMatchObject({ status: 'ready' });
    await fake.runtime.journal.updateUnit(RUN, UNIT.unitId, { facts: { 'probe-pod grade 2 passed': true } });
    expect(await removeAnnotations(fake.runtime, UNIT)).toEqual({ removed: 1, templates: 0 });
    expect(fake.account.writes.filter((write) => write.includes('association'))).toEqual([]);
  });

  it('is refused where the association is gone or another one by now', async () => {
    fake.account.associations = [];
    await expect(associate(fake.runtime, UNIT)).rejects.toMatchObject({ name: 'WorldMoved', message: /a-0 of shop\/orders is gone/ });
    fake.account.associations = [associationWith({ roleArn: `${ROLE}-2` })];
    await expect(associate(fake.runtime, UNIT)).rejects.toMatchObject({ name: 'WorldMoved' });
  });

  it('rolls back without an eviction while its pods are on the old way', async () => {
    await grantTrust(fake.runtime, { runId: RUN, roleArn: ROLE, wave: 0 });
    await associate(fake.runtime, UNIT);
    expect(await undo()).toBe('held');
    expect(fake.account.associations).toHaveLength(1);
    expect(evictions()).toEqual([]);
  });

  it('keeps the statement that its new pods live on, evicts none of them, and names what to do', async () => {
    await forward();
    await expect(undo()).rejects.toMatchObject({ name: 'UndoFailed', message: /delete-pod-identity-association .*--association-id a-0/ });
    expect(evictions()).toEqual([]);
    expect(fake.account.associations).toHaveLength(1);
    expect(annotation()).toBe(ROLE);
    // The operator deleted the association and restarted the workloads.
    fake.account.associations = [];
    fake.account.objects.delete('Pod/shop/new');
    fake.put(runningPod('old', OLD_WAY));
    expect(await undo()).toBe('rolled-back');
  });
});

describe('a unit whose association and statement somebody else left behind, its pods on the old way', () => {
  it('rolls back to both documents as they were, and evicts nothing', async () => {
    await leftHalfWay(ADMITTING_TRUST);
    await forward();
    expect(await undo()).toBe('rolled-back');
    expect(evictions()).toEqual([]);
    expect(fake.account.associations).toHaveLength(1);
    expect(fake.account.roles.get('orders')?.trustPolicy).toBe(ADMITTING_TRUST);
  });
});
