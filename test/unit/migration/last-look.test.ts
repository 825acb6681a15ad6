import { beforeEach, describe, expect, it } from 'vitest';
import { associate } from '../../../src/migration/unit/associate.ts';
import { confirmUse } from '../../../src/migration/unit/confirm-use.ts';
import { removeAnnotations } from '../../../src/migration/unit/remove-annotations.ts';
import { restartWorkloads } from '../../../src/migration/unit/restart-workloads.ts';
import { deployment, type FakeMigration, NEW_WAY, OIDC_TRUST, OLD_WAY, ROLE, RUN, runningPod } from '../fixtures/fake-migration.ts';
import { UNIT, unitScene } from '../fixtures/unit-scene.ts';

let fake: FakeMigration;
const { begin, beginAssociated } = unitScene((made) => {
  fake = made;
});

const annotation = () => fake.object('ServiceAccount', 'orders')?.metadata.annotations?.['eks.amazonaws.com/role-arn'];
const onNode = (nodeName: string, pod = runningPod('one', NEW_WAY)) => ({ ...pod, spec: { ...pod.spec, nodeName } });
const node = (name: string, labels: Record<string, string> = {}) =>
  fake.put({ apiVersion: 'v1', kind: 'Node', metadata: { name, labels } });
const agentOn = (nodeName: string, ready = true) =>
  fake.put({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `agent-${nodeName}`, namespace: 'kube-system' },
    spec: { nodeName },
    status: { conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
  });
const trust = (trustPolicy: string) =>
  fake.account.roles.set('orders', { roleName: 'orders', arn: ROLE, path: '/', trustPolicy, tags: {} });

/** What somebody else may do while a unit soaks. */
const BROKEN: readonly [string, () => void][] = [
  ['the association was deleted', () => (fake.account.associations = [])],
  [
    'the association got another role',
    () => (fake.account.associations = fake.account.associations.map((one) => ({ ...one, roleArn: `${ROLE}-2` }))),
  ],
  ['the trust policy was put back', () => trust(OIDC_TRUST)],
  ['the trust policy cannot be read', () => trust('no JSON')],
  ['the role was deleted', () => fake.account.roles.clear()],
];

/** What passes by itself, or does not. */
const STARTING: readonly [string, () => void][] = [
  ['the agent was removed from the node of a pod', () => fake.account.objects.delete('Pod/kube-system/agent-node-1')],
  ['the agent of the node is not ready', () => agentOn('node-1', false)],
  ['a pod came to a node without an agent', () => fake.put(onNode('node-2', runningPod('two', NEW_WAY)))],
  ['a pod missed the injection', () => fake.put(runningPod('bare', OLD_WAY, { owner: null }))],
];

beforeEach(async () => {
  await begin();
  await associate(fake.runtime, UNIT);
  await restartWorkloads(fake.runtime, UNIT);
  node('node-1');
  node('node-2');
  agentOn('node-1');
  fake.put(onNode('node-1'));
  await fake.runtime.journal.updateUnit(RUN, UNIT.unitId, { facts: { 'probe-pod grade 2 passed': true } });
  fake.account.writes = [];
});

describe('the last look before the old way goes', () => {
  it('lets the annotation go where everything is there', async () => {
    expect(await removeAnnotations(fake.runtime, UNIT)).toEqual({ removed: 1, templates: 0 });
    expect(annotation()).toBeUndefined();
  });

  it.each(BROKEN)('leaves the annotation where %s during the soak', async (_what, happen) => {
    happen();
    await expect(confirmUse(fake.runtime, UNIT)).rejects.toMatchObject({ name: 'ProofFailed' });
    await expect(removeAnnotations(fake.runtime, UNIT)).rejects.toMatchObject({ name: 'ProofFailed' });
    expect(annotation()).toBe(ROLE);
    expect(fake.account.writes).toEqual([]);
  });

  it.each(STARTING)('waits, and leaves the annotation, where %s', async (what, happen) => {
    happen();
    if (what !== 'a pod missed the injection') expect(await confirmUse(fake.runtime, UNIT)).toMatchObject({ status: 'waiting' });
    await expect(removeAnnotations(fake.runtime, UNIT)).rejects.toMatchObject({ name: 'Conflict' });
    expect(annotation()).toBe(ROLE);
    fake.pass(1801);
    await expect(confirmUse(fake.runtime, UNIT)).rejects.toMatchObject({ name: 'ProofFailed' });
  });

  it('asks for no agent on nodes of EKS Auto Mode, for pods of Jobs, and on nodes that are gone', async () => {
    node('auto', { 'eks.amazonaws.com/compute-type': 'auto' });
    fake.put(onNode('auto', runningPod('two', NEW_WAY)));
    fake.put(onNode('node-2', runningPod('job', OLD_WAY, { owner: 'Job' })));
    fake.put(onNode('gone', runningPod('three', NEW_WAY)));
    expect(await removeAnnotations(fake.runtime, UNIT)).toEqual({ removed: 1, templates: 0 });
  });
});

describe('the look right after the old way went', () => {
  it.each(BROKEN)('puts the annotation back where %s in that moment', async (_what, happen) => {
    fake.account.onWrite = (operation) => {
      fake.account.onWrite = () => undefined;
      if (operation === 'patch serviceaccounts') happen();
    };
    await expect(removeAnnotations(fake.runtime, UNIT)).rejects.toMatchObject({ name: 'ProofFailed', message: /are there again/ });
    expect(annotation()).toBe(ROLE);
  });
});

describe('the look before a restart', () => {
  it.each(BROKEN)('restarts nothing where %s', async (_what, happen) => {
    await begin();
    await associate(fake.runtime, UNIT);
    fake.account.writes = [];
    happen();
    await expect(restartWorkloads(fake.runtime, UNIT)).rejects.toMatchObject({ name: 'ProofFailed' });
    expect(fake.account.writes).toEqual([]);
  });
});

describe('a template that somebody put back to its old service account', () => {
  it('keeps its annotation: its pods would have neither way', async () => {
    const metadata = {
      splitFrom: 'staff',
      shape: null,
      bindings: [],
      templates: [
        {
          kind: 'Deployment',
          name: 'orders',
          serviceAccount: 'orders',
          before: { serviceAccountName: 'staff', serviceAccount: null },
          annotations: { 'iam.amazonaws.com/role': 'orders' },
        },
      ],
    };
    await beginAssociated({ mechanism: 'kube2iam', metadata, removeAnnotations: [] } as never);
    await fake.runtime.journal.updateUnit(RUN, UNIT.unitId, { facts: { 'probe-pod grade 2 passed': true } });
    const template = (serviceAccountName: string) => ({
      template: { metadata: { annotations: { 'iam.amazonaws.com/role': 'orders' } }, spec: { serviceAccountName } },
    });
    fake.put(deployment({ spec: template('staff') }));
    await expect(removeAnnotations(fake.runtime, UNIT)).rejects.toMatchObject({
      name: 'ProofFailed',
      message: /service account staff again/,
    });
    expect(fake.account.writes).toEqual([]);
    fake.put(deployment({ spec: template('orders') }));
    expect(await removeAnnotations(fake.runtime, UNIT)).toEqual({ removed: 0, templates: 1 });
  });
});
