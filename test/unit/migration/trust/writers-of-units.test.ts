import { beforeEach, describe, expect, it } from 'vitest';
import { createSharedLooks } from '../../../../src/migration/unit/shared-looks.ts';
import type { UnitContext } from '../../../../src/migration/write.ts';
import { PodshiftError } from '../../../../src/model/errors.ts';
import { type FakeMigration, RUN, TARGET } from '../../fixtures/fake-migration.ts';
import { grant, granted, listenToTrail, manyRoles, roleArn, roleName, roleNow, THEIRS, wroteTrust } from '../../fixtures/trust/trail.ts';

const BY_NAME = ['EventName UpdateAssumeRolePolicy', 'EventName CreateRole'];
let fake: FakeMigration;
let trail: ReturnType<typeof listenToTrail>;

const asked = () => trail.queries.map(({ attribute, value }) => `${attribute} ${value}`);
const alone = (index: number) => `ResourceName ${roleName(index)}`;
const open = async (index: number) => (await roleNow(fake, index)).writes ?? [];
const indexesTo = (count: number) => Array.from({ length: count }, (_, index) => index);
const begin = async (count: number, options: Parameters<typeof listenToTrail>[1] = {}) => {
  fake = await manyRoles(count);
  trail = listenToTrail(fake, options);
};
/** Grants roles at once; CloudTrail has podshift's own writes of those that are not `unseen`. */
const grantAll = async (count: number, unseen: readonly number[] = []) => {
  for (const index of indexesTo(count)) {
    await grant(fake, index);
    if (!unseen.includes(index)) fake.account.events.push(wroteTrust(index, fake.now(), granted(index)));
  }
};

beforeEach(() => begin(4));

describe('units that are confirmed in one call', () => {
  const contextOf = async (index: number): Promise<UnitContext> => ({
    run: await fake.runtime.journal.getRun(RUN),
    unit: await fake.runtime.journal.getUnit(RUN, `shop/${roleName(index)}`),
    aws: fake.runtime.aws(TARGET),
    kubernetes: await fake.runtime.kubernetes(TARGET),
  });
  const looksOf = (count: number) =>
    createSharedLooks(
      fake.runtime,
      indexesTo(count).map((index) => `shop/${roleName(index)}`),
    );

  it('have the writers of all their roles asked for at once', async () => {
    fake.account.events = [wroteTrust(1, fake.now() - 5000, THEIRS)];
    await grantAll(4, [2]);
    fake.pass(900);
    const looks = looksOf(4);
    await Promise.all(indexesTo(4).map(async (index) => looks.checkRole(await contextOf(index))));
    await looks.checkRole(await contextOf(0));
    expect(asked()).toEqual(BY_NAME);
    // What CloudTrail does not show is asked for again at the end of the run; what was put back is a write of its own.
    expect(await Promise.all(indexesTo(4).map(async (index) => (await open(index)).length))).toEqual([0, 1, 1, 0]);
    expect(await open(2)).not.toMatchObject([{ unseen: 'late' }]);
    expect((await roleNow(fake, 1)).trust).toContain('theirs');
  });

  it('have a role asked for by itself that was written since', async () => {
    await grantAll(4);
    fake.pass(300);
    const looks = looksOf(4);
    await looks.checkRole(await contextOf(0));
    const [write] = await open(1);
    const later = { ...write, acts: [], was: 'x', is: 'y', from: fake.now(), to: fake.now() };
    await fake.runtime.journal.updateRole(RUN, roleArn(1), { writes: [...(await open(1)), later] });
    fake.pass(300);
    await looks.checkRole(await contextOf(1));
    expect(asked()).toEqual([...BY_NAME, alone(1)]);
    expect(await open(1)).toEqual([later]);
  });

  it('leave a role that has to be asked for by itself to the end of the run once the call has taken long', async () => {
    await begin(2, { before: () => fake.pass(91) });
    await grantAll(2);
    fake.pass(300);
    const looks = looksOf(2);
    for (const index of [0, 1]) await looks.checkRole(await contextOf(index));
    expect(asked()).toEqual([alone(0)]);
    expect(await Promise.all([0, 1].map(async (index) => (await open(index)).length))).toEqual([0, 1]);
  });

  it('wait all where CloudTrail throttles', async () => {
    const before = () => {
      throw new PodshiftError('Throttled', 'later');
    };
    await begin(3, { before });
    await grantAll(3);
    fake.pass(300);
    const looks = looksOf(3);
    for (const index of indexesTo(3)) await expect(looks.checkRole(await contextOf(index))).rejects.toMatchObject({ name: 'Throttled' });
    expect(asked()).toEqual([BY_NAME[0]]);
    for (const index of indexesTo(3)) expect(await open(index)).toHaveLength(1);
  });
});
