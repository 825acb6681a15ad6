import { beforeEach, describe, expect, it } from 'vitest';
import { checkRole, checkWriters, lookAtWriters } from '../../../../src/migration/trust/lost-updates.ts';
import { trustedRole } from '../../../../src/migration/trust/role-trust.ts';
import type { Together } from '../../../../src/migration/trust/trail-looks.ts';
import { PodshiftError } from '../../../../src/model/errors.ts';
import { admitsPodIdentity, parseTrustPolicy } from '../../../../src/trust/index.ts';
import { CLUSTER_ARN, type FakeMigration, RUN } from '../../fixtures/fake-migration.ts';
import { grant, granted, listenToTrail, manyRoles, roleArn, roleName, roleNow, THEIRS, wroteTrust } from '../../fixtures/trust/trail.ts';

const READY = { status: 'ready', waitSeconds: 0 };
const BY_NAME = ['EventName UpdateAssumeRolePolicy', 'EventName CreateRole'];
let fake: FakeMigration;
let trail: ReturnType<typeof listenToTrail>;

const check = () => checkWriters(fake.runtime, { runId: RUN });
const asked = () => trail.queries.map(({ attribute, value }) => `${attribute} ${value}`);
const alone = (...indexes: readonly number[]) => indexes.map((index) => `ResourceName ${roleName(index)}`);
const open = async (index: number) => (await roleNow(fake, index)).writes ?? [];
const admits = async (index: number, name: string) => {
  const parsed = parseTrustPolicy((await roleNow(fake, index)).trust);
  if (!parsed.ok) throw new Error(parsed.problem);
  const cluster = { clusterArn: CLUSTER_ARN, clusterName: 'shop', accountId: '111122223333', sessionTags: true };
  return admitsPodIdentity(parsed.policy, { ...cluster, namespace: 'shop', serviceAccount: name }) === 'yes';
};
const indexesTo = (count: number) => Array.from({ length: count }, (_, index) => index);
/** Grants the roles at once; CloudTrail has podshift's own writes of those that are not `unseen`. */
const grantAll = async (indexes: readonly number[], unseen: readonly number[] = []) => {
  for (const index of indexes) {
    await grant(fake, index);
    if (!unseen.includes(index)) fake.account.events.push(wroteTrust(index, fake.now(), granted(index)));
  }
};
const begin = async (count: number, options: Parameters<typeof listenToTrail>[1] = {}) => {
  fake = await manyRoles(count);
  trail = listenToTrail(fake, options);
};
/** Writes of other roles in the account, a moment ago. */
const others = (count: number) => indexesTo(count).map((index) => wroteTrust(900 + index, fake.now() - 10_000, THEIRS));

beforeEach(() => begin(4));

describe('writers of several roles', () => {
  it('are asked for by two look-ups, from the time on that IAM may have shown what was before', async () => {
    const from = fake.now();
    await grantAll([0, 1]);
    fake.pass(200);
    await grantAll([2, 3]);
    const to = fake.now();
    fake.pass(300);
    expect(await check()).toEqual(READY);
    expect(asked()).toEqual(BY_NAME);
    for (const { startTime, endTime, scope } of trail.queries)
      expect([startTime, endTime, scope]).toEqual([Math.floor(from / 1000) * 1000 - 30_000, Math.ceil(to / 1000) * 1000, 'global']);
    for (const index of indexesTo(4)) expect(await open(index)).toEqual([]);
  });

  it.each(['UpdateAssumeRolePolicy', 'CreateRole'] as const)(
    'are put back each on its own role where they were lost (%s)',
    async (name) => {
      fake.account.events = [wroteTrust(1, fake.now() - 5000, THEIRS, name)];
      await grantAll(indexesTo(4));
      fake.pass(900);
      expect(await check()).toMatchObject({ status: 'waiting' });
      expect(asked()).toEqual(BY_NAME);
      expect(await Promise.all(indexesTo(4).map((index) => admits(index, 'theirs')))).toEqual([false, true, false, false]);
      expect(await admits(1, roleName(1))).toBe(true);
      expect(await Promise.all(indexesTo(4).map(async (index) => (await open(index)).length))).toEqual([0, 1, 0, 0]);
    },
  );

  it('are not known of a role whose own write CloudTrail does not show yet', async () => {
    await grantAll(indexesTo(4), [2]);
    fake.pass(300);
    expect(await check()).toEqual({ status: 'waiting', waitSeconds: 60 });
    expect(await Promise.all(indexesTo(4).map(async (index) => (await open(index)).length))).toEqual([0, 0, 1, 0]);
    fake.pass(600);
    expect(await check()).toEqual(READY);
    expect(await open(2)).toMatchObject([{ unseen: 'late' }]);
    expect(asked()).toEqual([...BY_NAME, ...alone(2)]);
  });

  it('are asked for by each role itself where the list was cut off, which proves nothing', async () => {
    fake.account.events = [wroteTrust(1, fake.now() - 20_000, THEIRS), ...others(99)];
    // They are on the two pages that are read; what was lost is on the third one.
    await grantAll(indexesTo(4));
    fake.pass(900);
    await check();
    expect(asked()).toEqual([BY_NAME[0], ...alone(0, 1, 2, 3)]);
    expect(trail.pages()).toBe(2 + 4);
    expect(await Promise.all(indexesTo(4).map((index) => admits(index, 'theirs')))).toEqual([false, true, false, false]);
  });

  it('are asked for by no more look-ups than half again, however many others write', async () => {
    await begin(10);
    // Three pages, and more roles that somebody made than are left room for.
    fake.account.events = [...others(130), ...others(150).map((one) => ({ ...one, eventName: 'CreateRole' }))];
    await grantAll(indexesTo(10));
    fake.pass(900);
    expect(await check()).toEqual(READY);
    expect(asked()).toEqual([...BY_NAME, ...alone(...indexesTo(10))]);
    expect(trail.pages()).toBe(5 + 10);
  });

  it('are asked for by each role itself where the time for pages runs out', async () => {
    await begin(8, { pageSize: 1, before: ({ attribute }) => attribute === 'EventName' && fake.pass(31) });
    await grantAll(indexesTo(8));
    fake.pass(900);
    expect(await check()).toEqual(READY);
    expect(asked()).toEqual([BY_NAME[0], ...alone(...indexesTo(8))]);
    await begin(4, { before: ({ attribute }) => attribute === 'EventName' && fake.pass(31) });
    await grantAll(indexesTo(4));
    fake.pass(900);
    expect(await check()).toEqual(READY);
    expect(asked()).toEqual([BY_NAME[0], ...alone(...indexesTo(4))]);
  });

  it('are asked for in windows of their own where the writes lie far apart, and alone where a role has no company', async () => {
    await begin(7);
    await grantAll([0, 1, 2]);
    fake.pass(3600);
    await grantAll([3, 4, 5]);
    fake.pass(3600);
    await grantAll([6]);
    fake.pass(900);
    expect(await check()).toEqual(READY);
    expect(asked()).toEqual([...BY_NAME, ...BY_NAME, ...alone(6)]);
    for (const { startTime, endTime, attribute } of trail.queries)
      if (attribute === 'EventName') expect(endTime - startTime).toBeLessThan(60_000);
  });

  it('are asked for by the role itself where two of them wrote in one second by different calls', async () => {
    fake.account.events = [wroteTrust(1, fake.now(), THEIRS, 'CreateRole')];
    await grantAll(indexesTo(4));
    fake.pass(900);
    await check();
    expect(asked()).toEqual([...BY_NAME, ...alone(1)]);
  });

  it('are not known where CloudTrail may not be read, which one look-up tells for all', async () => {
    const before = () => {
      throw new PodshiftError('AccessDenied', 'no');
    };
    await begin(4, { before });
    await grantAll(indexesTo(4));
    fake.pass(900);
    expect(await check()).toEqual(READY);
    expect(asked()).toEqual([BY_NAME[0]]);
    for (const index of indexesTo(4)) expect(await open(index)).toMatchObject([{ unseen: 'denied' }]);
  });

  it('are asked for by each role itself where CloudTrail does not take the question', async () => {
    const before = ({ attribute }: { readonly attribute: string }) => {
      if (attribute === 'EventName') throw new PodshiftError('InvalidRequest', 'no');
    };
    await begin(4, { before });
    await grantAll(indexesTo(4));
    fake.pass(900);
    expect(await check()).toEqual(READY);
    expect(asked()).toEqual([BY_NAME[0], ...alone(0, 1, 2, 3)]);
    for (const index of indexesTo(4)) expect(await open(index)).toEqual([]);
  });

  it.each(['Throttled', 'ServiceUnavailable'] as const)('stay open where CloudTrail answers %s, and are asked for again', async (name) => {
    const failures = [name];
    const before = () => {
      if (failures.pop() !== undefined) throw new PodshiftError(name, 'later');
    };
    await begin(4, { before });
    await grantAll(indexesTo(4));
    fake.pass(900);
    await expect(check()).rejects.toMatchObject({ name });
    for (const index of indexesTo(4)) expect(await open(index)).toMatchObject([{ is: expect.any(String) }]);
    expect(await check()).toEqual(READY);
    for (const index of indexesTo(4)) expect(await open(index)).toEqual([]);
  });

  it('are asked for 200 roles in a call, 60 of them by themselves at most', async () => {
    await begin(230);
    const write = { acts: [], was: 'a', is: 'b', from: fake.now(), to: fake.now() };
    for (const index of indexesTo(230)) await fake.runtime.journal.updateRole(RUN, roleArn(index), { writes: [write] });
    fake.pass(900);
    expect(await check()).toEqual({ status: 'waiting', waitSeconds: 30 });
    expect(asked()).toEqual(BY_NAME);
    const { journal } = fake.runtime;
    const late = async () => (await journal.listRoles(RUN)).filter(({ writes }) => writes?.[0]?.unseen === 'late').length;
    expect(await late()).toBe(200);
    expect(await check()).toEqual(READY);
    expect(await late()).toBe(230);

    await begin(70, { before: ({ attribute }) => attribute === 'EventName' && fake.pass(31) });
    for (const index of indexesTo(70)) await fake.runtime.journal.updateRole(RUN, roleArn(index), { writes: [write] });
    fake.pass(900);
    expect(await check()).toEqual({ status: 'waiting', waitSeconds: 30 });
    expect(asked().map((one) => one.split(' ')[0])).toEqual(['EventName', ...indexesTo(60).map(() => 'ResourceName')]);
    expect(await check()).toEqual(READY);
    expect(asked()).toHaveLength(1 + 60 + 1 + 10);
  });
});

describe('the answer for several roles', () => {
  const look = async (): Promise<Together> =>
    lookAtWriters(fake.runtime, await fake.runtime.journal.getRun(RUN), indexesTo(4).map(roleArn));
  const spanOf = async (index: number) => {
    const [first, last] = [(await open(index))[0], (await open(index)).at(-1)];
    return { from: (first?.from ?? 0) - 30_000, to: last?.to ?? 0 };
  };

  it('says nothing of a time that was not asked for, nor of a role without a write', async () => {
    await grantAll([0, 1, 2]);
    fake.pass(300);
    const together = await look();
    const span = await spanOf(0);
    expect(together(trustedRole(roleArn(0)), span)).toMatchObject({ events: [{ document: granted(0) }], asOf: fake.now() });
    expect(together(trustedRole(roleArn(0)), { ...span, to: span.to + 1 })).toBeUndefined();
    expect(together(trustedRole(roleArn(0)), { ...span, from: span.from - 1 })).toBeUndefined();
    expect(together(trustedRole(roleArn(3)), span)).toBeUndefined();
  });

  it('has of a role what was written in its own time alone', async () => {
    await grantAll([0]);
    fake.pass(120);
    fake.account.events.push(wroteTrust(0, fake.now(), THEIRS));
    await grantAll([1, 2]);
    fake.pass(300);
    const together = await look();
    expect(together(trustedRole(roleArn(0)), await spanOf(0))?.events).toMatchObject([{ document: granted(0) }]);
  });

  it('makes no role late that it was early for, however long the roles ahead of it take', async () => {
    await grantAll([0, 1, 2], [2]);
    fake.pass(890);
    const together = await look();
    fake.pass(20);
    const run = await fake.runtime.journal.getRun(RUN);
    const ask = async (...question: Parameters<Together>) => together(...question) ?? 'unasked';
    expect(await checkRole(fake.runtime, run, roleArn(2), { when: 'last', ask })).toBe(60);
    expect(await open(2)).not.toMatchObject([{ unseen: 'late' }]);
  });

  it('is not asked for where nothing is due, or for two roles', async () => {
    await grantAll(indexesTo(4));
    await look();
    fake.pass(300);
    await lookAtWriters(fake.runtime, await fake.runtime.journal.getRun(RUN), [roleArn(0), roleArn(1)]);
    expect(asked()).toEqual([]);
  });
});

describe('a role whose writes stand in another order than they were begun in', () => {
  it('is asked for from the first one on', async () => {
    await begin(1);
    const [first, last] = [fake.now(), fake.now() + 60_000];
    const written = (from: number, is: string) => ({ acts: [], was: 'a', is, from, to: from + 1000 });
    await fake.runtime.journal.updateRole(RUN, roleArn(0), { writes: [written(last, 'c'), written(first, 'b')] });
    fake.pass(900);
    await check();
    expect(trail.queries).toMatchObject([{ startTime: Math.floor(first / 1000) * 1000 - 30_000 }]);
  });
});

describe('a role whose list was cut off', () => {
  it('is asked for again, as somebody may have written ahead of what was listed', async () => {
    await begin(1);
    fake.account.events = [wroteTrust(0, fake.now() - 5000, THEIRS)];
    await grantAll([0]);
    const [write] = await open(0);
    // So many of its events follow that the list ends ahead of somebody's.
    fake.account.events.push(...indexesTo(250).map(() => wroteTrust(0, fake.now(), granted(0))));
    fake.pass(300);
    expect(await check()).toEqual({ status: 'waiting', waitSeconds: 60 });
    expect(await open(0)).toEqual([write]);
    fake.pass(600);
    expect(await check()).toEqual(READY);
    expect(await open(0)).toEqual([{ ...write, unseen: 'late' }]);
  });
});
