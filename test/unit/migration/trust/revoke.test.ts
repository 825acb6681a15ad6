import { beforeEach, describe, expect, it } from 'vitest';
import { blockRole } from '../../../../src/migration/trust/block-role.ts';
import { grantTrust } from '../../../../src/migration/trust/grant-trust.ts';
import { restoreOldTrust as restoreOldTrustNow, retireOldTrust, rolesToRetire } from '../../../../src/migration/trust/retire-trust.ts';
import { revokeTrust as revokeTrustNow } from '../../../../src/migration/trust/revoke-trust.ts';
import { type FakeMigration, OIDC_TRUST, ROLE, RUN } from '../../fixtures/fake-migration.ts';
import { AFTER_FIRST, admit, FIRST, ORDERS, ROLE_PLAN, SECOND, trustScene } from '../../fixtures/trust/scene.ts';

let fake: FakeMigration;
const { begin, trust, setTrust, record, end, admits } = trustScene((made) => {
  fake = made;
});

const revokeTrust: typeof revokeTrustNow = (runtime, input) => {
  // IAM shows the last write by then.
  fake.pass(31);
  return revokeTrustNow(runtime, input);
};
const restoreOldTrust: typeof restoreOldTrustNow = (runtime, input) => {
  // IAM shows the last write by then.
  fake.pass(31);
  return restoreOldTrustNow(runtime, input);
};

beforeEach(() => begin());

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

  it('waits while IAM may still show the document of before our last write: a crash right after it is no reason to leave the statement', async () => {
    await begin();
    await grantTrust(fake.runtime, FIRST);
    const written = trust();
    await end('shop/orders', 'rolled-back');
    setTrust(ROLE_PLAN.trustBefore);
    await expect(revokeTrustNow(fake.runtime, { runId: RUN, roleArn: ROLE })).rejects.toMatchObject({ name: 'RoleNotReady' });
    setTrust(written);
    expect(await revokeTrust(fake.runtime, { runId: RUN, roleArn: ROLE })).toEqual({ wrote: true });
    expect(trust()).toBe(ROLE_PLAN.trustBefore);
  });

  it('restores one statement that is no list byte for byte, even where the reply of the write was lost', async () => {
    const single = `{ "Version": "2012-10-17", "Statement": ${JSON.stringify(JSON.parse(OIDC_TRUST).Statement[0])} }`;
    const after = admit(single, [ORDERS]);
    await begin({ ...ROLE_PLAN, trustBefore: single, trustAfter: after, waves: [{ wave: 0, admit: [ORDERS], trustAfter: after }] });
    fake.account.failures = { 'updateAssumeRolePolicy reply': ['ServiceUnavailable'] };
    await expect(grantTrust(fake.runtime, FIRST)).rejects.toThrow();
    await end('shop/orders', 'held');
    expect(await revokeTrust(fake.runtime, REVOKE)).toEqual({ wrote: true });
    expect(trust()).toBe(single);
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

  it('strikes out that it could not be undone, once it is', async () => {
    await grantTrust(fake.runtime, FIRST);
    await end('shop/orders', 'rolled-back');
    const failure = { Error: 'Throttled', Cause: 'IAM throttles' };
    await blockRole(fake.runtime, { ...REVOKE, step: 'restore', failure });
    expect((await record()).blocked).toBe('its trust policy could not be restored: IAM throttles; gave up at the last try');
    expect(await revokeTrust(fake.runtime, REVOKE)).toEqual({ wrote: true });
    expect((await record()).blocked).toBe('');
  });
});

describe('the retirement of the old trust', () => {
  const RETIRE = { runId: RUN, roleArn: ROLE };
  const prove = async (passed: boolean, silentSeconds = 3600) => {
    await end('shop/orders', 'migrated');
    await fake.runtime.journal.addEvidence(RUN, 'shop/orders', {
      grade: 3,
      kind: 'cloudtrail',
      passed,
      at: '2026-01-05T10:00:00.000Z',
      facts: { silentSeconds },
    });
  };

  beforeEach(() => begin(ROLE_PLAN, { retireOldTrust: true }));

  it('is for those who ask, and for units whose old way was proved silent', async () => {
    expect(await rolesToRetire(fake.runtime, { runId: RUN, after: '' })).toMatchObject({ items: [], done: true });
    await prove(false);
    expect(await rolesToRetire(fake.runtime, { runId: RUN, after: '' })).toMatchObject({ items: [], done: true });
    await prove(true, 3599);
    expect(await rolesToRetire(fake.runtime, { runId: RUN, after: '' })).toMatchObject({ items: [], done: true });
    await prove(true);
    expect(await rolesToRetire(fake.runtime, { runId: RUN, after: '' })).toEqual({ items: [ROLE], after: ROLE, done: false });
    expect(await rolesToRetire(fake.runtime, { runId: RUN, after: ROLE })).toMatchObject({ items: [], after: '', done: true });
    await begin();
    await prove(true);
    expect(await rolesToRetire(fake.runtime, { runId: RUN, after: '' })).toMatchObject({ items: [], done: true });
  });

  it('takes nothing from a service account that a custom resource uses, however long it was silent', async () => {
    await prove(true, 90 * 24 * 3600);
    const unit = await fake.runtime.journal.getUnit(RUN, 'shop/orders');
    fake.runtime.journal.listUnits = async () => [{ ...unit, plan: { ...unit.plan, consumers: ['ScaledObject/shop/orders'] } }];
    expect(await rolesToRetire(fake.runtime, { runId: RUN, after: '' })).toMatchObject({ items: [], done: true });
    expect(await retireOldTrust(fake.runtime, RETIRE)).toEqual({ wrote: false, reason: 'no old statement may be removed' });
    expect(fake.account.writes).toEqual([]);
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
    setTrust(trust().replace('lambda.amazonaws.com', 'ec2.amazonaws.com'));
    expect(await restoreOldTrust(fake.runtime, RETIRE)).toEqual({ wrote: true });
    expect((await record()).blocked).toBe('');
  });

  it('puts a document back whose write was applied by a process that died before it noted so', async () => {
    await prove(true);
    fake.account.failures = { 'updateAssumeRolePolicy reply': ['ServiceUnavailable'] };
    await expect(retireOldTrust(fake.runtime, RETIRE)).rejects.toMatchObject({ name: 'ServiceUnavailable' });
    expect(trust()).not.toContain('system:serviceaccount:shop:orders');
    expect(await restoreOldTrust(fake.runtime, RETIRE)).toEqual({ wrote: true });
    expect(trust()).toBe(OIDC_TRUST);
  });

  it('has nothing to restore where nothing was retired', async () => {
    expect(await restoreOldTrust(fake.runtime, RETIRE)).toEqual({ wrote: false });
  });
});
