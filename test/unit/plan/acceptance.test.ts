import { describe, expect, it } from 'vitest';
import { ACCEPTABLE } from '../../../src/model/acceptance.ts';
import { FINDINGS, type FindingCode } from '../../../src/model/findings.ts';
import { migrationOptions } from '../../../src/model/options.ts';
import { inventory, planOf, used } from '../fixtures/plan-inventories.ts';

const NAMED = used({ overrides: [{ kind: 'web-identity', container: 'c', name: 'args' }] });
const BARE = used({ kind: 'Pod', apiVersion: 'v1', overrides: [{ kind: 'web-identity', container: 'c', name: 'args' }] });
const [UNIT] = planOf(inventory(NAMED)).units.map(({ id }) => id);
const accepting = (...accept: string[]) => ({ accept });

describe('a finding that the user accepts', () => {
  it('blocks no more, and stays with what accepts it', () => {
    expect(planOf(inventory(NAMED)).units).toMatchObject([{ decision: 'hold' }]);
    const { units, findings } = planOf(inventory(NAMED), accepting(`PS305:${UNIT}`));
    expect(units).toMatchObject([{ decision: 'migrate', reason: '', accepted: ['PS305'], findings: expect.arrayContaining(['PS305']) }]);
    expect(findings.find(({ code }) => code === 'PS305')).toMatchObject({
      severity: 'warning',
      message: expect.stringMatching(/^accepted by --accept PS305:\S+: container c of /),
    });
  });

  it('is part of the digest', () => {
    const facts = inventory(NAMED);
    const digests = [planOf(facts), planOf(facts, accepting(`PS305:${UNIT}`))].map(({ digest }) => digest);
    expect(new Set(digests).size).toBe(2);
  });

  it.each([
    ['another service account', NAMED, 'PS305:other/other'],
    ['another finding', NAMED, `PS306:${UNIT}`],
    ['one of two', BARE, `PS305:${UNIT}`],
  ])('of %s leaves this one blocked', (_, facts, entry) => {
    const [unit] = planOf(inventory(facts), accepting(entry)).units;
    expect(unit?.decision).toBe('hold');
  });

  it.each([
    'PS305',
    'PS305:shop',
    'PS102:shop/orders',
    'PS202:shop/orders',
    'PS301:shop/orders',
    'PS999:shop/orders',
    'PS319:shop/orders',
    '',
  ])('is none of %j', (entry) => {
    const { success, error } = migrationOptions.safeParse({ accept: [entry] });
    expect(success).toBe(false);
    expect(error?.issues[0]?.message).toContain('must be CODE:NAMESPACE/NAME');
  });

  it('would block otherwise', () => {
    for (const code of ACCEPTABLE) expect(FINDINGS[code as FindingCode].severity).toBe('blocker');
  });
});
