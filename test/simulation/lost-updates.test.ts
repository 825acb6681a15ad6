import { describe, expect, it } from 'vitest';
import { type Rehearsal, rehearse } from '../../engine/rehearsal.ts';
import { EXAMPLE, settingsOf } from './scenario.ts';

const ROLE = 'shop-storefront';
const THEIRS = { Effect: 'Allow', Principal: { AWS: 'arn:aws:iam::444455556666:root' }, Action: 'sts:AssumeRole' };
const MINUTE = 60_000;

/** A world in which somebody adds a statement right ahead of chosen writes of the role's trust policy: between podshift's read and its write. */
interface World {
  /** From an event until CloudTrail shows it, in milliseconds. */
  readonly delivery: number;
  /** CloudTrail refuses podshift. */
  readonly denied?: true;
  /** Which writes of the role meet somebody, from 1 on. */
  readonly lost: readonly number[];
}

/** Migrates the role's unit and rolls it back, and tells the statements of its trust policy and the report after each. */
async function play({ delivery, denied, lost }: World) {
  let twin: Rehearsal['twin'] | undefined;
  let writes = 0;
  const rehearsal = await rehearse({
    ...(await settingsOf(EXAMPLE)),
    options: { serviceAccounts: ['shop/storefront'], soakSeconds: 900, injectionChecks: 2 },
    delays: { cloudTrailDelivery: delivery },
    prepare: (prepared) => {
      twin = prepared;
    },
    hooks: {
      beforeRequest: ({ operation, object }) => {
        if (denied === true && operation === 'LookupEvents') return { kind: 'denied', when: 'before' };
        if (operation !== 'UpdateAssumeRolePolicy' || object !== ROLE) return undefined;
        writes += 1;
        const role = twin?.awsState.role(ROLE);
        if (!lost.includes(writes) || twin === undefined || role === undefined) return undefined;
        const document = JSON.parse(twin.awsState.storedTrust(role).text) as { Statement: object[] };
        twin.awsState.writeTrust(role, JSON.stringify({ ...document, Statement: [...document.Statement, THEIRS] }), 'system');
        return undefined;
      },
    },
  });
  try {
    const trust = (): string => {
      const role = rehearsal.twin.awsState.role(ROLE);
      return role === undefined ? '' : rehearsal.twin.awsState.storedTrust(role).text;
    };
    const told = ({ report }: Pick<Rehearsal, 'report'>) => ({
      status: report.run.status,
      theirs: trust().includes('444455556666:root'),
      ours: trust().includes('pods.eks.amazonaws.com'),
      codes: report.findings.map(({ code }) => code).filter((code) => /^PS91[2-4]/.test(code)),
    });
    const migrated = told(rehearsal);
    const back = told(await rehearsal.rollback());
    expect(rehearsal.twin.watch.gaps).toEqual([]);
    return { migrated, back };
  } finally {
    await rehearsal.close();
  }
}

describe("somebody's write of a trust policy between podshift's read and its write", () => {
  it.each([
    ['in time', 5 * MINUTE],
    ['late', 14 * MINUTE],
  ])('is put back on a grant and on a rollback, where CloudTrail answers %s', async (_how, delivery) => {
    // The third write is the rollback's: the second put somebody's statement back beside the grant.
    expect(await play({ delivery, lost: [1] })).toEqual({
      migrated: { status: 'migrated', theirs: true, ours: true, codes: ['PS914'] },
      back: { status: 'rolled-back', theirs: true, ours: false, codes: ['PS914'] },
    });
    expect(await play({ delivery, lost: [2] })).toEqual({
      migrated: { status: 'migrated', theirs: false, ours: true, codes: [] },
      back: { status: 'rolled-back', theirs: true, ours: false, codes: ['PS914'] },
    });
  });

  it('is a doubt that the report names where CloudTrail answers later than a run waits', async () => {
    const { migrated, back } = await play({ delivery: 60 * MINUTE, lost: [1] });
    expect([migrated.status, migrated.codes]).toEqual(['migrated', ['PS913']]);
    expect([back.status, back.codes]).toEqual(['rolled-back', ['PS913']]);
  });

  it('is told once where CloudTrail may not be read, and fails nothing', async () => {
    const { migrated, back } = await play({ delivery: 0, denied: true, lost: [1] });
    expect([migrated.status, migrated.codes]).toEqual(['migrated', ['PS912']]);
    expect([back.status, back.codes]).toEqual(['rolled-back', ['PS912']]);
  });
});
