import { describe, expect, it } from 'vitest';
import { generateSnapshot } from '../../bench/rehearsal.bench.ts';
import { type Rehearsal, rehearse } from '../../engine/rehearsal.ts';

const UNITS = 56;
const THEIRS = { Effect: 'Allow', Principal: { AWS: 'arn:aws:iam::444455556666:root' }, Action: 'sts:AssumeRole' };

describe('a run of many roles', () => {
  it('asks CloudTrail little more than once for each of them, and still finds who was overwritten', async () => {
    let twin: Rehearsal['twin'] | undefined;
    let overwritten = '';
    let writes = 0;
    const rehearsal = await rehearse({
      snapshot: generateSnapshot(UNITS),
      startAt: Date.UTC(2026, 0, 5),
      paced: true,
      prepare: (prepared) => {
        twin = prepared;
      },
      hooks: {
        beforeRequest: ({ operation, object }) => {
          if (operation !== 'UpdateAssumeRolePolicy') return undefined;
          writes += 1;
          // Between podshift's read and its write, in a wave of many roles.
          const role = writes === 25 ? twin?.awsState.role(object) : undefined;
          if (twin === undefined || role === undefined) return undefined;
          overwritten = object;
          const document = JSON.parse(twin.awsState.storedTrust(role).text) as { Statement: object[] };
          twin.awsState.writeTrust(role, JSON.stringify({ ...document, Statement: [...document.Statement, THEIRS] }), 'system');
          return undefined;
        },
      },
    });
    try {
      expect(rehearsal.twin.watch.gaps).toEqual([]);
      const { report } = rehearsal;
      expect(report.units.filter(({ status }) => status === 'migrated')).toHaveLength(UNITS);
      const granted = rehearsal.twin.requests.find(({ operation }) => operation === 'UpdateAssumeRolePolicy')?.sequence ?? 0;
      const lookUps = rehearsal.twin.requests.filter(({ operation, sequence }) => operation === 'LookupEvents' && sequence > granted);
      // A role is asked for its use in each wave that has units of it.
      const turns = new Set(report.units.map(({ roleArn, wave }) => `${roleArn} ${wave}`)).size;
      expect(turns).toBeGreaterThan(25);
      expect(lookUps.length).toBeLessThan(1.4 * turns);
      expect(report.findings.filter(({ code }) => /^PS91[2-4]$/.test(code))).toMatchObject([
        { code: 'PS914', subject: expect.stringMatching(new RegExp(`/${overwritten}$`)) },
      ]);
      const role = rehearsal.twin.awsState.role(overwritten);
      expect(role && rehearsal.twin.awsState.storedTrust(role).text).toContain('444455556666:root');
    } finally {
      await rehearsal.close();
    }
  });
});
