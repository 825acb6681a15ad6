import { beforeEach, describe, expect, it } from 'vitest';
import type { KubernetesObject } from '../../../src/kubernetes/gateway.ts';
import { associate } from '../../../src/migration/unit/associate.ts';
import { confirmUse } from '../../../src/migration/unit/confirm-use.ts';
import { removeAnnotations } from '../../../src/migration/unit/remove-annotations.ts';
import { restartWorkloads } from '../../../src/migration/unit/restart-workloads.ts';
import { verifyPods } from '../../../src/migration/unit/verify-pods.ts';
import { type FakeMigration, NEW_WAY, OLD_WAY, ROLE, RUN, runningPod } from '../fixtures/fake-migration.ts';
import { UNIT, unitScene } from '../fixtures/unit-scene.ts';

let fake: FakeMigration;
const { begin, evidence } = unitScene((made) => {
  fake = made;
});

const annotation = () => fake.object('ServiceAccount', 'orders')?.metadata.annotations?.['eks.amazonaws.com/role-arn'];
/** A pod with this restart policy and no owner, or one of this kind. */
const pod = (restartPolicy: string, way = OLD_WAY, owner?: { readonly apiVersion: string; readonly kind: string }): KubernetesObject => {
  const made = runningPod('build', way, { owner: null });
  const owners = owner === undefined ? {} : { ownerReferences: [{ ...owner, name: 'o', uid: 'u', controller: true }] };
  return { ...made, metadata: { ...made.metadata, ...owners }, spec: { ...made.spec, restartPolicy } };
};
const end = () => fake.account.objects.delete('Pod/shop/build');

beforeEach(async () => {
  await begin();
  await associate(fake.runtime, UNIT);
  await restartWorkloads(fake.runtime, UNIT);
  await fake.runtime.journal.updateUnit(RUN, UNIT.unitId, { facts: { 'probe-pod grade 2 passed': true } });
  fake.account.writes = [];
});

describe('pods that end by themselves', () => {
  it.each(['Never', 'OnFailure'])('may stay on the old way, and the annotation with them (%s)', async (policy) => {
    fake.put(pod(policy));
    expect(await verifyPods(fake.runtime, UNIT)).toMatchObject({ status: 'ready' });
    expect(await confirmUse(fake.runtime, UNIT)).toMatchObject({ status: 'waiting' });
    fake.pass(1801);
    expect(await confirmUse(fake.runtime, UNIT)).toMatchObject({ status: 'ready' });
    expect(await removeAnnotations(fake.runtime, UNIT)).toEqual({ removed: 0, templates: 0 });
    expect(annotation()).toBe(ROLE);
    expect(fake.account.writes).toEqual([]);
    expect(await evidence()).toContainEqual(
      expect.objectContaining({ kind: 'ending-pods', passed: false, facts: expect.objectContaining({ pods: ['Pod/shop/build'] }) }),
    );
    expect(await evidence()).toContainEqual(expect.objectContaining({ grade: 3, passed: false }));
  });

  it('are waited for, and the annotation goes when the last of them has ended', async () => {
    fake.put(pod('Never'));
    expect(await confirmUse(fake.runtime, UNIT)).toMatchObject({ status: 'waiting' });
    end();
    expect(await confirmUse(fake.runtime, UNIT)).toMatchObject({ status: 'ready' });
    expect(await removeAnnotations(fake.runtime, UNIT)).toEqual({ removed: 1, templates: 0 });
    expect(annotation()).toBeUndefined();
  });

  it('keep nothing where they are on the new way', async () => {
    fake.put(pod('Never', NEW_WAY));
    expect(await confirmUse(fake.runtime, UNIT)).toMatchObject({ status: 'ready' });
    expect(await removeAnnotations(fake.runtime, UNIT)).toEqual({ removed: 1, templates: 0 });
  });

  it.each([
    ['is to stay', pod('Always')],
    ['is of a Job of another group', pod('OnFailure', OLD_WAY, { apiVersion: 'batch.volcano.sh/v1alpha1', kind: 'Job' })],
    ["is of another group's StatefulSet", pod('Always', OLD_WAY, { apiVersion: 'apps.kruise.io/v1beta1', kind: 'StatefulSet' })],
  ])('are not one that %s: nothing is proved for it, and nobody makes it again', async (_, stays) => {
    fake.put(stays);
    await expect(verifyPods(fake.runtime, UNIT)).rejects.toMatchObject({ name: 'ProofFailed', message: /Pod\/shop\/build/ });
    expect(fake.account.writes).toEqual([]);
  });
});
