import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkRole, lookAtWriters } from '../../../../src/migration/trust/lost-updates.ts';
import { fingerprint } from '../../../../src/migration/trust/role-trust.ts';
import { askAlone } from '../../../../src/migration/trust/trail-looks.ts';
import { FEWEST_ROLES } from '../../../../src/migration/trust/trail-windows.ts';
import type { TrustWrite } from '../../../../src/model/run.ts';
import { OIDC_TRUST, RUN, START } from '../../fixtures/fake-migration.ts';
import { granted, listenToTrail, manyRoles, roleArn, roleName, roleNow, THEIRS, wroteTrust } from '../../fixtures/trust/trail.ts';

/** Seconds after the start at which everything is asked. */
const NOW = 9000;

/** A write of podshift's, and what CloudTrail shows around it; times are seconds. */
interface DrawnWrite {
  readonly at: number;
  readonly lasts: number;
  readonly isBack: boolean;
  readonly ownAfter: number | undefined;
  readonly others: readonly { readonly after: number; readonly what: 'theirs' | 'before' | 'own'; readonly isNew: boolean }[];
}

const write: fc.Arbitrary<DrawnWrite> = fc.record({
  // Near and far ones, and some that are not due yet.
  at: fc.oneof({ arbitrary: fc.integer({ min: 60, max: 120 }), weight: 4 }, fc.integer({ min: 60, max: NOW - 10 })),
  lasts: fc.integer({ min: 0, max: 20 }),
  isBack: fc.boolean(),
  ownAfter: fc.option(fc.integer({ min: 0, max: 20 }), { nil: undefined }),
  others: fc.array(
    fc.record({
      after: fc.integer({ min: -45, max: 40 }),
      what: fc.constantFrom('theirs', 'before', 'own'),
      isNew: fc.boolean(),
    }),
    { maxLength: 3 },
  ),
});

const world = fc.record({
  roles: fc.array(fc.array(write, { maxLength: 2 }), { minLength: FEWEST_ROLES, maxLength: 6 }),
  noise: fc.integer({ min: 0, max: 12 }),
  pageSize: fc.integer({ min: 1, max: 40 }),
  when: fc.constantFrom('early', 'last'),
});
type World = typeof world extends fc.Arbitrary<infer T> ? T : never;

/** The world's roles after they were asked for, by one look for all or each by itself; `together` is how many that look answered. */
async function play({ roles, noise, pageSize, when }: World, how: 'together' | 'alone') {
  const fake = await manyRoles(roles.length);
  const { journal } = fake.runtime;
  for (const [index, drawn] of roles.entries()) {
    const [was, is] = [fingerprint(OIDC_TRUST), fingerprint(granted(index))];
    const writes = drawn.map(({ at, lasts, isBack }): TrustWrite => {
      const from = START + at * 1000 + 300;
      const time = { from, to: lasts === 0 ? null : from + lasts * 1000 };
      return isBack ? { acts: [], was: is, is: was, ...time } : { acts: [{ kind: 'grant', wave: 0 }], was, is, ...time };
    });
    await journal.updateRole(RUN, roleArn(index), { writes });
    const role = fake.account.roles.get(roleName(index));
    if (role !== undefined)
      fake.account.roles.set(roleName(index), { ...role, trustPolicy: drawn.at(-1)?.isBack === false ? granted(index) : OIDC_TRUST });
    const documents = { theirs: THEIRS, before: OIDC_TRUST, own: granted(index) };
    fake.account.events.push(
      ...drawn.flatMap(({ at, isBack, ownAfter, others }) => [
        ...(ownAfter === undefined ? [] : [wroteTrust(index, START + (at + ownAfter) * 1000, isBack ? OIDC_TRUST : granted(index))]),
        ...others.map(({ after, what, isNew }) =>
          wroteTrust(index, START + (at + after) * 1000, documents[what], isNew ? 'CreateRole' : 'UpdateAssumeRolePolicy'),
        ),
      ]),
    );
  }
  for (let index = 0; index < noise; index += 1) fake.account.events.push(wroteTrust(900, START + (60 + index) * 1000, THEIRS));
  fake.pass(NOW);
  // The order in which CloudTrail has the events of a second is one for all that ask.
  fake.account.events.sort((one, other) => one.eventName.localeCompare(other.eventName));
  listenToTrail(fake, { pageSize });
  const run = await journal.getRun(RUN);
  const together =
    how === 'alone'
      ? () => undefined
      : await lookAtWriters(
          fake.runtime,
          run,
          roles.map((_, index) => roleArn(index)),
        );
  const waits: number[] = [];
  let answered = 0;
  for (const index of roles.keys()) {
    const wait = await checkRole(fake.runtime, run, roleArn(index), {
      when,
      ask: async (role, span) => {
        const answer = together(role, span);
        if (answer === undefined) return askAlone(fake.runtime, run, role, span);
        answered += 1;
        return answer;
      },
    });
    waits.push(wait);
  }
  const states = await Promise.all(roles.map((_, index) => roleNow(fake, index)));
  return { waits, states, writes: fake.account.writes, answered };
}

describe('one look for all roles', () => {
  it('ends in the same as a look for each of them by itself, whatever was written and however many pages it was', async () => {
    let answered = 0;
    let left = 0;
    let restored = 0;
    await fc.assert(
      fc.asyncProperty(world, async (drawn) => {
        const { answered: some, ...together } = await play(drawn, 'together');
        const { answered: none, ...alone } = await play(drawn, 'alone');
        expect(none).toBe(0);
        expect(together).toEqual(alone);
        answered += some;
        left += drawn.roles.filter((writes) => writes.length > 0).length - some;
        restored += alone.writes.length;
      }),
      { numRuns: 150 },
    );
    // The worlds have roles of both kinds, and something that was lost.
    expect(Math.min(answered, left, restored)).toBeGreaterThan(20);
  });
});
