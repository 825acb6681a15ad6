import { beforeEach, describe, expect, it, vi } from 'vitest';
import { closeRun } from '../../../../src/migration/run/close-run.ts';
import { grantTrust } from '../../../../src/migration/trust/grant-trust.ts';
import { checkWriters } from '../../../../src/migration/trust/lost-updates.ts';
import { restoreOldTrust, retireOldTrust } from '../../../../src/migration/trust/retire-trust.ts';
import { revokeTrust } from '../../../../src/migration/trust/revoke-trust.ts';
import { buildReport } from '../../../../src/report/report.ts';
import { type FakeMigration, OIDC_TRUST, ROLE, RUN } from '../../fixtures/fake-migration.ts';
import { AFTER_FIRST, AFTER_SECOND, admit, FIRST, ROLE_PLAN, SECOND, trustScene } from '../../fixtures/trust/scene.ts';

let fake: FakeMigration;
const { begin, trust, setTrust, record, end, admits } = trustScene((made) => {
  fake = made;
});
const theirs = (text: string) => admit(text, [{ namespace: 'shop', name: 'theirs' }]);
/** What somebody wrote between podshift's read and its write: gone without a trace. */
const THEIRS = theirs(OIDC_TRUST);

const wrote = (policyDocument: string, more: { roleName?: string; errorCode?: string; eventName?: string; late?: number } = {}) => {
  const { roleName = 'orders', errorCode, eventName = 'UpdateAssumeRolePolicy', late = 0 } = more;
  const document = eventName === 'CreateRole' ? { assumeRolePolicyDocument: policyDocument } : { policyDocument };
  const event = { ...(errorCode === undefined ? {} : { errorCode }), requestParameters: { roleName, ...document } };
  return { eventId: 'e', eventName, eventTime: fake.now() + late, event };
};
const check = async () => checkWriters(fake.runtime, { runId: RUN });
const READY = { status: 'ready', waitSeconds: 0 };
const told = async () => {
  const run = await fake.runtime.journal.getRun(RUN);
  if (run.endedAt === null) await fake.runtime.journal.updateRun(RUN, { endedAt: new Date(fake.now()).toISOString() });
  return (await buildReport(fake.runtime.journal, RUN, null)).findings.map(({ code, subject }) => `${code} ${subject}`);
};

beforeEach(async () => {
  await begin();
  await grantTrust(fake.runtime, FIRST);
  fake.account.writes = [];
});

describe('a lost update of a trust policy', () => {
  it('is put back together with the grant', async () => {
    fake.account.events = [wrote(AFTER_FIRST), wrote(THEIRS)];
    fake.pass(900);
    expect(await check()).toMatchObject({ status: 'waiting' });
    expect([admits('orders'), admits('theirs')]).toEqual(['yes', 'yes']);
    expect((await record()).trustAfter).toBe(trust());
    expect((await record()).blocked).toBe('');
    // Putting it back is a write of its own, which is asked for like any other.
    fake.account.events = [wrote(trust())];
    fake.pass(300);
    expect(await check()).toEqual(READY);
    expect(await told()).toEqual([`PS914 Role/${ROLE}`]);
  });

  it('is not asked for before CloudTrail can have delivered, and no more once podshift’s own write was seen', async () => {
    fake.account.events = [wrote(AFTER_FIRST)];
    let asked = 0;
    const { lookupEvents } = fake.runtime.aws((await fake.runtime.journal.getRun(RUN)).target).cloudTrail;
    Object.assign(fake.runtime.aws((await fake.runtime.journal.getRun(RUN)).target).cloudTrail, {
      lookupEvents: (query: never) => {
        asked += 1;
        return lookupEvents(query);
      },
    });
    fake.pass(60);
    expect(await check()).toEqual({ status: 'waiting', waitSeconds: 240 });
    expect(asked).toBe(0);
    fake.pass(240);
    expect(await check()).toEqual(READY);
    expect(await check()).toEqual(READY);
    expect(asked).toBe(1);
    expect(fake.account.writes).toEqual([]);
    expect(await told()).toEqual([]);
  });

  it('is asked for again where CloudTrail is late, and put back once it answers', async () => {
    const events = [wrote(AFTER_FIRST), wrote(THEIRS)];
    fake.pass(300);
    expect(await check()).toEqual({ status: 'waiting', waitSeconds: 60 });
    fake.pass(500);
    expect(await check()).toEqual({ status: 'waiting', waitSeconds: 60 });
    fake.account.events = events;
    fake.pass(60);
    await check();
    expect([admits('orders'), admits('theirs')]).toEqual(['yes', 'yes']);
    fake.account.events = [wrote(trust())];
    fake.pass(900);
    expect(await check()).toEqual(READY);
    expect(await told()).toEqual([`PS914 Role/${ROLE}`]);
  });

  it('is a doubt that the report names where CloudTrail does not answer as long as the run waits', async () => {
    fake.pass(900);
    expect(await check()).toEqual(READY);
    expect(await told()).toEqual([`PS913 Role/${ROLE}`]);
  });

  it('is asked for once, at the end, by a run that does not soak', async () => {
    await begin(ROLE_PLAN, { soakSeconds: 0 });
    await grantTrust(fake.runtime, FIRST);
    expect(await check()).toEqual(READY);
    expect(await told()).toEqual([`PS913 Role/${ROLE}`]);
  });

  it('is named where somebody changed the document since, and the run needs an operator', async () => {
    fake.account.events = [wrote(THEIRS)];
    const later = admit(OIDC_TRUST, [{ namespace: 'shop', name: 'another' }]);
    setTrust(later);
    fake.pass(900);
    await check();
    expect(trust()).toBe(later);
    expect((await record()).blocked).toMatch(/^a change of somebody else was overwritten.*has changed since.*theirs/);
    for (const unit of ['shop/orders', 'shop/bills']) await end(unit, 'migrated');
    expect(await closeRun(fake.runtime, { runId: RUN, ending: 'finished', reason: '' })).toMatchObject({ status: 'needs-operator' });
    expect((await fake.runtime.journal.getRun(RUN)).reason).toMatch(/look at the trust policy of .*:role\/orders/);
  });

  it('is named where it cannot be put back', async () => {
    fake.account.events = [wrote('no JSON')];
    fake.pass(900);
    await check();
    expect(trust()).toBe(AFTER_FIRST);
    expect((await record()).blocked).toMatch(/could not be restored/);
  });

  it.each([
    ['podshift’s own write', () => wrote(AFTER_FIRST)],
    ['what was there before', () => wrote(OIDC_TRUST)],
    ['a call that was refused', () => wrote(THEIRS, { errorCode: 'AccessDenied' })],
    ['another role', () => wrote(THEIRS, { roleName: 'others' })],
    ['another call', () => wrote(THEIRS, { eventName: 'TagRole' })],
    ['another time', () => wrote(THEIRS, { late: 5000 })],
  ])('is not %s', async (_what, event) => {
    fake.account.events = [event()];
    fake.pass(900);
    await check();
    expect(fake.account.writes).toEqual([]);
    expect((await record()).blocked).toBe('');
  });

  it('is put back where IAM still showed what was before it when podshift read, and named where that cannot be done', async () => {
    fake.account.events = [wrote(AFTER_FIRST), wrote(THEIRS, { late: -20_000 }), wrote(OIDC_TRUST, { late: -25_000 })];
    fake.pass(900);
    await check();
    expect([admits('orders'), admits('theirs')]).toEqual(['yes', 'yes']);
    await begin();
    await grantTrust(fake.runtime, FIRST);
    fake.account.events = [wrote(AFTER_FIRST), wrote(THEIRS, { late: -20_000 })];
    setTrust(OIDC_TRUST);
    fake.pass(900);
    await check();
    expect(trust()).toBe(OIDC_TRUST);
    expect((await record()).blocked).toMatch(/^a change of somebody else was overwritten.*has changed since.*theirs/);
  });

  it('is put back with what an earlier wave let in, which it did not hold any more', async () => {
    fake.account.events = [wrote(AFTER_FIRST)];
    fake.pass(900);
    await check();
    await grantTrust(fake.runtime, SECOND);
    // Somebody made the role anew at that moment, without podshift's statement.
    fake.account.events = [wrote(AFTER_SECOND), wrote(THEIRS, { eventName: 'CreateRole' })];
    fake.pass(900);
    await check();
    expect([admits('orders'), admits('bills'), admits('theirs')]).toEqual(['yes', 'yes', 'yes']);
    expect((await record()).blocked).toBe('');
  });

  it('is put back by one write where IAM shows that one late', async () => {
    fake.account.events = [wrote(AFTER_FIRST), wrote(THEIRS)];
    fake.pass(900);
    fake.account.failures = { 'iam lags': ['RoleNotReady', 'RoleNotReady', 'RoleNotReady'] };
    await expect(check()).rejects.toMatchObject({ name: 'RoleNotReady' });
    fake.pass(5);
    await expect(check()).rejects.toMatchObject({ name: 'RoleNotReady' });
    fake.pass(5);
    expect(await check()).toMatchObject({ status: 'waiting' });
    expect([admits('orders'), admits('theirs')]).toEqual(['yes', 'yes']);
    expect(fake.account.writes).toHaveLength(1);
    expect(await record()).toMatchObject({ blocked: '', trustAfter: trust(), writes: [{ to: fake.now() }] });
    fake.account.events = [wrote(trust())];
    fake.pass(300);
    expect(await check()).toEqual(READY);
    expect(await told()).toEqual([`PS914 Role/${ROLE}`]);
  });

  it('is asked for from the time on that IAM may still have shown', async () => {
    const { cloudTrail } = fake.runtime.aws((await fake.runtime.journal.getRun(RUN)).target);
    const asked = vi.spyOn(cloudTrail, 'lookupEvents');
    const wroteAt = fake.now();
    fake.account.events = [wrote(AFTER_FIRST)];
    fake.pass(900);
    await check();
    expect(asked).toHaveBeenCalledTimes(1);
    expect(asked.mock.calls[0]?.[0].startTime).toBe(Math.floor(wroteAt / 1000) * 1000 - 30_000);
  });

  it.each([
    ['was taken back before podshift read', () => [wrote(OIDC_TRUST, { late: -10_000 }), wrote(THEIRS, { late: -20_000 })]],
    [
      'went with its role, which was made anew',
      () => [wrote(OIDC_TRUST, { late: -10_000, eventName: 'CreateRole' }), wrote(THEIRS, { late: -20_000 })],
    ],
    ['was there longer than IAM’s reads are late', () => [wrote(THEIRS, { late: -40_000 })]],
  ])('is not what %s', async (_what, events) => {
    fake.account.events = [wrote(AFTER_FIRST), ...events()];
    fake.pass(900);
    expect(await check()).toEqual(READY);
    expect(fake.account.writes).toEqual([]);
    expect((await record()).blocked).toBe('');
  });

  it('is not what somebody wrote right after podshift, and is there', async () => {
    setTrust(theirs(AFTER_FIRST));
    fake.account.events = [wrote(trust()), wrote(AFTER_FIRST)];
    fake.pass(900);
    expect(await check()).toEqual(READY);
    expect((await record()).blocked).toBe('');
    expect(fake.account.writes).toEqual([]);
  });

  it('is not looked for where CloudTrail may not be read, which is told once, and again where it throttles', async () => {
    await grantTrust(fake.runtime, SECOND);
    fake.pass(900);
    fake.account.failures = { lookupEvents: ['Throttled', 'AccessDenied'] };
    await expect(check()).rejects.toMatchObject({ name: 'Throttled' });
    expect(await check()).toEqual(READY);
    expect(await told()).toEqual(['PS912 Cluster/shop']);
    for (const unit of ['shop/orders', 'shop/bills']) await end(unit, 'migrated');
    await fake.runtime.journal.updateRun(RUN, { endedAt: null });
    expect(await closeRun(fake.runtime, { runId: RUN, ending: 'finished', reason: '' })).toMatchObject({ status: 'migrated' });
  });

  it('is put back with what podshift wrote since: a grant of the next wave', async () => {
    fake.account.events = [wrote(AFTER_FIRST), wrote(THEIRS)];
    fake.pass(600);
    await grantTrust(fake.runtime, SECOND);
    fake.pass(300);
    await check();
    expect([admits('orders'), admits('bills'), admits('theirs')]).toEqual(['yes', 'yes', 'yes']);
  });
});

describe('a lost update of a rollback', () => {
  const back = async () => {
    fake.pass(60);
    for (const unit of ['shop/orders', 'shop/bills']) await end(unit, 'rolled-back');
    await revokeTrust(fake.runtime, { runId: RUN, roleArn: ROLE });
  };

  it('is put back without what podshift had granted', async () => {
    fake.pass(60);
    for (const unit of ['shop/orders', 'shop/bills']) await end(unit, 'rolled-back');
    await revokeTrust(fake.runtime, { runId: RUN, roleArn: ROLE });
    expect(trust()).toBe(OIDC_TRUST);
    fake.account.events = [wrote(OIDC_TRUST), wrote(theirs(AFTER_FIRST))];
    fake.pass(900);
    await check();
    expect([admits('orders'), admits('theirs')]).toEqual(['no', 'yes']);
  });

  it('is put back without what podshift had granted where the grant had lost it', async () => {
    fake.account.events = [wrote(THEIRS)];
    await back();
    expect(trust()).toBe(OIDC_TRUST);
    fake.pass(900);
    await check();
    expect([admits('orders'), admits('theirs')]).toEqual(['no', 'yes']);
  });

  it('stays where it was put back beside the grant', async () => {
    fake.account.events = [wrote(AFTER_FIRST), wrote(THEIRS)];
    fake.pass(900);
    await check();
    await back();
    expect([admits('orders'), admits('theirs')]).toEqual(['no', 'yes']);
  });
});

describe('a lost update of a retirement', () => {
  const RETIRE = { runId: RUN, roleArn: ROLE };
  const retired = async () => {
    await begin(ROLE_PLAN, { retireOldTrust: true, soakSeconds: 900 });
    await grantTrust(fake.runtime, FIRST);
    await end('shop/orders', 'migrated');
    const proof = { grade: 3 as const, kind: 'cloudtrail', passed: true, at: '', facts: { silentSeconds: 4000 } };
    await fake.runtime.journal.addEvidence(RUN, 'shop/orders', proof);
    fake.pass(60);
    expect(await retireOldTrust(fake.runtime, RETIRE)).toMatchObject({ wrote: true });
  };

  it('is put back without the old way', async () => {
    await retired();
    const after = trust();
    fake.account.events = [wrote(after), wrote(theirs(AFTER_FIRST))];
    fake.pass(900);
    await check();
    expect([admits('orders'), admits('theirs')]).toEqual(['yes', 'yes']);
    expect(trust()).toBe(theirs(after));
  });

  it('is named where the rollback of the retirement lost it', async () => {
    await retired();
    const after = trust();
    fake.pass(60);
    await restoreOldTrust(fake.runtime, RETIRE);
    expect(trust()).toBe(AFTER_FIRST);
    fake.account.events = [wrote(AFTER_FIRST), wrote(theirs(after))];
    fake.pass(900);
    await check();
    expect(trust()).toBe(AFTER_FIRST);
    expect((await record()).blocked).toMatch(/overwritten by the rollback of that retirement.*theirs/);
  });
});
