import { beforeEach, describe, expect, it } from 'vitest';
import { blockRole, grantTrust } from '../../src/migration/grant-trust.ts';
import { restoreOldTrust, retireOldTrust, rolesToRetire } from '../../src/migration/retire-trust.ts';
import { revokeTrust } from '../../src/migration/revoke-trust.ts';
import { sameDocument, withLease } from '../../src/migration/role-trust.ts';
import type { RolePlan, ServiceAccountName, UnitPlan } from '../../src/model/plan.ts';
import { admitServiceAccounts, admitsPodIdentity, parseTrustPolicy } from '../../src/trust/index.ts';
import { beginRun, CLUSTER_ARN, type FakeMigration, fakeMigration, OIDC_TRUST, planWith, ROLE, RUN, unitPlan } from './fake-migration.ts';

const ACCOUNT = '111122223333';
const ORDERS: ServiceAccountName = { namespace: 'shop', name: 'orders' };
const BILLS: ServiceAccountName = { namespace: 'shop', name: 'bills' };
const FIRST = { runId: RUN, roleArn: ROLE, wave: 0 };
const SECOND = { ...FIRST, wave: 1 };

function admit(text: string, serviceAccounts: readonly ServiceAccountName[]): string {
  const parsed = parseTrustPolicy(text);
  if (!parsed.ok) throw new Error(parsed.problem);
  const result = admitServiceAccounts(parsed.policy, {
    clusterArn: CLUSTER_ARN,
    accountId: ACCOUNT,
    serviceAccounts,
    scope: 'service-account',
  });
  if (result.kind !== 'changed') throw new Error(result.kind);
  return result.text;
}

const AFTER_FIRST = admit(OIDC_TRUST, [ORDERS]);
const AFTER_SECOND = admit(AFTER_FIRST, [BILLS]);
const ROLE_PLAN: RolePlan = {
  roleArn: ROLE,
  roleName: 'orders',
  trustBefore: OIDC_TRUST,
  trustAfter: AFTER_SECOND,
  waves: [
    { wave: 0, admit: [ORDERS], trustAfter: AFTER_FIRST },
    { wave: 1, admit: [BILLS], trustAfter: AFTER_SECOND },
  ],
};
const UNITS: readonly Partial<UnitPlan>[] = [{}, { id: 'shop/bills', serviceAccount: 'bills', wave: 1 }];

let fake: FakeMigration;

async function begin(role: RolePlan = ROLE_PLAN, options: Record<string, unknown> = {}): Promise<void> {
  fake = await fakeMigration();
  await beginRun(fake, planWith(UNITS.map(unitPlan), [role]), options);
}

const trust = () => fake.account.roles.get('orders')?.trustPolicy ?? '';
const setTrust = (trustPolicy: string) => {
  const role = fake.account.roles.get('orders');
  if (role !== undefined) fake.account.roles.set('orders', { ...role, trustPolicy });
};
const record = () => fake.runtime.journal.getRole(RUN, ROLE);
const end = (unitId: string, status: 'migrated' | 'rolled-back' | 'held' | 'needs-operator') =>
  fake.runtime.journal.updateUnit(RUN, unitId, { status });
const admits = (serviceAccount: string): string => {
  const parsed = parseTrustPolicy(trust());
  if (!parsed.ok) return parsed.problem;
  return admitsPodIdentity(parsed.policy, {
    clusterArn: CLUSTER_ARN,
    clusterName: 'shop',
    accountId: ACCOUNT,
    namespace: 'shop',
    serviceAccount,
    sessionTags: true,
  });
};

beforeEach(() => begin());

describe('documents', () => {
  it.each([
    ['{"a":1,"b":[1,2]}', '{ "b": [1, 2], "a": 1 }', true],
    ['{"a":[1,2]}', '{"a":[2,1]}', false],
    ['{"a":null}', '{"a":{}}', false],
    ['not json', 'not json', true],
    ['not json', 'neither', false],
  ])('%s and %s are the same: %s', (one, other, expected) => {
    expect(sameDocument(one, other)).toBe(expected);
  });
});

describe('grantTrust', () => {
  it('writes the plan’s text once, wave by wave, and notes what it read back', async () => {
    expect(await grantTrust(fake.runtime, FIRST)).toEqual({ wrote: true });
    expect(trust()).toBe(AFTER_FIRST);
    expect(await record()).toMatchObject({ trustAfter: AFTER_FIRST, blocked: '' });
    expect(await grantTrust(fake.runtime, FIRST)).toEqual({ wrote: true });
    expect(await grantTrust(fake.runtime, SECOND)).toEqual({ wrote: true });
    expect(trust()).toBe(AFTER_SECOND);
    expect(fake.account.writes).toEqual(['update trust orders', 'update trust orders']);
  });

  it('writes nothing again where the reply was lost', async () => {
    fake.account.failures = { 'updateAssumeRolePolicy reply': ['ServiceUnavailable'] };
    await expect(grantTrust(fake.runtime, FIRST)).rejects.toMatchObject({ name: 'ServiceUnavailable' });
    expect(await grantTrust(fake.runtime, FIRST)).toEqual({ wrote: true });
    expect(fake.account.writes).toHaveLength(1);
    expect(await record()).toMatchObject({ trustAfter: AFTER_FIRST });
  });

  it('asks again while IAM’s reads lag behind its writes', async () => {
    fake.account.failures = { 'iam lags': ['RoleNotReady'] };
    await expect(grantTrust(fake.runtime, FIRST)).rejects.toMatchObject({ name: 'RoleNotReady' });
    expect(await grantTrust(fake.runtime, FIRST)).toEqual({ wrote: true });
  });

  it('writes nothing where the wave changes nothing, or the role is blocked', async () => {
    expect(await grantTrust(fake.runtime, { ...FIRST, wave: 7 })).toEqual({ wrote: false });
    await blockRole(fake.runtime, { runId: RUN, roleArn: ROLE, failure: { Error: 'Throttled', Cause: 'IAM throttles' } });
    expect(await grantTrust(fake.runtime, FIRST)).toEqual({ wrote: false });
    expect(await record()).toMatchObject({ blocked: 'IAM throttles' });
    expect(fake.account.writes).toEqual([]);
  });

  it('writes nothing where somebody has granted it since, by meaning', async () => {
    setTrust(AFTER_FIRST);
    expect(await grantTrust(fake.runtime, FIRST)).toEqual({ wrote: false });
    await begin();
    setTrust(admit(OIDC_TRUST.replace('ec2.amazonaws.com', 'lambda.amazonaws.com'), [ORDERS]));
    expect(await grantTrust(fake.runtime, FIRST)).toEqual({ wrote: false });
    expect(await record()).toMatchObject({ blocked: '' });
  });

  it.each<[string, () => void, RegExp]>([
    ['somebody changed it', () => setTrust(OIDC_TRUST.replace('ec2.amazonaws.com', 'lambda.amazonaws.com')), /changed after the plan/],
    ['it cannot be read any more', () => setTrust('{'), /cannot be read/],
    ['the role is gone', () => void fake.account.roles.clear(), /does not exist/],
    ['IAM refuses', () => void Object.assign(fake.account.failures, { 'update trust': ['AccessDenied'] }), /AccessDenied/],
  ])('blocks the role, and the role alone, where %s', async (_what, change, reason) => {
    change();
    expect(await grantTrust(fake.runtime, FIRST)).toEqual({ wrote: false });
    expect((await record()).blocked).toMatch(reason);
    expect(fake.account.writes).toEqual([]);
  });

  it('refuses a plan that would widen the role', async () => {
    const wide = JSON.stringify({
      ...JSON.parse(AFTER_FIRST),
      Statement: [...JSON.parse(AFTER_FIRST).Statement, { Effect: 'Allow', Principal: { AWS: '*' }, Action: 'sts:AssumeRole' }],
    });
    await begin({ ...ROLE_PLAN, waves: [{ wave: 0, admit: [ORDERS], trustAfter: wide }] });
    expect(await grantTrust(fake.runtime, FIRST)).toEqual({ wrote: false });
    expect((await record()).blocked).toMatch(/would also admit/);
    expect(trust()).toBe(OIDC_TRUST);
  });

  it('grants on what is there after an earlier wave was taken out again', async () => {
    await grantTrust(fake.runtime, FIRST);
    await end('shop/orders', 'rolled-back');
    await revokeTrust(fake.runtime, { runId: RUN, roleArn: ROLE });
    expect(trust()).toBe(OIDC_TRUST);
    expect(await grantTrust(fake.runtime, SECOND)).toEqual({ wrote: true });
    expect([admits('orders'), admits('bills')]).toEqual(['no', 'yes']);
  });

  it('waits for a lease that another run holds', async () => {
    await fake.runtime.journal.acquireLease(ROLE, 'run-2', 60);
    await expect(grantTrust(fake.runtime, FIRST)).rejects.toMatchObject({ name: 'LeaseHeld' });
    fake.pass(61);
    expect(await grantTrust(fake.runtime, FIRST)).toEqual({ wrote: true });
  });

  it('lets go of the lease whatever happens', async () => {
    await expect(withLease(fake.runtime, RUN, ROLE, () => Promise.reject(new Error('x')))).rejects.toThrow('x');
    await fake.runtime.journal.acquireLease(ROLE, 'run-2', 60);
  });

  it('is only asked about roles of the plan', async () => {
    await expect(grantTrust(fake.runtime, { ...FIRST, roleArn: 'arn:aws:iam::111122223333:role/other' })).rejects.toMatchObject({
      name: 'InternalError',
    });
  });
});

describe('revokeTrust', () => {
  const REVOKE = { runId: RUN, roleArn: ROLE };
  const grantBoth = async () => {
    await grantTrust(fake.runtime, FIRST);
    await grantTrust(fake.runtime, SECOND);
    fake.account.writes = [];
  };

  it('brings the first document back byte for byte where every unit went back', async () => {
    await grantBoth();
    await end('shop/orders', 'rolled-back');
    await end('shop/bills', 'held');
    expect(await revokeTrust(fake.runtime, REVOKE)).toEqual({ wrote: true });
    expect(trust()).toBe(OIDC_TRUST);
    expect(await record()).toMatchObject({ trustAfter: OIDC_TRUST });
    expect(await revokeTrust(fake.runtime, REVOKE)).toEqual({ wrote: false });
    expect(fake.account.writes).toHaveLength(1);
  });

  it.each(['migrated', 'needs-operator'] as const)('narrows it to what stays where a unit is %s', async (status) => {
    await grantBoth();
    await end('shop/orders', 'rolled-back');
    await end('shop/bills', status);
    expect(await revokeTrust(fake.runtime, REVOKE)).toEqual({ wrote: true });
    expect([admits('orders'), admits('bills')]).toEqual(['no', 'yes']);
  });

  it('writes nothing where nothing was granted, or everything stays', async () => {
    await end('shop/orders', 'rolled-back');
    expect(await revokeTrust(fake.runtime, REVOKE)).toEqual({ wrote: false });
    await begin();
    await grantBoth();
    await end('shop/orders', 'migrated');
    expect(await revokeTrust(fake.runtime, REVOKE)).toEqual({ wrote: false });
    expect(fake.account.writes).toEqual([]);
  });

  it('keeps what somebody else changed, and takes only ours out', async () => {
    await grantTrust(fake.runtime, FIRST);
    setTrust(trust().replace('ec2.amazonaws.com', 'lambda.amazonaws.com'));
    await end('shop/orders', 'rolled-back');
    await revokeTrust(fake.runtime, REVOKE);
    expect(trust()).toBe(OIDC_TRUST.replace('ec2.amazonaws.com', 'lambda.amazonaws.com'));
  });

  it('finds a write whose reply was lost', async () => {
    fake.account.failures = { 'updateAssumeRolePolicy reply': ['ServiceUnavailable'] };
    await expect(grantTrust(fake.runtime, FIRST)).rejects.toThrow();
    await end('shop/orders', 'held');
    expect(await revokeTrust(fake.runtime, REVOKE)).toEqual({ wrote: true });
    expect(trust()).toBe(OIDC_TRUST);
  });

  it('has nothing to do for a role that is gone', async () => {
    await grantTrust(fake.runtime, FIRST);
    await end('shop/orders', 'rolled-back');
    fake.account.roles.clear();
    expect(await revokeTrust(fake.runtime, REVOKE)).toEqual({ wrote: false });
    expect((await fake.runtime.journal.listEntries(RUN)).every((entry) => entry.state === 'undone')).toBe(true);
  });

  it('notes what it cannot undo, for an operator', async () => {
    await grantTrust(fake.runtime, FIRST);
    await end('shop/orders', 'rolled-back');
    setTrust('{');
    expect(await revokeTrust(fake.runtime, REVOKE)).toEqual({ wrote: false });
    expect((await record()).blocked).toMatch(/could not be restored/);
    setTrust(AFTER_FIRST);
    fake.account.failures = { 'update trust': ['Throttled'] };
    await expect(revokeTrust(fake.runtime, REVOKE)).rejects.toMatchObject({ name: 'Throttled' });
  });
});

describe('the retirement of the old trust', () => {
  const RETIRE = { runId: RUN, roleArn: ROLE };
  const prove = async (passed: boolean) => {
    await end('shop/orders', 'migrated');
    await fake.runtime.journal.addEvidence(RUN, 'shop/orders', {
      grade: 3,
      kind: 'cloudtrail',
      passed,
      at: '2026-01-05T10:00:00.000Z',
      facts: {},
    });
  };

  beforeEach(() => begin(ROLE_PLAN, { retireOldTrust: true }));

  it('is for those who ask, and for units whose old way was proved silent', async () => {
    expect(await rolesToRetire(fake.runtime, { runId: RUN, after: '' })).toMatchObject({ items: [], done: true });
    await prove(false);
    expect(await rolesToRetire(fake.runtime, { runId: RUN, after: '' })).toMatchObject({ items: [], done: true });
    await prove(true);
    expect(await rolesToRetire(fake.runtime, { runId: RUN, after: '' })).toEqual({ items: [ROLE], after: ROLE, done: false });
    expect(await rolesToRetire(fake.runtime, { runId: RUN, after: ROLE })).toMatchObject({ items: [], after: '', done: true });
    await begin();
    await prove(true);
    expect(await rolesToRetire(fake.runtime, { runId: RUN, after: '' })).toMatchObject({ items: [], done: true });
  });

  it('takes the proved service accounts out, once, and puts them back', async () => {
    await prove(true);
    expect(await retireOldTrust(fake.runtime, RETIRE)).toEqual({ wrote: true, reason: '' });
    expect(trust()).not.toContain('system:serviceaccount:shop:orders');
    expect(trust()).toContain('ec2.amazonaws.com');
    await retireOldTrust(fake.runtime, RETIRE);
    expect(fake.account.writes).toHaveLength(1);
    expect(await restoreOldTrust(fake.runtime, RETIRE)).toEqual({ wrote: true });
    expect(trust()).toBe(OIDC_TRUST);
    expect(await restoreOldTrust(fake.runtime, RETIRE)).toEqual({ wrote: false });
    expect(fake.account.writes).toHaveLength(2);
  });

  it('leaves alone what it cannot edit, what names nobody, and clusters without an issuer', async () => {
    await prove(true);
    const statement = JSON.parse(OIDC_TRUST).Statement[1];
    setTrust(JSON.stringify({ Version: '2012-10-17', Statement: [statement] }));
    expect(await retireOldTrust(fake.runtime, RETIRE)).toMatchObject({ wrote: false, reason: 'no statement names them' });
    setTrust(JSON.stringify({ Version: '2012-10-17', Statement: [JSON.parse(OIDC_TRUST).Statement[0]] }));
    expect(await retireOldTrust(fake.runtime, RETIRE)).toMatchObject({ wrote: false, reason: expect.stringMatching(/./) });
    fake.account.cluster = { ...fake.account.cluster, oidcIssuer: undefined };
    expect(await retireOldTrust(fake.runtime, RETIRE)).toMatchObject({ wrote: false });
    expect(fake.account.writes).toEqual([]);
  });

  it('leaves a document alone that somebody changed between two tries', async () => {
    await prove(true);
    fake.account.failures = { 'update trust': ['Throttled'] };
    await expect(retireOldTrust(fake.runtime, RETIRE)).rejects.toMatchObject({ name: 'Throttled' });
    setTrust(OIDC_TRUST.replace('ec2.amazonaws.com', 'lambda.amazonaws.com'));
    expect(await retireOldTrust(fake.runtime, RETIRE)).toMatchObject({ wrote: false, reason: 'the trust policy changed meanwhile' });
  });

  it('stops a way back where somebody changed the document since', async () => {
    await prove(true);
    await retireOldTrust(fake.runtime, RETIRE);
    setTrust(trust().replace('ec2.amazonaws.com', 'lambda.amazonaws.com'));
    await expect(restoreOldTrust(fake.runtime, RETIRE)).rejects.toMatchObject({ name: 'UndoFailed' });
    expect((await record()).blocked).toMatch(/could not be restored/);
  });

  it('has nothing to restore where nothing was retired', async () => {
    expect(await restoreOldTrust(fake.runtime, RETIRE)).toEqual({ wrote: false });
  });
});
