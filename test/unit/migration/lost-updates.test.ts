import { beforeEach, describe, expect, it } from 'vitest';
import { closeRun } from '../../../src/migration/run/close-run.ts';
import { grantTrust } from '../../../src/migration/trust/grant-trust.ts';
import { checkGrant } from '../../../src/migration/trust/lost-updates.ts';
import { type FakeMigration, OIDC_TRUST, ROLE, RUN } from '../fixtures/fake-migration.ts';
import { AFTER_FIRST, admit, FIRST, trustScene } from '../fixtures/trust-scene.ts';

let fake: FakeMigration;
const { begin, trust, setTrust, record, end, admits } = trustScene((made) => {
  fake = made;
});
/** What somebody wrote between podshift's read and its write: gone without a trace. */
const THEIRS = admit(OIDC_TRUST, [{ namespace: 'shop', name: 'theirs' }]);

const wrote = (policyDocument: string, more: { roleName?: string; errorCode?: string; eventName?: string; late?: number } = {}) => {
  const { roleName = 'orders', errorCode, eventName = 'UpdateAssumeRolePolicy', late = 0 } = more;
  const event = { ...(errorCode === undefined ? {} : { errorCode }), requestParameters: { roleName, policyDocument } };
  return { eventId: 'e', eventName, eventTime: fake.now() + late, event };
};
const check = async () => checkGrant(fake.runtime, await fake.runtime.journal.getRun(RUN), ROLE, 0);

beforeEach(async () => {
  await begin();
  await grantTrust(fake.runtime, FIRST);
  fake.account.writes = [];
});

describe('a lost update of a trust policy', () => {
  it('is put back together with the grant', async () => {
    fake.account.events = [wrote(AFTER_FIRST), wrote(THEIRS)];
    fake.pass(900);
    expect(await check()).toBe(0);
    expect([admits('orders'), admits('theirs')]).toEqual(['yes', 'yes']);
    expect((await record()).trustAfter).toBe(trust());
    expect((await record()).blocked).toBe('');
  });

  it('is asked for once, and not before CloudTrail can have delivered', async () => {
    fake.account.events = [wrote(THEIRS)];
    fake.pass(60);
    expect(await check()).toBe(840);
    expect(fake.account.writes).toEqual([]);
    fake.pass(840);
    await check();
    await check();
    expect(fake.account.writes).toEqual(['update trust orders']);
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
    expect((await record()).blocked).toMatch(/could not be put back/);
  });

  it.each([
    ['podshift’s own write', () => wrote(AFTER_FIRST)],
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

  it('is not looked for where CloudTrail may not be read, which is told, and again where it throttles', async () => {
    fake.pass(900);
    fake.account.failures = { lookupEvents: ['Throttled', 'AccessDenied'] };
    await expect(check()).rejects.toMatchObject({ name: 'Throttled' });
    expect(await check()).toBe(0);
    expect(fake.logs.join()).toContain('CloudTrail does not show who else wrote');
  });
});
