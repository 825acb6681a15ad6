import { beforeEach, describe, expect, it, vi } from 'vitest';
import { blockRole } from '../../../../src/migration/trust/block-role.ts';
import { grantTrust } from '../../../../src/migration/trust/grant-trust.ts';
import { revokeTrust as revokeTrustNow } from '../../../../src/migration/trust/revoke-trust.ts';
import { sameDocument, withLease } from '../../../../src/migration/trust/role-trust.ts';
import { PodshiftError } from '../../../../src/model/errors.ts';
import { type FakeMigration, OIDC_TRUST, ROLE, RUN } from '../../fixtures/fake-migration.ts';
import { AFTER_FIRST, AFTER_SECOND, admit, FIRST, ORDERS, ROLE_PLAN, SECOND, trustScene } from '../../fixtures/trust/scene.ts';

let fake: FakeMigration;
const { begin, trust, setTrust, record, end, admits } = trustScene((made) => {
  fake = made;
});

const revokeTrust: typeof revokeTrustNow = (runtime, input) => {
  // IAM shows the last write by then.
  fake.pass(31);
  return revokeTrustNow(runtime, input);
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

  it.each<[string, FakeMigration['account']['failures'], string]>([
    ['that it took', { 'iam lags': Array(9).fill('RoleNotReady') }, 'RoleNotReady'],
    [
      'that it may have taken',
      { 'iam lags': Array(9).fill('RoleNotReady'), 'updateAssumeRolePolicy reply': ['ServiceUnavailable'] },
      'ServiceUnavailable',
    ],
  ])('overwrites nobody by a document made of a late read, after a write %s', async (_what, failures, name) => {
    fake.account.failures = failures;
    await expect(grantTrust(fake.runtime, FIRST)).rejects.toMatchObject({ name });
    const theirs = admit(AFTER_FIRST, [{ namespace: 'shop', name: 'theirs' }]);
    setTrust(theirs);
    for (let again = 0; again < 3; again += 1) {
      fake.pass(5);
      await expect(grantTrust(fake.runtime, FIRST)).rejects.toMatchObject({ name: 'RoleNotReady' });
    }
    fake.account.lateReads = [];
    expect(await grantTrust(fake.runtime, FIRST)).toEqual({ wrote: false });
    expect(trust()).toBe(theirs);
    expect(fake.account.writes).toHaveLength(1);
    expect(await record()).toMatchObject({ blocked: '' });
  });

  it('makes no other document of what IAM shows late, after a write that it took', async () => {
    await grantTrust(fake.runtime, FIRST);
    await end('shop/orders', 'rolled-back');
    fake.account.failures = { 'iam lags': ['RoleNotReady'] };
    await expect(revokeTrust(fake.runtime, { runId: RUN, roleArn: ROLE })).rejects.toMatchObject({ name: 'RoleNotReady' });
    const role = fake.account.roles.get('orders');
    if (role === undefined) throw new Error('the account has a role orders');
    const shown = { ...role, trustPolicy: admit(AFTER_FIRST, [{ namespace: 'shop', name: 'theirs' }]) };
    fake.account.lateReads = [shown, shown];
    await expect(revokeTrustNow(fake.runtime, { runId: RUN, roleArn: ROLE })).rejects.toMatchObject({ name: 'RoleNotReady' });
    fake.account.lateReads = [];
    expect(await revokeTrustNow(fake.runtime, { runId: RUN, roleArn: ROLE })).toEqual({ wrote: false });
    expect(trust()).toBe(OIDC_TRUST);
    expect(fake.account.writes).toHaveLength(2);
  });

  it('takes no document that IAM shows late for a change, after its own write', async () => {
    fake.account.failures = { 'iam lags': ['RoleNotReady'] };
    await expect(grantTrust(fake.runtime, FIRST)).rejects.toMatchObject({ name: 'RoleNotReady' });
    const role = fake.account.roles.get('orders');
    if (role === undefined) throw new Error('the account has a role orders');
    fake.account.lateReads = [{ ...role, trustPolicy: admit(OIDC_TRUST, [{ namespace: 'shop', name: 'theirs' }]) }];
    fake.pass(10);
    await expect(grantTrust(fake.runtime, FIRST)).rejects.toMatchObject({ name: 'RoleNotReady' });
    expect(await grantTrust(fake.runtime, FIRST)).toEqual({ wrote: true });
    expect(await record()).toMatchObject({ blocked: '', trustAfter: AFTER_FIRST });
    setTrust(OIDC_TRUST.replace('ec2.amazonaws.com', 'lambda.amazonaws.com'));
    fake.pass(31);
    expect(await grantTrust(fake.runtime, FIRST)).toEqual({ wrote: false });
    expect((await record()).blocked).toMatch(/changed after the plan/);
  });

  it('writes again what somebody took back, once IAM’s reads have caught up', async () => {
    fake.account.failures = { 'iam lags': ['RoleNotReady'] };
    await expect(grantTrust(fake.runtime, FIRST)).rejects.toMatchObject({ name: 'RoleNotReady' });
    setTrust(OIDC_TRUST);
    fake.pass(29);
    await expect(grantTrust(fake.runtime, FIRST)).rejects.toMatchObject({ name: 'RoleNotReady' });
    expect(trust()).toBe(OIDC_TRUST);
    fake.pass(2);
    expect(await grantTrust(fake.runtime, FIRST)).toEqual({ wrote: true });
    expect(trust()).toBe(AFTER_FIRST);
  });

  it('writes again at once what IAM throttled', async () => {
    const { iam } = fake.runtime.aws({ clusterName: 'shop', region: 'eu-central-1', assumeRoleArn: null });
    vi.spyOn(iam, 'updateAssumeRolePolicy').mockRejectedValueOnce(new PodshiftError('Throttled', 'Rate exceeded'));
    await expect(grantTrust(fake.runtime, FIRST)).rejects.toMatchObject({ name: 'Throttled' });
    expect(await grantTrust(fake.runtime, FIRST)).toEqual({ wrote: true });
    expect(trust()).toBe(AFTER_FIRST);
  });

  it('writes nothing where the wave changes nothing, or the role is blocked', async () => {
    expect(await grantTrust(fake.runtime, { ...FIRST, wave: 7 })).toEqual({ wrote: false });
    await blockRole(fake.runtime, { runId: RUN, roleArn: ROLE, step: 'grant', failure: { Error: 'Throttled', Cause: 'IAM throttles' } });
    expect(await grantTrust(fake.runtime, FIRST)).toEqual({ wrote: false });
    expect(await record()).toMatchObject({ blocked: 'IAM throttles; gave up at the last try' });
    expect(fake.account.writes).toEqual([]);
  });

  it.each(['migrated', 'rolled-back', 'held', 'needs-operator'] as const)(
    'writes nothing where it is delivered late, once the units of its wave are %s',
    async (status) => {
      await end('shop/orders', status);
      expect(await grantTrust(fake.runtime, FIRST)).toEqual({ wrote: false });
      expect(fake.account.writes).toEqual([]);
      expect(trust()).toBe(OIDC_TRUST);
      await end('shop/orders', 'running');
      expect(await grantTrust(fake.runtime, FIRST)).toEqual({ wrote: true });
    },
  );

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

  it('writes nothing under a lease that ran out meanwhile, which another run may have taken', async () => {
    const { iam } = fake.runtime.aws({ clusterName: 'shop', region: 'eu-central-1', assumeRoleArn: null });
    const theirs = admit(OIDC_TRUST, [{ namespace: 'shop', name: 'theirs' }]);
    const getRole = iam.getRole.bind(iam);
    let slow = true;
    const spy = vi.spyOn(iam, 'getRole').mockImplementation(async (name) => {
      const found = await getRole(name);
      // The first read takes longer than the lease lasts; another run takes it and writes its own statement.
      if (slow) {
        slow = false;
        fake.pass(61);
        await fake.runtime.journal.acquireLease(ROLE, 'run-2', 60);
        setTrust(theirs);
        await fake.runtime.journal.releaseLease(ROLE, 'run-2');
      }
      return found;
    });
    await expect(grantTrust(fake.runtime, FIRST)).rejects.toMatchObject({ name: 'LeaseHeld' });
    expect(spy).toHaveBeenCalled();
    expect(trust()).toBe(theirs);
    expect(fake.account.writes).toEqual([]);
  });

  it('loses no statement that somebody writes between the first look and the write', async () => {
    const theirs = admit(OIDC_TRUST, [{ namespace: 'shop', name: 'theirs' }]);
    const { journal } = fake.runtime;
    const record = journal.recordIntent.bind(journal);
    vi.spyOn(journal, 'recordIntent').mockImplementation(async (entry) => {
      setTrust(theirs);
      return record(entry);
    });
    await expect(grantTrust(fake.runtime, FIRST)).rejects.toMatchObject({ name: 'Conflict' });
    expect(trust()).toBe(theirs);
    expect(fake.account.writes).toEqual([]);
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
